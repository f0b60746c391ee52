"""Each row lock of providers with two writers. Each test fails without its `select_for_update`."""

import io
import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command

from accounts.models import AuditEntry
from core.clock import database_now
from providers import keys
from providers.calls import advance, limits, outcomes, states
from providers.enums import CallState
from providers.errors import Conflict, NotNow
from providers.models import (
    AIProviderConfig,
    MoneyChange,
    OrganizationBudget,
    ProviderCall,
    ProviderModel,
)
from providers.requests import ImageRequest
from providers.services import catalogue, connections, money_changes, provider_models, workflows
from providers.services.workflows import Upload
from stories.services import people
from tests.fakes import comfyui
from tests.providers.factories import make_call
from tests.two_writers import in_turn

pytestmark = [pytest.mark.row_locks, pytest.mark.django_db(transaction=True)]


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


# Calls


def test_call_that_is_settled_meanwhile_is_not_marked_as_spooled():
    call = make_call()
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


def test_evidence_that_two_add_is_all_there():
    call = make_call()
    assert (
        in_turn(
            lambda: ProviderCall.objects.filter(pk=call.pk).update(evidence={"task": "t1"}),
            lambda: states.move(call, name="unclear", evidence={"machine": "a"}),
        )
        == []
    )
    assert ProviderCall.objects.get().evidence == {"task": "t1", "machine": "a"}


def go():
    return advance(ImageRequest(prompt="a boat"), provider="paid", key="k", subject="story")


def test_calls_of_two_providers_do_not_pass_the_budget_of_all_together(paid):
    OrganizationBudget.objects.update(monthly_budget=Decimal("0.03"))

    def reserve():
        limits.lock("local")
        make_call(estimate=Decimal("0.03"))

    (error,) = in_turn(reserve, go)
    assert isinstance(error, NotNow)
    assert error.wait == "budget"
    assert ProviderCall.objects.count() == 1


def test_provider_that_is_switched_off_meanwhile_gets_no_call(paid, script):
    off = AIProviderConfig.objects.filter(pk=paid.pk)
    (error,) = in_turn(lambda: off.update(is_active=False), go)
    assert isinstance(error, NotNow)
    assert error.wait == "provider"
    assert script.submitted == []


# Connections, models and limits


@pytest.fixture
def connection_row():
    return AIProviderConfig.objects.get(provider="stability_ai")


def test_connection_that_is_archived_meanwhile_is_not_changed(connection_row, admin_user):
    (error,) = in_turn(
        lambda: connections.archive(connection_row, actor=admin_user),
        lambda: connections.change(connection_row, actor=admin_user, name="Other"),
    )
    assert isinstance(error, Conflict)
    now = AIProviderConfig.objects.get(pk=connection_row.pk)
    assert (now.name, now.is_active) == (connection_row.name, False)


def test_connection_that_two_archive_and_restore_has_one_entry_of_each(connection_row, admin_user):
    entries = AuditEntry.objects.filter(object_id=str(connection_row.pk))
    for act in (connections.archive, connections.restore):
        before = entries.count()

        def again(act=act):
            act(connection_row, actor=admin_user)

        assert in_turn(again, again) == []
        assert entries.count() == before + 1


def test_connection_with_a_call_that_is_reserved_meanwhile_is_not_archived(
    connection_row, admin_user
):
    def reserve():
        limits.lock(connection_row.provider)
        make_call(provider_id=connection_row.provider)

    (error,) = in_turn(reserve, lambda: connections.archive(connection_row, actor=admin_user))
    assert isinstance(error, Conflict)
    assert AIProviderConfig.objects.get(pk=connection_row.pk).archived_at is None


def test_price_from_before_a_change_is_what_another_has_set_meanwhile(connection_row, admin_user):
    def change(price):
        return connections.change(connection_row, actor=admin_user, cost_per_image=Decimal(price))

    change(1)
    MoneyChange.objects.all().delete()
    assert in_turn(lambda: change(3), lambda: change(2)) == []
    found = MoneyChange.objects.order_by("at").values_list("before__prices__cost_per_image")
    assert [Decimal(price) for (price,) in found] == [1, 3]


def test_model_that_two_remove_is_recorded_once(connection_row, admin_user):
    row = ProviderModel.objects.filter(provider=connection_row).first()
    assert row is not None
    entries = AuditEntry.objects.filter(object_id=str(connection_row.pk))
    before = entries.count()

    def remove():
        provider_models.remove(row, actor=admin_user)

    assert in_turn(remove, remove) == []
    assert entries.count() == before + 1


def test_change_of_the_catalogue_that_two_accept_is_made_once(connection_row, admin_user):
    shipped = catalogue.shipped()
    ProviderModel.objects.filter(provider=connection_row).delete()
    keys_of_all = [change.key for change in catalogue.changes(connection_row, shipped)]
    made = []

    def accept():
        made.append(catalogue.accept(connection_row, shipped, keys_of_all, actor=admin_user))

    assert in_turn(accept, accept) == []
    assert [len(changes) for changes in made] == [len(keys_of_all), 0]


def test_of_two_workflows_at_once_one_is_used_when_none_is_named(admin_user):
    gpu = connections.add(
        AIProviderConfig(kind="comfyui", provider="comfyui-b", name="gpu-2"), actor=admin_user
    )
    picture = json.dumps(comfyui.PICTURE).encode()
    mapping, output = workflows.suggested(picture)

    def add(name):
        workflows.add(gpu, Upload(name, "image", picture, output, mapping), actor=admin_user)

    assert in_turn(lambda: add("one"), lambda: add("two")) == []
    found = ProviderModel.objects.filter(provider=gpu, is_default=True)
    assert [row.options["label"] for row in found] == ["two"]


def test_limit_from_before_a_change_is_what_another_has_set_meanwhile(admin_user):
    def change(limit):
        return money_changes.change_budget(actor=admin_user, plan_limit=Decimal(limit))

    change(1)
    MoneyChange.objects.all().delete()
    assert in_turn(lambda: change(3), lambda: change(2)) == []
    found = MoneyChange.objects.order_by("at").values_list("before__limit", flat=True)
    assert [Decimal(limit) for limit in found] == [1, 3]


def test_person_has_the_roles_that_came_last(admin_user, viewer):
    def change(*roles):
        return people.change_person(viewer.pk, actor=admin_user, roles=roles)

    assert in_turn(lambda: change("producer"), lambda: change("manager")) == []
    assert list(Group.objects.filter(user=viewer).values_list("name", flat=True)) == ["manager"]
