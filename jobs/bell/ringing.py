"""Ringing, from any process and never in the way of the one who rings."""

import logging
from functools import cache

from django.db import transaction
from django_q.brokers import Broker, get_broker

logger = logging.getLogger("ai_video.jobs")

RING = "ring"  # no signed task of django-q2, which nobody would read: who is woken looks into the database


@cache
def broker() -> Broker:
    """One broker for the process: a new one for each ring would open a new connection each time."""
    return get_broker()


def ring() -> None:
    """Wakes a worker. Never raises: the ticker finds what a lost ring should have told."""
    try:
        broker().enqueue(RING)
    except Exception as error:  # noqa: BLE001  whatever is wrong with the bell is not the caller's business
        logger.warning("The bell did not ring (%s); the ticker will find the job.", error)


def ring_on_commit() -> None:
    """Rings once when the present transaction is committed, however often this is called in it."""
    pending = transaction.get_connection().run_on_commit
    if not any(function is ring for _savepoints, function, _robust in pending):
        transaction.on_commit(ring)
