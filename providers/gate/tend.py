"""Looking after calls that nobody asks about any more. Run now and then, by any worker."""

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_noop

from ground.clock import database_now
from ground.sentence import Sentence
from providers.enums import CallState, Refusal
from providers.errors import ProviderError
from providers.models import AIProviderConfig, ProviderCall
from providers.registry import adapter_for
from providers.signals import landed

from . import outcome
from .flow import Ready, resume
from .states import move

log = logging.getLogger("ai_video.providers")
FORGOTTEN = timedelta(minutes=10)
NEVER_SENT = gettext_noop("It was reserved and never sent.")


def tend() -> int:
    """Free what was reserved and never sent, and bring up what was sent and never answered. Returns how many moved."""
    return _drop_unsent() + _bring_up_unanswered()


def _drop_unsent() -> int:
    """Reserved and forgotten is surely unsent: sending needs the same compare-and-set."""
    dropped = 0
    for call in ProviderCall.objects.filter(state=CallState.RESERVED, reserved_at__lt=database_now() - FORGOTTEN):
        with transaction.atomic(durable=True):
            note = Sentence(NEVER_SENT)
            moved = move(call, name="drop", expect=(CallState.RESERVED,), to=CallState.REFUSED, note=note, refusal=Refusal.CANCELLED, cost=0)
        dropped += moved is not None
    return dropped


def _bring_up_unanswered() -> int:
    moved = 0
    adapters = {config.provider: adapter_for(config) for config in AIProviderConfig.objects.filter(calls__state=CallState.SENDING).distinct()}
    for call in ProviderCall.objects.filter(state=CallState.SENDING, sending_at__lt=database_now() - FORGOTTEN):
        outcome.found_sending(call, adapters[call.provider_id])
        moved += call.state != CallState.SENDING
    return moved


def collect(*, limit: int = 20) -> int:
    """Ask for the accepted calls whose own job has stopped asking, so that what was paid still lands. Returns how many did.

    Sends `landed` for each. A call that is asked for by its job is never due for this long; a late one has no job.
    """
    done = 0
    now = database_now()
    forgotten = Q(poll_after__lt=now - FORGOTTEN) | Q(poll_after__lte=now, is_late=True)
    overdue = ProviderCall.objects.filter(forgotten, state=CallState.ACCEPTED).order_by("poll_after")
    for call in overdue[:limit]:
        try:
            answer = resume(call)
        except ProviderError as error:
            log.warning("Call %s, collected: %s", call.pk, error)
            continue
        if isinstance(answer, Ready):
            landed.send_robust(sender=ProviderCall, call=answer.call)
            done += 1
    return done
