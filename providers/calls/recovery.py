"""Recovers responses that could not be recorded on arrival, and calls whose sender is lost."""

import logging
from datetime import timedelta
from pathlib import Path

from django.db import InterfaceError, OperationalError

from core.clock import database_now
from core.localized_messages import LocalizedMessage
from core.unavailable import ServiceUnavailableError
from providers import prices
from providers import requests as asked
from providers.adapters import Accepted, Adapter, CallContext, Result, never
from providers.enums import CallState, Refusal
from providers.errors import Later, ProviderError, Refused, Unclear
from providers.models import AIProviderConfig, ProviderCall
from providers.signals import capacity_freed, result_recorded

from . import outcomes, spool
from .fault_points import hit

log = logging.getLogger("ai_video.providers")
S = CallState
ELSEWHERE = timedelta(hours=24)  # how long to wait for a response in another machine's spool


def take_up_all() -> int:
    """Move this machine's spooled responses into database and store; return how many were moved.

    A response that cannot be moved now stays in the spool and does not block the others.
    """
    return sum(_try(path) for path in spool.waiting())


def _try(path: Path) -> bool:
    try:
        return _take_up(path)
    except (ServiceUnavailableError, OperationalError, InterfaceError) as error:
        log.warning("A paid answer waits in the spool: %s", error)
    except Exception:
        log.exception("A paid answer cannot be taken up from the spool: %s", path.name)
    return False


def take_up(call: ProviderCall) -> bool:
    """Move this call's spooled responses into database and store, if there are any here.

    Raises `ServiceUnavailableError`. `call` is refreshed afterwards.
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
        hit("taking up")
        _write(call, answer)
        log.info("Call %s: its answer was taken up from the spool; it is %s", call.pk, call.state)
    if call.state == S.SETTLED:
        result_recorded.send_robust(sender=ProviderCall, call=call)
    capacity_freed.send_robust(
        sender=ProviderCall, provider=call.provider_id, subject=call.subject, item=call.item
    )
    return True


def _write(call: ProviderCall, answer: spool.Answer) -> None:
    match answer:
        case Accepted():
            outcomes.accept(call, answer)
        case Refused():
            outcomes.refuse(call, answer)
            outcomes.stop_provider_late(call, answer)
        case Unclear():
            outcomes.leave_unclear(call, answer.sentence, raw=answer.raw)
            spool.forget(call.pk)
        case spool.NeverSent():
            outcomes.never_sent(call, answer.note, claimed_at=answer.claimed_at)
        case spool.Stored():
            outcomes.write_result(call, answer.fields)
        case Result():
            try:
                outcomes.settle(call, answer, should_stop=never)
            except Refused as refused:
                outcomes.refuse(call, refused)
                outcomes.stop_provider_late(call, refused)
            except (Later, Unclear) as error:  # it cannot be fetched again
                outcomes.leave_unclear(call, error.sentence, raw=outcomes.raw_of(answer, error))
                spool.forget(call.pk)


def recover_sending(call: ProviderCall, adapter: Adapter) -> None:
    """Handle a call in state `sending` found by a process that is not its sender.

    Only the sender knows whether it was sent.

    Its response may be in the spool of this machine, or of another one that is named on the row.
    """
    if adapter.repeatable:
        outcomes.refuse(call, Refused(outcomes.LOST, kind=Refusal.FAILED))
        return
    if spool.holds(call.pk):
        take_up(call)  # unless its sender still holds it
        return
    now = database_now()
    if call.sending_at is not None and (host := call.evidence.get("spooled_on")):
        if host != outcomes.this_machine() and now < call.sending_at + ELSEWHERE:
            return
        outcomes.leave_unclear(call, LocalizedMessage(outcomes.LOST_SPOOL, {"host": str(host)}))
        return
    is_lost = (
        call.sending_at is None or now >= call.sending_at + adapter.send_limit + outcomes.MARGIN
    )
    if is_lost and not _found_at_provider(call, adapter):
        outcomes.leave_unclear(call, LocalizedMessage(outcomes.MAYBE_SENT))


def _found_at_provider(call: ProviderCall, adapter: Adapter) -> bool:
    """Return whether the provider's own list holds exactly one task that must be this call's.

    The call is then accepted as that task. Calls the provider, which is free; if it cannot be asked
    now, a person decides, who may ask again.
    """
    if not getattr(adapter, "finds_lost_answers", False) or call.sending_at is None:
        return False
    config = AIProviderConfig.objects.get(provider=call.provider_id)
    context = CallContext(
        attempt=call.pk,
        model=prices.spec_of(config, kind=call.kind, model=call.model),
        subject=call.subject,
    )
    try:
        found = adapter.candidates(asked.from_json(call.request), context, since=call.sending_at)
    except ProviderError as error:
        log.warning("Call %s: %s could not be asked for it: %s", call.pk, config.name, error)
        return False
    known = ProviderCall.objects.filter(provider=config, task_id__in=[one.task_id for one in found])
    taken = set(known.values_list("task_id", flat=True))
    mine = [one for one in found if one.matches and one.task_id not in taken]
    if len(mine) != 1:
        return False
    outcomes.accept(call, Accepted(mine[0].task_id, poll_in=0.0))
    return call.state == S.ACCEPTED
