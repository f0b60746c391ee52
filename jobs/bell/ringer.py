"""Rings from a thread, so that nobody who enqueues waits for the bell's server, be it slow, far or dead."""

import atexit
import logging
import os
import threading
from collections.abc import Callable

logger = logging.getLogger("ai_video.jobs")

GATHER_SECONDS = 0.002  # rings that follow each other so closely are one: a thousand jobs at once need no thousand rings
PAUSE_SECONDS = 1.0  # after a ring that failed
LAST_SECONDS = 1.0  # how long a process that ends or forks waits for its last ring


class Ringer:
    """Calls `push` after every `ring()`, once for those that come close together. What `push` raises is logged and harms nobody.

    The thread lives from the first ring to the end of the process, or to a fork: no process forks while it runs, and each
    begins one of its own with its next ring.
    """

    def __init__(self, push: Callable[[], None]) -> None:
        self.push = push
        self._begin_anew()
        atexit.register(self.end)
        os.register_at_fork(before=self.end, after_in_child=self._begin_anew)

    def _begin_anew(self) -> None:
        self.changed = threading.Condition()
        self.asked = 0  # rings so far
        self.rung = 0  # of them, those that were pushed or failed
        self.thread: threading.Thread | None = None
        self.ending = threading.Event()

    def ring(self) -> None:
        with self.changed:
            self.asked += 1
            self.changed.notify_all()
            if self.thread is None:
                self.ending = threading.Event()
                thread = threading.Thread(target=self._ring_until, args=(self.ending,), name="ringer", daemon=True)
                thread.start()
                self.thread = thread

    def wait(self, seconds: float) -> bool:
        """Whether every ring that was asked for so far has been pushed, after at most so many seconds."""
        with self.changed:
            asked = self.asked
            return self.changed.wait_for(lambda: self.rung >= asked, seconds)

    def end(self) -> None:
        """Ends the thread after its last ring. One that hangs is left behind after a moment."""
        with self.changed:
            thread, self.thread = self.thread, None
            self.ending.set()
            self.changed.notify_all()
        if thread:
            thread.join(LAST_SECONDS)

    def _ring_until(self, ending: threading.Event) -> None:
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.asked > self.rung or ending.is_set())
                asked = self.asked
                if asked == self.rung:
                    return
            rest = GATHER_SECONDS if self._push() else PAUSE_SECONDS
            with self.changed:
                self.rung = max(self.rung, asked)
                self.changed.notify_all()
            ending.wait(rest)

    def _push(self) -> bool:
        try:
            self.push()
        except Exception as error:  # noqa: BLE001  whatever is wrong with the bell is not the caller's business
            logger.warning("The bell did not ring (%s); the ticker will find the job.", error)
            return False
        return True
