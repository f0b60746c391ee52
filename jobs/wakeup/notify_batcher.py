"""Sends notifications from a thread, so that enqueueing never waits for a slow or dead server."""

import atexit
import logging
import os
import threading
from collections.abc import Callable

logger = logging.getLogger("ai_video.jobs")

# Notifications this close to the last are merged: a thousand new jobs need only a few. The first
# one after a silence goes at once, and a worker that runs jobs looks for the next one itself.
GATHER_SECONDS = 0.05
PAUSE_SECONDS = 1.0  # after a failed notification
LAST_SECONDS = 1.0  # how long a process that ends or forks waits for its last notification


class NotifyBatcher:
    """Calls `push` after every `notify()`, once for calls close together. Errors of `push` are
    logged.

    The thread runs from the first `notify()` to the end of the process or to a fork. It is stopped
    before a fork; each process starts its own thread at its next `notify()`.
    """

    def __init__(self, push: Callable[[], None]) -> None:
        self.push = push
        self._restart()
        atexit.register(self.end)
        os.register_at_fork(before=self.end, after_in_child=self._restart)

    def _restart(self) -> None:
        self.changed = threading.Condition()
        self.asked = 0  # notifications requested so far
        self.notified = 0  # of these, pushed or failed
        self.thread: threading.Thread | None = None
        self.ending = threading.Event()

    def notify(self) -> None:
        with self.changed:
            self.asked += 1
            self.changed.notify_all()
            if self.thread is None:
                self.ending = threading.Event()
                thread = threading.Thread(
                    target=self._notify_until, args=(self.ending,), name="notifier", daemon=True
                )
                thread.start()
                self.thread = thread

    def wait(self, seconds: float) -> bool:
        """Return whether all notifications so far were pushed, after at most this many seconds."""
        with self.changed:
            asked = self.asked
            return self.changed.wait_for(lambda: self.notified >= asked, seconds)

    def end(self) -> None:
        """Stop the thread after its last notification. A thread that hangs is abandoned after
        LAST_SECONDS.
        """
        with self.changed:
            thread, self.thread = self.thread, None
            self.ending.set()
            self.changed.notify_all()
        if thread:
            thread.join(LAST_SECONDS)

    def _notify_until(self, ending: threading.Event) -> None:
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.asked > self.notified or ending.is_set())
                asked = self.asked
                if asked == self.notified:
                    return
            rest = GATHER_SECONDS if self._push() else PAUSE_SECONDS
            with self.changed:
                self.notified = max(self.notified, asked)
                self.changed.notify_all()
            ending.wait(rest)

    def _push(self) -> bool:
        try:
            self.push()
        except Exception as error:  # noqa: BLE001  a failed notification must not affect the caller
            logger.warning("No worker was woken (%s); the ticker will find the job.", error)
            return False
        return True
