"""Handlers that a test makes for itself, the shortest way to a job, and the servers and processes
of a system.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from jobs import registry
from jobs.models import Job
from jobs.services.queue import enqueue
from tests import services
from tests.migrated_database import copy_migrated_database

from .worker_group import ROOT, Client, JobSystem, fault_environment

STORY = "8f14e45f-ceea-467f-a0e6-0123456789ab"


@pytest.fixture
def handles(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`handles(name, function)`: only in this test, jobs of that name are done by the function. No
    other names are known.
    """
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


def later() -> None:
    """As if the time of every wait had come."""
    Job.objects.filter(status="waiting").update(run_at=timezone.now())


# --- fault tests


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[str, Any]]:
    """Servers that were started so far, by name; they end with the session."""
    with ExitStack() as stack:
        yield {"stack": stack}


def server(servers: dict[str, Any], name: str) -> Any:
    if name not in servers:
        servers[name] = servers["stack"].enter_context(services.SERVICES[name]())
    return servers[name]


@pytest.fixture(scope="session")
def migrated(servers: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """`migrated(store)`: the variables of a store whose tables exist (for SQLite
    the file to copy).
    """
    made: dict[str, dict[str, str]] = {}

    def migrated(store: str) -> dict[str, str]:
        if store not in made:
            folder = tmp_path_factory.mktemp(store)
            if store == "sqlite":
                file = folder / "jobs.sqlite3"
                copy_migrated_database(file)
                env = {"DATABASE_URL": f"sqlite:///{file}"}
            else:
                env = server(servers, store).env
            # With the app of these tests, whose tables no copy has.
            command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
            subprocess.run(command, env=fault_environment(folder, **env), cwd=ROOT, check=True)
            made[store] = env
        return made[store]

    return migrated


@pytest.fixture(scope="session")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """`clients(env)`: the process that enqueues under these variables, the same for all tests."""
    made: dict[tuple[str, ...], Client] = {}

    def client(env: dict[str, str]) -> Client:
        key = tuple(env.values())
        if key not in made or made[key].process.poll() is not None:
            made[key] = Client(fault_environment(tmp_path_factory.mktemp("client"), **env))
        return made[key]

    yield client
    for each in made.values():
        each.close()


@pytest.fixture
def system(
    request: pytest.FixtureRequest,
    servers: dict[str, Any],
    migrated: Any,
    clients: Any,
    tmp_path: Path,
) -> Iterator[JobSystem]:
    store, wakeup = request.param
    env = dict(migrated(store))
    redis = server(servers, "redis") if wakeup == "redis" else None
    if redis:
        env |= redis.env
    own = JobSystem(
        fault_environment(tmp_path, **env, **getattr(request.function, "fault_environment", {})),
        tmp_path,
        clients(env),
    )
    own.redis = redis
    own.client.ask("clear")
    try:
        yield own
    finally:
        own.close()
        if redis and redis.process is None:
            redis.start()
