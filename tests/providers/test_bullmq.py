"""External workers over BullMQ: the guide's envelope and answer, with the real packages as workers,
and Redis, worker and studio killed in turn.
"""

import asyncio
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import redis as redis_client
from bullmq import Queue, Worker
from django.contrib.auth.models import User
from django.utils import translation

from media.ffmpeg import binary
from providers import preflight
from providers.calls import Pending, Ready
from providers.errors import Later, NotConfigured
from providers.models import AIProviderConfig, ProviderCall
from providers.registry import adapter_for
from providers.requests import ImageRequest, TextRequest
from providers.services import configs, connections, unclear_calls
from tests.fakes import media
from tests.fakes.bullmq import DurableRedis
from tests.fakes.server import Fake
from tests.providers.conftest import Clock
from tests.providers.real import IMAGE, PLAN, Real, put_picture
from tests.services.redis_server import Redis
from tests.services.server import running

ROOT = Path(__file__).resolve().parents[2]
SMALL = ImageRequest(prompt="sea", prompt_en="sea", seed=1, width=160, height=96)
NPM = ("bullmq@6.7.0", "ioredis@5.8.0")
BAD_ANSWERS: list[Any] = [
    None,
    "done",
    [],
    {},
    {"success": "perhaps"},
    {"success": True},
    {"success": True, "result": {}},
    {"success": True, "result": {"preview_url": ""}},
    {"success": True, "result": {"preview_url": 5}},
    {"success": True, "result": {"preview_url": "https://evil.example/x.png"}},
    {"success": True, "result": {"preview_url": "file:///etc/passwd"}},
    {"success": True, "result": {"preview_url": "http://169.254.169.254/latest"}},
]


@pytest.fixture(scope="module")
def durable() -> Iterator[DurableRedis]:
    with running(DurableRedis) as server:
        yield server


@pytest.fixture(scope="module")
def node_folder() -> Path:
    """A folder with the packages of npm, which is filled once."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("npm is not installed on this machine")
    folder = Path(tempfile.gettempdir()) / f"studio-tests-{os.getuid()}-{NPM[0]}"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "node_modules" / "ioredis").exists():
            command = ["npm", "install", "--no-audit", "--no-fund", "--no-save", *NPM]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"the packages of npm cannot be had: {done.stderr[-200:]}")
    return folder


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """The folder in which workers put files, and its address."""
    folder = tmp_path / "made"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


class NoFake(Fake):
    """The queue is real: there is no server to pretend to be."""


class Workers(Real):
    """The studio before a queue of its own on the server."""

    server: Redis
    queue: str

    def redis(self) -> Any:
        return redis_client.Redis.from_url(self.server.url, decode_responses=True)

    def jobs(self) -> list[str]:
        """The ids of all jobs that are in Redis."""
        prefix = f"bull:{self.queue}:story_"
        return sorted(
            key.removeprefix(f"bull:{self.queue}:")
            for key in self.redis().keys(f"{prefix}*")
            if key.count(":") == 2
        )

    def work(self, returned: Callable[[Any], Any], *, jobs: int = 1) -> list[Any]:
        """Run a worker of the Python package in this process until so many jobs have ended."""
        seen: list[Any] = []

        async def process(job: Any, _token: str) -> Any:
            seen.append(job)
            answer = returned(job)
            return await answer if isinstance(answer, Awaitable) else answer

        async def run() -> None:
            options = {"connection": self.server.url, "drainDelay": 1}
            worker = Worker(self.queue, process, options)
            ended = 0
            done = asyncio.Event()

            def one(*_: Any) -> None:
                nonlocal ended
                ended += 1
                if ended >= jobs:
                    done.set()

            worker.on("completed", one)
            worker.on("failed", one)
            await asyncio.wait_for(done.wait(), 120)
            await worker.close(force=True)

        asyncio.run(run())
        return seen


def connect(server: Redis, clock: Clock, actor: User, **settings: Any) -> Workers:
    name = f"workers-{uuid.uuid4().hex[:8]}"
    config = connections.add(
        AIProviderConfig(
            kind="bullmq", provider=name, name="Our workers", base_url=server.url[:-2]
        ),
        actor=actor,
    )
    AIProviderConfig.objects.filter(pk=config.pk).update(
        is_active=True,
        cost_per_image=0,
        cost_per_second_video=0,
        cost_per_text_call=0,
        settings={
            "poll_seconds": 0,
            "queue": name,
            "backoff_ms": 1,
            "result_hosts": ["127.0.0.1"],
            **settings,
        },
    )
    found = Workers(name, NoFake(), clock)
    found.server, found.queue = server, name
    return found


@pytest.fixture
def workers(
    db: None, settings: Any, clock: Clock, admin_user: User, durable: DurableRedis
) -> Workers:
    settings.LOOPBACK_PROVIDERS = True
    put_picture()
    return connect(durable, clock, admin_user)


@contextmanager
def example(language: str, workers: Workers, served: tuple[Path, str], node: Path) -> Iterator[Any]:
    """The worker of the documentation, in a process of its own."""
    folder, address = served
    environment = {
        **os.environ,
        "REDIS_URL": workers.server.url,
        "QUEUE": workers.queue,
        "OUTPUT_DIR": str(folder),
        "PUBLIC_URL": address,
        "FFMPEG": binary(),
        "LOCK_MS": "1000",
    }
    if language == "node":
        script = shutil.copy(ROOT / "docs/workers/worker.mjs", node / "worker.mjs")
        command = ["node", str(script)]
    else:
        command = [sys.executable, str(ROOT / "docs/workers/worker.py")]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, text=True, cwd=folder
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


def until_ended(workers: Workers, request: Any, key: str) -> ProviderCall:
    """Ask until the call has ended; the worker decides when that is."""
    waiting = threading.Event()
    for _ in range(600):
        call = workers.finish(request, key)
        if call.state not in {"reserved", "sending", "accepted"}:
            return call
        waiting.wait(0.1)
    raise AssertionError("no worker took the job")


def fine(address: str) -> Callable[[Any], Any]:
    """A worker's good answer: the file at this address."""
    return lambda _job: {
        "success": True,
        "result": {"preview_url": address, "metadata": {}, "generation_time": 5.2},
        "error": None,
    }


