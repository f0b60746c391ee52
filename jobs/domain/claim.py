"""A worker takes the best due job: compare-and-set, with a lease and a fencing token."""

from datetime import datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.utils import timezone

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
        status = 'running', token = token + 1, attempts = attempts + 1, worker = %s, lease_until = %s,
        claimed_at = %s, started_at = COALESCE(started_at, %s), updated_at = %s
    WHERE status = 'queued' AND id = ({due})
    RETURNING {columns}"""


@lru_cache
def _sql(vendor: str, names: int) -> tuple[str, str]:
    """The statements that look for the best due job and that claim it, for this many names."""
    tables = {"job": row.TABLE, "pause": Pause._meta.db_table}  # noqa: SLF001
    places = ", ".join(["%s"] * names)
    # Without the lock, several workers would choose the same row on PostgreSQL and all but one would come back empty.
    lock = " FOR UPDATE SKIP LOCKED" if vendor == "postgresql" else ""
    claim = CLAIM.format(due=DUE.format(names=places, lock=lock, **tables), columns=row.COLUMNS, **tables)
    return DUE.format(names=places, lock="", **tables), claim


def lease() -> timedelta:
    return timedelta(seconds=settings.JOB_LEASE_SECONDS)


def claim(*, worker: str, now: datetime | None = None) -> Job | None:
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
    _due, statement = _sql(connection.vendor, len(names))
    now = now or timezone.now()
    at = connection.ops.adapt_datetimefield_value(now)
    until = connection.ops.adapt_datetimefield_value(now + lease())
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
    statement, _claim = _sql(connection.vendor, len(names))
    with connection.cursor() as cursor:
        cursor.execute(statement, names)
        return cursor.fetchone() is not None


def extend(job: Job) -> bool:
    """Another lease from now on. False if the job is no longer this worker's."""
    return bool(Job.objects.filter(pk=job.pk, token=job.token, status="running").update(lease_until=timezone.now() + lease()))
