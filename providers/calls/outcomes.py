"""Records the outcome of a call.

Each outcome has one function, which records it regardless of what happened to the call meanwhile.
"""

import logging
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.utils.translation import gettext_noop

from core.clock import database_now
from core.localized_messages import LocalizedMessage
from core.unavailable import is_unavailable
from providers import ingest, raw_answer_store
from providers import requests as asked
from providers.adapters import Accepted, Adapter, Bytes, Result
from providers.enums import OVER, CallState, Kind, Refusal
from providers.errors import NotNow, Refused, Unclear
from providers.fetch import Link
from providers.models import AIProviderConfig, ProviderCall
from providers.signals import capacity_freed, result_recorded
from providers.store import workplace

from . import spool
from .fault_points import hit
from .limits import RECHECK_INTERVAL
from .states import move, write_event

log = logging.getLogger("ai_video.providers")
S = CallState
MARGIN = timedelta(seconds=5)
LIMIT_PAUSE = timedelta(seconds=60)  # of a provider that names none; some backends know better
STOPS_UNTIL_RESUMED = frozenset({Refusal.KEY, Refusal.CREDITS})
NO_NOTE = LocalizedMessage("")
LONGEST_TASK_ID = 120
NO_TASK_ID = gettext_noop("The provider accepted it under a name that cannot be kept: %(task)s…")
FOREIGN_TASK = gettext_noop("The provider named the task %(task)s, which belongs to another call.")
LOST = gettext_noop("The worker that made it was lost; it is made again.")
SPOOLED = gettext_noop(
    "It is paid for, and its answer is kept on the worker's machine until the file store is back."
)
LOST_SPOOL = gettext_noop(
    "Its answer was kept on the machine %(host)s and is not there any more; it may have been paid."
)
MAYBE_SENT = gettext_noop(
    "The worker that sent it was lost before the answer was written down; it may have been paid."
)


def accept(call: ProviderCall, answer: Accepted) -> None:
    """Record that the provider accepted the task. It is polled from now on, never sent again."""
    if len(answer.task_id) > LONGEST_TASK_ID:
        leave_unclear(
            call, LocalizedMessage(NO_TASK_ID, {"task": answer.task_id[:LONGEST_TASK_ID]})
        )
        return
    now = database_now()
    fields: dict[str, Any] = {
        "task_id": answer.task_id,
        "quote": answer.quote,
        "accepted_at": now,
        "poll_after": now + timedelta(seconds=answer.poll_in),
        "ended_at": None,
        "refusal": "",
        "cost": None,
    }
    try:
        with transaction.atomic(durable=True):
            came_from = move(call, name="accept", note=NO_NOTE, **fields)
            if came_from is None:
                _late_task(call, answer, fields)
            if came_from != S.SENDING:
                _notify(call)
    except IntegrityError:  # one task, one call: only a person can find out this charge
        call.refresh_from_db()
        leave_unclear(call, LocalizedMessage(FOREIGN_TASK, {"task": answer.task_id}))
    spool.forget(call.pk)


def _late_task(call: ProviderCall, answer: Accepted, fields: dict[str, Any]) -> None:
    """Record the late response of a sender that was presumed dead, after a person has decided.

    The actual outcome is recorded in any case. If the key has a newer call, this call is marked as
    late; its cost and result are still fetched.
    """
    if call.task_id == answer.task_id and call.state in {S.ACCEPTED, S.SETTLED}:
        return  # a webhook arrived before the response
    note = LocalizedMessage(
        gettext_noop("A late answer names the task %(task)s."), {"task": answer.task_id}
    )
    log.warning(
        "Call %s: late answer, task %s, the call is %s", call.pk, answer.task_id, call.state
    )
    if not move(call, name="late task", note=note, **fields, is_late=_has_newer(call)):
        write_event(call, name="late answer", came_from=call.state, to=call.state, note=note)


def _has_newer(call: ProviderCall) -> bool:
    return ProviderCall.objects.filter(key=call.key, attempt_no__gt=call.attempt_no).exists()


def settle(call: ProviderCall, answer: Result, *, should_stop: Callable[[], bool]) -> None:
    """Store the result, then record that it is stored and what it cost.

    Raises what fetching raises (`Later`, `Expired`, `Unclear`); the call then stays unchanged. A
    fetched file that cannot be stored or recorded now is written to the spool, because the provider
    does not store it forever.
    """
    hit("fetching")
    cost = (
        (call.estimate if call.quote is None else call.quote)
        if answer.cost is None
        else answer.cost
    )
    with workplace() as folder:
        fetched, file = _at_hand(call, answer, folder, should_stop)
        try:
            result = ingest.ingest(
                fetched,
                asked.from_json(call.request),
                folder,
                should_stop=should_stop,
                ordered_ms=ordered_ms(call),
                cost=cost,
            )
        except Exception as error:
            if file is not None and is_unavailable(error):
                _spool(call, answer, file)
            raise
    hit("stored")
    fields: dict[str, Any] = {
        "result": result,
        "cost": cost,
        "cost_is_estimated": bool(cost) and (answer.cost is None or answer.is_estimated),
        "progress": 100,
        "refusal": "",
    }
    try:
        write_result(call, fields)
    except (OperationalError, InterfaceError):
        if cost:
            _spool(call, spool.Stored(fields))
        raise


