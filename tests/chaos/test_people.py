"""A person of the random kills decides on an unclear call by the provider's bill, and answers a job
that asks for a price.
"""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from jobs.models import Job
from jobs.runner import run_due
from providers.adapters import Accepted, Bytes, Result, Running
from providers.enums import Refusal
from providers.errors import Conflict, Refused
from providers.models import ProviderCall
from providers.requests import ClipRequest, Request, TextRequest, to_json
from providers.services import unclear_calls
from stories.models import Take
from stories.services.plan import plan_generation
from tests.fakes.server import Asked
from tests.pictures import picture
from tests.providers.conftest import paid, script
from tests.providers.real import configure
from tests.providers.scripted import Script, ScriptedAdapter
from tests.stories.factories import make_scene, make_story
from tests.stories.starts import make_takes

from . import people
from .finishing import answer_scenes
from .notebook import Notebook
from .people import Person, known_work, work_of
from .providers import OddLlm, OddRunway

__all__ = ["paid", "script"]

pytestmark = pytest.mark.django_db

CLIP = ClipRequest(prompt="그림 0123456789ab", prompt_en="picture ba9876543210", seed=7)
PLAN = TextRequest(task="plan_story", script="Sea 0123456789ab.")
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
MILLISECONDS = timedelta(milliseconds=1)


def called(provider: str, request: Request, *, number: int = 1, **values: Any) -> ProviderCall:
    kind = "clip" if isinstance(request, ClipRequest) else "text"
    common = {"key": "k", "subject": "s", "item": "i", "unit_price": 0, "units": 1, "estimate": 0}
    times = {"reserved_at": NOW, "sending_at": NOW}
    return ProviderCall.objects.create(
        provider_id=provider,
        kind=kind,
        attempt_no=number,
        request=to_json(request),
        **{"state": "unclear", **common, **times, **values},
    )


def asked(path: str, body: bytes) -> Asked:
    return Asked("POST", path, {}, {}, body)


@pytest.fixture(autouse=True)
def one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test has no other: it is not closed."""
    monkeypatch.setattr(people, "close_old_connections", lambda: None)


@pytest.fixture
def runway(db: None) -> Any:
    with OddRunway() as fake:
        configure("runway_ml", fake)
        yield fake


def charge_clip(fake: OddRunway, work: str = "task") -> None:
    body = b'{"promptText": "picture ba9876543210. Camera: still.", "seed": 7}'
    fake.charge(work, "gen4_turbo", Decimal("0.35"), asked("/v1/image_to_video", body))


def person(make_person: Any, fake: Any, *, recovers: bool = False) -> Person:
    """Who never reads an answer again, and attaches what is found."""
    chance = random.Random(1)
    chance.random = lambda: 0.0 if recovers else 0.5  # type: ignore[method-assign]
    user = make_person("mina", role="manager")
    user.is_superuser = True
    user.save()
    return Person(user, Notebook(), {fake.provider: fake}, chance=chance, most=1)


def test_work_of_a_planned_scene_is_recognized_by_its_english(runway: OddRunway) -> None:
    call = called("runway_ml", CLIP)
    charge_clip(runway)
    assert work_of(call, runway, Notebook()) == "task"


def test_a_decision_that_comes_too_late_takes_the_work_from_nobody(
    runway: OddRunway, make_person: Any
) -> None:
    """Another person was first, and the work that is found belongs to the next call."""
    one = person(make_person, runway)
    first = ProviderCall.objects.get(pk=called("runway_ml", CLIP).pk)
    unclear_calls.not_charged(
        ProviderCall.objects.get(), actor=one.user, reason="it is not on the bill"
    )
    second = called("runway_ml", CLIP, number=2)
    charge_clip(runway)
    one.decide_on(first)
    assert one.notebook.decided == {}
    one.decide_on(second)
    assert one.notebook.decided == {str(second.pk): "task"}
    assert list(
        ProviderCall.objects.order_by("attempt_no").values_list("attempt_no", "state", "task_id")
    ) == [
        (1, "refused", ""),
        (2, "accepted", "task"),
    ]


def test_a_decision_that_the_studio_refuses_is_not_in_the_book(
    runway: OddRunway, make_person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **_values: Any) -> None:
        raise Conflict("A late answer was first.")

    one, call = person(make_person, runway), called("runway_ml", CLIP)
    charge_clip(runway)
    monkeypatch.setattr(unclear_calls, "attach_task", refuse)
    with pytest.raises(Conflict):
        one.decide_on(call)
    assert one.notebook.decided == {}


def test_two_charges_within_milliseconds_belong_to_two_calls(db: None) -> None:
    with OddLlm() as fake:
        configure("llm", fake)
        second_at = NOW + 20 * MILLISECONDS
        first = called("llm", PLAN, state="refused")
        second = called("llm", PLAN, number=2, reserved_at=second_at, sending_at=second_at)
        body = b'{"messages": [{}, {"content": "1. Sea 0123456789ab."}]}'
        for name, at in (("1", 10), ("2", 30)):
            fake.charge(name, "planner-1", Decimal("0.0018"), asked("/v1/chat/completions", body))
            fake.charged_at[name] = NOW + at * MILLISECONDS
        assert [known_work(call, fake) for call in (first, second)] == ["1", "2"]


@pytest.mark.moderate
def test_a_scene_that_asks_for_a_price_is_answered(
    owner: Any, paid: Any, script: Script, monkeypatch: pytest.MonkeyPatch, make_person: Any
) -> None:
    """The provider asked for more than was confirmed; the plan shows that price."""
    story = make_story(owner, status="previewing", image_provider="paid")
    scene = make_scene(story)
    monkeypatch.setattr(ScriptedAdapter, "cancel_is_free", "queued", raising=False)
    script.submit = [Accepted("task", poll_in=0, quote=Decimal("0.30"))]
    script.poll = [Running(poll_in=1, queued=True), Refused("Cancelled.", kind=Refusal.FAILED)]
    make_takes(scene.pk, "image", actor=owner, confirm_total=Decimal("0.03"))
    run_due()
    job = Job.objects.get()
    assert (job.status, job.wait_for) == ("waiting", "person")
    assert plan_generation(story, "image").total == Decimal("0.30")

    script.submit = [Result(media=Bytes(picture()), cost=Decimal("0.30"))]
    one = person(make_person, OddRunway())
    answer_scenes(story, Job.objects.all(), one)
    assert one.notebook.done == {"make": 1}
    Job.objects.update(status="queued", wait_for="")  # the wake comes after the commit
    run_due()
    assert (Job.objects.count(), Take.objects.get().cost) == (1, Decimal("0.30"))


def test_a_scene_that_asks_for_a_price_and_needs_nothing_is_cancelled(
    owner: Any, make_person: Any
) -> None:
    from tests.stories.factories import make_take

    story = make_story(owner, status="previewing")
    scene = make_scene(story)
    make_takes(scene.pk, "image", actor=owner)
    make_take(scene)
    Job.objects.update(status="waiting", wait_for="person")
    answer_scenes(story, Job.objects.all(), person(make_person, OddRunway()))
    assert Job.objects.get().status == "cancelled"
