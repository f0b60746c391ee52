"""The judge: what the providers charged, what the ledger says, and what people ordered. Knows no
database.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

SLACK = timedelta(milliseconds=50)  # between the clock of the database and this process


@dataclass(frozen=True)
class Charged:
    """One piece of work on a provider's bill. `call` is the id of the call that it belongs to,
    empty if nobody knows.
    """

    provider: str
    work: str
    usd: Decimal
    call: str


@dataclass(frozen=True)
class Booked:
    """One call of the ledger. `has_take`: its result is a take. `by_person`: a person decided that
    it is lost.
    """

    id: str
    provider: str
    key: str
    state: str
    cost: Decimal | None
    reserved_at: datetime
    ended_at: datetime | None
    has_take: bool
    by_person: bool = False
    is_late: bool = False
    asked_again: bool = False  # by itself, because the answer before it did not fit
    is_estimated: bool = False  # the provider has not told what it cost


@dataclass(frozen=True)
class Ordered:
    """A person has ordered this piece of work at its price, between these moments."""

    piece: str  # kind:scene
    began: datetime
    ended: datetime


def piece_of(key: str) -> str:
    """Kind and item of a call's key: image:SCENE:0 is image:SCENE, speech:LINE is itself."""
    return ":".join(key.split(":")[:2])


def judge(
    charges: Sequence[Charged], calls: Sequence[Booked], orders: Iterable[Ordered]
) -> list[str]:
    """What is wrong, one line each; nothing when every promise held."""
    return [*_lost(charges, calls), *_paid_twice(charges, calls, orders), *_sums(charges, calls)]


def _lost(charges: Sequence[Charged], calls: Sequence[Booked]) -> Iterable[str]:
    """Each charge has one call, at the same cost, with its take or with the
    decision of a person.
    """
    by_id = {call.id: call for call in calls}
    seen: dict[str, str] = {}
    for charge in charges:
        if not charge.usd:
            continue
        name = f"{charge.provider} {charge.work}, {charge.usd} USD"
        call = by_id.get(charge.call)
        if call is None:
            yield f"lost: {name} was charged and belongs to no call"
            continue
        if call.id in seen:
            yield f"twice: {name} was charged for call {call.id}, as {seen[call.id]} was"
        seen[call.id] = charge.work
        if call.cost != charge.usd and not _is_above(call, charge):
            yield f"ledger: {name} is booked as {call.cost} ({call.state}, call {call.id})"
        if call.state == "settled" and not call.has_take:
            yield f"lost: {name} is settled and has no take (call {call.id})"
        if call.state == "written_off" and not call.by_person:
            yield f"lost: {name} was written off by nobody (call {call.id})"


def _is_above(call: Booked, charge: Charged) -> bool:
    """Whether the ledger says more than the bill, for want of an amount in the answer."""
    return call.is_estimated and call.cost is not None and call.cost > charge.usd


def _paid_twice(
    charges: Sequence[Charged], calls: Sequence[Booked], orders: Iterable[Ordered]
) -> Iterable[str]:
    """Of one key: the next paid call begins after the one before is decided, and somebody has
    ordered it in between.
    """
    paid = {charge.call for charge in charges if charge.usd}
    ordered: dict[str, list[Ordered]] = defaultdict(list)
    for order in orders:
        ordered[order.piece].append(order)
    by_key: dict[str, list[Booked]] = defaultdict(list)
    for call in sorted(calls, key=lambda call: call.reserved_at):
        if call.id in paid:
            by_key[call.key].append(call)
    for key, ours in by_key.items():
        wanted = ordered[piece_of(key)]
        if not any(order.began <= ours[0].reserved_at + SLACK for order in wanted):
            yield f"unordered: {key} was paid for and nobody had ordered it"
        for before, after in pairwise(ours):
            if after.asked_again:
                continue
            since = (order for order in wanted if order.ended >= before.reserved_at - SLACK)
            if not any(order.began <= after.reserved_at + SLACK for order in since):
                known = ", ".join(f"{order.began:%X.%f} to {order.ended:%X.%f}" for order in wanted)
                yield (
                    f"twice: {key} was paid for again (call {after.id}) and nobody had "
                    f"ordered it since:"
                    f" reserved {before.reserved_at:%X.%f} ({before.state}) and "
                    f"{after.reserved_at:%X.%f}, ordered {known}"
                )
            if not before.is_late and (
                before.ended_at is None or before.ended_at > after.reserved_at
            ):
                yield (
                    f"twice: {key} was paid for again (call {after.id}) while call "
                    f"{before.id} was out"
                )


def _sums(charges: Sequence[Charged], calls: Sequence[Booked]) -> Iterable[str]:
    bill: dict[str, Decimal] = defaultdict(Decimal)
    ledger: dict[str, Decimal] = defaultdict(Decimal)
    by_id = {call.id: call for call in calls}
    for charge in charges:
        call = by_id.get(charge.call)
        above = call if call is not None and _is_above(call, charge) else None
        bill[charge.provider] += charge.usd if above is None else above.cost or 0
    for call in calls:
        ledger[call.provider] += call.cost or 0
    for provider in sorted(bill.keys() | ledger.keys()):
        if bill[provider] != ledger[provider]:
            yield f"ledger: {provider} {ledger[provider]} USD, the bill says {bill[provider]} USD"
    for call in calls:
        if call.state in {"reserved", "sending", "accepted", "unclear"}:
            yield f"stuck: call {call.id} of {call.provider} ({call.key}) is {call.state}"
