"""Polls the provider for the state of an accepted call.

Polling is free, so it may be repeated. A claim ensures that one worker polls at a time.
"""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_noop

from core.clock import database_now
from core.localized_messages import LocalizedMessage
from core.unavailable import ServiceUnavailableError, is_unavailable
from providers import requests as asked
from providers.adapters import Adapter, CallContext, Running
from providers.enums import CallState
from providers.errors import Expired, Incomplete, KeyRefused, Later, Refused, Unclear, Unreadable
from providers.models import ProviderCall
from providers.registry import class_of

from . import outcomes, recovery, spool
from .fault_points import hit
from .states import merged_evidence

log = logging.getLogger("ai_video.providers")
HELD = timedelta(seconds=60)  # a poll that takes longer was lost together with its worker
LONGEST = timedelta(hours=24)  # no task of any provider takes this long; its result would be gone
EXPIRED_AGAIN = 1.0  # seconds
KEY_AGAIN = 600.0
LONGEST_UNREADABLE = timedelta(hours=1)
UNREADABLE_SINCE, BROKEN_FILES = "unreadable_since", "broken_files"  # in a call's evidence
MOST_FETCHES = 4  # of a file that arrives damaged each time
FETCH_AGAIN = 10.0  # seconds, longer each time
# With a thousand open tasks not every task is polled every few seconds: tasks at the front of the
# provider's queue are; the others are polled less often the more tasks are ahead of them.
POLLS_PER_SECOND = 4
RAREST = 120.0  # seconds
UNKNOWN_STATE = gettext_noop("The provider says “%(state)s”, which nobody here knows.")
NO_LINK = gettext_noop(
    "The result is done, but for an hour the provider has given no link to it that works."
)
WORKING = gettext_noop("The provider is working on it.")
IN_QUEUE = gettext_noop("It waits in the provider's own queue.")


def poll(call: ProviderCall, adapter: Adapter, call_context: CallContext) -> None:
    """Poll once if it is due; the row then holds the outcome."""
    if not _claim(call):
        return
    hit("polling")
    try:
        _ask(call, adapter, call_context)
    except Later as later:
        _later(call, later)
    except Refused as refused:
        outcomes.refuse(call, refused)
    except Unclear as unclear:
        outcomes.leave_unclear(call, unclear.sentence, raw=unclear.raw)
    except ServiceUnavailableError as away:  # the result stays at the provider meanwhile
        _ask_again(call, away.sentence, seconds=_poll_delay(call))
    except Exception as error:
        if (
            adapter.repeatable
            or is_unavailable(error)
            or isinstance(error, (OperationalError, InterfaceError))
        ):
            raise
        # No adapter anticipated this error. The work is paid for, so its job must not end because
        # of it.
        log.exception("Call %s: unexpected error at %s", call.pk, call.provider_id)
        _ask_again(
            call,
            LocalizedMessage(
                gettext_noop("Unexpected error: %(error)s"), {"error": type(error).__name__}
            ),
            seconds=_poll_delay(call),
        )


def _ask(call: ProviderCall, adapter: Adapter, call_context: CallContext) -> None:
    if spool.holds(call.pk):  # fetched earlier, when it could not be stored
        recovery.take_up(call)
        return
    answer = adapter.poll(call.task_id, asked.from_json(call.request), call_context)
    hit("polled")
    if isinstance(answer, Running):
        _still_running(call, answer, call_context)
    else:
        outcomes.settle(call, answer, should_stop=call_context.should_stop)


def _later(call: ProviderCall, later: Later) -> None:
    """Schedule the next poll, or leave the call to a person when it has taken too long."""
    match later:
        case Expired():
            first = call.note_data != later.sentence.as_json()
            seconds = EXPIRED_AGAIN if first else _poll_delay(call)
            gone = LocalizedMessage(NO_LINK)
            _ask_while_unreadable(call, later.sentence, b"", seconds=seconds, at_last=gone)
        case Incomplete():
            _fetch_again(call, later)
        case Unreadable():
            _ask_while_unreadable(call, later.sentence, later.raw)
        case KeyRefused():
            outcomes.pause_for_key(call, later.sentence)
            _ask_again(call, later.sentence, seconds=KEY_AGAIN)
        case _:
            _ask_again(call, later.sentence, seconds=_poll_delay(call))


def _claim(call: ProviderCall) -> bool:
    now = database_now()
    if call.poll_after and call.poll_after > now:
        return False
    with transaction.atomic(durable=True):
        mine = ProviderCall.objects.filter(
            pk=call.pk, state=CallState.ACCEPTED, poll_after=call.poll_after
        ).update(poll_after=now + HELD)
    call.refresh_from_db()
    return bool(mine)