@dataclass(frozen=True, slots=True)
class _Copied:
    """A file that has already been fetched."""

    path: Path
    trusted: bool
    again: bool  # whether it can be fetched once more

    # The signature of every source
    def download(self, to: Path, *, should_stop: Callable[[], bool]) -> None:  # noqa: ARG002
        shutil.copyfile(self.path, to)


def _at_hand(
    call: ProviderCall, answer: Result, folder: Path, should_stop: Callable[[], bool]
) -> tuple[Result, Path | None]:
    """Return the result with its file on this machine, if it was paid for and had to be fetched."""
    if answer.media is None or isinstance(answer.media, Bytes | spool.Spooled) or not call.counted:
        return answer, None
    file = folder / "fetched"
    answer.media.download(file, should_stop=should_stop)
    return replace(
        answer,
        media=_Copied(
            file, trusted=answer.media.trusted, again=getattr(answer.media, "again", False)
        ),
    ), file


def _spool(call: ProviderCall, answer: spool.Answer, file: Path | None = None) -> None:
    if not spool.holds(call.pk) and (kept := spool.save(call, answer, file=file)):
        kept.release()


def write_result(call: ProviderCall, fields: dict[str, Any]) -> None:
    """Record on the row that the result is stored, and its cost."""
    with transaction.atomic(durable=True):
        came_from = move(call, name="settle", note=NO_NOTE, **fields)
        if came_from is None:
            _late_result(call, fields)
        if came_from not in {S.SENDING, S.ACCEPTED}:
            _notify(call)
    spool.forget(call.pk)
    hit("settled")


def ordered_ms(call: ProviderCall) -> int:
    """Return the paid clip length in ms; 0 if the price does not depend on the length.

    An upscaled clip and a finished draft are as long as they were, whatever the units are rounded
    up to.
    """
    edit = call.request.get("edit") or {}
    if edit.get("task") in {"upscale", "finish"}:
        return int(edit.get("duration_ms", 0))
    return int(call.units * 1000) if call.kind == Kind.CLIP and call.units > 1 else 0


def _late_result(call: ProviderCall, fields: dict[str, Any]) -> None:
    """Record a late result that was part of the response; otherwise as `_late_task`."""
    if call.state == S.SETTLED:
        return
    note = LocalizedMessage(gettext_noop("A late answer brought the result."))
    log.warning("Call %s: late result, the call is %s", call.pk, call.state)
    if move(call, name="late result", note=note, **fields, is_late=_has_newer(call)):
        transaction.on_commit(lambda: result_recorded.send_robust(sender=ProviderCall, call=call))


def refuse(call: ProviderCall, refused: Refused) -> None:
    """Record that the provider did not do the work, whatever was assumed before."""
    validation_error = (
        {"complaint": refused.validation_error[:2000]} if refused.validation_error else None
    )
    with transaction.atomic(durable=True):
        came_from = move(
            call,
            name="refuse",
            note=refused.sentence,
            refusal=refused.kind,
            cost=refused.cost,
            reason=refused.kind,
            evidence=validation_error,
        )
        if came_from is None:
            _late_refusal(call, refused)
        elif came_from == S.UNCLEAR:
            _notify(call)
    spool.forget(call.pk)


def _late_refusal(call: ProviderCall, refused: Refused) -> None:
    """Record a late refusal. Its actual cost replaces what a person had to assume."""
    if call.state not in OVER or call.cost == refused.cost:
        return
    log.warning("Call %s: late refusal, cost %s, the call is %s", call.pk, refused.cost, call.state)
    move(
        call,
        name="late refusal",
        note=refused.sentence,
        refusal=refused.kind,
        cost=refused.cost,
        cost_is_estimated=False,
        reason=refused.kind,
    )


def give_up(
    call: ProviderCall, why: LocalizedMessage, *, cost: Decimal, is_estimated: bool
) -> None:
    """Record that the task was cancelled because of its price.

    `cost` is what was charged despite the cancellation.
    """
    with transaction.atomic(durable=True):
        move(
            call,
            name="give up",
            note=why,
            refusal=Refusal.PRICE,
            cost=cost,
            cost_is_estimated=bool(cost) and is_estimated,
        )


def never_sent(call: ProviderCall, why: LocalizedMessage | str, *, claimed_at: datetime) -> None:
    """Record that the process that claimed the call at `claimed_at` did not send it.

    Nothing was spent, and no limit counts the call. A process that claimed the call at another time
    may have sent it and is not affected.
    """
    ended: dict[str, Any] = {
        "note": why if isinstance(why, LocalizedMessage) else LocalizedMessage(why),
        "refusal": Refusal.CANCELLED,
        "cost": 0,
        "sending_at": None,
    }
    with transaction.atomic(durable=True):
        mine = {"sending_at": claimed_at}
        came_from = move(
            call, name="not sent", expect=(S.SENDING, S.UNCLEAR), only=mine, **ended
        ) or move(call, name="not sent", expect=(S.RESERVED,), **ended)
        if came_from == S.UNCLEAR:
            _notify(call)
    spool.forget(call.pk)


