"""Response types for approvals."""

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from providers.enums import Kind
from stories.models import Approval

from .parts import ApprovalState, Moment, Money, money


class ApprovalLine(msgspec.Struct):
    """`scene_id` is null and `position` 0 for what is made for the whole story: its planning."""

    scene_id: UUID | None
    position: int
    title: str
    price: Money
    check: Annotated[
        bool,
        Meta(description="A model's check of the scene's new take, not the take itself."),
    ]


class ApprovalOut(msgspec.Struct):
    """What a second person is asked to agree to: exactly these takes at these prices, to be started
    once.
    """

    id: UUID
    story_id: UUID
    kind: Kind
    state: Annotated[
        ApprovalState,
        Meta(
            description=(
                "Approved: the same request starts it now, as long as the plan stays as it is."
            )
        ),
    ]
    provider: str
    total: Money
    limit: Annotated[str, Meta(description="USD that the person who asked may start alone.")]
    plan_hash: str
    lines: list[ApprovalLine]
    asked_by: Annotated[str, Meta(description="Empty: the account has been removed.")]
    asked_at: Moment
    decided_by: str
    decided_at: Moment | None
    reason: str
    started_by: str
    started_at: Moment | None


def _scene_id(line: dict[str, Any]) -> UUID | None:
    """Return the scene. Older rows name an edit in its place."""
    try:
        return UUID(line["scene"]) if line["position"] else None
    except ValueError:
        return None


def _line(line: dict[str, Any]) -> ApprovalLine:
    return ApprovalLine(
        _scene_id(line),
        line["position"],
        line["title"],
        money(Decimal(line["price"])),
        bool(line.get("check")),
    )


def approval_out(row: Approval) -> ApprovalOut:
    people = [
        person.get_username() if person else ""
        for person in (row.asked_by, row.decided_by, row.started_by)
    ]
    return ApprovalOut(
        id=row.pk,
        story_id=row.story_id,
        kind=Kind(row.kind),
        state=row.state,  # type: ignore[arg-type]  # the property returns one of them
        provider=row.provider,
        total=money(row.total),
        limit=money(row.limit),
        plan_hash=row.plan_hash,
        lines=[_line(line) for line in row.lines],
        asked_by=people[0],
        asked_at=row.asked_at,
        decided_by=people[1],
        decided_at=row.decided_at,
        reason=row.reason,
        started_by=people[2],
        started_at=row.started_at,
    )
