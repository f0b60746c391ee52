"""Response types for scenes, with their prompt and selected takes."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from api.controllers import Call
from providers.preflight import UsedFields
from stories.enums import Boundary, Camera, ReviewStatus
from stories.models import Scene, ScenePrompt, Take
from stories.services.fingerprints import is_english_outdated, is_stale
from stories.services.scene_cast import appearances_in

from .cast import AppearanceOut, appearance_out
from .parts import Link, Moment, link


class PromptOut(msgspec.Struct):
    """`english_outdated`: the text has changed since its English was written, so the English is not
    sent.
    """

    text: str
    text_en: str
    english_outdated: bool
    negative: str
    style: str
    camera: Camera
    seed: int
    strength: int | None


class ChosenTake(msgspec.Struct):
    """The take that the film is made with. `stale`: the scene has changed since."""

    id: UUID
    verdict: ReviewStatus
    stale: bool
    url: Link


class SceneOut(msgspec.Struct):
    id: UUID
    story_id: UUID
    position: int
    title: str
    narration: str
    duration_seconds: float
    boundary: Boundary
    image_provider: str
    image_model: str
    clip_provider: str
    clip_model: str
    prompt: PromptOut
    image: ChosenTake | None
    clip: ChosenTake | None
    cast: list[AppearanceOut]
    assignee_id: Annotated[int | None, Meta(description="Who is to do it.")]
    due_on: Annotated[date | None, Meta(description="The day until which it is to be done.")]
    deleted_at: Annotated[
        Moment | None, Meta(description="When it was taken out of the film; null: it is in it.")
    ]
    created_at: Moment
    updated_at: Moment


def scene_out(call: Call, scene: Scene, used: UsedFields | None = None) -> SceneOut:
    """The scene's output. Needs the scene with story, prompt, both takes and its cast.

    `used`: shared by the scenes of a list.
    """
    prompt: ScenePrompt = scene.prompt
    return SceneOut(
        id=scene.pk,
        story_id=scene.story_id,
        position=scene.position,
        title=scene.title,
        narration=scene.narration,
        duration_seconds=scene.duration_seconds,
        boundary=Boundary(scene.boundary),
        image_provider=scene.image_provider,
        image_model=scene.image_model,
        clip_provider=scene.clip_provider,
        clip_model=scene.clip_model,
        prompt=PromptOut(
            prompt.text,
            prompt.text_en,
            is_english_outdated(prompt),
            prompt.negative,
            prompt.style,
            Camera(prompt.camera),
            prompt.seed,
            prompt.strength,
        ),
        image=_chosen(call, scene, scene.image_take, used),
        clip=_chosen(call, scene, scene.clip_take, used),
        cast=[appearance_out(row) for row in appearances_in(scene)],
        assignee_id=scene.assignee_id,
        due_on=scene.due_on,
        deleted_at=scene.deleted_at,
        created_at=scene.created_at,
        updated_at=scene.updated_at,
    )


def _chosen(
    call: Call, scene: Scene, take: Take | None, used: UsedFields | None
) -> ChosenTake | None:
    return (
        ChosenTake(
            take.pk,
            ReviewStatus(take.review_status),
            is_stale(scene.story, scene, take, used=used),
            link(call, take.file),
        )
        if take
        else None
    )
