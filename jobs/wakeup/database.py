"""Wake-ups through the database itself, without another service."""

import logging
import time
from collections import deque
from contextlib import suppress
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

from .base import WakeupBroker

logger = logging.getLogger("ai_video.jobs")

CONNECT_SECONDS = 5
CHANNEL = "videoplanet_jobs"
LOOK_SECONDS = 0.01


class DatabaseWakeup(WakeupBroker):
    """PostgreSQL: NOTIFY and LISTEN.

    SQLite: polls `PRAGMA data_version`, which changes with every commit by another connection.
    """

    seen: object = None  # the listening connection, or the last version seen
    direct: Any = None  # a psycopg connection that bypasses the pooler

    def enqueue(self, _task: str) -> None:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"NOTIFY {CHANNEL}")

    def wait(self, seconds: float) -> None:
        connection.ensure_connection()
        if connection.vendor == "postgresql" and settings.DATABASE_POOLER == "transaction":
            self._listen_directly(seconds)
        elif connection.vendor == "postgresql":
            self._listen(seconds)
        else:
            self._watch(seconds)

    def _listen(self, seconds: float) -> None:
        if (
            self.seen is not connection.connection
        ):  # the first time, or after the connection was lost
            with connection.cursor() as cursor:
                cursor.execute(f"LISTEN {CHANNEL}")
            self.seen = connection.connection
            return  # something may have been committed before
        session: Any = connection.connection  # psycopg's
        with connection.wrap_database_errors:
            deque(
                session.notifies(timeout=seconds, stop_after=1), maxlen=0
            )  # read all pending notifications; one query serves them

    def _listen_directly(self, seconds: float) -> None:
        """LISTEN over a direct connection, or sleep if none is available.

        LISTEN belongs to a session, and a pooler may give each transaction another session.
        """
        until = time.monotonic() + seconds
        if settings.DATABASE_DIRECT_URL:
            try:
                if self.direct is None:
                    self.direct = psycopg.connect(
                        settings.DATABASE_DIRECT_URL,
                        autocommit=True,
                        connect_timeout=CONNECT_SECONDS,
                    )
                    self.direct.execute(f"LISTEN {CHANNEL}")
                    return  # something may have been committed before
                deque(self.direct.notifies(timeout=seconds, stop_after=1), maxlen=0)
            except psycopg.Error as error:
                logger.warning(
                    (
                        "The database cannot be listened to directly (%s); looking into it at "
                        "each tick instead."
                    ),
                    error,
                )
                self._disconnect()
            else:
                return
        time.sleep(max(0.0, until - time.monotonic()))

    def _disconnect(self) -> None:
        direct, self.direct = self.direct, None
        if direct is not None:
            with suppress(psycopg.Error):
                direct.close()

    def _watch(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while True:
            (version,) = connection.connection.execute("PRAGMA data_version").fetchone()
            now = (id(connection.connection), version)
            if now != self.seen or time.monotonic() > until:
                self.seen = now
                return
            time.sleep(LOOK_SECONDS)

    def info(self) -> str:
        return f"Database wake-ups ({connection.vendor})"
