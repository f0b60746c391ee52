"""Sends wake-up notifications from any process without blocking or failing the caller."""

import logging
from functools import cache

from django.db import transaction
from django_q.brokers import Broker, get_broker

logger = logging.getLogger("ai_video.jobs")

WAKEUP = "ring"  # not a signed django-q2 task: the woken process reads the database


@cache
def broker() -> Broker:
    """Return the broker of this process.

    It is cached, because each broker opens a new connection.
    """
    return get_broker()


def notify() -> None:
    """Wake a worker. Never raises: if a notification is lost, the ticker finds the job."""
    try:
        broker().enqueue(WAKEUP)
    except Exception as error:  # noqa: BLE001  a failed notification must not affect the caller
        logger.warning("The bell did not ring (%s); the ticker will find the job.", error)


def notify_on_commit() -> None:
    """Notify once when the current transaction commits, however often this is called in it."""
    pending = transaction.get_connection().run_on_commit
    if not any(function is notify for _savepoints, function, _robust in pending):
        transaction.on_commit(notify)
