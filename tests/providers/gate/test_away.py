"""The file store is away at the moment when a paid result arrives: it is neither lost nor paid for again."""

from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import OperationalError

from ground.away import AwayError
from providers.adapters import Accepted, Bytes, Result
from providers.enums import CallState
from providers.gate import Pending, Ready, advance, flow, spool, tend
from providers.models import AIProviderConfig
from providers.requests import ImageRequest
from tests.pictures import picture
from tests.providers.conftest import Clock
from tests.providers.scripted import Script

REQUEST = ImageRequest(prompt="바다", prompt_en="sea", seed=7)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was waited for; nobody waits in truth."""
    waited: list[float] = []
    sleep = flow.time.sleep

    def pause(seconds: float) -> None:
        # The module time is everybody's: whoever waits for a process sleeps for parts of a second.
        if seconds < 1:
            sleep(seconds)
        else:
            waited.append(seconds)

    monkeypatch.setattr(flow.time, "sleep", pause)
    return waited


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`store(n)`: the next n writes fail."""
    place = FileSystemStorage.path
    left = [0]

    def path(self: FileSystemStorage, name: str) -> str:
        left[0] -= 1
        if left[0] >= 0:
            raise AwayError("The file store does not answer (%(reason)s).", reason="Timeout")
        return place(self, name)

    monkeypatch.setattr(FileSystemStorage, "path", path)

    def away(times: int) -> None:
        left[0] = times

    return away


def go() -> Ready | Pending:
    return advance(REQUEST, provider="paid", key="k", subject="story", item="scene")


def test_result_of_a_task_waits_at_the_provider(paid: AIProviderConfig, script: Script, clock: Clock, store: Any, pauses: list[float]) -> None:
    script.submit = [Accepted("task-1", poll_in=5)]
    script.poll = [Result(media=Bytes(picture()))]
    go()
    clock.forward(seconds=6)
    store(1)
    answer = go()
    assert isinstance(answer, Pending)
    assert answer.until > clock.now()
    assert str(answer.note) == "The file store does not answer (Timeout)."
    clock.forward(minutes=2)
    assert isinstance(go(), Ready)
    assert (len(script.submitted), pauses) == (1, [])


def test_result_in_the_answer_is_held_until_the_store_is_back(paid: AIProviderConfig, script: Script, store: Any, pauses: list[float]) -> None:
    store(3)
    assert isinstance(go(), Ready)
    assert (len(script.submitted), pauses) == (1, [1, 2, 4])


def test_store_that_stays_away_is_waited_for_and_the_answer_is_kept(
    paid: AIProviderConfig, script: Script, store: Any, pauses: list[float], clock: Clock
) -> None:
    store(100)
    pending = go()
    assert isinstance(pending, Pending)
    assert str(pending.note) == "It is paid for, and its answer is kept on the worker's machine until the file store is back."
    assert (pending.call.state, pauses) == (CallState.SENDING, [1, 2, 4])
    clock.forward(hours=3)
    assert tend() == 0  # it is neither lost nor unclear
    with pytest.raises(AwayError):
        go()
    store(0)
    assert isinstance(go(), Ready)
    assert len(script.submitted) == 1
    assert spool.waiting() == []


@pytest.mark.parametrize("times", [1, 3])
def test_answer_is_held_until_the_database_is_back(
    paid: AIProviderConfig, script: Script, pauses: list[float], monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """Both kinds of answer: a result, and the name of a task that would be lost with it."""
    left = [times]

    def away(write: Any) -> Any:
        def go_on(*arguments: Any, **more: Any) -> None:
            left[0] -= 1
            if left[0] >= 0:
                raise OperationalError("the connection is lost")
            write(*arguments, **more)

        return go_on

    for name in ("settle", "accept"):
        monkeypatch.setattr(flow.outcome, name, away(getattr(flow.outcome, name)))
    assert isinstance(go(), Ready)
    script.submit, left[0] = [Accepted("task-1", poll_in=5)], times
    second = advance(REQUEST, provider="paid", key="other", subject="story", item="scene")
    assert isinstance(second, Pending)
    assert (second.call.task_id, len(script.submitted)) == ("task-1", 2)
    assert pauses == list(flow.PAUSES[:times]) * 2