@pytest.fixture
def file(served: tuple[Path, str]) -> str:
    folder, address = served
    (folder / "a.png").write_bytes(media.picture(160, 96))
    return f"{address}/a.png"


# --- the envelope and the examples


def test_job_is_the_envelope_of_the_guide(workers: Workers) -> None:
    call = workers.go(PLAN, "plan").call
    (task,) = workers.jobs()
    assert task == f"story_story_{call.pk.hex}" == call.task_id
    stored = workers.redis().hgetall(f"bull:{workers.queue}:{task}")
    assert stored["name"] == "story_planning"
    data = json.loads(stored["data"])
    assert set(data) == {"story_id", "action", "parameters"}
    assert (data["story_id"], data["action"]) == ("story", "plan_story")
    assert data["parameters"]["scenes"] == 2
    assert len(data["parameters"]["lines"]) == 4
    options = json.loads(stored["opts"])
    assert (options["attempts"], options["backoff"]) == (3, {"type": "exponential", "delay": 1})
    assert int(stored["priority"]) == 5


def test_reference_sheets_are_in_the_job_if_the_model_takes_them(workers: Workers) -> None:
    from providers.models import ProviderModel
    from providers.requests import CastReference

    sheet = CastReference(role="character", name="Mina", file="scene.png")
    request = ImageRequest(prompt="sea", prompt_en="sea", cast=[sheet])
    assert "takes no reference sheet of Mina" in str(preflight.why_not(workers.config, request))
    ProviderModel.objects.create(
        provider=workers.config,
        name="ours",
        kind="image",
        unit="image",
        price=0,
        is_default=True,
        capabilities={"references": {"character": 1}},
    )
    workers.go(request)
    (task,) = workers.jobs()
    data = json.loads(workers.redis().hget(f"bull:{workers.queue}:{task}", "data"))
    (given,) = data["parameters"]["references"]
    assert (given["role"], given["name"], given["tag"]) == ("character", "Mina", "character1")
    assert given["image"].startswith("data:image/png;base64,")


