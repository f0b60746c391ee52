"""The database clock, used for leases, waits, rate limits and budget periods.

The clocks of hosts differ. Times that two processes compare are therefore written and read by the
clock that they share.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateTimeField, Func

SQLITE_NOW = "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')"
AGREES = timedelta(milliseconds=50)


class _Moved:
    by = timedelta()


def database_now() -> datetime:
    """Return the current time of the database, timezone-aware. One query, also inside a
    transaction.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    now = _sqlite_now(connection) if connection.vendor == "sqlite" else _server_now(connection)
    return now + _Moved.by


def host_ahead() -> float:
    """Return by how many seconds this host's clock is ahead of the database's (negative: behind).

    The result excludes the uncertainty due to the duration of the query.
    """
    before = datetime.now(UTC)
    database = database_now()
    after = datetime.now(UTC)
    return max(0.0, (before - database).total_seconds()) + min(
        0.0, (after - database).total_seconds()
    )


def _server_now(connection: BaseDatabaseWrapper) -> datetime:
    # Not now(), which is the start of the transaction: it may have waited for a lock since.
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
    return found.astimezone(UTC)


def _sqlite_now(connection: BaseDatabaseWrapper) -> datetime:
    """Return the current time on SQLite.

    SQLite reads milliseconds. Where the host's clock agrees, its finer resolution keeps rows in
    order.
    """
    connection.ensure_connection()
    (text,) = connection.connection.execute(SQLITE_NOW).fetchone()
    database, host = datetime.fromisoformat(text).replace(tzinfo=UTC), datetime.now(UTC)
    return host if abs(host - database) < AGREES else database


def sql_now(plus: timedelta = timedelta()) -> tuple[str, Any]:
    """Return the time of the statement plus `plus` as SQL and its one parameter.

    On PostgreSQL it is stable within the statement, unlike clock_timestamp(), so that comparisons
    can use indexes.
    """
    sql, (parameter,) = sql_times(plus)
    return sql, parameter


def sql_times(*plus: timedelta) -> tuple[str, list[Any]]:
    """Return `sql_now` for several times of one statement: the SQL that all share, and the
    parameter of each.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor == "sqlite":
        now = database_now()
        return "%s", [connection.ops.adapt_datetimefield_value(now + one) for one in plus]
    return "(statement_timestamp() + %s)", [_Moved.by + one for one in plus]


class DatabaseNow(Func):
    """`sql_now` for the ORM.

    Examples: `filter(lease_until__lt=DatabaseNow())`, `update(lease_until=DatabaseNow(lease))`.
    """

    output_field = DateTimeField()

    def __init__(self, plus: timedelta = timedelta()) -> None:
        self.plus = plus
        super().__init__()

    def as_sql(self, *_args: Any, **_kwargs: Any) -> Any:
        sql, parameter = sql_now(self.plus)
        return sql, [parameter]


def insert_time() -> Any:
    """Return the current time of the database for fields of a row that is saved next.

    On PostgreSQL it is an expression, which the insert evaluates: asking for the time before would
    be another round trip. SQLite is asked at once, which costs less than an expression.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    return database_now() if connection.vendor == "sqlite" else DatabaseNow()


@contextmanager
def moved(by: timedelta) -> Iterator[None]:
    """For tests: shift the database clock of this process by this much (negative: backwards)."""
    before = _Moved.by
    _Moved.by = before + by
    try:
        yield
    finally:
        _Moved.by = before
