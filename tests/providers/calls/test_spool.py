"""Paid answers that cannot be written down at once: they lie on this machine's disk until they can,
whatever happens meanwhile.
"""

import os
import socket
import stat
import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from core.unavailable import ServiceUnavailableError
from operations import health
from providers import raw_answer_store
from providers.adapters import Accepted, Bytes, Result
from providers.calls import Pending, Ready, advance, collect, outcomes, reconcile, sending, spool
from providers.calls.states import merged_evidence
from providers.enums import CallState, Kind, Refusal
from providers.errors import NotNow, Refused, Unclear
from providers.models import AIProviderConfig, OrganizationBudget, ProviderCall
from providers.requests import ImageRequest, TextRequest
from providers.signals import capacity_freed, result_recorded
from tests.fakes.runway import Runway
from tests.fakes.server import Fake
from tests.fakes.stability import Stability
from tests.module_time import replace_time
from tests.pictures import picture
from tests.providers.conftest import Clock
from tests.providers.outages import DatabaseAway, FolderAway, Outage
from tests.providers.real import IMAGE, KEYS, configure, stored
from tests.providers.scripted import Breaks, Script

REQUEST = ImageRequest(prompt="바다", prompt_en="sea", seed=7)


def go(key: str = "k", request: Any = REQUEST, **more: Any) -> Ready | Pending:
    return advance(request, provider="paid", key=key, subject="story", item="scene", **more)


