"""Jobs over the API: lists, the envelope, steering, statistics, and waiting for a change."""

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connections
from django.utils import timezone

from accounts import refresh_tokens
from api import long_polling
from core.localized_messages import LocalizedMessage
from jobs.enums import JobStatus
from jobs.models import Job, JobLog
from jobs.services import queue
from providers.models import ProviderCall
from tests.stories.factories import make_story

from .conftest import ApiClient
from .test_stories import stamp
from .world import make_world


def test_job_shows_the_row_the_envelope_and_the_log(mine, world):
    JobLog.objects.create(
        job=world.job,
        message_data=LocalizedMessage("Told to stop.").as_json(),
        at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    answer = mine.ask("GET", f"jobs/{world.job.pk}/").json()
    job, scene = Job.objects.get(pk=world.job.pk), world.scenes[1]
    parameters = {
        "prompt_id": scene.prompt_id,
        "call_key": f"image:{scene.pk}:0",
        "after": 0,
        "confirmation": None,
        "replaces": "",
    }
    assert answer == {
        "job": {
            "id": job.pk,
            "name": "scene_preview",
            "story_id": str(world.story.pk),
            "scene_id": str(world.scenes[1].pk),
            "parent_id": None,
            "owner_id": job.owner_id,
            "status": "queued",
            "wait_for": "",
            "note": "",
            "progress": 0,
            "attempts": 0,
            "max_attempts": 3,
            "priority": 5,
            "result": None,
            "error": None,
            "run_at": stamp(job.run_at),
            "created_at": stamp(job.created_at),
            "started_at": None,
            "finished_at": None,
            "updated_at": stamp(job.updated_at),
        },
        "envelope": {
            "id": job.pk,
            "name": "scene_preview",
            "data": {
                "story_id": str(world.story.pk),
                "action": "generate_image",
                "parameters": parameters,
            },
            "opts": {
                "priority": 5,
                "attempts": 3,
                "backoff": {"type": "exponential", "delay": 2000},
            },
        },
        "log": [{"at": "2026-01-01T00:00:00Z", "level": "info", "message": "Told to stop."}],
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 2),
        ("status=failed", 1),
        ("status=queued&status=failed", 2),
        ("name=scene_preview", 2),
        ("name=story_render", 0),
        ("scene={scene}", 1),
        ("story={story}", 2),
    ],
)
def test_filters(mine, world, query, found):
    answer = mine.ask(
        "GET", f"jobs/?{query.format(scene=world.scenes[1].pk, story=world.story.pk)}"
    ).json()
    assert len(answer["items"]) == found


def test_failed_job_says_why_in_words(mine, world):
    sentence = LocalizedMessage(
        "The job has ended already: %(status)s.", {"status": "failed"}
    ).as_json()
    Job.objects.filter(pk=world.failed_job.pk).update(
        error={"code": "moderated", "sentence": sentence}, note_data=sentence
    )
    answer = mine.ask("GET", f"jobs/{world.failed_job.pk}/").json()["job"]
    assert (answer["error"], answer["note"]) == (
        {"code": "moderated", "detail": "The job has ended already: failed."},
        "The job has ended already: failed.",
    )


def test_retry_queues_a_failed_job_once(mine, world):
    response = mine.ask("POST", f"jobs/{world.failed_job.pk}/retry/")
    assert (response.status_code, response.json()["status"]) == (200, "queued")
    again = mine.ask("POST", f"jobs/{world.failed_job.pk}/retry/")
    assert (again.status_code, again.json()["code"], again.json()["detail"]) == (
        409,
        "job_state",
        "A job that is queued cannot be tried again.",
    )


def test_cancel_ends_a_queued_job_with_the_reason_in_its_log(mine, world):
    response = mine.ask("POST", f"jobs/{world.job.pk}/cancel/", {"reason": "wrong scene"})
    assert (response.status_code, response.json()["status"]) == (200, "cancelled")
    assert "wrong scene" in mine.ask("GET", f"jobs/{world.job.pk}/").json()["log"][-1]["message"]
    assert mine.ask("POST", f"jobs/{world.job.pk}/cancel/").status_code == 409