@pytest.mark.parametrize("language", ["node", "python"])
@pytest.mark.moderate
def test_example_worker_makes_pictures_and_clips(
    language: str, workers: Workers, served: tuple[Path, str], node_folder: Path
) -> None:
    from providers.requests import ClipRequest

    clip = ClipRequest(
        prompt="sea", seed=2, width=160, height=96, duration_ms=1000, image_file="scene.png"
    )
    workers.go(SMALL, "picture")
    workers.go(clip, "clip")
    workers.go(PLAN, "plan")
    with example(language, workers, served, node_folder):
        picture = until_ended(workers, SMALL, "picture")
        film = until_ended(workers, clip, "clip")
        plan = until_ended(workers, PLAN, "plan")
    assert (picture.state, film.state) == ("settled", "settled")
    assert (plan.state, plan.refusal) == ("refused", "failed")
    assert str(plan.note).endswith("This worker does no plan_story.")
    assert len(workers.jobs()) == 3


def test_worker_plans_a_story(workers: Workers) -> None:
    workers.go(PLAN, "plan")
    shots = [
        {"first": 1, "last": 2, "title": "새벽", "prompt": "소녀", "prompt_en": "a girl"},
        {"first": 3, "last": 4, "title": "등대", "prompt": "등대", "prompt_en": "a lighthouse"},
    ]
    made = {"success": True, "result": {"metadata": {"scenes": shots}}, "error": None}
    workers.work(lambda _job: made)
    call = workers.finish(PLAN, "plan")
    assert call.state == "settled"
    assert call.result is not None
    narration = " ".join(scene["narration"] for scene in call.result["scenes"])
    assert narration == PLAN.script


def test_worker_translates(workers: Workers) -> None:
    request = TextRequest(task="to_english", script="밤바다의 등대")
    workers.go(request, "english")
    made = {"success": True, "result": {"metadata": {"text": "a lighthouse at night"}}}
    workers.work(lambda _job: made)
    call = workers.finish(request, "english")
    assert call.result == {"text": "a lighthouse at night"}


def test_plan_that_does_not_fit_is_refused(workers: Workers) -> None:
    workers.go(PLAN, "plan")
    workers.work(lambda _job: {"success": True, "result": {"metadata": {"scenes": [{"first": 9}]}}})
    call = workers.finish(PLAN, "plan")
    assert (call.state, call.refusal) == ("refused", "failed")


# --- tries, progress, priorities


def test_failed_try_is_tried_again_and_the_call_is_one(workers: Workers, file: str) -> None:
    workers.go(SMALL)
    tries: list[int] = []

    def once_wrong(job: Any) -> Any:
        tries.append(job.attemptsMade)
        if len(tries) == 1:
            raise RuntimeError("the model is loading")
        return fine(file)(job)

    workers.work(once_wrong, jobs=2)
    assert workers.finish(SMALL).state == "settled"
    assert (len(tries), len(workers.jobs()), ProviderCall.objects.count()) == (2, 1, 1)


def test_last_failed_try_is_a_refusal_with_its_reason(workers: Workers) -> None:
    workers.go(SMALL)

    def wrong(_job: Any) -> Any:
        raise RuntimeError("no card")

    workers.work(wrong, jobs=3)
    call = workers.finish(SMALL)
    assert (call.state, call.refusal) == ("refused", "failed")
    assert str(call.note) == "The worker of Our workers failed: no card"


def test_reported_failure_is_final(workers: Workers) -> None:
    workers.go(SMALL)
    workers.work(lambda _job: {"success": False, "result": None, "error": "forbidden words"})
    call = workers.finish(SMALL)
    assert (call.state, call.refusal) == ("refused", "failed")
    assert str(call.note) == "The worker of Our workers failed: forbidden words"


def test_progress_is_shown(workers: Workers, file: str) -> None:
    call = workers.go(SMALL).call
    shown: list[int] = []
    look = adapter_for(workers.config)._look  # type: ignore[attr-defined]

    async def slow(job: Any) -> Any:
        await job.updateProgress(40)
        job, state = await asyncio.to_thread(look, call.task_id)
        shown.append(job.progress)
        assert state == "active"
        return fine(file)(job)

    workers.work(slow)
    assert shown == [40]


def test_smaller_priority_is_first(
    workers: Workers, clock: Clock, admin_user: User, file: str
) -> None:
    urgent = connect(workers.server, clock, admin_user, priority=1, queue=workers.queue)
    late, first = workers.go(SMALL, "a").call, urgent.go(SMALL, "b").call
    seen = workers.work(fine(file), jobs=2)
    assert [job.id for job in seen] == [first.task_id, late.task_id]


