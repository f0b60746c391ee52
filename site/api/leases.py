"""Leases of requests that run outside one transaction: renewed while their process lives.

A request with an Idempotency-Key holds its key for `LEASE`. One thread of each process renews the
leases of the requests that run in it, so a key is free again a few seconds after its process was
killed. A process that was only stopped finds its key taken when it begins to write
(`idempotency.answer_long_once`).
"""

import logging
import os
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import DatabaseError, InterfaceError, connections

from accounts.models import IdempotencyRecord
from core.clock import DatabaseNow

log = logging.getLogger("ai_video.web")
LEASE = timedelta(seconds=10)
RENEW_SECONDS = 3.0


class _Renewer:
    """The tokens of the requests that run in this process, and the thread that renews them."""

    def __init__(self) -> None:
        self.tokens: set[uuid.UUID] = set()
        self.changed = threading.Condition()
        self.pid = os.getpid()
        self.thread: threading.Thread | None = None

    def add(self, token: uuid.UUID) -> None:
        with self.changed:
            self.tokens.add(token)
            if self.thread is None or not self.thread.is_alive():
                self.thread = threading.Thread(target=self._run, name="leases", daemon=True)
                self.thread.start()

    def remove(self, token: uuid.UUID) -> None:
        with self.changed:
            self.tokens.discard(token)
            if not self.tokens:
                self.changed.notify_all()

    def _run(self) -> None:
        """Renews the leases until no request runs."""
        while True:
            with self.changed:
                self.changed.wait_for(lambda: not self.tokens, timeout=RENEW_SECONDS)
                tokens = set(self.tokens)
                if not tokens:
                    self.thread = None
                    return
            renew(tokens)
            # this thread's own connection; it may have been closed in the meantime
            connections.close_all()


_renewer = _Renewer()


def _renewer_of_this_process() -> _Renewer:
    # A forked process inherits the set of its parent, but not the thread
    global _renewer  # noqa: PLW0603
    if _renewer.pid != os.getpid():
        _renewer = _Renewer()
    return _renewer


@contextmanager
def renewed(token: uuid.UUID) -> Iterator[None]:
    """A context in which the lease of this request is renewed."""
    renewer = _renewer_of_this_process()
    renewer.add(token)
    try:
        yield
    finally:
        renewer.remove(token)


def renew(tokens: set[uuid.UUID]) -> None:
    """Renews all leases once. The next run makes up for one that fails."""
    try:
        mine = IdempotencyRecord.objects.filter(claim__in=tokens, status=0)
        mine.update(expires_at=DatabaseNow(LEASE))
    except (DatabaseError, InterfaceError) as error:
        log.warning("The leases of running requests could not be renewed: %s", error)