@pytest.fixture(autouse=True)
def no_sleep(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses of the code under test, which are not waited for."""
    waited: list[float] = []
    replace_time(monkeypatch, sending, sleep=waited.append)
    return waited


@pytest.fixture
def store_away(media_folder: Path) -> FolderAway:
    return FolderAway(media_folder)


@pytest.fixture
def spool_away() -> FolderAway:
    return FolderAway(spool.folder())


@pytest.fixture
def database_away(db: None) -> Iterator[DatabaseAway]:
    outage = DatabaseAway()
    with connection.execute_wrapper(outage):
        yield outage


def during(script: Script, answer: Any, *outages: Outage) -> None:
    """The outages begin while the provider answers."""

    def begin() -> Any:
        for outage in outages:
            outage.on = True
        if isinstance(answer, BaseException):
            raise answer
        return answer

    script.submit = [begin]


def call_of(key: str = "k") -> ProviderCall:
    return ProviderCall.objects.filter(key=key).latest("attempt_no")


# --- the store is away for hours


def test_result_survives_hours_without_the_store(
    paid: AIProviderConfig, script: Script, store_away: Outage, clock: Clock
) -> None:
    during(script, Result(media=Bytes(picture()), cost=Decimal("0.03")), store_away)
    assert isinstance(go(), Pending)
    for _ in range(5):
        clock.forward(hours=1)
        assert reconcile() == 0
        assert call_of().state == CallState.SENDING
    store_away.on = False
    assert reconcile() == 1
    call = call_of()
    assert (call.state, call.cost, stored(call)[:4], len(script.submitted)) == (
        CallState.SETTLED,
        Decimal("0.03"),
        b"\x89PNG",
        1,
    )
    assert spool.waiting() == []


def test_nothing_is_bought_while_the_store_is_away(
    paid: AIProviderConfig, script: Script, settings: Any, tmp_path: Path
) -> None:
    """The folder is gone, as when a disk is not mounted: the store is looked at, no money is spent,
    no call is made.
    """
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    settings.STORAGES = settings.STORAGES | {
        "media": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": blocked / "media"},
        }
    }
    with pytest.raises(ServiceUnavailableError, match="nothing was ordered"):
        go()
    assert (script.submitted, ProviderCall.objects.count()) == ([], 0)
    script.submit = [Result(data={"text": "sea"}, cost=Decimal("0.01"))]
    text = go("text", TextRequest(task="to_english", script="바다"))
    assert isinstance(text, Ready)  # words need no file store


@pytest.mark.parametrize("how", ["no folder", "no room"])
def test_nothing_is_bought_that_could_not_be_kept(
    how: str, paid: AIProviderConfig, script: Script, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    if how == "no room":
        monkeypatch.setattr(spool, "ROOM", 1 << 60)
    else:
        settings.VAR_DIR = Path(settings.VAR_DIR) / "file"
        settings.VAR_DIR.write_text("in the way")
    with pytest.raises(ServiceUnavailableError, match="nothing was ordered"):
        go()
    assert (script.submitted, ProviderCall.objects.count()) == ([], 0)


def test_free_work_needs_no_such_room(
    paid: AIProviderConfig, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "ROOM", 1 << 60)
    assert isinstance(
        advance(
            ImageRequest(prompt="free", width=64, height=64),
            provider="local",
            key="free",
            subject="story",
        ),
        Ready,
    )


def test_fetched_result_of_a_task_is_kept_when_it_cannot_be_stored(
    paid: AIProviderConfig, script: Script, store_away: Outage, clock: Clock
) -> None:
    """The provider keeps its results for an hour; the store is away for longer."""
    script.submit, script.poll = (
        [Accepted("t", poll_in=5)],
        [Result(media=Breaks(times=0), cost=Decimal("0.02")), Unclear("It is gone.")],
    )
    go()
    clock.forward(seconds=6)
    store_away.on = True
    assert isinstance(go(), Pending)
    clock.forward(hours=2)
    assert isinstance(go(), Pending)
    store_away.on = False
    clock.forward(minutes=2)
    ready = go()
    assert isinstance(ready, Ready)
    assert (ready.call.cost, stored(ready.call)[:4], script.polled) == (
        Decimal("0.02"),
        b"\x89PNG",
        ["t"],
    )


# --- the database is away


@pytest.mark.parametrize(
    ("answer", "state", "facts"),
    [
        (
            Accepted("task-1", poll_in=5, quote=Decimal("0.04")),
            CallState.ACCEPTED,
            {"task_id": "task-1", "quote": Decimal("0.04")},
        ),
        (
            Result(media=Bytes(picture()), cost=Decimal("0.02"), seed=5),
            CallState.SETTLED,
            {"cost": Decimal("0.02")},
        ),
        (
            Refused("No: %(why)s", kind=Refusal.MODERATED, cost=Decimal("0.03"), why="blurred"),
            CallState.REFUSED,
            {"cost": Decimal("0.03"), "refusal": "moderated"},
        ),
    ],
    ids=["task", "result", "refusal"],
)
@pytest.mark.parametrize("found", ["before anybody else looks", "after it was thought lost"])
def test_answer_survives_hours_without_the_database(
    answer: Any,
    state: str,
    facts: dict[str, Any],
    found: str,
    paid: AIProviderConfig,
    script: Script,
    database_away: Outage,
    clock: Clock,
) -> None:
    during(script, answer, database_away)
    with pytest.raises(OperationalError):
        go()
    database_away.on = False
    assert call_of().state == CallState.SENDING
    if found == "after it was thought lost":
        ProviderCall.objects.update(state=CallState.UNCLEAR)
    clock.forward(hours=3)
    assert reconcile() == 1
    call = call_of()
    assert (call.state, {name: getattr(call, name) for name in facts}) == (state, facts)
    assert (len(script.submitted), spool.waiting()) == (1, [])


@pytest.mark.parametrize("found", [CallState.SENDING, CallState.UNCLEAR])
def test_answer_that_nobody_understands_survives_hours_without_the_database(
    found: CallState, paid: AIProviderConfig, script: Script, database_away: Outage, clock: Clock
) -> None:
    """It is kept for a person, as it came."""
    answer = Unclear("It cannot be read.")
    answer.raw = b"{odd" * 500
    during(script, answer, database_away)
    with pytest.raises(OperationalError):
        go()
    database_away.on = False
    ProviderCall.objects.update(state=found)
    clock.forward(hours=3)
    assert reconcile() == 1
    call = call_of()
    assert (call.state, raw_answer_store.read(call.raw_answer), spool.waiting()) == (
        CallState.UNCLEAR,
        b"{odd" * 500,
        [],
    )


def test_task_is_asked_for_by_the_next_worker_of_the_same_machine(
    paid: AIProviderConfig, script: Script, database_away: Outage
) -> None:
    during(script, Accepted("task-1", poll_in=0), database_away)
    with pytest.raises(OperationalError):
        go()
    database_away.on = False
    pending = go()
    assert isinstance(pending, Pending)
    assert (pending.call.task_id, len(script.submitted)) == ("task-1", 1)


def test_that_nothing_was_sent_is_kept_too(
    paid: AIProviderConfig,
    script: Script,
    database_away: Outage,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stand_still(name: str) -> None:
        if name == "sending":
            clock.forward(minutes=5)
            database_away.on = True

    monkeypatch.setattr(sending, "hit", stand_still)
    with pytest.raises(OperationalError):
        go()
    database_away.on = False
    reconcile()
    call = call_of()
    assert (call.state, call.cost, call.sending_at, script.submitted) == (
        CallState.REFUSED,
        Decimal(0),
        None,
        [],
    )


def test_that_nothing_was_sent_says_nothing_of_a_later_sender(
    paid: AIProviderConfig, script: Script
) -> None:
    script.submit = [Unclear("?")]
    with pytest.raises(Unclear):
        go()
    call = call_of()
    assert call.sending_at is not None
    outcomes.never_sent(
        call,
        "It was stopped before it was sent.",
        claimed_at=call.sending_at - timedelta(seconds=1),
    )
    assert call_of().state == CallState.UNCLEAR
    outcomes.never_sent(call, "It was stopped before it was sent.", claimed_at=call.sending_at)
    assert (call_of().state, call_of().cost) == (CallState.REFUSED, Decimal(0))


def test_worker_that_is_to_end_does_not_wait(
    paid: AIProviderConfig, script: Script, store_away: Outage, no_sleep: list[float]
) -> None:
    """SIGTERM while the store is away: the answer is on the disk, so the process may go at once."""
    ends = Outage()

    def begin() -> Any:
        store_away.on = ends.on = True
        return Result(media=Bytes(picture()), cost=Decimal("0.03"))

    script.submit = [begin]
    assert isinstance(go(should_stop=lambda: ends.on), Pending)
    assert no_sleep == []
    assert len(spool.waiting()) == 1


def test_disk_that_takes_nothing_leaves_it_to_the_process(
    paid: AIProviderConfig,
    script: Script,
    store_away: Outage,
    spool_away: Outage,
    no_sleep: list[float],
) -> None:
    """Two homes fail at once: it waits for the store as long as it is worth, then a person is
    asked.
    """
    during(script, Result(media=Bytes(picture()), cost=Decimal("0.03")), store_away, spool_away)
    with pytest.raises(Unclear):
        go()
    assert timedelta(seconds=sum(no_sleep)) == timedelta(minutes=2)


def test_task_is_in_the_log_when_it_cannot_be_kept_anywhere(
    paid: AIProviderConfig,
    script: Script,
    database_away: Outage,
    spool_away: Outage,
    everything_is_logged: pytest.LogCaptureFixture,
) -> None:
    during(script, Accepted("task-1", poll_in=5), database_away, spool_away)
    with pytest.raises(OperationalError):
        go()
    assert "the task task-1" in everything_is_logged.text


# --- what a refusal says about the whole provider


@pytest.mark.parametrize("kind", [Refusal.KEY, Refusal.CREDITS])
def test_refusal_from_the_spool_pauses_its_provider_as_it_would_directly(
    kind: Refusal, paid: AIProviderConfig, script: Script, database_away: Outage, clock: Clock
) -> None:
    refused = Refused("The account is empty: %(words)s", kind=kind, words="402")
    during(script, refused, database_away)
    with pytest.raises(OperationalError):
        go()
    database_away.on = False
    assert reconcile() == 1
    paid.refresh_from_db()
    assert (paid.is_paused, paid.pause_reason) == (True, "The account is empty: 402")
    assert paid.paused_because == refused.sentence
    with pytest.raises(NotNow, match="Paid is paused") as stop:
        go()
    assert (stop.value.wait, len(script.submitted)) == ("provider", 1)


def test_limit_of_the_provider_holds_also_when_it_comes_from_the_spool(
    paid: AIProviderConfig, script: Script, database_away: Outage, clock: Clock
) -> None:
    until = clock.now() + timedelta(minutes=7)
    during(script, Refused("Too many.", kind=Refusal.LIMIT, until=until), database_away)
    with pytest.raises(OperationalError):
        go()
    database_away.on = False
    clock.forward(minutes=1)
    reconcile()
    paid.refresh_from_db()
    assert (paid.is_paused, paid.not_before) == (False, until)
    with pytest.raises(NotNow) as stop:
        go()
    assert (stop.value.wait, stop.value.until >= until) == ("rate_limit", True)


def test_old_refusal_does_not_pause_a_provider_that_has_worked_since(
    paid: AIProviderConfig, script: Script, database_away: Outage, clock: Clock
) -> None:
    during(script, Refused("No key.", kind=Refusal.KEY), database_away)
    with pytest.raises(OperationalError):
        go()
    database_away.on = False
    script.submit = [Result(media=Bytes(picture()), cost=Decimal("0.03"))]
    clock.forward(minutes=1)
    assert isinstance(go("other"), Ready)
    assert reconcile() == 1
    paid.refresh_from_db()
    assert (call_of().state, paid.is_paused) == (CallState.REFUSED, False)


# --- what lies there is shown


def test_contents_are_shown_by_health_and_metrics(
    paid: AIProviderConfig, script: Script, database_away: Outage, client: Any
) -> None:
    def shown() -> tuple[Any, ...]:
        health.forget()
        answer = client.get("/readyz", {"only": "spool"})
        check = answer.json()["checks"]["spool"]
        lines = client.get("/metrics").content.decode().splitlines()
        pairs = (line.split(" ") for line in lines if line.startswith("videoplanet_spool"))
        values = {name: float(value) for name, value in pairs}
        return answer.status_code, check["detail"], values

    nothing = {"videoplanet_spool_answers": 0, "videoplanet_spool_oldest_seconds": 0}
    assert shown() == (200, "none waits", nothing)
    during(script, Accepted("task-1", poll_in=0), database_away)
    with pytest.raises(OperationalError):
        go()
    database_away.on = False
    (path,) = spool.waiting()
    minutes_ago = time.time() - 125
    os.utime(path, (minutes_ago, minutes_ago))
    status, detail, values = shown()
    assert (status, detail) == (200, "1 wait, the oldest for 2 min")
    assert values["videoplanet_spool_answers"] == 1
    assert values["videoplanet_spool_oldest_seconds"] >= 125
    hours_ago = time.time() - 7300
    os.utime(path, (hours_ago, hours_ago))
    status, detail, _values = shown()
    assert (status, "the oldest for 121 min" in detail) == (503, True)
    assert reconcile() == 1
    assert shown() == (200, "none waits", nothing)


# --- who takes it up


def test_who_holds_an_answer_is_not_disturbed(
    paid: AIProviderConfig, script: Script, clock: Clock
) -> None:
    kept = None

    def begin() -> Any:
        nonlocal kept
        call = call_of()
        kept = spool.save(call, Accepted("task-1", poll_in=0))
        raise KeyboardInterrupt

    script.submit = [begin]
    with pytest.raises(KeyboardInterrupt):
        go()
    clock.forward(hours=1)
    assert reconcile() == 0
    assert call_of().state == CallState.SENDING
    assert kept is not None
    kept.release()
    assert reconcile() == 1
    assert call_of().task_id == "task-1"


def test_answer_that_another_machine_keeps_is_waited_for_a_day(
    paid: AIProviderConfig, script: Script, store_away: Outage, clock: Clock
) -> None:
    during(script, Result(media=Bytes(picture()), cost=Decimal("0.03")), store_away)
    go()
    ProviderCall.objects.update(evidence={"spooled_on": "another machine"})
    for path in spool.waiting():
        path.unlink()
    clock.forward(hours=23)
    assert (reconcile(), call_of().state) == (0, CallState.SENDING)
    clock.forward(hours=2)
    assert (reconcile(), call_of().state) == (1, CallState.UNCLEAR)
    assert "another machine" in str(call_of().note)


def test_answer_that_this_machine_has_lost_is_a_persons_matter(
    paid: AIProviderConfig, script: Script, store_away: Outage, clock: Clock
) -> None:
    during(script, Result(media=Bytes(picture()), cost=Decimal("0.03")), store_away)
    go()
    assert call_of().evidence["spooled_on"] == socket.gethostname()
    for path in spool.waiting():
        path.unlink()
    with pytest.raises(Unclear, match="is not there any more"):
        go()


def test_bad_file_does_not_hold_up_the_others(
    paid: AIProviderConfig, script: Script, database_away: Outage
) -> None:
    during(script, Accepted("task-1", poll_in=0), database_away)
    with pytest.raises(OperationalError):
        go()
    database_away.on = False
    (spool.folder() / f"00000000-0000-0000-0000-000000000000-bad{spool.ENDING}").write_bytes(
        b"no token"
    )
    assert reconcile() == 1
    assert (call_of().task_id, len(spool.waiting())) == ("task-1", 1)


def test_what_arrives_is_told_to_those_who_wait(
    paid: AIProviderConfig, script: Script, store_away: Outage
) -> None:
    during(script, Result(media=Bytes(picture()), cost=Decimal("0.03")), store_away)
    go()
    store_away.on = False
    heard: list[str] = []

    def hear_freed(item: str, **_: Any) -> None:
        heard.append(f"freed {item}")

    def hear_landed(call: ProviderCall, **_: Any) -> None:
        heard.append(f"recorded {call.key}")

    capacity_freed.connect(hear_freed)
    result_recorded.connect(hear_landed)
    try:
        reconcile()
    finally:
        capacity_freed.disconnect(hear_freed)
        result_recorded.disconnect(hear_landed)
    assert heard == ["recorded k", "freed scene"]


# --- the files


def test_files_are_private_and_say_nothing(
    paid: AIProviderConfig, script: Script, store_away: Outage
) -> None:
    during(script, Result(media=Bytes(picture()), cost=Decimal("0.03")), store_away)
    go()
    (path,) = spool.waiting()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    content = path.read_bytes()
    assert picture()[:8] not in content
    assert b"result" not in content


def test_file_of_many_pieces_comes_back_as_it_was(
    paid: AIProviderConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "BLOCK", 1000)
    call = ProviderCall.objects.create(
        provider=paid,
        kind=Kind.CLIP,
        key="k",
        request={},
        request_hash="",
        unit_price=1,
        units=1,
        estimate=1,
    )
    content = os.urandom(10_500)
    (tmp_path / "clip").write_bytes(content)
    kept = spool.save(
        call, Result(media=Breaks(times=0), cost=Decimal("0.5"), seed=3), file=tmp_path / "clip"
    )
    assert kept is not None
    kept.release()
    call_id, answer = spool.read(kept.path)
    assert isinstance(answer, Result)
    assert answer.media is not None
    answer.media.download(tmp_path / "back", should_stop=lambda: False)
    assert (call_id, answer.cost, answer.seed, (tmp_path / "back").read_bytes() == content) == (
        call.pk,
        Decimal("0.5"),
        3,
        True,
    )


# --- the real adapters before their fakes


@pytest.fixture
def real(settings: Any, db: None, request: pytest.FixtureRequest) -> Iterator[Fake]:
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = KEYS
    OrganizationBudget.objects.get_or_create(pk=1)
    provider, make = request.param
    with make() as fake:
        configure(provider, fake)
        yield fake


@pytest.mark.parametrize("real", [("stability_ai", Stability)], indirect=True)
def test_picture_of_stability_survives_an_outage_of_the_store(
    real: Fake, store_away: Outage, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(
            sending,
            "hit",
            lambda name: setattr(store_away, "on", name == "answered" or store_away.on),
        )
        pending = advance(IMAGE, provider="stability_ai", key="k", subject="story", item="scene")
    assert isinstance(pending, Pending)
    clock.forward(hours=6)
    reconcile()
    store_away.on = False
    reconcile()
    call = call_of()
    assert (call.state, call.cost, real.paid) == (CallState.SETTLED, real.charged, 1)


@pytest.mark.parametrize("real", [("runway_ml", lambda: Runway(seconds=0.01))], indirect=True)
def test_task_of_runway_survives_an_outage_of_the_database(
    real: Fake, database_away: Outage, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(
            sending,
            "hit",
            lambda name: setattr(database_away, "on", name == "answered" or database_away.on),
        )
        with pytest.raises(OperationalError):
            advance(IMAGE, provider="runway_ml", key="k", subject="story", item="scene")
    clock.forward(hours=3)
    database_away.on = False
    assert reconcile() == 1
    clock.forward(minutes=11)
    assert collect() == 1
    call = call_of()
    assert (call.state, call.cost, real.paid) == (CallState.SETTLED, real.charged, 1)


def test_budget_counts_what_lies_in_the_spool(
    paid: AIProviderConfig, script: Script, store_away: Outage
) -> None:
    during(script, Result(media=Bytes(picture()), cost=Decimal("0.03")), store_away)
    go()
    store_away.on = False
    with pytest.raises(NotNow) as stop:
        go("other", subject_budget=Decimal("0.05"))
    assert stop.value.wait == "budget"


def test_what_a_call_learns_is_added_to_what_its_row_knows_by_now(
    paid: AIProviderConfig, script: Script, clock: Clock
) -> None:
    """Two processes hold the same row; neither forgets what the other has written meanwhile."""
    script.submit = [Accepted("t", poll_in=0)]
    go()
    held = call_of()
    ProviderCall.objects.update(evidence={"balance_before": "10", "unreadable_since": "2026-01-01"})
    refused = Refused("The words are no good.", kind=Refusal.FAILED)
    refused.validation_error = "scene 2 is missing"
    outcomes.refuse(held, refused)
    known = {"balance_before": "10", "unreadable_since": "2026-01-01"}
    assert call_of().evidence == {**known, "complaint": "scene 2 is missing"}
    assert held.evidence == call_of().evidence
    removed = {"unreadable_since": None, "balance_after": "9"}
    with transaction.atomic():
        merged = merged_evidence(held, removed)
    assert merged == {
        "balance_before": "10",
        "complaint": "scene 2 is missing",
        "balance_after": "9",
    }