# --- answers


@pytest.mark.parametrize("returned", BAD_ANSWERS, ids=[str(n) for n in range(len(BAD_ANSWERS))])
def test_answer_in_another_form_is_unclear_and_not_sent_again(
    returned: Any, workers: Workers
) -> None:
    workers.go(SMALL)
    workers.work(lambda _job: returned)
    assert workers.finish(SMALL).state == "unclear"
    assert workers.finish(SMALL).state == "unclear"
    assert len(workers.jobs()) == 1


def test_answer_as_text_is_read_too(workers: Workers, file: str) -> None:
    workers.go(SMALL)
    workers.work(lambda job: json.dumps(fine(file)(job)))
    assert workers.finish(SMALL).state == "settled"


# --- killed in turn


@pytest.mark.moderate
def test_redis_killed_before_sending_refuses_and_after_its_return_works(
    workers: Workers, file: str
) -> None:
    workers.server.kill()
    call = workers.finish(SMALL)
    assert (call.state, call.refusal) == ("refused", "unreachable")
    workers.server.start()
    workers.go(SMALL)
    workers.work(fine(file))
    assert workers.finish(SMALL).state == "settled"
    assert len(workers.jobs()) == 1


def test_redis_killed_with_the_job_in_it_keeps_the_job(workers: Workers, file: str) -> None:
    workers.go(SMALL)
    workers.server.kill()
    assert isinstance(workers.go(SMALL), Pending)  # asked later, never sent again
    workers.server.start()
    workers.work(fine(file))
    assert workers.finish(SMALL).state == "settled"
    assert len(workers.jobs()) == 1


def test_redis_that_lost_the_job_leaves_the_call_unclear(workers: Workers) -> None:
    workers.go(SMALL)
    workers.redis().flushall()
    call = workers.finish(SMALL)
    assert call.state == "unclear"
    assert "does not know the job any more" in str(call.note)
    assert workers.finish(SMALL).state == "unclear"
    assert workers.jobs() == []
    assert unclear_calls.candidates(call) == []


@pytest.mark.parametrize("language", ["node", "python"])
@pytest.mark.moderate
def test_worker_killed_at_its_work_is_followed_by_another(
    language: str, workers: Workers, served: tuple[Path, str], node_folder: Path
) -> None:
    """The killed worker holds the job; when its lock has run out, the next one makes it."""
    slow = ImageRequest(prompt="sea", seed=3, width=160, height=96)
    workers.go(slow)
    folder, _address = served
    (folder / "ffmpeg").write_text(f"#!/bin/sh\necho $$ > {folder}/pid\nexec sleep 600\n")
    (folder / "ffmpeg").chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules[__name__], "binary", lambda: str(folder / "ffmpeg"))
        with example(language, workers, served, node_folder) as process:
            at_work = threading.Event()
            for _ in range(300):
                if (folder / "pid").exists() and (folder / "pid").read_text().strip():
                    break
                at_work.wait(0.1)
            process.send_signal(signal.SIGKILL)
    os.kill(int((folder / "pid").read_text()), signal.SIGKILL)  # what the worker had begun
    assert isinstance(workers.go(slow), Pending | Ready)
    with example(language, workers, served, node_folder):
        call = until_ended(workers, slow, "k")
    assert (call.state, len(workers.jobs())) == ("settled", 1)


