"""Asking for news of an accepted call. Free, so it may be repeated; claimed, so that one worker asks at a time."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_noop

from ground.away import AwayError, is_away
from ground.clock import database_now
from ground.sentence import Sentence
from providers import requests as asked
from providers.adapters import Adapter, Errand, Running
from providers.enums import CallState
from providers.errors import Expired, Incomplete, KeyRefused, Later, Refused, Unclear, Unreadable
from providers.models import ProviderCall

from . import outcome, recovery, spool
from .states import merged_evidence
from .steps import step

log = logging.getLogger("ai_video.providers")
HELD = timedelta(seconds=60)  # a poll that takes longer was lost with its worker
LONGEST = timedelta(hours=24)  # no task of any provider takes this long; its result would be gone by now
EXPIRED_AGAIN = 1.0  # seconds
KEY_AGAIN = 600.0
LONGEST_UNREADABLE = timedelta(hours=1)
UNREADABLE_SINCE, BROKEN_FILES = "unreadable_since", "broken_files"  # in a call's evidence
MOST_FETCHES = 4  # of a file that comes broken each time
FETCH_AGAIN = 10.0  # seconds, longer each time
# A thousand tasks out at once are not all asked for every few seconds: those at the front of the provider's queue are,
# the others the rarer the more are before them.
POLLS_PER_SECOND = 4
RAREST = 120.0  # seconds
UNKNOWN_STATE = gettext_noop("The provider says “%(state)s”, which nobody here knows.")
WORKING = gettext_noop("The provider is working on it.")
IN_QUEUE = gettext_noop("It waits in the provider's own queue.")


def poll(call: ProviderCall, adapter: Adapter, errand: Errand) -> None:
    """Ask once if it is time; the row tells the rest."""
    if not _claim(call):
        return
    step("polling")
    try:
        _ask(call, adapter, errand)
    except Later as later:
        _later(call, later)
    except Refused as refused:
        outcome.refuse(call, refused)
    except Unclear as unclear:
        outcome.leave_unclear(call, unclear.sentence, raw=unclear.raw)
    except AwayError as away:  # the result waits at the provider until our store is back
        _ask_again(call, away.sentence, seconds=_patience(call))
    except Exception as error:
        if adapter.repeatable or is_away(error) or isinstance(error, (OperationalError, InterfaceError)):
            raise
        # Whatever no adapter foresaw: the work is paid for, and its job must not come to an end by it.
        log.exception("Call %s: unexpected error at %s", call.pk, call.provider_id)
        _ask_again(call, Sentence(gettext_noop("Unexpected error: %(error)s"), {"error": type(error).__name__}), seconds=_patience(call))


def _ask(call: ProviderCall, adapter: Adapter, errand: Errand) -> None:
    if spool.holds(call.pk):  # fetched before, when it could not be stored
        recovery.take_up(call)
        return
    answer = adapter.poll(call.task_id, asked.from_json(call.request), errand)
    step("polled")
    if isinstance(answer, Running):
        _still_running(call, answer, errand)
    else:
        outcome.settle(call, answer, should_stop=errand.should_stop)


def _later(call: ProviderCall, later: Later) -> None:
    """No news this time: when to ask again, and from when on a person is asked instead."""
    match later:
        case Expired():
            first = call.note_data != later.sentence.as_json()
            _ask_again(call, later.sentence, seconds=EXPIRED_AGAIN if first else _patience(call))
        case Incomplete():
            _fetch_again(call, later)
        case Unreadable():
            _ask_while_unreadable(call, later.sentence, later.raw)
        case KeyRefused():
            outcome.pause_for_key(call, later.sentence)
            _ask_again(call, later.sentence, seconds=KEY_AGAIN)
        case _:
            _ask_again(call, later.sentence, seconds=_patience(call))


def _claim(call: ProviderCall) -> bool:
    now = database_now()
    if call.poll_after and call.poll_after > now:
        return False
    with transaction.atomic(durable=True):
        mine = ProviderCall.objects.filter(pk=call.pk, state=CallState.ACCEPTED, poll_after=call.poll_after).update(poll_after=now + HELD)
    call.refresh_from_db()
    return bool(mine)


def _still_running(call: ProviderCall, answer: Running, errand: Errand) -> None:
    if call.accepted_at and database_now() - call.accepted_at > LONGEST:
        outcome.leave_unclear(call, Sentence(gettext_noop("The provider has not finished it in %(hours)s hours."), {"hours": LONGEST.days * 24}))
        return
    if answer.unknown:
        _ask_while_unreadable(call, Sentence(UNKNOWN_STATE, {"state": answer.unknown}), answer.raw)
        return
    progress = call.progress if answer.progress is None else max(0, min(99, answer.progress))
    if progress != call.progress:
        errand.on_progress(progress)
    note = Sentence(IN_QUEUE if answer.queued else WORKING)
    seconds = max(answer.poll_in, min(RAREST, _ahead(call) / POLLS_PER_SECOND))
    _update(call, poll_after=database_now() + timedelta(seconds=seconds), progress=progress, note_data=note.as_json(), **_readable_again(call))


def _ahead(call: ProviderCall) -> int:
    """How many tasks the provider took before this one and still has: it will be done after most of them."""
    return ProviderCall.objects.filter(provider__provider=call.provider_id, state=CallState.ACCEPTED, accepted_at__lt=call.accepted_at).count()


def _ask_again(call: ProviderCall, why: Sentence, *, seconds: float, **fields: Any) -> None:
    log.info("Call %s: %s", call.pk, why)
    if call.accepted_at and database_now() - call.accepted_at > LONGEST:
        outcome.leave_unclear(call, why)
        return
    _update(call, poll_after=database_now() + timedelta(seconds=seconds), note_data=why.as_json(), **fields)


def _ask_while_unreadable(call: ProviderCall, why: Sentence, raw: bytes) -> None:
    """The provider answers what nobody understands: for an hour it is asked again, then a person is."""
    now = database_now()
    since = parse_datetime(str(call.evidence.get(UNREADABLE_SINCE, "")))
    if since is not None and now - since >= LONGEST_UNREADABLE:
        outcome.leave_unclear(call, why, raw=raw)
        return
    added = None if since else {UNREADABLE_SINCE: now.isoformat()}
    _ask_again(call, why, seconds=_patience(call), evidence=added)


def _readable_again(call: ProviderCall) -> dict[str, Any]:
    if UNREADABLE_SINCE not in call.evidence:
        return {}
    return {"evidence": {UNREADABLE_SINCE: None}}


def _fetch_again(call: ProviderCall, incomplete: Incomplete) -> None:
    """What was fetched is not whole: once more, a few times, then a person is asked."""
    tries = int(call.evidence.get(BROKEN_FILES, 0)) + 1
    if tries >= MOST_FETCHES:
        outcome.leave_unclear(call, incomplete.sentence, raw=incomplete.raw)
        return
    _ask_again(call, incomplete.sentence, seconds=FETCH_AGAIN * tries, evidence={BROKEN_FILES: tries})


def _patience(call: ProviderCall) -> float:
    """Seconds until the next try: a fifth of the time it is out already, between 5 s and a minute."""
    age = (database_now() - call.accepted_at).total_seconds() if call.accepted_at else 0.0
    return min(60.0, max(5.0, age / 5))


def _update(call: ProviderCall, *, evidence: Mapping[str, Any] | None = None, **fields: Any) -> None:
    """`evidence` is added to that of the row."""
    with transaction.atomic(durable=True):
        if evidence:
            fields["evidence"] = merged_evidence(call, evidence)
        ProviderCall.objects.filter(pk=call.pk, state=CallState.ACCEPTED).update(**fields)
    call.refresh_from_db()
