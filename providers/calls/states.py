"""The states of a call: every transition, and what each state counts as.

`docs/operation/calls.md` prints both. A transition is made by compare-and-set, together with its
event, in one transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from core.clock import database_now
from core.localized_messages import LocalizedMessage
from providers.enums import AT_RISK, OVER, RUNNING_CALL, UNDECIDED_CALL, CallState
from providers.errors import FailedCall
from providers.models import CallEvent, ProviderCall

S = CallState
ENDED = (S.SETTLED, *OVER)


@dataclass(frozen=True, slots=True)
class Transition:
    """A transition: its name, the states it leads from and to, and when it is made."""

    name: str
    sources: tuple[CallState, ...]
    target: CallState
    when: str


TRANSITIONS = (
    Transition(
        "reserve",
        (),
        S.RESERVED,
        "the price is confirmed, limits and budgets allow it: written before anything is sent",
    ),
    Transition(
        "send",
        (S.RESERVED,),
        S.SENDING,
        "one process claims it; committed before the first byte leaves",
    ),
    Transition("drop", (S.RESERVED,), S.REFUSED, "nobody has sent it for ten minutes"),
    Transition(
        "not sent",
        (S.RESERVED, S.SENDING, S.UNCLEAR),
        S.REFUSED,
        (
            "its sender knows that nothing left: cancelled, paused, too late, made from "
            "something else by now, or the attempt is another's"
        ),
    ),
    Transition("accept", (S.SENDING, S.UNCLEAR), S.ACCEPTED, "the provider has named its task"),
    Transition(
        "settle", (S.SENDING, S.ACCEPTED, S.UNCLEAR), S.SETTLED, "its result is in the store"
    ),
    Transition(
        "refuse",
        (S.SENDING, S.ACCEPTED, S.UNCLEAR),
        S.REFUSED,
        "the provider did not do it; the cost is what it charged all the same",
    ),
    Transition(
        "give up",
        (S.ACCEPTED,),
        S.REFUSED,
        "the provider's own price was above what was allowed, and the task could be cancelled",
    ),
    Transition("unclear", (S.SENDING, S.ACCEPTED), S.UNCLEAR, "nobody knows whether it was done"),
    Transition("attach task", (S.UNCLEAR,), S.ACCEPTED, "a person found its task at the provider"),
    Transition(
        "recover",
        (S.UNCLEAR,),
        S.SETTLED,
        "a person had its kept answer read once more, and it holds the result",
    ),
    Transition("not charged", (S.UNCLEAR,), S.REFUSED, "a person found that it was not done"),
    Transition(
        "write off", (S.UNCLEAR,), S.WRITTEN_OFF, "a person found that it was paid and is lost"
    ),
    Transition("late task", OVER, S.ACCEPTED, "a task comes to light after it was decided on"),
    Transition("late result", OVER, S.SETTLED, "a result comes after it was decided on"),
    Transition(
        "late refusal", OVER, S.REFUSED, "what it really cost comes after it was decided on"
    ),
    Transition(
        "shared task",
        (S.ACCEPTED,),
        S.UNCLEAR,
        "an upgrade found its task at an earlier call as well",
    ),
)
BY_NAME = {transition.name: transition for transition in TRANSITIONS}


@dataclass(frozen=True, slots=True)
class Counts:
    """What a state counts as. `money` names the amount that budgets count."""

    running: bool  # for a plan: in progress; no action is offered
    undecided: bool  # rules out a second call for the same piece of work
    holds_place: bool  # counts towards the provider's concurrent calls
    at_risk: bool  # sent, and its cost is unconfirmed
    money: str


EXPECTED, COST, NOTHING_OR_COST = (
    "the provider's quote, else the estimate",
    "the cost",
    "the cost, mostly nothing",
)
MONEY = {S.SETTLED: COST, S.WRITTEN_OFF: COST, S.REFUSED: NOTHING_OR_COST}
COUNTS = {
    state: Counts(
        running=state in RUNNING_CALL,
        undecided=state in UNDECIDED_CALL,
        holds_place=state in RUNNING_CALL,
        at_risk=state in AT_RISK,
        money=MONEY.get(state, EXPECTED),
    )
    for state in S
}


def move(
    call: ProviderCall,
    *,
    name: str,
    expect: tuple[CallState, ...] | None = None,
    actor: Any = None,
    reason: str = "",
    note: LocalizedMessage | None = None,
    only: Mapping[str, Any] | None = None,
    evidence: Mapping[str, Any] | None = None,
    **fields: Any,
) -> CallState | None:
    """Make the named transition and write its event.

    Returns the state it came from. Returns None, and writes nothing, if the call was in none of the
    source states. `expect` restricts the source states; `only` names further values that the row
    must have. `evidence` is merged into the row's evidence. A note of None leaves the current note
    unchanged. `call` is refreshed afterwards, also when another process made the transition.
    """
    change = BY_NAME[name]
    sources = (
        change.sources
        if expect is None
        else tuple(state for state in change.sources if state in expect)
    )
    values = dict(fields, state=change.target)
    if note is not None:
        values["note_data"] = note.as_json() if note else {}
    if change.target in ENDED:
        values.setdefault("ended_at", database_now())
    with transaction.atomic():
        if evidence:
            values["evidence"] = merged_evidence(call, evidence)
        rows = ProviderCall.objects.filter(pk=call.pk, **(only or {}))
        came_from = next(
            (state for state in sources if rows.filter(state=state).update(**values)), None
        )
        if came_from is not None:
            write_event(
                call,
                name=name,
                came_from=came_from,
                to=change.target,
                actor=actor,
                reason=reason,
                note=note,
            )
    call.refresh_from_db()
    return came_from


def merged_evidence(call: ProviderCall, added: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row's current evidence merged with `added`; None removes an entry.

    Must run inside the transaction that writes it: the row is locked, so nothing is added in
    between.
    """
    locked = ProviderCall.objects.select_for_update(no_key=True).filter(pk=call.pk)
    known = locked.values_list("evidence", flat=True).get()
    merged = {**known, **added}
    return {name: value for name, value in merged.items() if value is not None}


DECISIONS = (
    "not charged",
    "write off",
)  # by which a person resolves an unclear call that has no result


def was_decided(call: FailedCall) -> bool:
    """Return whether a person resolved this unclear call without a result.

    The decision does not order the work again: that has a price and needs a start of its own.
    """
    if call.state == S.WRITTEN_OFF:
        return True
    events = CallEvent.objects.filter(call_id=call.pk, from_state=S.UNCLEAR, to_state=S.REFUSED)
    return call.state == S.REFUSED and events.filter(name__in=DECISIONS).exists()


def write_event(
    call: ProviderCall,
    *,
    name: str,
    came_from: str,
    to: str,
    actor: Any = None,
    reason: str = "",
    note: LocalizedMessage | None = None,
) -> CallEvent:
    """Add an event to the call's history. With the same state twice it is a remark."""
    return CallEvent.objects.create(
        call=call,
        name=name,
        from_state=came_from,
        to_state=to,
        actor=actor,
        reason=reason[:500],
        note_data=note.as_json() if note else {},
    )
