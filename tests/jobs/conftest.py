"""Handlers that a test makes for itself, and the shortest way to a job."""

from collections.abc import Callable
from typing import Any

import pytest

from jobs import registry
from jobs.domain.queue import enqueue
from jobs.models import Job

STORY = "8f14e45f-ceea-467f-a0e6-0123456789ab"


@pytest.fixture
def handles(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`handles(name, function)`: only in this test, jobs of that name are done by the function. No other names are known."""
    monkeypatch.setattr(registry, "_handlers", {})
    monkeypatch.setattr(registry, "_end_hooks", type(registry._end_hooks)(list))

    def handles(name: str, function: Any, **options: Any) -> None:
        registry.handler(name, **options)(function)

    return handles


@pytest.fixture
def make_job(handles: Callable[..., None], db: None) -> Callable[..., Job]:
    """`make_job(name="work", **options)`: a queued job of a name that has a handler."""

    def make(name: str = "work", **options: Any) -> Job:
        if name not in registry.names():
            handles(name, lambda _run: pytest.fail("this handler was not to be called"))
        data = {"story_id": STORY, "action": name, "parameters": {}}
        job, made = enqueue(name, **({"data": data, "subject": STORY} | options))
        assert made
        return job

    return make