def test_unknown_job_is_404(mine):
    for path in ("jobs/story_0_0/", "jobs/story_0_0/retry/", "jobs/story_0_0/cancel/"):
        method = "GET" if path == "jobs/story_0_0/" else "POST"
        assert mine.ask(method, path).status_code == 404


def call(story, cost, at, **values):
    return ProviderCall.objects.create(
        provider_id=values.pop("provider", "stability_ai"),
        kind="image",
        state="settled",
        key=f"{story.pk}{cost}{at}",
        subject=str(story.pk),
        request_hash="0",
        unit_price=Decimal(cost),
        units=1,
        estimate=Decimal(cost),
        cost=Decimal(cost),
        reserved_at=at,
        **values,
    )


def test_statistics_of_a_span(mine, world, owner):
    now = timezone.now()
    world.unclear.delete()
    Job.objects.filter(pk=world.failed_job.pk).update(finished_at=now - timedelta(hours=1))
    done, _ = queue.enqueue(
        "scene_preview",
        data={"story_id": str(world.story.pk), "action": "generate_image", "parameters": {}},
        subject=str(world.story.pk),
        owner=owner,
    )
    Job.objects.filter(pk=done.pk).update(
        status=JobStatus.SUCCEEDED,
        created_at=now - timedelta(hours=2),
        started_at=now,
        finished_at=now - timedelta(hours=1),
        worked=timedelta(seconds=5.2),
        queue_wait=timedelta(seconds=0.5),
    )
    call(world.story, "0.02", now, actor=owner)
    call(world.story, "0.50", now - timedelta(days=400), actor=owner)
    answer = mine.ask("GET", "jobs/statistics/").json()
    assert {key: answer[key] for key in answer if key not in {"since", "until"}} == {
        "counts": {
            "queued": 1,
            "running": 0,
            "waiting": 0,
            "unclear": 0,
            "succeeded": 1,
            "failed": 1,
            "cancelled": 0,
        },
        "succeeded": 1,
        "failed": 1,
        "cancelled": 0,
        "success_rate": 0.5,
        "mean_generation_time": 5.2,
        "mean_queue_wait": 0.5,
        "cost_today": "0.0200",
        "cost_this_month": "0.0200",
        "cost": "0.0200",
        "cost_by_provider": [
            {"provider": "stability_ai", "calls": 1, "cost": "0.0200", "at_risk": "0.0000"}
        ],
    }
    before = mine.ask(
        "GET", "jobs/statistics/?since=2020-01-01T00:00:00Z&until=2020-02-01T00:00:00%2B09:00"
    ).json()
    assert (before["success_rate"], before["cost"], before["until"]) == (
        None,
        "0.0000",
        "2020-01-31T15:00:00Z",
    )


def test_statistics_of_a_stranger_are_their_own(api, world, stranger, owner):
    call(world.story, "0.02", timezone.now(), actor=owner)
    answer = api.ask("GET", "jobs/statistics/", person=stranger).json()
    assert (answer["cost"], sum(answer["counts"].values())) == ("0.0000", 0)


@pytest.mark.parametrize(
    "query",
    [
        "since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z",
        "since=2026-01-01",
        "since=yesterday",
        "since=5",
        "until=2026-01-01T00:00:00",
    ],
)
def test_span_that_is_none_is_422(mine, query):
    assert mine.ask("GET", f"jobs/statistics/?{query}").status_code == 422


def test_span_may_reach_the_ends_of_time(mine):
    assert mine.ask("GET", "jobs/statistics/?until=0001-01-02T00:00:00Z").status_code == 200


# Waiting


