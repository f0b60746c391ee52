"""Records which tables each transaction locks, in which order, and names an inversion.

Two transactions that lock the same tables in different orders can wait for each other forever. The
order is that of docs/development/locking.md. It is checked on SQLite, too, which has no row locks.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.db.models.sql.compiler import SQLCompiler

ORDER = (
    "jobs_job",
    "stories_story",
    "stories_scene",
    "providers_organizationbudget",
    "providers_aiproviderconfig",
    "providers_providercall",
)


ROOT = Path(__file__).parent.parent


class LockOrderError(AssertionError):
    """A table was locked after one that comes later in the order."""


class LockOrder:
    """What the transactions of each thread have locked."""

    def __init__(self) -> None:
        self._here = threading.local()
        self.inversions: list[str] = []

    def begin(self) -> None:
        depth = getattr(self._here, "depth", 0)
        if depth == 0:
            self._here.locked = []
        self._here.depth = depth + 1

    def end(self) -> None:
        self._here.depth -= 1

    def lock(self, table: str) -> None:
        if not getattr(self._here, "depth", 0):
            return  # only the transaction of the test itself is open
        locked: list[str] = self._here.locked
        if table in locked or table not in ORDER:
            return
        if later := [other for other in locked if ORDER.index(other) > ORDER.index(table)]:
            self.inversions.append(
                f"{table} was locked after {', '.join(later)} ({_place_in_code()})"
            )
        locked.append(table)

    def check(self) -> None:
        """Raises LockOrderError for what was recorded since the last check."""
        found, self.inversions = self.inversions, []
        if found:
            raise LockOrderError(
                "; ".join(dict.fromkeys(found)) + ": see docs/development/locking.md"
            )


def _place_in_code() -> str:
    """Names the line of the product, or else of the test, that is locking."""
    frame = sys._getframe(1)
    while frame.f_back:
        frame = frame.f_back
        path = Path(frame.f_code.co_filename)
        if path == Path(__file__) or ".venv" in path.parts or not path.is_relative_to(ROOT):
            continue
        return f"{path.relative_to(ROOT)}:{frame.f_lineno}"
    return "?"


@contextmanager
def recorded() -> Iterator[LockOrder]:
    """Watches all transactions. Those of the test itself (`django_db`) do not count as one."""
    order = LockOrder()
    enter, leave = transaction.Atomic.__enter__, transaction.Atomic.__exit__
    execute = SQLCompiler.execute_sql

    def entered(self: Any) -> None:
        enter(self)
        if not self._from_testcase:
            order.begin()

    def left(self: Any, *error: Any) -> None:
        if not self._from_testcase:
            order.end()
        leave(self, *error)

    def executed(self: Any, *args: Any, **kwargs: Any) -> Any:
        query = self.query
        waits = not (query.select_for_update_skip_locked or query.select_for_update_nowait)
        if query.select_for_update and waits:
            order.lock(query.get_meta().db_table)
        return execute(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transaction.Atomic, "__enter__", entered)
        patch.setattr(transaction.Atomic, "__exit__", left)
        patch.setattr(SQLCompiler, "execute_sql", executed)
        yield order
