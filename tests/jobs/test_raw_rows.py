"""The job's row in plain SQL says exactly what Django would say."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from jobs.models import Job
from jobs.services import raw_rows


def unusual(owner: Any, **more: Any) -> Job:
    """A job with something in every field."""
    now = timezone.now()
    values: dict[str, Any] = {
        "id": "story_한강",
        "name": "work",
        "subject": '50 % of "it\'s" -- ;',
        "item": "scene\\1",
        "data": {
            "story_id": "한강",
            "action": "🎬",
            "parameters": {"deep": [1, None, {"a": "%s"}]},
        },
        "unique_key": "only-one",
        "status": "waiting",
        "wait_for": "time",
        "note_data": {"text": "%(x)s"},
        "progress": 40,
        "result": {"success": True},
        "error": {"code": "x"},
        "priority": 2,
        "max_attempts": 7,
        "backoff": {"type": "fixed", "delay": 5},
        "attempts": 3,
        "run_at": now + timedelta(hours=1),
        "lease_until": now,
        "token": 9,
        "worker": "host/1",
        "cancel_requested_at": now,
        "wakeup_count": 4,
        "started_at": now,
        "claimed_at": now,
        "waiting_since": now,
        "finished_at": now,
        "queue_wait": timedelta(microseconds=1),
        "worked": timedelta(days=2, microseconds=3),
        "owner": owner,
    }
    return Job(**values | more)


def written(job: Job) -> dict[str, Any]:
    return {
        name: value
        for name, value in Job.objects.values().get(pk=job.pk).items()
        if name not in {"id", "unique_key", "updated_at"}
    }


def test_an_inserted_job_is_the_one_that_django_would_have_saved(stranger):
    ours, djangos = unusual(stranger), unusual(stranger, id="other", unique_key="")
    ours.created_at = djangos.created_at
    for name in (
        "run_at",
        "lease_until",
        "cancel_requested_at",
        "started_at",
        "claimed_at",
        "waiting_since",
        "finished_at",
    ):
        setattr(ours, name, getattr(djangos, name))
    raw_rows.insert(ours)
    djangos.save(force_insert=True)
    assert written(ours) == written(djangos)
    assert (ours._state.adding, ours._state.db) == (False, "default")
    assert timezone.now() - Job.objects.get(pk=ours.pk).updated_at < timedelta(minutes=1)


def test_a_second_open_job_of_a_key_is_not_inserted(stranger):
    raw_rows.insert(unusual(stranger))
    with pytest.raises(IntegrityError):
        raw_rows.insert(unusual(stranger, id="another"))


def test_what_is_read_is_what_django_reads(stranger):
    raw_rows.insert(unusual(stranger))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {raw_rows.COLUMNS} FROM {raw_rows.TABLE}")
        read = raw_rows.read(cursor.fetchone())
    known = Job.objects.get()
    assert {field.attname: getattr(read, field.attname) for field in raw_rows.FIELDS} == {
        field.attname: getattr(known, field.attname) for field in raw_rows.FIELDS
    }
    assert read == known


def test_an_update_writes_the_rows_that_meet_the_condition_and_counts_them(stranger):
    for number in range(3):
        raw_rows.insert(unusual(stranger, id=f"job-{number}", unique_key="", token=number))
    values = {
        "result": None,
        "error": {"code": "%s 한"},
        "owner": None,
        "worked": timedelta(seconds=2),
        "finished_at": None,
        "status": "running",
    }
    assert raw_rows.update(values, where="token >= %s AND status = 'waiting'", params=[1]) == 2
    untouched, *changed = Job.objects.order_by("pk")
    assert untouched.result == {"success": True}
    for job in changed:
        assert {name: getattr(job, name) for name in values} == values
    assert Job.objects.filter(result__isnull=True).count() == 2  # an SQL null, no JSON one
    assert raw_rows.update(values, where="token = %s", params=[99]) == 0