class Clock:
    """The time of long polling, which passes only in its pauses: `act` is called in each, with its
    number.
    """

    def __init__(self):
        self.pauses = []
        self.act = lambda _number: None

    def monotonic(self):
        return sum(self.pauses)

    def sleep(self, seconds):
        self.pauses.append(seconds)
        self.act(len(self.pauses))


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(long_polling, "time", clock)
    return clock


@pytest.fixture
def live(transactional_db, make_person):
    """A world whose rows other threads see."""
    owner = make_person("owner", role="producer")
    client = ApiClient()
    client.person = owner
    return client, make_world(owner)


def test_wait_ends_when_the_job_changes(live, clock):
    client, world = live
    clock.act = lambda number: number == 3 and queue.cancel(world.job.pk)
    response = client.ask("GET", f"jobs/{world.job.pk}/?wait=20")
    assert (response.status_code, response.json()["job"]["status"]) == (200, "cancelled")
    assert clock.pauses == pytest.approx([0.2, 0.3, 0.45])


def test_wait_of_a_story_ends_when_its_job_makes_progress(live, clock):
    client, world = live
    parent, _ = queue.enqueue(
        "story_preview",
        data={"story_id": str(world.story.pk), "action": "x", "parameters": {}},
        subject=str(world.story.pk),
    )
    clock.act = lambda number: number == 2 and Job.objects.filter(pk=parent.pk).update(progress=40)
    response = client.ask("GET", f"stories/{world.story.pk}/?wait=20")
    assert response.json()["jobs"][0]["progress"] == 40
    assert clock.pauses == pytest.approx([0.2, 0.3])


def test_wait_without_a_change_ends_after_its_seconds(live, clock):
    client, world = live
    response = client.ask("GET", f"jobs/{world.job.pk}/?wait=3")
    assert response.status_code == 200
    assert clock.pauses == pytest.approx([0.2, 0.3, 0.45, 0.675, 1.0, 0.375])


def test_wait_with_an_old_etag_answers_at_once_and_with_the_present_one_304(live, clock):
    client, world = live
    old = client.ask("GET", f"jobs/{world.job.pk}/?wait=20", headers={"If-None-Match": '"old"'})
    assert (old.status_code, clock.pauses) == (200, [])
    same = client.ask("GET", f"jobs/{world.job.pk}/?wait=1", headers={"If-None-Match": old["ETag"]})
    assert (same.status_code, clock.monotonic()) == (304, pytest.approx(1))


@pytest.mark.parametrize("wait", ["26", "-1", "x", "1.5"])
def test_wait_beyond_its_bounds_is_422(mine, world, wait):
    assert mine.ask("GET", f"jobs/{world.job.pk}/?wait={wait}").status_code == 422


def test_no_more_than_the_allowed_number_wait(mine, world, clock, monkeypatch):
    monkeypatch.setattr(long_polling, "_places", threading.BoundedSemaphore(1))
    with long_polling._places:
        response = mine.ask("GET", f"jobs/{world.job.pk}/?wait=20")
    assert (response.status_code, clock.pauses) == (200, [])


def test_no_connection_is_held_between_two_looks(live, clock):
    client, world = live
    held = []
    clock.act = lambda _number: held.extend(
        connection.connection for connection in connections.all(initialized_only=True)
    )
    client.ask(
        "GET",
        f"jobs/{world.job.pk}/?wait=1",
        token=refresh_tokens.start(client.person).access.token,
    )
    assert (len(clock.pauses), set(held)) == (4, {None})


def test_job_of_a_story_is_seen_by_its_owner_only_among_strangers(api, stranger, owner):
    story = make_story(stranger)
    job, _ = queue.enqueue(
        "story_planning",
        data={"story_id": str(story.pk), "action": "plan_story", "parameters": {}},
        subject=str(story.pk),
        owner=stranger,
    )
    assert api.ask("GET", f"jobs/{job.pk}/", person=stranger).status_code == 200
    assert api.ask("POST", f"jobs/{job.pk}/cancel/", {}, person=stranger).status_code == 403
