"""The bell that needs no service: the database itself tells that something was committed."""

import time
from collections import deque
from typing import Any

from django.db import connection

from .base import Bell

CHANNEL = "videoplanet_jobs"
LOOK_SECONDS = 0.01


class DatabaseBell(Bell):
    """PostgreSQL: NOTIFY and LISTEN. SQLite: every commit by another connection changes `PRAGMA data_version`, which is quick to ask for."""

    heard: object = None  # the connection that listens, or the version that was seen

    def enqueue(self, _task: str) -> None:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"NOTIFY {CHANNEL}")

    def wait(self, seconds: float) -> None:
        connection.ensure_connection()
        if connection.vendor == "postgresql":
            self._listen(seconds)
        else:
            self._watch(seconds)

    def _listen(self, seconds: float) -> None:
        if self.heard is not connection.connection:  # the first time, or after the connection was lost
            with connection.cursor() as cursor:
                cursor.execute(f"LISTEN {CHANNEL}")
            self.heard = connection.connection
            return  # something may have been committed before
        session: Any = connection.connection  # psycopg's
        with connection.wrap_database_errors:
            deque(session.notifies(timeout=seconds, stop_after=1), maxlen=0)  # to its end: all that came together, one look answers them

    def _watch(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while True:
            (version,) = connection.connection.execute("PRAGMA data_version").fetchone()
            seen = (id(connection.connection), version)
            if seen != self.heard or time.monotonic() > until:
                self.heard = seen
                return
            time.sleep(LOOK_SECONDS)

    def info(self) -> str:
        return f"Database bell ({connection.vendor})"
