"""Real servers for tests, each on free loopback ports in a folder of its own, ended at exit even
after a failure.

    # server.url, server.env, server.kill(), server.start(), server.freeze()
    with postgresql() as server: ...
    python -m tests.services postgresql redis s3 -- pytest tests/jobs

The command form exports the studio's variables (DATABASE_URL, REDIS_URL, MINIO_...) to the command
and ends with its exit code; without a command it prints them and waits for Ctrl+C. The servers come
as Python packages: nothing is to be installed beside requirements-dev.txt.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from .postgresql_server import MigratedPostgreSQL, PostgreSQL
from .redis_server import Redis
from .s3_server import S3
from .server import LOOPBACK, Server, free_ports, running

__all__ = [
    "LOOPBACK",
    "S3",
    "SERVICES",
    "PostgreSQL",
    "Redis",
    "Server",
    "free_ports",
    "migrated_postgresql",
    "postgresql",
    "redis",
    "running",
    "s3",
]


def postgresql(place: Path | None = None) -> AbstractContextManager[PostgreSQL]:
    """Its folder is made within `place`, if one is given."""
    return running(PostgreSQL, place)


def migrated_postgresql(place: Path | None = None) -> AbstractContextManager[MigratedPostgreSQL]:
    """The same with all migrations: the copy of a cluster that was migrated once."""
    return running(MigratedPostgreSQL, place)


def redis() -> AbstractContextManager[Redis]:
    return running(Redis)


def s3() -> AbstractContextManager[S3]:
    return running(S3)


SERVICES: dict[str, Callable[[], AbstractContextManager[Server]]] = {
    "postgresql": migrated_postgresql,
    "redis": redis,
    "s3": s3,
}
