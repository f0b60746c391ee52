"""Response types for plans: what a generation makes, priced per scene."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from stories.enums import TakeKind
from stories.services.english import EnglishPlan
from stories.services.plan import Item, Plan
from stories.services.vision_checks import VisionPlan

from .jobs import JobOut
from .parts import Money, PlanState, money
from .sound import SoundItemOut, sound_item_out


class PlanItem(msgspec.Struct):
    """One scene. `will`: a take is made, at `price`. `why`: what is in the way, or why it is to be
    made.
    """

    scene_id: UUID
    position: int
    title: str
    state: PlanState
    will: bool
    price: Money
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
    warnings: Annotated[
        list[str],
        Meta(
            description=(
                "No obstacle, but worth knowing: a take of another format, letters that "
                "no font has."
            )
        ),
    ]


class PlanOut(msgspec.Struct):
    kind: TakeKind
    mode: str
    provider: str
    total: Annotated[
        str, Meta(description="USD for all that is made; send it back as confirm_total.")
    ]
    counts: dict[str, int]
    items: list[PlanItem]
    blocked: Annotated[
        list[PlanItem], Meta(description="Those of the items that cannot be made now, and why.")
    ]
    sound: Annotated[
        list[SoundItemOut],
        Meta(
            description="Speech and music that the film needs; their prices are part of the total."
        ),
    ]
    sound_warnings: Annotated[
        list[str],
        Meta(
            description="Scenes that are too short for their lines, with the length that they need."
        ),
    ]
    check_provider: Annotated[
        str, Meta(description="The connection whose model checks the new takes; empty: none.")
    ]
    check_warning: Annotated[
        str,
        Meta(description="Why new takes wait for a person instead; empty: they do not."),
    ]
    hash: Annotated[
        str,
        Meta(
            description=(
                "Identifies exactly this: scenes, what their takes are made from, and prices."
            )
        ),
    ]
    approval: Annotated[
        Literal["free", "ask", "asked", "approved", "refused"] | None,
        Meta(
            description=(
                "Before the start: whether you may start it alone (free), or what a second "
                "person has said so far. Null after it."
            )
        ),
    ]


def _item(item: Item) -> PlanItem:
    warnings = [str(warning) for warning in item.warnings]
    return PlanItem(
        item.scene_id,
        item.position,
        item.title,
        item.state,
        item.will,
        money(item.price),
        money(item.check),
        str(item.why),
        warnings,
    )


def plan_out(plan: Plan, approval: Any = None) -> PlanOut:
    items = [_item(item) for item in plan.items]
    blocked = [item for item in items if item.state == "blocked"]
    sound = [sound_item_out(item) for item in plan.sound.items] if plan.sound else []
    warnings = [str(warning) for warning in plan.sound.warnings] if plan.sound else []
    return PlanOut(
        TakeKind(plan.kind),
        plan.mode,
        plan.provider,
        money(plan.total),
        plan.counts,
        items,
        blocked,
        sound,
        warnings,
        plan.check.provider if plan.check else "",
        str(plan.check.why) if plan.check else "",
        plan.hash,
        approval,
    )


class EnglishItemOut(msgspec.Struct):
    """One scene. `will`: its prompt is put into English, at `price`. `own`: a person wrote the
    English, which is out of date.
    """

    scene_id: UUID
    position: int
    state: Literal["missing", "outdated", "own", "running", "done", "blocked"]
    will: bool
    price: Money
    why: str


class EnglishOut(msgspec.Struct):
    """What is put into English, and the jobs that do it; none when only the plan was asked for."""

    provider: str
    total: Annotated[str, Meta(description="USD for all of it; send it back as confirm_total.")]
    items: list[EnglishItemOut]
    jobs: list[JobOut]


def english_out(plan: EnglishPlan, jobs: list[JobOut]) -> EnglishOut:
    items = [
        EnglishItemOut(
            one.scene.pk, one.scene.position, one.state, one.will, money(one.price), str(one.why)
        )
        for one in plan.items
    ]
    return EnglishOut(plan.provider, money(plan.total), items, jobs)


class TakeCheckItemOut(msgspec.Struct):
    """One take. `will`: a model checks it, at `price`. `why`: what is in the way."""

    take_id: UUID
    scene_id: UUID
    position: int
    kind: TakeKind
    state: Literal["unchecked", "running", "blocked"]
    will: bool
    price: Money
    why: str


class TakeChecksOut(msgspec.Struct):
    """The takes that a model checks, and the jobs that do it; none when only the plan was asked
    for.
    """

    provider: str
    total: Annotated[str, Meta(description="USD for all of it; send it back as confirm_total.")]
    items: list[TakeCheckItemOut]
    jobs: list[JobOut]


def take_checks_out(plan: VisionPlan, jobs: list[JobOut]) -> TakeChecksOut:
    items = [
        TakeCheckItemOut(
            one.take.pk,
            one.take.scene_id,
            one.take.scene.position,
            TakeKind(one.take.kind),
            one.state,
            one.will,
            money(one.price),
            str(one.why),
        )
        for one in plan.items
    ]
    return TakeChecksOut(plan.provider, money(plan.total), items, jobs)


class Started(msgspec.Struct):
    """What was started and what it makes; without a job when only the plan was asked for."""

    job: JobOut | None
    plan: PlanOut
