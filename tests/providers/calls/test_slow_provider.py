"""Many scenes at a slow provider, and two workers: nobody waits longer than the provider makes
them, and the workers stay free.

Time is simulated: every question costs a worker 30 ms, the provider needs its seconds, and the
clock jumps from event to event.
"""

import heapq
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.utils import timezone

from core import clock as database_clock
from providers.adapters import Accepted, Bytes, CallContext, Result, Running
from providers.calls import Pending, Ready, advance
from providers.errors import NotNow
from providers.models import AIProviderConfig, ProviderCall
from providers.requests import ImageRequest, Request
from tests.pictures import picture
from tests.providers.conftest import Clock
from tests.providers.scripted import Script, ScriptedAdapter

QUESTION = 0.03  # seconds of a worker
WORKERS = 2


@dataclass
class Queue:
    """A provider that works on `at_once` tasks for `seconds` each,
    in the order in which they came.
    """

    at_once: int
    seconds: float
    begin: float = field(default_factory=lambda: timezone.now().timestamp())
    done_at: dict[str, float] = field(default_factory=dict)

    def accept(self) -> Accepted:
        now = timezone.now().timestamp()
        running = sorted(self.done_at.values())
        free = running[-self.at_once] if len(running) >= self.at_once else now
        name = f"task-{len(self.done_at)}"
        self.done_at[name] = max(now, free) + self.seconds
        return Accepted(name, poll_in=5)

    def ask(self, task_id: str) -> Running | Result:
        left = self.done_at[task_id] - timezone.now().timestamp()
        return (
            Running(poll_in=5, queued=left > self.seconds)
            if left > 0
            else Result(media=Bytes(picture()))
        )


class QueueAdapter(ScriptedAdapter):
    queue: Queue

    def submit(self, request: Request, call_context: CallContext) -> Accepted | Result:
        return self.queue.accept()

    def poll(self, task_id: str, request: Request, call_context: CallContext) -> Running | Result:
        return self.queue.ask(task_id)


def play(scenes: int, clock: Clock) -> tuple[float, int]:
    """Bring all scenes to their end; the seconds that it took and the number of questions."""
    begin = timezone.now()
    workers = [begin] * WORKERS
    due = [(begin, n) for n in range(scenes)]
    questions = 0
    while due:
        at, n = heapq.heappop(due)
        start = max(at, heapq.heappop(workers))
        clock.ahead += max(timedelta(0), start - timezone.now())
        questions += 1
        try:
            answer = advance(
                ImageRequest(prompt=str(n)), provider="paid", key=str(n), subject="story"
            )
        except NotNow as wait:
            heapq.heappush(due, (wait.until, n))
        else:
            if isinstance(answer, Pending):
                heapq.heappush(due, (answer.until, n))
            else:
                assert isinstance(answer, Ready)
        heapq.heappush(workers, start + timedelta(seconds=QUESTION))
    return clock.ahead.total_seconds(), questions


@pytest.mark.slow
@pytest.mark.parametrize("kept_back", [False, True], ids=["the provider's queue", "our limit"])
def test_all_are_asked_for_in_time(
    kept_back: bool,  # noqa: FBT001  a parameter
    paid: AIProviderConfig,
    script: Script,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scenes, at_once, seconds = 150, 10, 10.0
    begin = (
        clock.now()
    )  # the clocks move by their jumps alone: how long this machine needs for the test is no matter
    monkeypatch.setattr(clock, "_real", lambda: begin)
    for reading in ("_sqlite_now", "_server_now"):
        monkeypatch.setattr(database_clock, reading, lambda _connection: begin)
    monkeypatch.setattr(ScriptedAdapter, "submit", QueueAdapter.submit)
    monkeypatch.setattr(ScriptedAdapter, "poll", QueueAdapter.poll)
    monkeypatch.setattr(ScriptedAdapter, "queue", Queue(at_once, seconds), raising=False)
    AIProviderConfig.objects.filter(provider="paid").update(
        max_concurrent=at_once if kept_back else None
    )
    took, questions = play(scenes, clock)
    assert set(ProviderCall.objects.values_list("state", flat=True)) == {"settled"}
    ideal = scenes / at_once * seconds
    assert took <= 1.2 * ideal
    assert questions * QUESTION / WORKERS <= 0.4 * took
