"""Two writers in a fixed order, for tests of row locks on PostgreSQL (mark `row_locks`)."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection, transaction

PATIENCE = 60  # seconds until a test that hangs fails
LOCK_WAITS = (
    "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM "
    "pg_stat_activity WHERE datname = current_database())"
)


def in_turn(first: Callable[[], Any], second: Callable[[], Any]) -> list[BaseException]:
    """Run `first`, and commit it only when `second` waits for one of its locks or has ended.

    So `second` reads what was before unless it asks for the lock first. A `first` that yields goes
    on, in the same transaction, when `second` waits or has ended. Returns the errors raised.
    """
    written, ended = threading.Event(), threading.Event()
    errors: list[BaseException] = []

    def begin() -> None:
        with transaction.atomic():
            rest = first()
            if isinstance(rest, Iterator):
                next(rest)
            written.set()
            while not ended.wait(0.02) and not _somebody_waits():
                pass
            if isinstance(rest, Iterator):
                next(rest, None)

    def follow() -> None:
        assert written.wait(PATIENCE)
        second()

    def run(act: Callable[[], None], done: threading.Event) -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001  returned to the test
            errors.append(error)
        finally:
            done.set()
            connection.close()

    threads = [
        threading.Thread(target=run, args=pair, daemon=True)
        for pair in ((begin, written), (follow, ended))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    return errors


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(LOCK_WAITS)
        return bool(cursor.fetchone()[0])
