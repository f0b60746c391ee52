"""What became of a call: each outcome has its one function, which writes it down whatever happened meanwhile."""

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

from ground.away import is_away
from ground.clock import database_now
from ground.sentence import Sentence
from providers import raw_answers, results
from providers import requests as asked
from providers.adapters import Accepted, Adapter, Bytes, Result
from providers.enums import OVER, CallState, Kind, Refusal
from providers.errors import NotNow, Refused, Unclear
from providers.models import AIProviderConfig, ProviderCall
from providers.signals import freed, landed
from providers.store import workplace

from . import spool
from .states import move, write_event
from .steps import step

log = logging.getLogger("ai_video.providers")
S = CallState
MARGIN = timedelta(seconds=5)
LIMIT_PAUSE = timedelta(seconds=60)
STOPS_UNTIL_RESUMED = frozenset({Refusal.KEY, Refusal.CREDITS})
LOOK_AGAIN = timedelta(minutes=10)
NO_NOTE = Sentence("")
LONGEST_TASK_ID = 120
NO_TASK_ID = gettext_noop("The provider accepted it under a name that cannot be kept: %(task)s…")
FOREIGN_TASK = gettext_noop("The provider named the task %(task)s, which belongs to another call.")
LOST = gettext_noop("The worker that made it was lost; it is made again.")
SPOOLED = gettext_noop("It is paid for, and its answer is kept on the worker's machine until the file store is back.")
LOST_SPOOL = gettext_noop("Its answer was kept on the machine %(host)s and is not there any more; it may have been paid.")
MAYBE_SENT = gettext_noop("The worker that sent it was lost before the answer was written down; it may have been paid.")


def accept(call: ProviderCall, answer: Accepted) -> None:
    """The provider has the task: from now on it is asked for, never sent again."""
    if len(answer.task_id) > LONGEST_TASK_ID:
        leave_unclear(call, Sentence(NO_TASK_ID, {"task": answer.task_id[:LONGEST_TASK_ID]}))
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
                _tell(call)
    except IntegrityError:  # one task, one call: what this one was charged for, only a person can find out
        call.refresh_from_db()
        leave_unclear(call, Sentence(FOREIGN_TASK, {"task": answer.task_id}))
    spool.forget(call.pk)


def _late_task(call: ProviderCall, answer: Accepted, fields: dict[str, Any]) -> None:
    """The answer of a sender that was thought dead, after a person decided. The truth is written down in any case.

    Beside a newer call of its key it is marked as late: its cost and its result are asked for all the same.
    """
    if call.task_id == answer.task_id and call.state in {S.ACCEPTED, S.SETTLED}:
        return  # a webhook was faster than the answer
    note = Sentence(gettext_noop("A late answer names the task %(task)s."), {"task": answer.task_id})
    log.warning("Call %s: late answer, task %s, the call is %s", call.pk, answer.task_id, call.state)
    if not move(call, name="late task", note=note, **fields, is_late=_has_newer(call)):
        write_event(call, name="late answer", came_from=call.state, to=call.state, note=note)


def _has_newer(call: ProviderCall) -> bool:
    return ProviderCall.objects.filter(key=call.key, generation__gt=call.generation).exists()


def settle(call: ProviderCall, answer: Result, *, should_stop: Callable[[], bool]) -> None:
    """Fetch the result into the storage, then write down that it is there and what it cost.

    Raises what fetching raises (`Later`, `Expired`, `Unclear`); the call then stays as it was. What was fetched and
    cannot be stored or written down now goes into the spool: the provider does not keep it for ever.
    """
    step("fetching")
    with workplace() as folder:
        fetched, file = _at_hand(call, answer, folder, should_stop)
        try:
            result = results.take_in(fetched, asked.from_json(call.request), folder, should_stop=should_stop, ordered_ms=ordered_ms(call))
        except Exception as error:
            if file is not None and is_away(error):
                _spool(call, answer, file)
            raise
    step("stored")
    cost = (call.estimate if call.quote is None else call.quote) if answer.cost is None else answer.cost
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
    """A file that was fetched already."""

    path: Path
    trusted: bool
    again: bool  # whether it can be fetched once more

    def bring(self, to: Path, *, should_stop: Callable[[], bool]) -> None:  # noqa: ARG002  the signature of every source
        shutil.copyfile(self.path, to)


