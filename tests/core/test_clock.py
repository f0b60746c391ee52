"""Whatever processes compare is written and read by the database's clock, wherever the host's clock
stands.
"""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from core.clock import DatabaseNow, database_now, moved, sql_now
from jobs.models import Worker

HOUR = timedelta(hours=1)


@pytest.mark.django_db
def test_database_now_is_aware_and_in_order():
    readings = [database_now() for _ in range(20)]
    assert readings == sorted(readings)
    assert {reading.utcoffset() for reading in readings} == {timedelta(0)}
    assert abs(readings[-1] - datetime.now(UTC)) < timedelta(minutes=1)  # one machine in the tests


@pytest.mark.django_db
@pytest.mark.parametrize("off", [timedelta(seconds=45), -timedelta(seconds=45), HOUR, -HOUR])
def test_host_clock_does_not_count(monkeypatch, off):
    class Host(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + off

    before = database_now()
    monkeypatch.setattr("core.clock.datetime", Host)
    monkeypatch.setattr(timezone, "now", lambda: Host.now(UTC))
    assert (
        timedelta(0) <= database_now() - before + timedelta(milliseconds=5) < timedelta(seconds=30)
    )
    Worker.objects.create(name="w", host="h", pid=1, role="worker", seen_at=DatabaseNow())
    assert (
        Worker.objects.filter(
            seen_at__gt=DatabaseNow(-timedelta(seconds=30)),
            seen_at__lte=DatabaseNow(timedelta(milliseconds=1)),
        ).count()
        == 1
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql  # the clock of SQLite is that of this process
def test_database_now_goes_on_within_a_transaction():
    with transaction.atomic():
        first = database_now()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.01)")
        assert database_now() - first >= timedelta(milliseconds=10)


@pytest.mark.django_db
def test_it_can_be_moved_for_a_test():
    with moved(HOUR):
        assert abs(database_now() - datetime.now(UTC) - HOUR) < timedelta(minutes=1)
        Worker.objects.create(name="w", host="h", pid=1, role="worker", seen_at=DatabaseNow(HOUR))
        assert abs(Worker.objects.get().seen_at - datetime.now(UTC) - 2 * HOUR) < timedelta(
            minutes=1
        )
        with moved(-3 * HOUR):
            sql, parameter = sql_now()
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT name FROM jobs_worker WHERE seen_at > {sql}", [parameter])
                assert cursor.fetchall() == [("w",)]
    assert abs(database_now() - datetime.now(UTC)) < timedelta(minutes=1)
