"""A provider that names a higher price once it has the work, and prices of nothing."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from providers import ledger
from providers.adapters import Accepted, Bytes, Result, Running
from providers.calls import Pending, Ready, advance
from providers.enums import CallState
from providers.errors import NoPrice, NotNow, PriceAboveConfirmed, Refused, Unclear
from providers.models import (
    AIProviderConfig,
    CallEvent,
    OrganizationBudget,
    ProviderCall,
    ProviderModel,
)
from providers.prices import price_of
from providers.requests import ImageRequest, TextRequest
from tests.fakes.runway import Runway
from tests.fakes.server import Asked, Reply
from tests.pictures import picture
from tests.providers.conftest import Clock
from tests.providers.real import IMAGE, KEYS, configure
from tests.providers.scripted import Script, ScriptedAdapter

REQUEST = ImageRequest(prompt="sea", seed=7)


class Dearer(Runway):
    """Asks ten times what its price list says."""

    times = 10
    gives_back = True

    def _create(self, asked: Asked, models: Any) -> Reply:
        reply = super()._create(asked, models)
        with self.lock:
            task = self.tasks[reply.body["id"]]
            task.credits *= self.times
            self.charges[task.id].usd = Decimal(task.credits) / 100
        reply.body["estimatedCost"] = {"credits": task.credits}
        return reply

    def delete(self, asked: Asked, task_id: str) -> Reply:
        reply = super().delete(asked, task_id)
        if reply.status == 204 and self.gives_back:
            self.charges[task_id].usd = Decimal(0)
        return reply


@pytest.fixture
def runway(settings: Any, db: None) -> Iterator[Dearer]:
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = KEYS
    OrganizationBudget.objects.get_or_create(pk=1)
    with Dearer() as fake:
        configure("runway_ml", fake)
        yield fake


def go(key: str = "k", **more: Any) -> Ready | Pending:
    return advance(IMAGE, provider="runway_ml", key=key, subject="story", item="scene", **more)


def deletes(fake: Runway) -> int:
    return sum(asked.method == "DELETE" for asked in fake.asked)


@pytest.mark.parametrize("gives_back", [True, False])
def test_task_whose_price_is_above_the_confirmed_one_is_cancelled_and_a_person_is_asked(
    runway: Dearer,
    gives_back: bool,  # noqa: FBT001  a parameter
) -> None:
    runway.gives_back = gives_back
    with pytest.raises(PriceAboveConfirmed) as stop:
        go(price_limit=Decimal("0.05"))
    assert (stop.value.amount, stop.value.limit) == (Decimal("0.50"), Decimal("0.05"))
    call = ProviderCall.objects.get()
    assert stop.value.call == call
    booked = Decimal(0) if gives_back else Decimal("0.50")
    assert (call.state, call.refusal, call.cost, call.cost_is_estimated) == (
        CallState.REFUSED,
        "price",
        booked,
        not gives_back,
    )
    assert ledger.totals().counted == runway.charged == booked
    assert deletes(runway) == 1


def test_higher_price_is_known_from_then_on_and_may_be_confirmed(runway: Dearer) -> None:
    with pytest.raises(PriceAboveConfirmed):
        go(price_limit=Decimal("0.05"))
    with pytest.raises(PriceAboveConfirmed) as again:
        go(price_limit=Decimal("0.05"))
    assert (again.value.amount, len(runway.orders)) == (Decimal("0.50"), 1)
    assert isinstance(go(price_limit=Decimal("0.50")), Pending)
    assert len(runway.orders) == 2


def test_task_that_is_above_the_budget_is_cancelled_and_waits_for_it(runway: Dearer) -> None:
    with pytest.raises(NotNow) as stop:
        go(subject_budget=Decimal("0.40"))
    assert (stop.value.wait, ledger.totals().counted, runway.charged) == (
        "budget",
        Decimal(0),
        Decimal(0),
    )
    with pytest.raises(NotNow):
        go(subject_budget=Decimal("0.40"))
    assert len(runway.orders) == 1
    assert isinstance(go(subject_budget=Decimal("0.50")), Pending)


@pytest.mark.parametrize("budget", ["provider", "organization_budget"])
def test_budgets_of_the_month_hold_against_the_price_that_a_provider_names(
    budget: str, runway: Dearer
) -> None:
    AIProviderConfig.objects.filter(provider="runway_ml").update(
        monthly_budget=Decimal("0.40") if budget == "provider" else None
    )
    OrganizationBudget.objects.update(
        monthly_budget=Decimal("0.40") if budget == "organization_budget" else None
    )
    with pytest.raises(NotNow):
        go()
    assert (ledger.totals().counted, runway.charged) == (Decimal(0), Decimal(0))


def test_price_within_what_was_confirmed_goes_on(runway: Dearer) -> None:
    pending = go(price_limit=Decimal("0.50"), subject_budget=Decimal("0.50"))
    assert isinstance(pending, Pending)
    assert (pending.call.quote, deletes(runway)) == (Decimal("0.50"), 0)


def test_task_that_has_begun_is_paid_and_kept(runway: Dearer) -> None:
    runway.seconds = 0.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Runway, "_state", lambda *_: ("RUNNING", 0.5))
        pending = go(price_limit=Decimal("0.05"))
    assert isinstance(pending, Pending)
    assert (deletes(runway), pending.call.counted) == (0, Decimal("0.50"))
    event = CallEvent.objects.filter(call=pending.call).last()
    assert event is not None
    assert event.name == "dearer"
    assert str(event.note) == (
        "The provider asks for 0.5 USD, which is more than was allowed; it cannot be "
        "stopped free of charge any more."
    )
    with pytest.raises(NotNow):  # and its price counts
        go("other", subject_budget=Decimal("0.50"))


def test_provider_whose_tasks_cost_when_cancelled_is_not_asked_to(
    paid: AIProviderConfig, script: Script, clock: Clock
) -> None:
    script.submit, script.poll = (
        [Accepted("t", poll_in=5, quote=Decimal("0.30"))],
        [Result(media=Bytes(picture()), cost=Decimal("0.30"))],
    )
    pending = advance(
        REQUEST,
        provider="paid",
        key="k",
        subject="story",
        item="scene",
        price_limit=Decimal("0.03"),
    )
    assert isinstance(pending, Pending)
    clock.forward(seconds=6)
    ready = advance(
        REQUEST,
        provider="paid",
        key="k",
        subject="story",
        item="scene",
        price_limit=Decimal("0.03"),
    )
    assert isinstance(ready, Ready)
    assert ready.call.cost == Decimal("0.30")


@pytest.mark.parametrize(
    ("after", "state", "cost"),
    [
        (Refused("Cancelled.", kind="cancelled", cost=Decimal("0.01")), "refused", Decimal("0.01")),  # type: ignore[arg-type]
        (Unclear("It is not known."), "refused", Decimal("0.30")),
        (Running(poll_in=5), "accepted", None),
    ],
)
def test_what_the_provider_says_after_the_cancel_is_booked(
    after: Any,
    state: str,
    cost: Decimal | None,
    paid: AIProviderConfig,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ScriptedAdapter, "cancel_is_free", "queued", raising=False)
    script.submit, script.poll = (
        [Accepted("t", poll_in=5, quote=Decimal("0.30"))],
        [Running(poll_in=5, queued=True), after],
    )
    try:
        advance(
            REQUEST,
            provider="paid",
            key="k",
            subject="story",
            item="scene",
            price_limit=Decimal("0.03"),
        )
    except PriceAboveConfirmed:
        pass
    call = ProviderCall.objects.get()
    assert (call.state, call.cost, call.counted) == (
        state,
        cost,
        cost if cost is not None else Decimal("0.30"),
    )


# --- a price of nothing


def test_price_of_nothing_is_no_price(paid: AIProviderConfig, script: Script) -> None:
    AIProviderConfig.objects.filter(provider="paid").update(cost_per_image=0)
    with pytest.raises(NoPrice, match="Paid has no price for this"):
        price_of("paid", REQUEST)
    with pytest.raises(NoPrice):
        advance(REQUEST, provider="paid", key="k", subject="story", item="scene")
    assert (script.submitted, ProviderCall.objects.count()) == ([], 0)


def test_price_of_nothing_in_a_models_row_is_no_price(
    paid: AIProviderConfig, script: Script
) -> None:
    ProviderModel.objects.create(
        provider=paid, name="m", kind="image", unit="image", price=0, is_default=True
    )
    with pytest.raises(NoPrice):
        price_of("paid", REQUEST)


def test_local_work_is_free(db: None) -> None:
    assert price_of("local", REQUEST) == 0


@pytest.mark.parametrize(
    ("address", "values", "free"),
    [
        ("https://api.openai.com/v1", {}, False),
        ("https://api.openai.com/v1", {"free": True}, True),
        ("http://127.0.0.1:11434/v1", {}, True),
        ("http://192.168.1.20:8000/v1", {}, True),
        ("https://93.184.216.34/v1", {}, False),
    ],
)
def test_language_model_may_be_free_on_a_server_of_ones_own(
    address: str,
    values: dict[str, Any],
    free: bool,  # noqa: FBT001  a parameter
    db: None,
) -> None:
    AIProviderConfig.objects.filter(provider="llm").update(
        base_url=address, settings=values, cost_per_text_call=0
    )
    request = TextRequest(task="to_english", script="바다")
    if free:
        assert price_of("llm", request) == 0
    else:
        with pytest.raises(NoPrice):
            price_of("llm", request)
