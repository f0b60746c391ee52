"""When a commit reaches the disk."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connections

SQLITE_NORMAL = 1


@contextmanager
def flushed_later() -> Iterator[None]:
    """On SQLite outside a transaction, do not wait until the disk has what this block commits.

    The log keeps its order, so that the next commit that is flushed brings this one to the disk
    first. Only a power failure before that forgets it, which ends every process of the studio, too.
    Without effect on PostgreSQL: the workers outlive a server that has failed there, and a claim
    that it forgot would give the same token twice.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    connection.ensure_connection()
    database = connection.connection
    (before,) = database.execute("PRAGMA synchronous").fetchone()
    database.execute(f"PRAGMA synchronous={min(before, SQLITE_NORMAL)}")
    try:
        yield
    finally:
        # The block may have closed it after an error; the next one is opened as it is set up.
        if connection.connection is database:
            database.execute(f"PRAGMA synchronous={before}")
