"""Response types for takes, generated or uploaded."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from api.routes import Call
from core.localized_messages import LocalizedMessage
from stories.enums import ReviewStatus, TakeKind, TakeSource
from stories.models import Scene, Story, Take
from stories.services.crops import shown_part
from stories.services.fingerprints import is_stale

from .parts import Link, Moment, Money, link, money


class CropOut(msgspec.Struct):
    """A rectangle in parts of the take's width and height. `x` and `y`: where it lies, from 0 to 1;
    `chosen` by a person, else the middle.
    """

    left: float
    top: float
    width: float
    height: float
    x: float
    y: float
    chosen: bool


class TakeOut(msgspec.Struct):
    id: UUID
    scene_id: UUID
    kind: TakeKind
    source: TakeSource
    chosen: bool
    stale: bool
    url: Link
    mime: str
    width: int
    height: int
    duration_ms: int
    crop: Annotated[
        CropOut | None,
        Meta(
            description=(
                "What the film shows of it; null where it has the film's format and all of "
                "it is shown."
            )
        ),
    ]
    notes: Annotated[list[str], Meta(description="What was done to the file when it was taken in.")]
    provider: str
    model: str
    seed: int | None
    cost: Money
    made_by: str
    reason: str
    verdict: ReviewStatus
    verdict_reason: str
    created_at: Moment


def _crop(story: Story, take: Take) -> CropOut | None:
    shown = shown_part(story, take)
    if shown is None:
        return None
    crop = shown.crop
    return CropOut(
        crop.left,
        crop.top,
        crop.width,
        crop.height,
        round(shown.x, 4),
        round(shown.y, 4),
        shown.chosen,
    )


def take_out(call: Call, scene: Scene, take: Take) -> TakeOut:
    """The take's output.

    Needs the take with `made_by`, and the scene with story, prompt and selected takes.
    """
    return TakeOut(
        id=take.pk,
        scene_id=take.scene_id,
        kind=TakeKind(take.kind),
        source=TakeSource(take.source),
        chosen=take.pk in {scene.image_take_id, scene.clip_take_id},
        stale=is_stale(scene.story, scene, take),
        url=link(call, take.file),
        mime=take.mime,
        width=take.width,
        height=take.height,
        duration_ms=take.duration_ms,
        crop=_crop(scene.story, take),
        notes=[str(LocalizedMessage.from_json(note)) for note in take.notes],
        provider=take.provider,
        model=take.model,
        seed=take.seed,
        cost=money(take.cost),
        made_by=take.made_by.get_username() if take.made_by else "",
        reason=take.reason,
        verdict=ReviewStatus(take.review_status),
        verdict_reason=take.review_reason,
        created_at=take.created_at,
    )