def test_lost_answer_of_redis_is_looked_up(
    workers: Workers, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = Queue.add

    async def lost(self: Any, *given: Any) -> Any:
        await add(self, *given)
        raise redis_client.exceptions.ConnectionError("reset by peer")

    monkeypatch.setattr(Queue, "add", lost)
    assert workers.go(SMALL).call.state == "accepted"
    workers.work(fine(file))
    assert workers.finish(SMALL).state == "settled"
    assert len(workers.jobs()) == 1


def test_break_before_the_job_arrived_is_unclear(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(*_given: Any) -> Any:
        raise redis_client.exceptions.ConnectionError("reset by peer")

    monkeypatch.setattr(Queue, "add", lost)
    assert workers.finish(SMALL).state == "unclear"
    assert workers.jobs() == []


def test_full_redis_refuses(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_given: Any) -> Any:
        raise redis_client.exceptions.ResponseError("OOM command not allowed")

    monkeypatch.setattr(Queue, "add", full)
    call = workers.finish(SMALL)
    assert (call.state, call.refusal) == ("refused", "unreachable")


def test_studio_killed_after_sending_finds_its_job(
    workers: Workers, file: str, clock: Clock
) -> None:
    """The row says `sending`, as a killed process leaves it; the job is in the queue."""
    call = workers.go(SMALL).call
    ProviderCall.objects.filter(pk=call.pk).update(state="sending", task_id="", accepted_at=None)
    workers.work(fine(file))
    clock.forward(hours=1)
    assert workers.finish(SMALL).state == "settled"
    assert (len(workers.jobs()), ProviderCall.objects.count()) == (1, 1)


# --- cancelling, testing, setting up


def test_waiting_job_is_taken_back(workers: Workers) -> None:
    call = workers.go(SMALL).call
    assert adapter_for(workers.config).cancel(call.task_id) is True
    assert adapter_for(workers.config).cancel(call.task_id) is False
    assert workers.jobs() == []


def test_job_at_work_is_marked_for_its_worker(workers: Workers, file: str) -> None:
    call = workers.go(SMALL).call
    marks: list[Any] = []
    cancel = adapter_for(workers.config).cancel

    async def slow(job: Any) -> Any:
        cancelled = await asyncio.to_thread(cancel, call.task_id)
        marks.append((cancelled, json.loads(workers.redis().hget(job_key, "data"))["cancelled"]))
        return fine(file)(job)

    job_key = f"bull:{workers.queue}:{call.task_id}"
    workers.work(slow)
    assert marks == [(False, True)]


def test_connection_test(workers: Workers, admin_user: User) -> None:
    workers.go(IMAGE)
    health = adapter_for(workers.config).check()
    assert (health.ok, health.facts) == (True, {"waiting": "1", "at work": "0", "failed": "0"})
    AIProviderConfig.objects.filter(pk=workers.config.pk).update(base_url="redis://127.0.0.1:9")
    with translation.override("ko"), pytest.raises(Later):
        connections.test(workers.config, actor=admin_user)
    assert str(workers.config.test_note) == (
        "The queue of Our workers cannot be reached (ConnectionError)."
    )


def test_password_that_is_not_accepted(workers: Workers, admin_user: User) -> None:
    server = workers.redis()
    server.config_set("requirepass", "right-password")
    try:
        configs.set_key(workers.config, actor=admin_user, key="wrong-password")
        call = workers.finish(SMALL)
        assert (call.state, call.refusal) == ("refused", "key")
        assert "wrong-password" not in str(call.note)
        configs.set_key(workers.config, actor=admin_user, key="right-password")
        configs.resume(workers.config, actor=admin_user)
        assert workers.go(SMALL).call.state == "accepted"
    finally:
        server.config_set("requirepass", "")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("redis://queue.example.com:6379", "must begin with rediss://"),
        ("redis://10.0.0.5:6379", "must begin with rediss://"),
        ("rediss://10.0.0.5:6379", "not public"),
        ("rediss://127.0.0.1:6379", "not public"),
        ("https://example.com", "must begin with rediss://"),
        ("rediss://user:pw@example.com", "must begin with rediss://"),
    ],
)
def test_addresses_that_are_not_called(
    address: str, words: str, workers: Workers, settings: Any
) -> None:
    settings.LOOPBACK_PROVIDERS = False
    AIProviderConfig.objects.filter(pk=workers.config.pk).update(base_url=address)
    assert words in str(preflight.why_not(workers.config, SMALL))


def test_password_is_bound_to_its_host(workers: Workers, admin_user: User) -> None:
    configs.set_key(workers.config, actor=admin_user, key="right-password")
    AIProviderConfig.objects.filter(pk=workers.config.pk).update(base_url="redis://127.0.0.1:9")
    assert "entered for another address" in str(preflight.why_not(workers.config, SMALL))


def test_without_an_address_the_installations_own_redis_is_used(
    workers: Workers, settings: Any
) -> None:
    AIProviderConfig.objects.filter(pk=workers.config.pk).update(base_url="")
    settings.REDIS_URL = ""
    with pytest.raises(NotConfigured, match="needs the address of a Redis"):
        adapter_for(workers.config).ready()
    settings.REDIS_URL = workers.server.url
    workers.go(SMALL)
    assert len(workers.jobs()) == 1