def is_spooled(call: ProviderCall) -> None:
    """Record that the response is in the spool.

    While the store is unavailable, the call must not be treated as lost.
    """
    with transaction.atomic(durable=True):
        mine = ProviderCall.objects.select_for_update().filter(pk=call.pk, state=S.SENDING).first()
        if mine is not None:
            mine.evidence = {**mine.evidence, "spooled_on": this_machine()}
            mine.note_data = LocalizedMessage(SPOOLED).as_json()
            mine.save(update_fields=("evidence", "note_data"))
    call.refresh_from_db()


def this_machine() -> str:
    """Return the host name by which a row identifies the machine with its spooled response."""
    return socket.gethostname()


def leave_unclear(call: ProviderCall, why: LocalizedMessage, *, raw: bytes = b"") -> None:
    """Record that the outcome is unknown.

    A person has to decide; until then the amount counts as spent. `raw` is the provider's response,
    which is stored for that person.
    """
    answer = raw_answer_store.prepare(call, raw)
    with transaction.atomic(durable=True):
        if move(call, name="unclear", note=why) or (call.state == S.UNCLEAR and answer is not None):
            raw_answer_store.put(call, answer)  # also when presumed lost before


def raw_of(answer: Result, error: Exception) -> bytes:
    """Return what is kept for a person of a result that could not be stored: its file, else the
    address of it.
    """
    raw: bytes = getattr(error, "raw", b"")
    return raw or (answer.media.url.encode() if isinstance(answer.media, Link) else b"")


def unexpected(call: ProviderCall, adapter: Adapter, error: Exception) -> None:
    """Record an error after sending began that no adapter anticipated."""
    log.error("Call %s: unexpected error at %s", call.pk, call.provider_id, exc_info=error)
    what = LocalizedMessage(
        gettext_noop("Unexpected error: %(error)s"), {"error": type(error).__name__}
    )
    if adapter.repeatable:
        refuse(call, Refused.of(what, kind=Refusal.FAILED))
    else:
        leave_unclear(call, what)


def raise_if_it_may_wait(call: ProviderCall, refused: Refused) -> None:
    """Raise `NotNow` for a refusal that affects the provider and not this work.

    Such refusals stop the provider for a while, not the job.
    """
    if refused.kind == Refusal.LIMIT:
        raise pause_for_limit(call.provider, refused)
    stop_provider(call, refused)
    if refused.kind in STOPS_UNTIL_RESUMED:
        raise NotNow.of(refused.sentence, until=database_now() + RECHECK_INTERVAL, wait="provider")


def stop_provider(call: ProviderCall, refused: Refused) -> None:
    """Apply a refusal that affects the whole provider: rate limit, bad key or no credit."""
    if refused.kind == Refusal.LIMIT:
        pause_for_limit(call.provider, refused)
    elif refused.kind in STOPS_UNTIL_RESUMED:
        pause_for_key(call, refused.sentence)


def pause_for_limit(config: AIProviderConfig, refused: Refused) -> NotNow:
    """Store the pause that a provider asks for, of a call or a free question. Returns what to raise
    until then.
    """
    until = refused.until or database_now() + LIMIT_PAUSE
    AIProviderConfig.objects.filter(pk=config.pk).update(not_before=until)
    return NotNow.of(refused.sentence, until=until, wait="rate_limit")


def stop_provider_late(call: ProviderCall, refused: Refused) -> None:
    """As `stop_provider`, for a refusal from the spool, unless the provider has worked since."""
    since = call.reserved_at if call.sending_at is None else call.sending_at
    worked = ProviderCall.objects.filter(
        provider=call.provider, sending_at__gt=since, state__in=(S.ACCEPTED, S.SETTLED)
    )
    if not worked.exists():
        stop_provider(call, refused)


def pause_for_key(call: ProviderCall, why: LocalizedMessage) -> None:
    """Pause the provider because its key or account is rejected, until a person resumes it."""
    reason = why.english
    running = AIProviderConfig.objects.filter(pk=call.provider.pk, is_paused=False)
    if running.update(is_paused=True, pause_reason=reason[:200], pause_note_data=why.as_json()):
        log.error("%s is paused: %s", call.provider_id, reason)


def as_refused(call: ProviderCall) -> Refused:
    """Return the refusal that the row records."""
    return Refused.of(
        call.note, kind=Refusal(call.refusal), cost=call.cost or Decimal(0), call=call
    )


def as_unclear(call: ProviderCall) -> Unclear:
    return Unclear.of(call.note, call=call)


def _notify(call: ProviderCall) -> None:
    """Notify waiting work after the commit."""
    transaction.on_commit(
        lambda: capacity_freed.send_robust(
            sender=ProviderCall, provider=call.provider_id, subject=call.subject, item=call.item
        )
    )
