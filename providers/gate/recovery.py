"""What happens to answers that could not be written down when they came, and to calls whose sender is gone."""

import logging
from datetime import timedelta
from pathlib import Path

from django.db import InterfaceError, OperationalError

from ground.away import AwayError
from ground.clock import database_now
from ground.sentence import Sentence
from providers.adapters import Accepted, Adapter, Result, never
from providers.enums import CallState, Refusal
from providers.errors import Later, Refused, Unclear
from providers.models import ProviderCall
from providers.signals import freed, landed

from . import outcome, spool
from .steps import step

log = logging.getLogger("ai_video.providers")
S = CallState
ELSEWHERE = timedelta(hours=24)  # an answer that another machine keeps is waited for so long


def take_up_all() -> int:
    """Bring what lies in this machine's spool into database and store. Returns how many have arrived there.

    One that cannot be brought there now does not hold up the others; it stays.
    """
    return sum(_try(path) for path in spool.waiting())


def _try(path: Path) -> bool:
    try:
        return _take_up(path)
    except (AwayError, OperationalError, InterfaceError) as error:
        log.warning("A paid answer waits in the spool: %s", error)
    except Exception:
        log.exception("A paid answer cannot be taken up from the spool: %s", path.name)
    return False


def take_up(call: ProviderCall) -> bool:
    """Bring this call's answers from the spool into database and store, if any lie here. Raises `AwayError`.

    `call` shows the new state afterwards.
    """
    done = [_take_up(path) for path in spool.of(call.pk)]
    if done:
        call.refresh_from_db()
    return any(done)


def _take_up(path: Path) -> bool:
    with spool.taken(path) as mine:
        if not mine:
            return False
        call_id, answer = spool.read(path)
        call = ProviderCall.objects.get(pk=call_id)
        step("taking up")
        _write(call, answer)
        log.info("Call %s: its answer was taken up from the spool; it is %s", call.pk, call.state)
    if call.state == S.SETTLED:
        landed.send_robust(sender=ProviderCall, call=call)
    freed.send_robust(sender=ProviderCall, provider=call.provider_id, subject=call.subject, item=call.item)
    return True


def _write(call: ProviderCall, answer: spool.Answer) -> None:
    match answer:
        case Accepted():
            outcome.accept(call, answer)
        case Refused():
            outcome.refuse(call, answer)
            outcome.stop_provider_late(call, answer)
        case Unclear():
            outcome.leave_unclear(call, answer.sentence, raw=answer.raw)
            spool.forget(call.pk)
        case spool.NeverSent():
            outcome.never_sent(call, answer.note, claimed_at=answer.claimed_at)
        case spool.Stored():
            outcome.write_result(call, answer.fields)
        case Result():
            try:
                outcome.settle(call, answer, should_stop=never)
            except Refused as refused:
                outcome.refuse(call, refused)
                outcome.stop_provider_late(call, refused)
            except (Later, Unclear) as error:  # what came with the answer does not come again
                outcome.leave_unclear(call, error.sentence, raw=getattr(error, "raw", b""))
                spool.forget(call.pk)


def found_sending(call: ProviderCall, adapter: Adapter) -> None:
    """Somebody else meets a call in the middle of being sent; whether it went out, only its sender knows.

    Its answer may lie in the spool of this machine, or of another one that says so on the row.
    """
    if adapter.repeatable:
        outcome.refuse(call, Refused(outcome.LOST, kind=Refusal.FAILED))
        return
    if spool.holds(call.pk):
        take_up(call)  # unless its sender still holds it
        return
    now = database_now()
    if call.sending_at is not None and (host := call.evidence.get("spooled_on")):
        if host != outcome.this_machine() and now < call.sending_at + ELSEWHERE:
            return
        outcome.leave_unclear(call, Sentence(outcome.LOST_SPOOL, {"host": str(host)}))
    elif call.sending_at is None or now >= call.sending_at + adapter.send_limit + outcome.MARGIN:
        outcome.leave_unclear(call, Sentence(outcome.MAYBE_SENT))
