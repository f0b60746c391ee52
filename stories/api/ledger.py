"""Endpoints of the ledger: provider calls, decisions on unclear ones, and costs."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from django.db.models import QuerySet
from msgspec import UNSET, Meta, UnsetType

from api.components import Body, Query
from api.controllers import ApiController, Call, operation
from api.inputs import Strict, text
from api.paging import Keyset, Page, Paging, page
from api.problems import forbidden, not_found
from providers import ledger
from providers.enums import CallState, Kind, Refusal
from providers.models import ProviderCall
from providers.services import raw_answers, test_runs, unclear_calls
from stories.api.inputs.parts import ProjectCode, Provider
from stories.services.permissions import behind_a_wall, calls_for, visible_projects
from stories.services.projects import subjects_of

from .base import MONEY, api
from .outputs.parts import Link, Moment, Money, link, money

SEE = "providers.view_providercall"
BY_RESERVED = Keyset("reserved_at", "id")
DIMENSIONS: dict[str, tuple[ledger.Dimension, ...]] = {
    "story": ("subject",),
    "scene": ("subject", "item"),
    "kind": ("kind",),
    "provider": ("provider",),
    "model": ("provider", "model"),
    "person": ("actor",),
    "day": ("day",),
}


class CallOut(msgspec.Struct):
    """A call of a provider: an entry of the ledger, written before the first byte is sent."""

    id: Annotated[UUID, Meta(description="The call.")]
    provider: Annotated[str, Meta(description="The connection that was called.")]
    kind: Annotated[Kind, Meta(description="What was asked for.")]
    model: Annotated[str, Meta(description="The model; empty: the usual one.")]
    state: Annotated[CallState, Meta(description="`unclear`: a person has to decide.")]
    story_id: Annotated[str, Meta(description="The story it was made for.")]
    scene_id: Annotated[str, Meta(description="The scene, or another part of the story.")]
    actor: Annotated[str, Meta(description="Who started the work.")]
    attempt: Annotated[int, Meta(description="Counts the calls for the same piece of work.")]
    estimate: Annotated[Money, Meta(description="What it was expected to cost.")]
    counted: Annotated[Money, Meta(description="What budgets count of it.")]
    cost: Annotated[Money | None, Meta(description="What it cost; null: not known yet.")]
    cost_is_estimated: Annotated[bool, Meta(description="The provider's answer names no cost.")]
    task_id: Annotated[str, Meta(description="The task at the provider.")]
    refusal: Annotated[Refusal | None, Meta(description="Why it was refused.")]
    note: Annotated[str, Meta(description="What happened, for people.")]
    reserved_at: Annotated[Moment, Meta(description="When its price was reserved.")]
    sending_at: Annotated[Moment | None, Meta(description="When it was sent.")]
    ended_at: Annotated[Moment | None, Meta(description="When it ended.")]


class CallDetail(CallOut):
    request: Annotated[dict[str, Any], Meta(description="What was asked for.")]
    evidence: Annotated[
        dict[str, Any], Meta(description="Facts for judging an unclear call, such as the balance.")
    ]
    file: Annotated[
        Link | None, Meta(description="What a test run has made; null: nothing, or another call.")
    ]


class CallFilter(Paging):
    """The newest first."""

    story: Annotated[UUID, Meta(description="Made for this story.")] | UnsetType = UNSET
    project: (
        Annotated[ProjectCode, Meta(description="Made for stories of the project of this code.")]
        | UnsetType
    ) = UNSET
    provider: Provider | UnsetType = UNSET
    kind: Annotated[Kind, Meta(description="What was asked for.")] | UnsetType = UNSET
    state: Annotated[
        list[CallState], Meta(description="In one of these states, such as `unclear`.")
    ] = []


TaskId = Annotated[
    str,
    text(least=1, most=unclear_calls.MAX_TASK_ID),
    Meta(description="`attach`: the task at the provider."),
]


class ResolveIn(Strict):
    """`attach`: it was done as `task_id`. `recover`: its stored answer has the result.
    `not_charged`: it was not done, and its amount is released. `write_off`: it was paid and lost.
    """

    decision: Annotated[
        Literal["attach", "recover", "not_charged", "write_off"],
        Meta(description="What happened."),
    ]
    reason: Annotated[str, text(least=1, most=500), Meta(description="How it is known.")]
    task_id: TaskId | UnsetType = UNSET


class CostQuery(Strict):
    """The span is [since, until); without it the present month."""

    by: Annotated[
        Literal["story", "scene", "kind", "provider", "model", "person", "day"],
        Meta(description="What the sums are of."),
    ] = "story"
    project: ProjectCode | UnsetType = UNSET
    since: Annotated[datetime, Meta(tz=True, description="From this moment on.")] | UnsetType = (
        UNSET
    )
    until: Annotated[datetime, Meta(tz=True, description="Before this moment.")] | UnsetType = UNSET


class CostRow(msgspec.Struct):
    """Sums over calls, in USD. Budgets count what is paid, reserved and unconfirmed."""

    key: Annotated[
        list[str],
        Meta(description="What it is of; two values for scenes (story) and models (provider)."),
    ]
    calls: Annotated[int, Meta(description="How many calls.")]
    estimate: Annotated[Money, Meta(description="What they were expected to cost.")]
    reserved: Annotated[Money, Meta(description="Not sent yet.")]
    at_risk: Annotated[Money, Meta(description="Sent, and not known whether it was paid.")]
    actual: Annotated[Money, Meta(description="Paid.")]


class CostsOut(msgspec.Struct):
    since: Annotated[Moment, Meta(description="Begin of the span.")]
    until: Annotated[Moment | None, Meta(description="End of the span; null: now.")]
    total: Annotated[CostRow, Meta(description="Of all rows.")]
    rows: Annotated[list[CostRow], Meta(description="The most expensive first; days in order.")]


def _calls(call: Call) -> QuerySet[ProviderCall]:
    if not call.user.has_perm(SEE):
        raise forbidden()
    return calls_for(call.user, ProviderCall.objects.select_related("actor"))


def _call(call: Call, call_id: UUID) -> ProviderCall:
    row = _calls(call).filter(pk=call_id).first()
    if row is None:
        raise not_found()
    return row


def _values(row: ProviderCall) -> dict[str, Any]:
    return {
        "id": row.pk,
        "provider": row.provider_id,
        "kind": Kind(row.kind),
        "model": row.model,
        "state": CallState(row.state),
        "story_id": row.subject,
        "scene_id": row.item,
        "actor": row.actor.get_username() if row.actor else "",
        "attempt": row.attempt_no,
        "estimate": money(row.estimate),
        "counted": money(row.counted),
        "cost": None if row.cost is None else money(row.cost),
        "cost_is_estimated": row.cost_is_estimated,
        "task_id": row.task_id,
        "refusal": Refusal(row.refusal) if row.refusal else None,
        "note": str(row.note),
        "reserved_at": row.reserved_at,
        "sending_at": row.sending_at,
        "ended_at": row.ended_at,
    }


def call_out(row: ProviderCall) -> CallOut:
    return CallOut(**_values(row))


def _detail(call: Call, row: ProviderCall) -> CallDetail:
    made = test_runs.made_by(row)
    return CallDetail(
        **_values(row),
        request=row.request,
        evidence=row.evidence,
        file=link(call, made) if made else None,
    )


@api.at("calls/")
class CallsController(ApiController):
    tags = (MONEY,)

    @operation("list_calls", summary="List provider calls")
    def get(self, query: Query[CallFilter]) -> Page[CallOut]:
        """The ledger, the newest first; none of a story that you may not see. With
        `state=unclear` those on which a person has to decide.
        """
        rows = _calls(self)
        if query.story is not UNSET:
            rows = rows.filter(subject=str(query.story))
        if query.project is not UNSET:
            found = visible_projects(self.user).filter(code=query.project)
            rows = rows.filter(subject__in=subjects_of(list(found)))
        if query.provider is not UNSET:
            rows = rows.filter(provider__provider=query.provider)
        if query.kind is not UNSET:
            rows = rows.filter(kind=query.kind)
        if query.state:
            rows = rows.filter(state__in=query.state)
        return page(
            rows,
            query,
            out=lambda found: [call_out(row) for row in found],
            key=lambda row: (row.reserved_at, row.pk),
            keyset=BY_RESERVED,
        )


@api.at("calls/<uuid:call_id>/")
class CallController(ApiController):
    tags = (MONEY,)

    @operation("get_call", summary="Show a provider call")
    def get(self, call_id: UUID) -> CallDetail:
        """What was asked for, what it costs, and how it stands."""
        return _detail(self, _call(self, call_id))


@api.at("calls/<uuid:call_id>/resolve/")
class CallResolveController(ApiController):
    tags = (MONEY,)

    @operation("resolve_call", summary="Decide on an unclear call")
    def post(self, call_id: UUID, body: Body[ResolveIn]) -> CallDetail:
        """Once: 409 `conflict` if it is no longer unclear. Nothing is sent again by this."""
        row = _call(self, call_id)
        wanted: dict[str, Any] = {"actor": self.user, "reason": body.reason}
        match body.decision:
            case "attach":
                task = "" if body.task_id is UNSET else body.task_id
                unclear_calls.attach_task(row, task_id=task, **wanted)
            case "recover":
                raw_answers.recover(row, **wanted)
            case "not_charged":
                unclear_calls.not_charged(row, **wanted)
            case "write_off":
                unclear_calls.write_off(row, **wanted)
        return _detail(self, _call(self, call_id))


@api.at("costs/")
class CostsController(ApiController):
    tags = (MONEY,)

    @operation("get_costs", summary="Show costs", problems=(404,))
    def get(self, query: Query[CostQuery]) -> CostsOut:
        """Of a `project` that you see, else of the organization: 403 for who does not see every
        project.
        """
        if not self.user.has_perm(SEE):
            raise forbidden()
        wanted: dict[str, Any] = {}
        if query.project is not UNSET:
            project = visible_projects(self.user).filter(code=query.project).first()
            if project is None:
                raise not_found()
            wanted["subjects"] = list(subjects_of([project]))
        elif behind_a_wall(self.user):
            raise forbidden()
        since = ledger.month_start() if query.since is UNSET else query.since
        until = None if query.until is UNSET else query.until
        found = ledger.breakdown(*DIMENSIONS[query.by], since=since, before=until, **wanted)
        rows = [_row(_key(key), totals) for key, totals in found.items()]
        if query.by != "day":
            rows.sort(key=lambda row: Decimal(row.actual), reverse=True)
        total = sum(found.values(), ledger.Totals())
        return CostsOut(since, until, _row([], total), rows)


def _key(key: Any) -> list[str]:
    parts = key if isinstance(key, tuple) else (key,)
    return ["" if part is None else str(part) for part in parts]


def _row(key: list[str], totals: ledger.Totals) -> CostRow:
    return CostRow(
        key,
        totals.calls,
        money(totals.estimate),
        money(totals.reserved),
        money(totals.at_risk),
        money(totals.actual),
    )
