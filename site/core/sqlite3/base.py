"""SQLite as Django has it, but a writer that finds the database locked looks again soon.

SQLite itself sleeps 1, 2, 5, 10 and up to 100 ms between two looks. The transactions of the studio
hold the lock for about a millisecond, so that writers slept while nobody wrote, and who had waited
longest looked least often.
"""

import sqlite3
import time
from typing import Any

from django.db.backends.sqlite3 import base

WRITES = ("BEGIN", "INSERT", "UPDATE", "DELETE")
LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY)
SHORTEST_SECONDS, LONGEST_SECONDS = 0.0002, 0.002  # between two looks
GROWTH = 20  # who has waited longer than this many of the shortest pauses looks less often


class DatabaseWrapper(base.DatabaseWrapper):
    def create_cursor(self, name: str | None = None) -> "Cursor":  # noqa: ARG002  Django's signature
        cursor: Cursor = self.connection.cursor(factory=Cursor)
        return cursor


class Cursor(base.SQLiteCursorWrapper):
    def execute(self, query: str, params: Any = None) -> Any:
        """Execute a statement. One that begins to write waits for the lock here.

        It waits at most as long as SQLite would, which is the connection's `timeout`.
        """
        # A transaction has the lock already, because it begins as IMMEDIATE.
        if self.connection.in_transaction or not query.lstrip().startswith(WRITES):
            return super().execute(query, params)
        database = self.connection
        (limit,) = database.execute("PRAGMA busy_timeout").fetchone()
        database.execute("PRAGMA busy_timeout=0")
        begun = time.monotonic()
        try:
            while True:
                try:
                    return super().execute(query, params)
                except sqlite3.OperationalError as error:
                    waited = time.monotonic() - begun
                    # A code such as SQLITE_BUSY_SNAPSHOT would not change by waiting.
                    if error.sqlite_errorcode not in LOCKED or waited > limit / 1000:
                        raise
                time.sleep(min(max(SHORTEST_SECONDS, waited / GROWTH), LONGEST_SECONDS))
        finally:
            database.execute(f"PRAGMA busy_timeout={limit}")
