"""Sends wake-up notifications from any process without blocking or failing the caller."""

import logging
import threading
from functools import cache

from django.db import transaction
from django_q.brokers import Broker, get_broker

logger = logging.getLogger("ai_video.jobs")

WAKEUP = "wake"  # not a signed django-q2 task: the woken process reads the database


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
        logger.warning("No worker was woken (%s); the ticker will find the job.", error)


class _Pending(threading.local):
    """What this thread has registered for its next commit, if anything."""

    notification: "_OnCommit | None" = None


_pending = _Pending()


class _OnCommit:
    """Notifies at the first of its calls: a commit makes one for each registration."""

    sent = False

    def __call__(self) -> None:
        if not self.sent:
            self.sent = True
            _pending.notification = None
            notify()


def notify_on_commit() -> None:
    """Notify once when the current transaction commits, however often this is called in it."""
    # Registered at each call, because a savepoint that is rolled back discards registrations. One
    # that a rollback has left over is used by the next transaction.
    if _pending.notification is None:
        _pending.notification = _OnCommit()
    transaction.on_commit(_pending.notification)
