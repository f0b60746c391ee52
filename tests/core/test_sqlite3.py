"""Writers on SQLite look for the lock often, and wait as long as the connection allows."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace

import pytest
from django.db import OperationalError, connection, transaction

from core.sqlite3 import base
from jobs.models import Pause

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="has locks of rows"),
]
LIMIT = 300  # ms


@pytest.fixture
def other() -> Iterator[sqlite3.Connection]:
    """Another connection, which holds the lock."""
    connection.ensure_connection()
    connection.connection.execute(f"PRAGMA busy_timeout={LIMIT}")
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as made:
        made.execute("BEGIN IMMEDIATE")
        yield made


def begin() -> None:
    with transaction.atomic():
        pass


def insert() -> None:
    Pause.objects.create(name="made")


def update() -> None:
    Pause.objects.update(name="changed")


def delete() -> None:
    Pause(name="made").delete()


def limit() -> int:
    (found,) = connection.connection.execute("PRAGMA busy_timeout").fetchone()
    return int(found)


@pytest.mark.parametrize("write", [begin, insert, update, delete])
def test_two_writers_the_second_looks_again_soon(other, monkeypatch, write):
    """SQLite's own wait would end with an error, because only ours gives the lock back."""
    pauses = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            other.rollback()

    clock = SimpleNamespace(sleep=sleep, monotonic=lambda: 100.0)
    monkeypatch.setattr(base, "time", clock)
    write()
    assert pauses == [0.0002, 0.0002]
    assert limit() == LIMIT


def test_longer_waits_look_less_often_and_end(other, monkeypatch):
    times: Iterator[float] = iter([100.0, 100.0, 100.02, 100.25, 100.31])
    pauses: list[float] = []
    clock = SimpleNamespace(sleep=pauses.append, monotonic=lambda: next(times))
    monkeypatch.setattr(base, "time", clock)
    with pytest.raises(OperationalError, match="database is locked"):
        insert()
    assert pauses == [0.0002, pytest.approx(0.001), 0.002]
    assert limit() == LIMIT


def test_reader_and_holder_of_the_lock_never_wait(other, monkeypatch):
    clock = SimpleNamespace(sleep=pytest.fail, monotonic=pytest.fail)
    with monkeypatch.context() as patch:
        patch.setattr(base, "time", clock)
        assert list(Pause.objects.all()) == []
    other.rollback()
    with transaction.atomic():
        monkeypatch.setattr(base, "time", clock)
        insert()


def test_write_on_an_old_snapshot_fails_at_once(other, monkeypatch):
    """Waiting would not make it newer."""
    reading = connection.connection.execute("SELECT name FROM sqlite_master")
    assert reading.fetchone()  # not to its end: the snapshot is kept
    other.execute("INSERT INTO django_session VALUES ('theirs', '', '2026-11-30')")
    other.commit()
    clock = SimpleNamespace(sleep=pytest.fail, monotonic=lambda: 100.0)
    monkeypatch.setattr(base, "time", clock)
    with pytest.raises(OperationalError, match="database is locked"):
        insert()
    reading.close()
