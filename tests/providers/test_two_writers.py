"""Each row lock of providers with two writers. Each test fails without its `select_for_update`."""

import io
import uuid
from datetime import timedelta

import pytest
from django.core.management import call_command

from core.clock import database_now
from providers import keys
from providers.calls import limits, outcomes
from providers.enums import CallState
from providers.models import AIProviderConfig, ProviderCall
from tests.two_writers import in_turn, row_locks

pytestmark = [row_locks, pytest.mark.django_db(transaction=True)]


def test_key_that_is_entered_while_secrets_are_rotated_stays(settings):
    settings.PROVIDER_SECRETS, settings.PROVIDER_KEYS = ["o" * 40], {}
    config = AIProviderConfig.objects.get(provider="stability_ai")
    keys.put_key(config, "sk-before-0123456789")
    config.save()
    settings.PROVIDER_SECRETS = ["n" * 40, "o" * 40]

    def enter():
        now = AIProviderConfig.objects.get(provider="stability_ai")
        keys.put_key(now, "sk-after-0123456789")
        now.save()

    assert in_turn(enter, lambda: call_command("rotate_secrets", stdout=io.StringIO())) == []
    settings.PROVIDER_SECRETS = ["n" * 40]
    assert (
        keys.key_of(AIProviderConfig.objects.get(provider="stability_ai")) == "sk-after-0123456789"
    )


def test_two_who_wait_for_a_limit_get_slots_one_after_the_other():
    AIProviderConfig.objects.filter(provider="runway_ml").update(rate_limit_per_minute=60)
    now, slots = database_now(), []

    def take():
        slot = now + timedelta(seconds=10)
        AIProviderConfig.objects.filter(provider="runway_ml").update(next_slot_at=slot)
        slots.append(slot)

    assert in_turn(take, lambda: slots.append(limits._next_slot("runway_ml", now))) == []
    assert [slot - now for slot in slots] == [timedelta(seconds=10), timedelta(seconds=11)]


def test_call_that_is_settled_meanwhile_is_not_marked_as_spooled():
    call = ProviderCall.objects.create(
        provider_id="local",
        kind="image",
        state=CallState.SENDING,
        key=uuid.uuid4().hex,
        request_hash="h",
        unit_price=0,
        units=1,
        estimate=0,
    )
    settle = {"state": CallState.SETTLED, "evidence": {"task": "t1"}}
    assert (
        in_turn(
            lambda: ProviderCall.objects.filter(pk=call.pk).update(**settle),
            lambda: outcomes.is_spooled(call),
        )
        == []
    )
    now = ProviderCall.objects.get()
    assert (now.state, now.evidence) == (CallState.SETTLED, {"task": "t1"})
