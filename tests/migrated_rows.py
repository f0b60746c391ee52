"""Takes out of the database what a test has committed, and leaves the rows of the migrations.

Django empties every table after such a test and makes content types, permissions and roles anew.
That takes 0.2 s of processor time, and on PostgreSQL new files for each table and index. A test
fills a few tables.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.test import TransactionTestCase

Rows = tuple[list[str], list[tuple[Any, ...]]]


class MigratedRows:
    """The rows of a database to which all migrations have been applied."""

    def __init__(self) -> None:
        self.empty: list[str] = []
        self.filled: dict[str, Rows] = {}
        for table in sorted(connection.introspection.django_table_names(only_existing=True)):
            columns, rows = self._read(table, "*")
            if rows:
                self.filled[table] = (columns, rows)
            else:
                self.empty.append(table)

    def restore(self) -> None:
        """Empties the tables that were empty, and fills the others as they were."""
        changed = {
            table: rows
            for table, rows in self.filled.items()
            if self._read(table, self._list(rows[0]))[1] != rows[1]
        }
        unlike = [*self._no_longer_empty(), *changed]
        if unlike:
            with _without_constraints(), connection.cursor() as cursor:
                for table in unlike:
                    cursor.execute(f"DELETE FROM {self._quoted(table)}")
                for table, (columns, rows) in changed.items():
                    values = ", ".join(["%s"] * len(columns))
                    cursor.executemany(
                        f"INSERT INTO {self._quoted(table)} ({self._list(columns)})"
                        f" VALUES ({values})",
                        rows,
                    )
        ContentType.objects.clear_cache()  # a test may have made some

    def _no_longer_empty(self) -> list[str]:
        queries = [
            f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {self._quoted(table)})"
            for table in self.empty
        ]
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(queries))
            return [table for (table,) in cursor.fetchall()]

    def _read(self, table: str, columns: str) -> Rows:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {columns} FROM {self._quoted(table)} ORDER BY 1")
            return [column[0] for column in cursor.description], cursor.fetchall()

    def _list(self, columns: list[str]) -> str:
        return ", ".join(map(self._quoted, columns))

    def _quoted(self, name: str) -> str:
        return connection.ops.quote_name(name)


@contextmanager
def _without_constraints() -> Iterator[None]:
    """A transaction in which rows may go in any order, those of the audit log, too."""
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")  # no triggers
            yield
    else:
        with connection.constraint_checks_disabled(), transaction.atomic():
            yield


@contextmanager
def restored_after_tests(rows: MigratedRows) -> Iterator[None]:
    """Within it, tests that commit end with `rows.restore()` instead of the command `flush`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _case: rows.restore())
        yield
