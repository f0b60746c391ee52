"""The one table of a call's changes, what its states count as, and the page that prints both."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from operations import call_state_table
from providers import ledger
from providers.calls.states import BY_NAME, COUNTS, TRANSITIONS, move
from providers.enums import CallState, Kind
from providers.models import AIProviderConfig, CallEvent, ProviderCall

PAGE = Path(settings.BASE_DIR) / "docs" / "operation" / "calls.md"
TESTS = Path(settings.BASE_DIR) / "tests"


def call(paid: AIProviderConfig, state: str, **values: Any) -> ProviderCall:
    facts = {
        "request": {},
        "request_hash": "",
        "unit_price": 1,
        "units": 1,
        "estimate": Decimal("0.03"),
        "sending_at": timezone.now(),
    }
    return ProviderCall.objects.create(
        provider=paid, kind=Kind.IMAGE, key="k", state=state, **(facts | values)
    )


@pytest.mark.parametrize("state", CallState)
@pytest.mark.parametrize(
    "change", [change for change in TRANSITIONS if change.sources], ids=lambda change: change.name
)
def test_change_is_made_from_its_states_alone(
    change: Any, state: CallState, paid: AIProviderConfig
) -> None:
    row = call(paid, state)
    came_from = move(row, name=change.name)
    allowed = state in change.sources
    assert (came_from, row.state) == ((state, change.target) if allowed else (None, state))
    assert [event.name for event in CallEvent.objects.filter(call=row)] == (
        [change.name] if allowed else []
    )


def test_each_change_has_a_name_of_its_own_that_fits_the_row() -> None:
    assert len(BY_NAME) == len(TRANSITIONS)
    assert max(len(name) for name in BY_NAME) <= 20


def test_every_state_can_be_reached_and_every_undecided_one_can_be_left() -> None:
    assert {change.target for change in TRANSITIONS} == set(CallState)
    left = {source for change in TRANSITIONS for source in change.sources}
    assert {state for state in CallState if COUNTS[state].undecided} <= left


def test_running_is_what_may_still_bring_a_result_by_itself() -> None:
    assert {state for state in CallState if COUNTS[state].running} == {
        CallState.RESERVED,
        CallState.SENDING,
        CallState.ACCEPTED,
    }
    assert {state for state in CallState if COUNTS[state].undecided} == {
        CallState.RESERVED,
        CallState.SENDING,
        CallState.ACCEPTED,
        CallState.UNCLEAR,
    }


@pytest.mark.parametrize("state", CallState)
def test_budgets_count_what_the_table_says(state: CallState, paid: AIProviderConfig) -> None:
    ended = COUNTS[state].money != "the provider's quote, else the estimate"
    call(paid, state, quote=Decimal("0.05"), cost=Decimal("0.02") if ended else None)
    totals = ledger.totals()
    assert totals.counted == (Decimal("0.02") if ended else Decimal("0.05"))
    assert totals.at_risk == (Decimal("0.05") if COUNTS[state].at_risk else Decimal(0))


def test_page_prints_the_table_as_it_is() -> None:
    document = PAGE.read_text(encoding="utf-8")
    assert document == call_state_table.written(document), "run: make diagram"


def test_each_rule_of_the_page_has_its_test() -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE.read_text(encoding="utf-8"))
    missing = [
        f"{file}::{name}"
        for file, name in named
        if f"def {name}(" not in (TESTS / file).read_text(encoding="utf-8")
    ]
    assert (len(named), missing) == (41, [])
