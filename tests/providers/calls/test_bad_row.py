"""One provider whose row is broken: the calls of all others are freed, collected and recorded all
the same.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.clock import database_now
from providers import requests as asked
from providers.adapters import Bytes, Result
from providers.calls import collect, reconcile
from providers.enums import CallState, Kind
from providers.models import AIProviderConfig, ProviderCall
from providers.requests import ImageRequest
from providers.signals import result_recorded
from tests.pictures import picture
from tests.providers.scripted import Script

REQUEST = ImageRequest(prompt="바다", prompt_en="sea", seed=7)
BROKEN: dict[str, dict[str, Any]] = {
    "a setting of the wrong form": {"settings": {"send_timeout": "5 s"}},
    "settings that are a list": {"settings": []},
    "an address that is none": {"base_url": "runway"},
    "a key that cannot be decrypted": {"api_key_enc": "gAAAAA-not-ours"},
}


COPIED = (
    "kind",
    "request",
    "request_hash",
    "unit_price",
    "units",
    "estimate",
    "reserved_at",
    "accepted_at",
    "poll_after",
)


def make_calls(provider: AIProviderConfig, *, first: bool) -> dict[str, ProviderCall]:
    """One call in each state that somebody has to look after; older than those of others if
    `first`.
    """
    ago = database_now() - timedelta(minutes=30 if first else 20)
    money = {"unit_price": Decimal("0.03"), "units": 1, "estimate": Decimal("0.03")}
    what = {"kind": Kind.IMAGE, "request": asked.to_json(REQUEST), "request_hash": "h"}
    states: dict[str, dict[str, Any]] = {
        "reserved": {},
        "sending": {"sending_at": ago},
        "accepted": {"sending_at": ago, "accepted_at": ago, "poll_after": ago, "task_id": "t"},
    }
    return {
        state: ProviderCall.objects.create(
            provider=provider,
            key=f"{provider.pk} {state}",
            state=state,
            reserved_at=ago,
            **fields,
            **what,
            **money,
        )
        for state, fields in states.items()
    }


def states_of(calls: dict[str, ProviderCall]) -> dict[str, str]:
    return {state: ProviderCall.objects.get(pk=call.pk).state for state, call in calls.items()}


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.moderate
def test_calls_of_the_others_are_freed_collected_and_landed(
    how: str, paid: AIProviderConfig, script: Script
) -> None:
    AIProviderConfig.objects.filter(provider="runway_ml").update(is_active=True, **BROKEN[how])
    broken = AIProviderConfig.objects.get(provider="runway_ml")
    bad, good = make_calls(broken, first=True), make_calls(paid, first=False)
    for extra in range(25):  # more than are looked at in one go
        ProviderCall.objects.create(
            provider=broken,
            key=f"more {extra}",
            state="accepted",
            task_id=f"t{extra}",
            **{name: getattr(bad["accepted"], name) for name in COPIED},
        )
    script.poll = [Result(media=Bytes(picture()), cost=Decimal("0.03"))]
    answer: list[str] = []

    def hear(call: ProviderCall, **_: Any) -> None:
        answer.append(call.key)

    result_recorded.connect(hear)
    try:
        reconcile()
        collect()
        collect()  # the broken ones have gone to the end of the row
    finally:
        result_recorded.disconnect(hear)
    assert states_of(good) == {
        "reserved": CallState.REFUSED,
        "sending": CallState.UNCLEAR,
        "accepted": CallState.SETTLED,
    }
    assert answer == [good["accepted"].key]
    assert states_of(bad)["reserved"] == CallState.REFUSED  # no adapter is needed for that
    assert (
        states_of(bad)["accepted"] == CallState.ACCEPTED
    )  # paid: it waits until the row is repaired