def _at_hand(call: ProviderCall, answer: Result, folder: Path, should_stop: Callable[[], bool]) -> tuple[Result, Path | None]:
    """The result with its file on this machine, if it was paid for and came from elsewhere."""
    if answer.media is None or isinstance(answer.media, Bytes | spool.Spooled) or not call.counted:
        return answer, None
    file = folder / "fetched"
    answer.media.bring(file, should_stop=should_stop)
    return replace(answer, media=_Copied(file, trusted=answer.media.trusted, again=getattr(answer.media, "again", False))), file


def _spool(call: ProviderCall, answer: spool.Answer, file: Path | None = None) -> None:
    if not spool.holds(call.pk) and (kept := spool.keep(call, answer, file=file)):
        kept.release()


def write_result(call: ProviderCall, fields: dict[str, Any]) -> None:
    """The result is in the storage: the row says so, and what it cost."""
    with transaction.atomic(durable=True):
        came_from = move(call, name="settle", note=NO_NOTE, **fields)
        if came_from is None:
            _late_result(call, fields)
        if came_from not in {S.SENDING, S.ACCEPTED}:
            _tell(call)
    spool.forget(call.pk)
    step("settled")


def ordered_ms(call: ProviderCall) -> int:
    """The length that was paid for; 0 when it is not priced by its length."""
    return int(call.units * 1000) if call.kind == Kind.CLIP and call.units > 1 else 0


def _late_result(call: ProviderCall, fields: dict[str, Any]) -> None:
    """As `_late_task`, for a result that came in the answer itself."""
    if call.state == S.SETTLED:
        return
    note = Sentence(gettext_noop("A late answer brought the result."))
    log.warning("Call %s: late result, the call is %s", call.pk, call.state)
    if move(call, name="late result", note=note, **fields, is_late=_has_newer(call)):
        transaction.on_commit(lambda: landed.send_robust(sender=ProviderCall, call=call))


def refuse(call: ProviderCall, refused: Refused) -> None:
    """The provider did not do it, whatever somebody thought of it before."""
    complaint = {"complaint": refused.complaint[:2000]} if refused.complaint else None
    with transaction.atomic(durable=True):
        came_from = move(
            call,
            name="refuse",
            note=refused.sentence,
            refusal=refused.kind,
            cost=refused.cost,
            reason=refused.kind,
            evidence=complaint,
        )
        if came_from is None:
            _late_refusal(call, refused)
        elif came_from == S.UNCLEAR:
            _tell(call)
    spool.forget(call.pk)


def _late_refusal(call: ProviderCall, refused: Refused) -> None:
    """As `_late_task`, for a refusal: what it really cost takes the place of what a person had to assume."""
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


def give_up(call: ProviderCall, why: Sentence, *, cost: Decimal, is_estimated: bool) -> None:
    """The task was cancelled because of its price; `cost` is what was charged all the same."""
    with transaction.atomic(durable=True):
        move(
            call,
            name="give up",
            note=why,
            refusal=Refusal.PRICE,
            cost=cost,
            cost_is_estimated=bool(cost) and is_estimated,
        )


def never_sent(call: ProviderCall, why: Sentence | str, *, claimed_at: datetime) -> None:
    """The process that claimed it at this moment to send it surely has not: nothing was spent, and no limit counts it.

    Whoever has claimed it at another moment may have sent it, and is not spoken for.
    """
    ended: dict[str, Any] = {
        "note": why if isinstance(why, Sentence) else Sentence(why),
        "refusal": Refusal.CANCELLED,
        "cost": 0,
        "sending_at": None,
    }
    with transaction.atomic(durable=True):
        mine = {"sending_at": claimed_at}
        if not move(call, name="not sent", expect=(S.SENDING, S.UNCLEAR), only=mine, **ended):
            move(call, name="not sent", expect=(S.RESERVED,), **ended)
    spool.forget(call.pk)


