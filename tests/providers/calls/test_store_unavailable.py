"""The file store is away at the moment when a paid result arrives: it is neither lost nor paid for
again.
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from core.unavailable import ServiceUnavailableError
from providers.adapters import Accepted, Bytes, Result
from providers.calls import Pending, Ready, advance, reconcile, sending, spool
from providers.enums import CallState
from providers.models import AIProviderConfig
from providers.requests import ImageRequest
from tests.module_time import replace_time
from tests.pictures import picture
from tests.providers.conftest import Clock
from tests.providers.outages import DatabaseAway, FolderAway, Outage
from tests.providers.scripted import Script

REQUEST = ImageRequest(prompt="바다", prompt_en="sea", seed=7)


class Pauses(list[float]):
    """What was waited for; nobody waits in truth. After `ends_after` pauses the outage is over."""

    def __init__(self) -> None:
        super().__init__()
        self.outage: Outage | None = None
        self.ends_after = 0

    def until(self, outage: Outage, *, pauses: int) -> None:
        """It goes on for so many pauses from now."""
        self.outage, self.ends_after = outage, len(self) + pauses

    def wait(self, seconds: float) -> None:
        self.append(seconds)
        if self.outage is not None and len(self) == self.ends_after:
            self.outage.on = False


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Pauses:
    waited = Pauses()
    replace_time(monkeypatch, sending, sleep=waited.wait)
    return waited


@pytest.fixture
def store(media_folder: Path) -> FolderAway:
    return FolderAway(media_folder)


@pytest.fixture
def database(db: None) -> Iterator[DatabaseAway]:
    outage = DatabaseAway()
    with connection.execute_wrapper(outage):
        yield outage


def during(outage: Outage, answer: Accepted | Result) -> Any:
    """The provider's answer; the outage begins while it comes."""

    def begin() -> Any:
        outage.on = True
        return answer

    return begin


PICTURE = Result(media=Bytes(picture()), cost=Decimal("0.03"))


def go() -> Ready | Pending:
    return advance(REQUEST, provider="paid", key="k", subject="story", item="scene")


def test_result_of_a_task_waits_at_the_provider(
    paid: AIProviderConfig, script: Script, clock: Clock, store: FolderAway, pauses: Pauses
) -> None:
    script.submit = [Accepted("task-1", poll_in=5)]
    script.poll = [PICTURE]
    go()
    clock.forward(seconds=6)
    store.on = True
    answer = go()
    assert isinstance(answer, Pending)
    assert answer.until > clock.now()
    assert str(answer.note) == "The media folder cannot be written (FileExistsError)."
    store.on = False
    clock.forward(minutes=2)
    assert isinstance(go(), Ready)
    assert (len(script.submitted), pauses) == (1, [])


def test_result_in_the_answer_is_held_until_the_store_is_back(
    paid: AIProviderConfig, script: Script, store: FolderAway, pauses: Pauses
) -> None:
    script.submit = [during(store, PICTURE)]
    pauses.until(store, pauses=3)
    assert isinstance(go(), Ready)
    assert (len(script.submitted), pauses) == (1, [1, 2, 4])


def test_store_that_stays_away_is_waited_for_and_the_answer_is_kept(
    paid: AIProviderConfig, script: Script, store: FolderAway, pauses: Pauses, clock: Clock
) -> None:
    script.submit = [during(store, PICTURE)]
    pending = go()
    assert isinstance(pending, Pending)
    assert str(pending.note) == (
        "It is paid for, and its answer is kept on the worker's machine until the file "
        "store is back."
    )
    assert (pending.call.state, pauses) == (CallState.SENDING, [1, 2, 4])
    clock.forward(hours=3)
    assert reconcile() == 0  # it is neither lost nor unclear
    with pytest.raises(ServiceUnavailableError):
        go()
    store.on = False
    assert isinstance(go(), Ready)
    assert len(script.submitted) == 1
    assert spool.waiting() == []


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("answer", [PICTURE, Accepted("task-1", poll_in=5)], ids=["result", "task"])
def test_answer_is_held_until_the_database_is_back(
    paid: AIProviderConfig,
    script: Script,
    database: DatabaseAway,
    pauses: Pauses,
    times: int,
    answer: Accepted | Result,
) -> None:
    """Both kinds of answer: a result, and the name of a task that would be lost with it."""
    script.submit = [during(database, answer)]
    pauses.until(database, pauses=times)
    found = go()
    assert (len(script.submitted), pauses) == (1, list(sending.PAUSES_WHEN_SPOOLED[:times]))
    if isinstance(answer, Accepted):
        assert isinstance(found, Pending)
        assert found.call.task_id == "task-1"
    else:
        assert isinstance(found, Ready)
