"""Claims the next due job for a worker by compare-and-set, with a lease and a fencing token."""

from datetime import timedelta
from functools import lru_cache

from django.db import DEFAULT_DB_ALIAS, connections

from core.clock import sql_times
from core.durability import flushed_later
from jobs import registry
from jobs.lease import lease
from jobs.models import Job, Pause

# The literals let the planner use the partial index of queued jobs. The pause table has few rows.
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
        status = 'running', token = token + 1, attempts = attempts + 1, worker = %s,
        lease_until = {now},
        claimed_at = {now}, started_at = COALESCE(started_at, {now}), updated_at = {now}
    WHERE status = 'queued' AND id = ({due})
    RETURNING *"""


@lru_cache
def _sql(vendor: str, names: int, now: str) -> tuple[str, str]:
    """Return the statements that find and that claim the next due job, for this many names.

    `now` is the current time as an SQL expression.
    """
    tables = {"job": Job._meta.db_table, "pause": Pause._meta.db_table}  # noqa: SLF001
    places = ", ".join(["%s"] * names)
    # Without the lock, several workers on PostgreSQL would select the same row and all but one
    # would fail.
    lock = " FOR UPDATE SKIP LOCKED" if vendor == "postgresql" else ""
    claim = CLAIM.format(due=DUE.format(names=places, lock=lock, **tables), now=now, **tables)
    return DUE.format(names=places, lock="", **tables), claim


def claim(*, worker: str) -> Job | None:
    """Claim the next due job for this worker and return it, or None if no job is due.

    The order is priority (1 is first), then the longest overdue. Exactly one worker can claim a
    job, because the row changes only while it is still queued. The returned row carries the new
    token. Paused jobs and jobs without a handler in this process are skipped.
    """
    names = registry.names()
    if not names:
        return None
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor == "sqlite" and not connection.in_atomic_block and not is_due():
        return None  # an update without matches would still block the other writers
    now, (at, until) = sql_times(timedelta(), lease())
    _due, statement = _sql(connection.vendor, len(names), now)
    # A claim that a power failure forgets is of a job that is queued as if never claimed.
    with flushed_later():
        found = list(Job.objects.raw(statement, [worker, until, at, at, at, *names]))
    return next(iter(found), None)


def is_due() -> bool:
    """Return whether a claim by this process would find a job now."""
    names = registry.names()
    if not names:
        return False
    connection = connections[DEFAULT_DB_ALIAS]
    statement, _claim = _sql(connection.vendor, len(names), "")
    with connection.cursor() as cursor:
        cursor.execute(statement, names)
        return cursor.fetchone() is not None
