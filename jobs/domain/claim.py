"""A worker takes the best due job: compare-and-set, with a lease and a fencing token."""

from datetime import timedelta
from functools import lru_cache

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from ground.clock import sql_now
from jobs import registry
from jobs.models import Job, Pause

from . import row

# The literals let the planner use the partial index of queued jobs; both subqueries on pauses read a table of a few rows.
DUE = """
    SELECT id FROM {job}
    WHERE status = 'queued'
      AND name IN ({names})
      AND name NOT IN (SELECT name FROM {pause})
      AND NOT EXISTS (SELECT 1 FROM {pause} WHERE name = '')
    ORDER BY priority, run_at, id
    LIMIT 1{lock}"""
CLAIM = """
    UPDATE {job} SET
        status = 'running', token = token + 1, attempts = attempts + 1, worker = %s, lease_until = {now},
        claimed_at = {now}, started_at = COALESCE(started_at, {now}), updated_at = {now}
    WHERE status = 'queued' AND id = ({due})
    RETURNING {columns}"""


@lru_cache
def _sql(vendor: str, names: int, now: str) -> tuple[str, str]:
    """The statements that look for the best due job and that claim it, for this many names. `now`: that moment in SQL."""
    tables = {"job": row.TABLE, "pause": Pause._meta.db_table}  # noqa: SLF001
    places = ", ".join(["%s"] * names)
    # Without the lock, several workers would choose the same row on PostgreSQL and all but one would come back empty.
    lock = " FOR UPDATE SKIP LOCKED" if vendor == "postgresql" else ""
    claim = CLAIM.format(due=DUE.format(names=places, lock=lock, **tables), columns=row.COLUMNS, now=now, **tables)
    return DUE.format(names=places, lock="", **tables), claim


def lease() -> timedelta:
    return timedelta(seconds=settings.JOB_LEASE_SECONDS)


def claim(*, worker: str) -> Job | None:
    """The best due job (priority 1 first, then the one due longest), now running under this worker's lease; None if none is due.

    Exactly one claimer gets a job: the row changes only while it is still queued. The returned row carries the new token.
    Jobs that this process has no handler for and paused ones are passed over.
    """
    names = registry.names()
    if not names:
        return None
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor == "sqlite" and not is_due():
        return None  # an update that finds nothing would still lock out the other writers
    now, at = sql_now()
    _now, until = sql_now(lease())
    _due, statement = _sql(connection.vendor, len(names), now)
    with connection.cursor() as cursor:
        cursor.execute(statement, [worker, until, at, at, at, *names])
        found = cursor.fetchone()
    return row.read(found) if found else None


def is_due() -> bool:
    """Whether a claim of this process would find a job now."""
    names = registry.names()
    if not names:
        return False
    connection = connections[DEFAULT_DB_ALIAS]
    statement, _claim = _sql(connection.vendor, len(names), "")
    with connection.cursor() as cursor:
        cursor.execute(statement, names)
        return cursor.fetchone() is not None
