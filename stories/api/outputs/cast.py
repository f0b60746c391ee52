"""Response types for the cast: members with looks and sheets, and who is in a scene."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from api.controllers import Call
from stories.enums import CastKind, ReviewStatus, TakeSource
from stories.models import CastMember, LibraryVersion, Look, SceneCast, SheetTake, Story
from stories.services.sheets import SheetPlan, plan_sheets

from .parts import Link, Moment, Money, PlanState, link, money


class SheetOut(msgspec.Struct):
    """One generated or uploaded reference sheet of a look."""

    id: UUID
    look_id: UUID
    source: TakeSource
    url: Link
    sha256: str
    mime: str
    width: int
    height: int
    provider: str
    model: str
    seed: int | None
    cost: Money
    verdict: ReviewStatus
    verdict_reason: str
    created_at: Moment


class LookOut(msgspec.Struct):
    """A look, with the sheet that is sent to providers. `price`: of one more sheet; null if none
    can be made, as `why` says.
    """

    id: UUID
    member_id: UUID
    name: str
    description: str
    description_en: str
    sheet: SheetOut | None
    state: PlanState
    price: Money | None
    why: str


class MemberOut(msgspec.Struct):
    """A member of the cast. The first look is the one it has where nothing else is chosen."""

    id: UUID
    story_id: UUID
    kind: CastKind
    name: str
    aliases: Annotated[
        list[str], Meta(description="Other and earlier names: its lines are found by them.")
    ]
    description: str
    description_en: str
    library_version: Annotated[
        UUID | None, Meta(description="The version of the studio's library that the story uses.")
    ]
    proposed: Annotated[
        bool, Meta(description="Planning made it, and nobody has changed it since.")
    ]
    looks: list[LookOut]
    scenes: Annotated[
        list[int], Meta(description="Positions of the scenes that show it, in order.")
    ]
    created_at: Moment
    updated_at: Moment


class CastOut(msgspec.Struct):
    items: list[MemberOut]


class LibraryVersionOut(msgspec.Struct):
    """The newest version of a member of the studio's library."""

    id: UUID
    member_id: UUID
    number: int
    kind: CastKind
    name: str
    aliases: list[str]
    description: str
    description_en: str
    looks: Annotated[list[str], Meta(description="Names; the usual look has none.")]
    created_at: Moment


class LibraryOut(msgspec.Struct):
    items: list[LibraryVersionOut]


class NewerOut(msgspec.Struct):
    """What a newer version would make stale in this story. `price`: to make it again."""

    version: LibraryVersionOut
    scenes: list[int]
    pictures: int
    clips: int
    price: Money


class AppearanceOut(msgspec.Struct):
    """A member in one of its looks. Without `with_sheet` only the description is sent."""

    member_id: UUID
    look_id: UUID
    kind: CastKind
    name: str
    look: str
    with_sheet: bool


class SceneCastOut(msgspec.Struct):
    """Whom the scene shows: characters first."""

    items: list[AppearanceOut]


def sheet_out(call: Call, take: SheetTake) -> SheetOut:
    return SheetOut(
        id=take.pk,
        look_id=take.look_id,
        source=TakeSource(take.source),
        url=link(call, take.file),
        sha256=take.sha256,
        mime=take.mime,
        width=take.width,
        height=take.height,
        provider=take.provider,
        model=take.model,
        seed=take.seed,
        cost=money(take.cost),
        verdict=ReviewStatus(take.review_status),
        verdict_reason=take.review_reason,
        created_at=take.created_at,
    )


def version_out(version: LibraryVersion) -> LibraryVersionOut:
    return LibraryVersionOut(
        id=version.pk,
        member_id=version.member_id,
        number=version.number,
        kind=CastKind(version.kind),
        name=version.name,
        aliases=list(version.aliases),
        description=version.description,
        description_en=version.description_en,
        looks=[look.name for look in version.looks.all()],
        created_at=version.created_at,
    )


def look_out(call: Call, plan: SheetPlan) -> LookOut:
    look = plan.look
    return LookOut(
        id=look.pk,
        member_id=look.member_id,
        name=look.name,
        description=look.description,
        description_en=look.description_en,
        sheet=sheet_out(call, look.sheet) if look.sheet else None,
        state=plan.state,
        price=None if plan.price is None else money(plan.price),
        why=str(plan.why),
    )


def cast_out(call: Call, story: Story, members: list[CastMember]) -> CastOut:
    """The members, whose live looks are loaded. At most six queries more."""
    looks: list[Look] = [look for member in members for look in member.looks.all()]
    plans: dict[UUID, list[LookOut]] = {}
    for plan in plan_sheets(story, looks):
        plans.setdefault(plan.look.member_id, []).append(look_out(call, plan))
    shown: dict[UUID, list[int]] = {}
    rows = SceneCast.objects.filter(scene__story=story, scene__deleted_at=None)
    for member_id, position in rows.order_by("scene__position").values_list(
        "member_id", "scene__position"
    ):
        shown.setdefault(member_id, []).append(position)
    return CastOut(
        [_member(member, plans.get(member.pk, []), shown.get(member.pk, [])) for member in members]
    )


def _member(member: CastMember, looks: list[LookOut], scenes: list[int]) -> MemberOut:
    return MemberOut(
        id=member.pk,
        story_id=member.story_id,
        kind=CastKind(member.kind),
        name=member.name,
        aliases=list(member.aliases),
        description=member.description,
        description_en=member.description_en,
        library_version=member.library_id,
        proposed=member.proposed,
        looks=looks,
        scenes=scenes,
        created_at=member.created_at,
        updated_at=member.updated_at,
    )


def appearance_out(row: SceneCast) -> AppearanceOut:
    return AppearanceOut(
        row.member_id,
        row.look_id,
        CastKind(row.member.kind),
        row.member.name,
        row.look.name,
        row.with_sheet,
    )
