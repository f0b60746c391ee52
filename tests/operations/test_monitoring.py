"""The monitoring page: what it shows of workers, leases and queue, to whom, and at what cost."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.localized_messages import LocalizedMessage
from jobs.models import Job, Pause, Worker
from jobs.services.queue import enqueue
from operations import health, monitoring

pytestmark = pytest.mark.django_db


def worker(name: str, *, seen: timedelta = timedelta(0), role: str = "worker") -> Worker:
    return Worker.objects.create(
        name=name, host="render-1", pid=7, role=role, seen_at=timezone.now() - seen
    )


def job(name: str, **changes: Any) -> Job:
    made, _new = enqueue(
        name,
        data={"story_id": "s", "action": "x", "parameters": {}},
        subject="11111111-1111-1111-1111-111111111111",
    )
    Job.objects.filter(pk=made.pk).update(**changes)
    return made


def test_crew_tells_who_lives_and_what_each_holds() -> None:
    worker("b/1"), worker("b/2", seen=timedelta(minutes=5))
    held = job(
        "scene_preview",
        status="running",
        worker="b/1",
        lease_until=timezone.now() + timedelta(seconds=9),
    )
    assert [
        (one.worker.name, one.alive, one.job and one.job.pk) for one in monitoring.worker_groups()
    ] == [("b/1", True, held.pk), ("b/2", False, None)]
    assert monitoring.expired_leases() == 0
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert monitoring.expired_leases() == 1


def test_queue_counts_by_name_with_the_oldest_due() -> None:
    due = timezone.now() - timedelta(minutes=3)
    (
        job("scene_preview", run_at=due),
        job("scene_preview"),
        job("scene_render", status="waiting"),
        job("story_render", status="succeeded"),
    )
    assert monitoring.queue() == [
        monitoring.Line("scene_preview", queued=2, running=0, waiting=0, unclear=0, oldest=due),
        monitoring.Line("scene_render", queued=0, running=0, waiting=1, unclear=0, oldest=None),
    ]


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[health.Finding]:
    findings = [
        health.Finding(
            "storage", ok=False, detail=LocalizedMessage("No answer within 4 s."), seconds=4
        )
    ]
    monkeypatch.setattr(health, "examine", lambda: findings)
    return findings


def test_page_says_what_needs_a_look(client: Client, manager: Any, checks: Any) -> None:
    worker("b/1")
    job("scene_preview", run_at=timezone.now() - timedelta(minutes=3))
    Pause.objects.create(name="story_render", reason="invoice first")
    client.force_login(manager)
    text = client.get(reverse("admin:monitoring")).content.decode()
    for message in (
        "render-1",
        "Make a scene&#x27;s picture",
        "due for more than a minute",
        "Paused: story_render",
        "invoice first",
        "No answer within 4 s.",
        "A check fails",
    ):
        assert message in text
    part = client.get(reverse("admin:monitoring"), headers={"HX-Request": "true"}).content.decode()
    assert part.strip().startswith('<div id="vp-monitoring"')
    assert "<html" not in part


def test_page_is_for_those_who_may_see_workers(
    client: Client, owner: Any, stranger: Any, checks: Any
) -> None:
    address = reverse("admin:monitoring")
    client.force_login(owner)
    assert client.get(address).status_code == 403
    client.force_login(stranger)
    assert client.get(address).status_code == 302


def test_number_of_queries_does_not_grow_with_the_queue(
    client: Client, manager: Any, checks: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.force_login(manager)
    counts = []
    for more in (1, 12):
        for number in range(more):
            worker(f"m{more}/{number}")
            job("scene_preview")
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("admin:monitoring")).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
