"""On SQLite a block can leave its flush to the next commit. The setting is restored after it."""

import pytest
from django.db import connection, transaction

from core.durability import flushed_later

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="flushes every commit")
FULL, NORMAL = 2, 1


def level() -> int:
    connection.ensure_connection()
    (found,) = connection.connection.execute("PRAGMA synchronous").fetchone()
    return int(found)


@pytest.fixture
def full() -> None:
    connection.ensure_connection()
    connection.connection.execute("PRAGMA synchronous=FULL")


@pytest.mark.django_db(transaction=True)
def test_block_does_not_flush_and_what_follows_does(full):
    with flushed_later():
        assert level() == NORMAL
    assert level() == FULL
    with pytest.raises(ZeroDivisionError), flushed_later():
        1 / 0  # noqa: B018  the block fails
    assert level() == FULL


@pytest.mark.django_db(transaction=True)
def test_weaker_setting_stays(full):
    connection.connection.execute("PRAGMA synchronous=OFF")
    with flushed_later():
        assert level() == 0
    assert level() == 0


@pytest.mark.django_db(transaction=True)
def test_transaction_of_the_caller_keeps_its_flush(full):
    """SQLite refuses the change inside a transaction, and the commit is the caller's."""
    with transaction.atomic(), flushed_later():
        assert level() == FULL
    assert level() == FULL


@pytest.mark.django_db(transaction=True)
def test_error_of_a_lost_connection_is_not_hidden(full):
    lost = connection.connection

    def lose() -> None:
        connection.close()
        raise ValueError("the cause")

    with pytest.raises(ValueError, match="the cause"), flushed_later():
        lose()
    assert connection.connection is not lost