def _still_running(call: ProviderCall, answer: Running, call_context: CallContext) -> None:
    if _is_too_long(call):
        outcomes.leave_unclear(
            call,
            LocalizedMessage(
                gettext_noop("The provider has not finished it in %(hours)s hours."),
                {"hours": _longest(call).days * 24},
            ),
        )
        return
    if answer.unknown:
        _ask_while_unreadable(
            call, LocalizedMessage(UNKNOWN_STATE, {"state": answer.unknown}), answer.raw
        )
        return
    progress = call.progress if answer.progress is None else max(0, min(99, answer.progress))
    if progress != call.progress:
        call_context.on_progress(progress)
    note = LocalizedMessage(IN_QUEUE if answer.queued else WORKING)
    seconds = max(answer.poll_in, min(RAREST, _ahead(call) / POLLS_PER_SECOND))
    _update(
        call,
        poll_after=database_now() + timedelta(seconds=seconds),
        progress=progress,
        note_data=note.as_json(),
        **_readable_again(call),
    )


def _is_too_long(call: ProviderCall) -> bool:
    if call.accepted_at is None:
        return False
    age = database_now() - call.accepted_at
    return age > LONGEST and age > _longest(call)


def _longest(call: ProviderCall) -> timedelta:
    """Return how long a task may take: a server of one's own may work on one for days."""
    longest: timedelta = getattr(class_of(call.provider), "longest_task", LONGEST)
    return longest


def _ahead(call: ProviderCall) -> int:
    """Return how many tasks the provider accepted earlier and still has.

    This task will finish after most of them.
    """
    return ProviderCall.objects.filter(
        provider__provider=call.provider_id,
        state=CallState.ACCEPTED,
        accepted_at__lt=call.accepted_at,
    ).count()


def _ask_again(call: ProviderCall, why: LocalizedMessage, *, seconds: float, **fields: Any) -> None:
    log.info("Call %s: %s", call.pk, why)
    if _is_too_long(call):
        outcomes.leave_unclear(call, why)
        return
    _update(
        call,
        poll_after=database_now() + timedelta(seconds=seconds),
        note_data=why.as_json(),
        **fields,
    )


def _ask_while_unreadable(
    call: ProviderCall,
    why: LocalizedMessage,
    raw: bytes,
    *,
    seconds: float | None = None,
    at_last: LocalizedMessage | None = None,
) -> None:
    """Keep polling for an hour what cannot be read or fetched, then leave the call to a person."""
    now = database_now()
    since = parse_datetime(str(call.evidence.get(UNREADABLE_SINCE, "")))
    if since is not None and now - since >= LONGEST_UNREADABLE:
        outcomes.leave_unclear(call, at_last or why, raw=raw)
        return
    added = None if since else {UNREADABLE_SINCE: now.isoformat()}
    _ask_again(call, why, seconds=_poll_delay(call) if seconds is None else seconds, evidence=added)


def _readable_again(call: ProviderCall) -> dict[str, Any]:
    if UNREADABLE_SINCE not in call.evidence:
        return {}
    return {"evidence": {UNREADABLE_SINCE: None}}


def _fetch_again(call: ProviderCall, incomplete: Incomplete) -> None:
    """Fetch a damaged file again, a few times, then leave the call to a person."""
    tries = int(call.evidence.get(BROKEN_FILES, 0)) + 1
    if tries >= MOST_FETCHES:
        outcomes.leave_unclear(call, incomplete.sentence, raw=incomplete.raw)
        return
    _ask_again(
        call, incomplete.sentence, seconds=FETCH_AGAIN * tries, evidence={BROKEN_FILES: tries}
    )


def _poll_delay(call: ProviderCall) -> float:
    """Return the seconds until the next try: a fifth of the elapsed time, between 5 s and 60 s."""
    age = (database_now() - call.accepted_at).total_seconds() if call.accepted_at else 0.0
    return min(60.0, max(5.0, age / 5))


def _update(
    call: ProviderCall, *, evidence: Mapping[str, Any] | None = None, **fields: Any
) -> None:
    """Update the row; `evidence` is merged into the row's evidence."""
    with transaction.atomic(durable=True):
        if evidence:
            fields["evidence"] = merged_evidence(call, evidence)
        ProviderCall.objects.filter(pk=call.pk, state=CallState.ACCEPTED).update(**fields)
    call.refresh_from_db()
