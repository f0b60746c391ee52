"""Response types for scenes, with their prompt and selected takes."""

from uuid import UUID

import msgspec

from api.routes import Call
from stories.enums import Camera, ReviewStatus
from stories.models import Scene, ScenePrompt, Take
from stories.services.fingerprints import is_english_outdated, is_stale
from stories.services.worn import shown_in

from .cast import WornOut, worn_out
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
    duration_seconds: int
    prompt: PromptOut
    image: ChosenTake | None
    clip: ChosenTake | None
    cast: list[WornOut]
    created_at: Moment
    updated_at: Moment


def scene_out(call: Call, scene: Scene) -> SceneOut:
    """The scene's output. Needs the scene with story, prompt, both takes and its cast."""
    prompt: ScenePrompt = scene.prompt
    return SceneOut(
        id=scene.pk,
        story_id=scene.story_id,
        position=scene.position,
        title=scene.title,
        narration=scene.narration,
        duration_seconds=scene.duration_seconds,
        prompt=PromptOut(
            prompt.text,
            prompt.text_en,
            is_english_outdated(prompt),
            prompt.negative,
            prompt.style,
            Camera(prompt.camera),
            prompt.seed,
        ),
        image=_chosen(call, scene, scene.image_take),
        clip=_chosen(call, scene, scene.clip_take),
        cast=[worn_out(row) for row in shown_in(scene)],
        created_at=scene.created_at,
        updated_at=scene.updated_at,
    )


def _chosen(call: Call, scene: Scene, take: Take | None) -> ChosenTake | None:
    return (
        ChosenTake(
            take.pk,
            ReviewStatus(take.review_status),
            is_stale(scene.story, scene, take),
            link(call, take.file),
        )
        if take
        else None
    )
