"""Figures are counted once in a few seconds, anew when what they count has changed, and also while
Redis is away.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache, caches
from django.core.cache.backends import locmem
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config import services
from core.cached_values import SECONDS, cached
from jobs.enums import JobStatus
from jobs.models import Job
from providers.enums import CallState
from providers.models import ProviderCall
from tests.module_time import replace_time
from tests.services import free_ports, redis

STATISTICS = "/api/ai-video/jobs/statistics/"


def end_job(name: str) -> None:
    now = timezone.now()
    Job.objects.create(
        pk=name,
        name="work",
        subject="s",
        status=JobStatus.SUCCEEDED,
        started_at=now,
        finished_at=now,
        worked=timedelta(seconds=4),
    )


def spend(cost: str) -> ProviderCall:
    return ProviderCall.objects.create(
        provider_id="stability_ai",
        kind="image",
        state=CallState.SETTLED,
        units=1,
        unit_price=Decimal(cost),
        estimate=Decimal(cost),
        cost=Decimal(cost),
    )


@pytest.fixture
def mine(client: Client, manager: Any) -> Client:
    client.force_login(manager)
    return client


def test_is_made_once_for_the_same_marks_and_anew_for_others() -> None:
    made: list[str] = []
    answers = [
        cached("x", *marks, make=lambda: made.append("x") or len(made))
        for marks in ((1, None), (1, None), (2, None), (1, "y"), (1, None))
    ]
    assert answers == [1, 1, 2, 3, 1]
    assert cached("nothing", make=lambda: None) is None
    assert cached("nothing", make=lambda: 7) is None  # nothing is an answer too


def test_is_forgotten_after_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    now = time.time()
    assert cached("x", make=lambda: 1) == 1
    replace_time(monkeypatch, locmem, time=lambda: now + SECONDS - 1)
    assert cached("x", make=lambda: 2) == 1
    replace_time(monkeypatch, locmem, time=lambda: now + SECONDS + 1)
    assert cached("x", make=lambda: 3) == 3


def test_statistics_are_new_as_soon_as_a_job_has_ended_or_a_call_was_made(mine: Client) -> None:
    end_job("first")
    assert mine.get(STATISTICS).json()["succeeded"] == 1
    Job.objects.filter(pk="first").update(
        worked=timedelta(seconds=60)
    )  # nothing that a job's end would not tell
    assert mine.get(STATISTICS).json()["mean_generation_time"] == 4.0
    end_job("second")
    assert (
        mine.get(STATISTICS).json()["succeeded"],
        mine.get(STATISTICS).json()["mean_generation_time"],
    ) == (2, 32.0)
    call = spend("0.02")
    assert mine.get(STATISTICS).json()["cost"] == "0.0200"
    ProviderCall.objects.filter(pk=call.pk).update(
        state=CallState.WRITTEN_OFF, cost=Decimal("0.03")
    )
    assert mine.get(STATISTICS).json()["cost"] == "0.0300"


def test_second_question_counts_nothing(mine: Client) -> None:
    end_job("first")
    with CaptureQueriesContext(
        connection,
    ) as first:
        mine.get(STATISTICS)
    with CaptureQueriesContext(connection) as second:
        mine.get(STATISTICS)
    clock = (
        1 if connection.vendor == "postgresql" else 0
    )  # SQLite's clock is the host's: nothing is asked
    assert len(first) - len(second) == 5 + clock
    assert not [query for query in second.captured_queries if "COUNT(" in query["sql"]]


def test_nobody_is_told_what_was_counted_for_another(
    client: Client, manager: Any, stranger: Any
) -> None:
    end_job("first")
    client.force_login(manager)
    assert client.get(STATISTICS).json()["succeeded"] == 1
    client.force_login(stranger)
    assert client.get(STATISTICS).json()["succeeded"] == 0


@pytest.mark.moderate
def test_overview_shows_the_new_figure_at_once_and_each_person_only_theirs(
    mine: Client, owner: Any, viewer: Any
) -> None:
    end_job("first")
    assert "1 succeeded, 0 failed" in mine.get("/admin/").content.decode()
    end_job("second")
    spend("3.25")
    page = mine.get("/admin/").content.decode()
    assert ("2 succeeded, 0 failed" in page, "$3.25" in page) == (True, True)
    mine.force_login(viewer)
    page = mine.get("/admin/").content.decode()
    assert ("2 succeeded, 0 failed" in page, "$3.25" in page) == (True, False)


@pytest.fixture
def on_redis(settings: Any, request: pytest.FixtureRequest) -> Iterator[str]:
    """The cache on Redis; `dead`: where nobody listens."""
    if request.param == "dead":
        settings.CACHES = services.caches(f"redis://127.0.0.1:{free_ports(1)[0]}/0")
        yield "dead"
        return
    with redis() as server:
        settings.CACHES = services.caches(server.url)
        yield "alive"
        caches["default"]._cache.get_client().connection_pool.disconnect()


@pytest.mark.parametrize("on_redis", ["alive", "dead"], indirect=True)
@pytest.mark.moderate
def test_pages_and_answers_are_the_same_with_redis_and_while_it_is_away(
    mine: Client, on_redis: str
) -> None:
    end_job("first")
    for _ in range(2):
        answer = mine.get(STATISTICS)
        assert (answer.status_code, answer.json()["succeeded"]) == (200, 1)
        assert "1 succeeded, 0 failed" in mine.get("/admin/").content.decode()
    if on_redis == "alive":
        assert cache.get("kept:" + "x") is None
        assert len(cache._cache.get_client().keys("videoplanet:*kept:*")) == 2
