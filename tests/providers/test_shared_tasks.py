"""Calls of an older version that share a task: the upgrade leaves it with the first and tells the
others.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from providers.models import CallEvent, ProviderCall
from tests.providers.conftest import make_paid
from tests.providers.scripted import Script

migration = import_module("providers.migrations.0004_one_task_one_call")
CONSTRAINT = next(one for one in ProviderCall._meta.constraints if one.name == "call_task_once")


@pytest.fixture
def before_the_constraint(transactional_db: None) -> Iterator[None]:
    with connection.schema_editor() as editor:
        editor.remove_constraint(ProviderCall, CONSTRAINT)
    yield
    with connection.schema_editor() as editor:
        editor.add_constraint(
            ProviderCall, CONSTRAINT
        )  # which shows that no task is shared any more


def test_task_stays_with_the_call_that_had_it_first(
    before_the_constraint: None, script: Script
) -> None:
    paid, now = make_paid(), timezone.now()
    facts: dict[str, Any] = {
        "provider": paid,
        "kind": "image",
        "request": {},
        "request_hash": "",
        "unit_price": 1,
        "units": 1,
        "estimate": Decimal("0.03"),
    }
    second = ProviderCall.objects.create(
        key="second", state="settled", task_id="t", cost=Decimal("0.03"), accepted_at=now, **facts
    )
    first = ProviderCall.objects.create(
        key="first", state="accepted", task_id="t", accepted_at=now - timedelta(hours=1), **facts
    )
    third = ProviderCall.objects.create(
        key="third", state="accepted", task_id="t", accepted_at=now + timedelta(hours=1), **facts
    )
    alone = ProviderCall.objects.create(
        key="alone", state="accepted", task_id="u", accepted_at=now, **facts
    )
    migration.share_out(apps, None)
    rows = {call.key: (call.state, call.task_id) for call in ProviderCall.objects.all()}
    assert rows == {
        "first": ("accepted", "t"),
        "second": ("settled", ""),
        "third": ("unclear", ""),
        "alone": ("accepted", "u"),
    }
    third.refresh_from_db()
    assert str(third.note) == f"The task t belongs to the call {first.pk}, which had it first."
    assert third.evidence == {"shared_task": "t", "first_call": str(first.pk)}
    assert sorted(CallEvent.objects.values_list("call__key", "name", "from_state", "to_state")) == [
        ("second", "shared task", "settled", "settled"),
        ("third", "shared task", "accepted", "unclear"),
    ]
    assert (second.cost, alone.task_id) == (Decimal("0.03"), "u")
