"""A ready provider that costs three cents a picture and does as it is told, and a clock that can be
moved.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone, translation

from core import clock as database_clock
from providers import registry
from providers.models import AIProviderConfig, OrganizationBudget

from .scripted import Script, ScriptedAdapter


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Sentences are compared as they are written."""
    with translation.override("en"):
        yield


class Clock:
    """The database's clock and the host's, moved together."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)
        self._real = timezone.now

    @property
    def ahead(self) -> timedelta:
        return self._ahead

    @ahead.setter
    def ahead(self, by: timedelta) -> None:
        self._ahead = by
        database_clock._Moved.by = by

    def now(self) -> datetime:
        return self._real() + self.ahead

    def forward(self, **by: float) -> None:
        self.ahead += timedelta(**by)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """`clock.forward(seconds=5)`: everything that asks for the time is five seconds later."""
    clock = Clock()
    monkeypatch.setattr(timezone, "now", clock.now)
    with database_clock.moved(timedelta(0)):
        yield clock


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    """What the paid provider answers."""
    ScriptedAdapter.script = Script()
    monkeypatch.setitem(registry.ADAPTERS, "paid", "tests.providers.scripted.ScriptedAdapter")
    yield ScriptedAdapter.script
    del ScriptedAdapter.script


def make_paid(**changes: Any) -> AIProviderConfig:
    """The configuration of the scripted provider: active, with a key, three cents a picture, five a
    second of video.
    """
    OrganizationBudget.objects.get_or_create(pk=1)
    values = {
        "name": "Paid",
        "is_active": True,
        "api_key_enc": "encrypted",
        "cost_per_image": Decimal("0.03"),
        "cost_per_second_video": Decimal("0.05"),
        "cost_per_text_call": Decimal("0.01"),
    }
    return AIProviderConfig.objects.create(provider="paid", **(values | changes))


@pytest.fixture
def paid(db: None, script: Script) -> AIProviderConfig:
    return make_paid()
