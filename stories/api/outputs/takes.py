"""Response types for takes, generated or uploaded."""

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.db.models import Prefetch
from msgspec import Meta

from api.controllers import Call
from core.localized_messages import LocalizedMessage
from providers.preflight import UsedFields
from stories.enums import Doubt, EditTask, ReviewStatus, TakeKind, TakeSource
from stories.models import Scene, Story, Take, VisionCheck
from stories.services.crops import shown_part
from stories.services.edit_plan import Offer
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


class FaceOut(msgspec.Struct):
    name: Annotated[str, Meta(description="The character.")]
    same: Annotated[
        bool | None,
        Meta(description="Whether it has the face of its reference sheet; null: not to be seen."),
    ]


class TakeCheckOut(msgspec.Struct):
    """What a model found that looked at the take; the newest of its checks. `missing` and `why` are
    in the story's language.
    """

    fits: Annotated[bool, Meta(description="Whether it shows what its prompt asks for.")]
    missing: Annotated[list[str], Meta(description="What it does not show.")]
    why: Annotated[str, Meta(description="The model's reason.")]
    faces: Annotated[list[FaceOut], Meta(description="Each character with a reference sheet.")]
    version: Annotated[int, Meta(description="Of what the model was asked.")]
    cost: Annotated[Money, Meta(description="USD.")]
    created_at: Annotated[Moment, Meta(description="When the model answered.")]


def with_checks() -> Any:
    """What models found about takes, with what it cost, in one query."""
    return Prefetch("vision_checks", queryset=VisionCheck.objects.select_related("call"))


def take_check_out(take: Take) -> TakeCheckOut | None:
    """Needs the take `with_checks`."""
    check = next(iter(take.vision_checks.all()), None)
    if check is None:
        return None
    return TakeCheckOut(
        fits=check.fits,
        missing=check.missing,
        why=check.why,
        faces=[FaceOut(face.name, face.same) for face in check.faces],
        version=check.version,
        cost=money(check.call.cost or Decimal(0)),
        created_at=check.created_at,
    )


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
    has_sound: Annotated[
        bool | None, Meta(description="Whether a clip has sound of its own; null: not known.")
    ]
    crop: Annotated[
        CropOut | None,
        Meta(
            description=(
                "What the film shows of it; null where it has the film's format and all of "
                "it is shown."
            )
        ),
    ]
    doubts: Annotated[
        list[Doubt],
        Meta(
            description=(
                "What the automatic check found. A take with any is never chosen by itself; a "
                "person decides."
            )
        ),
    ]
    check: Annotated[
        TakeCheckOut | None,
        Meta(description="What a model found that looked at it; null: none has."),
    ]
    notes: Annotated[list[str], Meta(description="What was done to the file when it was taken in.")]
    provider: str
    model: str
    seed: int | None
    cost: Money
    made_by: str
    edited_from: Annotated[
        UUID | None, Meta(description="The take that it was edited from; null: it was made anew.")
    ]
    edit: Annotated[EditTask | None, Meta(description="What was done to that take.")]
    reason: str
    verdict: ReviewStatus
    verdict_reason: str
    created_at: Moment


class EditOfferOut(msgspec.Struct):
    """A model in use that does a task with this take."""

    task: EditTask
    provider: str
    provider_name: Annotated[str, Meta(description="The name of the connection.")]
    model: str
    price: Annotated[
        Money | None,
        Meta(description="In USD; null: it cannot be done with this take, and `why` says why."),
    ]
    check: Annotated[
        Money,
        Meta(
            description=(
                "The most that a model's check of the take costs when it has arrived, beside "
                "`price`; 0 without `check_new_takes`."
            )
        ),
    ]
    why: str
    takes_mask: Annotated[bool, Meta(description="A mask may say which part changes.")]
    needs_mask: Annotated[bool, Meta(description="Without a mask it changes nothing.")]


class EditOffersOut(msgspec.Struct):
    items: list[EditOfferOut]


def edit_offer_out(offer: Offer) -> EditOfferOut:
    plan = offer.plan
    return EditOfferOut(
        task=plan.order.task,
        provider=plan.order.provider,
        provider_name=plan.provider_name,
        model=plan.order.model,
        price=None if plan.price is None else money(plan.price),
        check=money(plan.check_price),
        why=str(plan.why),
        takes_mask=offer.masks,
        needs_mask=offer.needs_mask,
    )


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


def take_out(call: Call, scene: Scene, take: Take, used: UsedFields | None = None) -> TakeOut:
    """The take's output.

    Needs the take with `made_by`, and the scene with story, prompt and selected takes. `used`:
    shared by the takes of a list.
    """
    return TakeOut(
        id=take.pk,
        scene_id=take.scene_id,
        kind=TakeKind(take.kind),
        source=TakeSource(take.source),
        chosen=take.pk in {scene.image_take_id, scene.clip_take_id},
        stale=is_stale(scene.story, scene, take, used=used),
        url=link(call, take.file),
        mime=take.mime,
        width=take.width,
        height=take.height,
        duration_ms=take.duration_ms,
        has_sound=take.has_sound,
        crop=_crop(scene.story, take),
        doubts=[Doubt(name) for name in take.doubts.split()],
        check=take_check_out(take),
        notes=[str(LocalizedMessage.from_json(note)) for note in take.notes],
        provider=take.provider,
        model=take.model,
        seed=take.seed,
        cost=money(take.cost),
        made_by=take.made_by.get_username() if take.made_by else "",
        edited_from=take.edited_from_id,
        edit=EditTask(take.edit["task"]) if take.edit.get("task") else None,
        reason=take.reason,
        verdict=ReviewStatus(take.review_status),
        verdict_reason=take.review_reason,
        created_at=take.created_at,
    )
