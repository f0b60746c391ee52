"""Reconciles calls that no job polls any more. Runs periodically, in any worker."""

import logging
from collections.abc import Callable, Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_noop

from core.clock import database_now
from core.localized_messages import LocalizedMessage
from core.unavailable import ServiceUnavailableError, connection_lost
from providers.enums import CallState, Refusal
from providers.errors import ProviderError
from providers.models import AIProviderConfig, ProviderCall
from providers.registry import adapter_for
from providers.signals import result_recorded

from . import recovery
from .service import resume
from .states import move
from .terms import Ready

log = logging.getLogger("ai_video.providers")
FORGOTTEN = timedelta(minutes=10)
TEST_RUN = "test-run:"  # how the keys of test runs begin, which have no job
NEVER_SENT = gettext_noop("It was reserved and never sent.")


def reconcile() -> int:
    """Ingest spooled responses, release unsent reservations and recover unanswered calls.

    Returns how many calls changed. A call that cannot be handled is logged and does not block the
    others.
    """
    return recovery.take_up_all() + _drop_unsent() + _bring_up_unanswered()


def _each(calls: Iterable[ProviderCall], deal_with: Callable[[ProviderCall], bool]) -> int:
    """Return how many of the calls could be handled.

    A damaged row or a failing provider does not stop the loop.
    """
    done = 0
    for call in calls:
        try:
            done += deal_with(call)
        except (ProviderError, ServiceUnavailableError) as error:
            log.warning("Call %s, looked after: %s", call.pk, error)
        except Exception as error:
            if connection_lost(error):
                raise
            log.exception("Call %s could not be looked after", call.pk)
    return done


def _drop_unsent() -> int:
    """Release forgotten reservations.

    They are certainly unsent, because sending needs the same compare-and-set.
    """
    return _each(
        ProviderCall.objects.filter(
            state=CallState.RESERVED, reserved_at__lt=database_now() - FORGOTTEN
        ),
        _drop,
    )


def _drop(call: ProviderCall) -> bool:
    with transaction.atomic(durable=True):
        note = LocalizedMessage(NEVER_SENT)
        moved = move(call, name="drop", note=note, refusal=Refusal.CANCELLED, cost=0)
    return moved is not None


def _bring_up_unanswered() -> int:
    return _each(
        ProviderCall.objects.filter(
            state=CallState.SENDING, sending_at__lt=database_now() - FORGOTTEN
        ),
        _bring_up,
    )


def _bring_up(call: ProviderCall) -> bool:
    recovery.recover_sending(
        call, adapter_for(AIProviderConfig.objects.get(provider=call.provider_id))
    )
    return call.state != CallState.SENDING


def collect(*, limit: int = 20) -> int:
    """Poll accepted calls whose job has stopped polling, so that paid results are recorded.

    Returns how many were recorded, and sends `result_recorded` for each. A call that its job polls
    is never overdue this long; a late call has no job.
    """
    now = database_now()
    forgotten = (
        Q(poll_after__lt=now - FORGOTTEN)
        | Q(poll_after__lte=now, is_late=True)
        | Q(poll_after__lte=now, key__startswith=TEST_RUN)
    )
    return _each(
        ProviderCall.objects.filter(forgotten, state=CallState.ACCEPTED).order_by("poll_after")[
            :limit
        ],
        _collect,
    )


def _collect(call: ProviderCall) -> bool:
    try:
        answer = resume(call)
    except Exception:
        _ask_later(call)
        raise
    if isinstance(answer, Ready):
        result_recorded.send_robust(sender=ProviderCall, call=answer.call)
    return isinstance(answer, Ready)


def _ask_later(call: ProviderCall) -> None:
    """Move a call that cannot be polled now to the end of the queue.

    Otherwise each run would look at the same few calls.
    """
    ProviderCall.objects.filter(pk=call.pk, state=CallState.ACCEPTED).update(
        poll_after=database_now()
    )