def is_spooled(call: ProviderCall) -> None:
    """The answer has come and lies in the spool: nobody may take the call for lost while the store is away."""
    with transaction.atomic(durable=True):
        mine = ProviderCall.objects.select_for_update().filter(pk=call.pk, state=S.SENDING).first()
        if mine is not None:
            mine.evidence = {**mine.evidence, "spooled_on": this_machine()}
            mine.note_data = Sentence(SPOOLED).as_json()
            mine.save(update_fields=("evidence", "note_data"))
    call.refresh_from_db()


def this_machine() -> str:
    """The name under which a row says whose spool an answer lies in."""
    return socket.gethostname()


def leave_unclear(call: ProviderCall, why: Sentence, *, raw: bytes = b"") -> None:
    """Nobody knows whether it was done: a person is asked, and until then the money counts as spent.

    `raw` is what the provider answered: it is kept for that person.
    """
    answer = raw_answers.prepare(call, raw)
    with transaction.atomic(durable=True):
        if move(call, name="unclear", note=why) or (call.state == S.UNCLEAR and answer is not None):
            raw_answers.put(call, answer)  # also when it was thought lost before its answer was found


def unexpected(call: ProviderCall, adapter: Adapter, error: Exception) -> None:
    """Something broke that no adapter foresaw after the sending began."""
    log.error("Call %s: unexpected error at %s", call.pk, call.provider_id, exc_info=error)
    what = Sentence(gettext_noop("Unexpected error: %(error)s"), {"error": type(error).__name__})
    if adapter.repeatable:
        refuse(call, Refused.of(what, kind=Refusal.FAILED))
    else:
        leave_unclear(call, what)


def raise_if_it_may_wait(call: ProviderCall, refused: Refused) -> None:
    """Refusals that say nothing about this piece of work stop the provider for a while, not the job: raises `NotNow`."""
    stop_provider(call, refused)
    if refused.kind == Refusal.LIMIT:
        until = refused.until or database_now() + LIMIT_PAUSE
        raise NotNow.of(refused.sentence, until=until, wait="rate_limit")
    if refused.kind in STOPS_UNTIL_RESUMED:
        raise NotNow.of(refused.sentence, until=database_now() + LOOK_AGAIN, wait="provider")


def stop_provider(call: ProviderCall, refused: Refused) -> None:
    """What a refusal says about the whole provider: too many calls, a bad key, no money."""
    if refused.kind == Refusal.LIMIT:
        until = refused.until or database_now() + LIMIT_PAUSE
        AIProviderConfig.objects.filter(pk=call.provider.pk).update(not_before=until)
    elif refused.kind in STOPS_UNTIL_RESUMED:
        pause_for_key(call, refused.sentence)


def stop_provider_late(call: ProviderCall, refused: Refused) -> None:
    """The same for a refusal that lay in the spool, unless the provider has worked since."""
    since = call.reserved_at if call.sending_at is None else call.sending_at
    worked = ProviderCall.objects.filter(provider=call.provider, sending_at__gt=since, state__in=(S.ACCEPTED, S.SETTLED))
    if not worked.exists():
        stop_provider(call, refused)


def pause_for_key(call: ProviderCall, why: Sentence) -> None:
    """The key or the account is no good: nothing new is asked for until a person has looked."""
    reason = why.english
    running = AIProviderConfig.objects.filter(pk=call.provider.pk, is_paused=False)
    if running.update(is_paused=True, pause_reason=reason[:200], pause_note_data=why.as_json()):
        log.error("%s is paused: %s", call.provider_id, reason)


def as_refused(call: ProviderCall) -> Refused:
    """The refusal that the row tells of."""
    return Refused.of(call.note, kind=Refusal(call.refusal), cost=call.cost or Decimal(0), call=call)


def as_unclear(call: ProviderCall) -> Unclear:
    return Unclear.of(call.note, call=call)


def _tell(call: ProviderCall) -> None:
    """Whoever waits for this piece of work is told after the commit."""
    transaction.on_commit(lambda: freed.send_robust(sender=ProviderCall, provider=call.provider_id, subject=call.subject, item=call.item))
