"""Ringing, from any process and never in the way of the one who rings."""

import logging
import time
from functools import cache

from django.db import transaction
from django_q.brokers import Broker, get_broker

logger = logging.getLogger("ai_video.jobs")

RING = "ring"  # no signed task of django-q2, which nobody would read: who is woken looks into the database
PAUSE_SECONDS = 1.0  # after a ring that failed, so that a dead server does not slow each of a thousand enqueues


class _Quiet:
    """Until when (monotonic) no ring is tried."""

    until = 0.0


@cache
def broker() -> Broker:
    """One broker for the process: a new one for each ring would open a new connection each time."""
    return get_broker()


def ring() -> None:
    """Wakes a worker. Never raises: the ticker finds what a lost ring should have told."""
    if time.monotonic() < _Quiet.until:
        return
    try:
        broker().enqueue(RING)
    except Exception as error:  # noqa: BLE001  whatever is wrong with the bell is not the caller's business
        _Quiet.until = time.monotonic() + PAUSE_SECONDS
        logger.warning("The bell did not ring (%s); the ticker will find the job.", error)


def ring_on_commit() -> None:
    """Rings once when the present transaction is committed, however often this is called in it."""
    pending = transaction.get_connection().run_on_commit
    if not any(function is ring for _savepoints, function, _robust in pending):
        transaction.on_commit(ring)
