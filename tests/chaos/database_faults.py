"""How PostgreSQL is broken and repaired."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from .disks import filled
from .installation import Installation

# seconds that each block waits in each direction: a page of twenty queries takes more than a second
DELAY = 0.03
GUARDED = "host studio all 127.0.0.1/32 scram-sha-256\n"


@contextmanager
def killed(installation: Installation) -> Iterator[None]:
    installation.database.kill()
    yield
    installation.database.start()


@contextmanager
def restarted(installation: Installation) -> Iterator[None]:
    installation.database.stop()
    installation.database.start()
    yield


@contextmanager
def frozen(installation: Installation) -> Iterator[None]:
    installation.database.freeze()
    try:
        yield
    finally:
        installation.database.thaw()


@contextmanager
def slow(installation: Installation) -> Iterator[None]:
    with installation.wires["database"].slow(DELAY):
        yield


@contextmanager
def full(installation: Installation) -> Iterator[None]:
    """The small disk that the database was put on for this fault_test has no byte left."""
    with filled(installation.disks["database"]):
        yield


@contextmanager
def refuses(installation: Installation) -> Iterator[None]:
    """A password is demanded that the studio does not have, and who is in is thrown out."""
    rules = Path(installation.database.folder) / "data" / "pg_hba.conf"
    before = rules.read_text()
    with psycopg.connect(
        installation.database.url.rpartition("/")[0] + "/postgres", autocommit=True
    ) as connection:
        connection.execute("ALTER ROLE studio PASSWORD 'another-password'")
        rules.write_text(GUARDED + before)
        connection.execute("SELECT pg_reload_conf()")
        time.sleep(0.2)  # the postmaster reads its rules anew
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'studio'"
        )
        try:
            yield
        finally:
            rules.write_text(before)
            connection.execute("SELECT pg_reload_conf()")
