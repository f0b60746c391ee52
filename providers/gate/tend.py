"""Looking after calls that nobody asks about any more. Run now and then, by any worker."""

import logging
from collections.abc import Callable, Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_noop

from ground.away import AwayError, connection_lost
from ground.clock import database_now
from ground.sentence import Sentence
from providers.enums import CallState, Refusal
from providers.errors import ProviderError
from providers.models import AIProviderConfig, ProviderCall
from providers.registry import adapter_for
from providers.signals import landed

from . import recovery
from .flow import Ready, resume
from .states import move

log = logging.getLogger("ai_video.providers")
FORGOTTEN = timedelta(minutes=10)
NEVER_SENT = gettext_noop("It was reserved and never sent.")


def tend() -> int:
    """Bring in what lies in the spool, free what was reserved and never sent, and bring up what was sent and never
    answered. Returns how many moved.

    A call that cannot be dealt with is logged and does not hold up the others.
    """
    return recovery.take_up_all() + _drop_unsent() + _bring_up_unanswered()


def _each(calls: Iterable[ProviderCall], deal_with: Callable[[ProviderCall], bool]) -> int:
    """How many of the calls could be dealt with. One bad row, or one bad provider, is no reason to stop."""
    done = 0
    for call in calls:
        try:
            done += deal_with(call)
        except (ProviderError, AwayError) as error:
            log.warning("Call %s, looked after: %s", call.pk, error)
        except Exception as error:
            if connection_lost(error):
                raise
            log.exception("Call %s could not be looked after", call.pk)
    return done


def _drop_unsent() -> int:
    """Reserved and forgotten is surely unsent: sending needs the same compare-and-set."""
    return _each(ProviderCall.objects.filter(state=CallState.RESERVED, reserved_at__lt=database_now() - FORGOTTEN), _drop)


def _drop(call: ProviderCall) -> bool:
    with transaction.atomic(durable=True):
        note = Sentence(NEVER_SENT)
        moved = move(call, name="drop", note=note, refusal=Refusal.CANCELLED, cost=0)
    return moved is not None


def _bring_up_unanswered() -> int:
    return _each(ProviderCall.objects.filter(state=CallState.SENDING, sending_at__lt=database_now() - FORGOTTEN), _bring_up)


def _bring_up(call: ProviderCall) -> bool:
    recovery.found_sending(call, adapter_for(AIProviderConfig.objects.get(provider=call.provider_id)))
    return call.state != CallState.SENDING


def collect(*, limit: int = 20) -> int:
    """Ask for the accepted calls whose own job has stopped asking, so that what was paid still lands. Returns how many did.

    Sends `landed` for each. A call that is asked for by its job is never due for this long; a late one has no job.
    """
    now = database_now()
    forgotten = Q(poll_after__lt=now - FORGOTTEN) | Q(poll_after__lte=now, is_late=True)
    return _each(ProviderCall.objects.filter(forgotten, state=CallState.ACCEPTED).order_by("poll_after")[:limit], _collect)


def _collect(call: ProviderCall) -> bool:
    try:
        answer = resume(call)
    except Exception:
        _ask_later(call)
        raise
    if isinstance(answer, Ready):
        landed.send_robust(sender=ProviderCall, call=answer.call)
    return isinstance(answer, Ready)


def _ask_later(call: ProviderCall) -> None:
    """What cannot be asked for now goes to the end of the row: the same few must not be looked at each time."""
    ProviderCall.objects.filter(pk=call.pk, state=CallState.ACCEPTED).update(poll_after=database_now())
