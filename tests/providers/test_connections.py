"""Several connections of one kind: each with its own key, limits, budget, models and pause."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone, translation

from providers import keys, ledger, registry
from providers.backends.replicate import webhook
from providers.calls import advance
from providers.errors import Forbidden, Invalid, NotNow
from providers.models import AIProviderConfig, ProviderCall, ProviderModel
from providers.services import configs, connections
from tests.fakes.replicate import SECRET, Replicate, signed
from tests.providers.conftest import Clock
from tests.providers.real import IMAGE, Real, configure

ADD = reverse("admin:providers_aiproviderconfig_add")
SECOND_KEY = "r8_second_account_0123456789abcdefghijk"


class SecondReplicate(Replicate):
    """The same provider with another account."""

    key = SECOND_KEY


@pytest.fixture
def accounts(db: None, settings: Any, clock: Clock, admin_user: User) -> Iterator[list[Real]]:
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = {"replicate": Replicate.key}
    cache.clear()
    with Replicate() as first, SecondReplicate() as second:
        configure("replicate", first)
        added = connections.add(
            AIProviderConfig(kind="replicate", provider="replicate-b", name="Second account"),
            actor=admin_user,
        )
        own = AIProviderConfig.objects.get(provider="replicate")
        AIProviderConfig.objects.filter(pk=added.pk).update(
            is_active=True, base_url=second.base, settings=own.settings
        )
        configs.set_key(AIProviderConfig.objects.get(pk=added.pk), actor=admin_user, key=SECOND_KEY)
        yield [Real("replicate", first, clock), Real("replicate-b", second, clock)]
    cache.clear()


def test_every_row_so_far_is_of_the_kind_of_its_name(db: None) -> None:
    rows = dict(AIProviderConfig.objects.values_list("provider", "kind"))
    assert rows == {name: name for name in rows}
    assert set(rows) <= set(registry.ADAPTERS)


def test_every_backend_has_a_name_and_only_the_local_one_is_not_added() -> None:
    assert set(registry.ADAPTERS) - set(registry.NAMES) == {"local"}
    assert set(registry.NAMES) <= set(registry.ADAPTERS)


@pytest.mark.moderate
def test_each_account_is_called_with_its_own_key_and_pays_its_own_work(
    accounts: list[Real],
) -> None:
    first, second = accounts
    calls = [first.finish(IMAGE, "a"), second.finish(IMAGE, "b"), second.finish(IMAGE, "c")]
    assert [call.state for call in calls] == ["settled"] * 3
    assert (first.fake.paid, second.fake.paid) == (1, 2)
    sent = {asked.headers["authorization"] for asked in second.fake.orders}
    assert sent == {f"Bearer {SECOND_KEY}"}
    assert ledger.counted(provider="replicate") == first.fake.charged
    assert ledger.counted(provider="replicate-b") == second.fake.charged


@pytest.mark.moderate
def test_limits_budget_and_pause_of_one_do_not_hold_up_the_other(
    accounts: list[Real], admin_user: User
) -> None:
    first, second = accounts
    rows = AIProviderConfig.objects.filter(provider="replicate-b")
    rows.update(rate_limit_per_minute=1)
    second.finish(IMAGE, "a")
    with pytest.raises(NotNow, match="1 calls a minute"):
        second.go(IMAGE, "b")
    rows.update(rate_limit_per_minute=None, monthly_budget=Decimal("0.003"))
    with pytest.raises(NotNow, match="this month's budget"):
        second.go(IMAGE, "b")
    rows.update(monthly_budget=None)
    configs.pause(rows.get(), actor=admin_user, reason="moving")
    with pytest.raises(NotNow, match="Second account is paused: moving"):
        second.go(IMAGE, "b")
    assert first.finish(IMAGE, "c").state == "settled"
    assert (first.fake.paid, second.fake.paid) == (1, 1)


def test_one_dead_account_leaves_the_other_working(accounts: list[Real]) -> None:
    first, second = accounts
    AIProviderConfig.objects.filter(provider="replicate-b").update(
        base_url="http://127.0.0.1:9", key_origin="http://127.0.0.1:9"
    )
    dead = second.finish(IMAGE, "b")
    assert (dead.state, dead.refusal, dead.cost) == ("refused", "unreachable", 0)
    assert first.finish(IMAGE, "a").state == "settled"
    assert (first.fake.paid, second.fake.paid) == (1, 0)


def test_same_task_number_at_two_accounts_is_two_tasks(accounts: list[Real]) -> None:
    first, second = accounts
    one, two = first.finish(IMAGE, "a"), second.finish(IMAGE, "b")
    assert (one.provider_id, two.provider_id) == ("replicate", "replicate-b")
    ProviderCall.objects.filter(pk=two.pk).update(task_id=one.task_id)  # allowed by the database


def test_second_account_begins_with_the_models_of_the_first(accounts: list[Real]) -> None:
    rows = ProviderModel.objects.order_by("name", "kind").values_list(
        "name", "kind", "unit", "is_default", "durations", "options"
    )
    assert list(rows.filter(provider="replicate-b")) == list(rows.filter(provider="replicate"))


def test_environment_key_is_the_first_connections_alone(accounts: list[Real]) -> None:
    third = AIProviderConfig(provider="replicate-c", kind="replicate", name="Third")
    third.base_url = "https://api.replicate.com/v1"
    assert not keys.has_key(third)
    assert keys.key_of(accounts[0].config) == Replicate.key
    assert keys.key_of(accounts[1].config) == SECOND_KEY


def test_webhook_belongs_to_the_account_that_signed_it(accounts: list[Real]) -> None:
    first, second = accounts
    for account in accounts:
        AIProviderConfig.objects.filter(provider=account.provider).update(
            settings=account.config.settings | {"webhook_url": "https://studio.example/hook"}
        )
    other_secret = "whsec_" + "c2Vjb25kLWFjY291bnQtc2VjcmV0LTMyLWJ5dGVzIQ=="
    AIProviderConfig.objects.filter(provider="replicate-b").update(
        webhook_secret_enc=keys.encrypt(keys.WEBHOOK, other_secret),
        webhook_tried_at=timezone.now(),
    )
    webhook.refresh_secret(first.config)
    second.fake.expect("drop", times=1)
    lost = second.finish(IMAGE, "lost")
    assert lost.state == "unclear"
    made = next(iter(second.fake.made.values()))  # type: ignore[attr-defined]
    body = {"id": made.id, "status": "succeeded"}
    headers, content = signed(body, secret=SECRET)
    webhook.receive(headers, content, attempt=str(lost.pk))  # of the first account: not its call
    assert second.finish(IMAGE, "lost").state == "unclear"
    headers, content = signed(body, name="msg_2", secret=other_secret)
    webhook.receive(headers, content, attempt=str(lost.pk))
    assert second.finish(IMAGE, "lost").state == "settled"
    with pytest.raises(Forbidden):
        webhook.receive(*signed(body, name="msg_3", secret="whsec_" + "eA=="))


# --- adding one


def form(**values: str) -> dict[str, str]:
    return {
        "kind": "runway_ml",
        "name": "Runway, team B",
        "provider": "runway-b",
        "base_url": "",
        "new_key": "",
        **values,
    }


@pytest.mark.moderate
def test_administrator_adds_a_connection(admin_client: Any) -> None:
    page = admin_client.get(ADD).content.decode()
    assert 'name="kind"' in page
    assert 'name="models-TOTAL_FORMS"' not in page
    assert admin_client.post(ADD, form(new_key="key_abcdefgh1234")).status_code == 302
    added = AIProviderConfig.objects.get(provider="runway-b")
    assert (added.kind, added.base_url, added.is_active) == (
        "runway_ml",
        "https://api.dev.runwayml.com",
        False,
    )
    assert keys.key_of(added) == "key_abcdefgh1234"
    assert added.models.count() == AIProviderConfig.objects.get(provider="runway_ml").models.count()
    changed = reverse("admin:providers_aiproviderconfig_change", args=[added.pk])
    page = admin_client.get(changed).content.decode()
    assert "Runway, team B" in page
    assert "key_abcdefgh1234" not in page


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"provider": "runway_ml"}, "already exists"),
        ({"provider": "run way"}, "slug"),
        ({"kind": "local"}, "not one of the available choices"),
        ({"kind": ""}, "required"),
        ({"name": ""}, "required"),
        ({"base_url": "http://10.0.0.1/v1"}, "must begin with https://"),
    ],
)
def test_connections_that_cannot_be(values: dict[str, str], words: str, admin_client: Any) -> None:
    before = AIProviderConfig.objects.count()
    answer = admin_client.post(ADD, form(**values))
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert AIProviderConfig.objects.count() == before


def test_name_of_a_kind_is_that_kinds_alone(db: None, admin_user: User) -> None:
    AIProviderConfig.objects.filter(provider="llm").delete()
    config = AIProviderConfig(kind="replicate", provider="llm", name="x")
    with pytest.raises(ValidationError) as error:
        config.clean()
    assert list(error.value.message_dict) == ["provider"]
    with pytest.raises(Invalid, match="belongs to another kind"):
        connections.add(config, actor=admin_user)


def test_reason_of_a_failed_test_is_told_in_the_language_of_whoever_reads(
    accounts: list[Real], settings: Any, admin_user: User
) -> None:
    settings.PROVIDER_KEYS = {"replicate": "r8_wrong_0123456789"}
    with translation.override("ko"):
        connections.test(accounts[0].config, actor=admin_user)
    assert str(accounts[0].config.test_note) == (
        "The provider answered, but it does not work. HTTP 401, the key is not accepted"
    )


def test_adding_needs_both_permissions(client: Any, db: None) -> None:
    person = User.objects.create_user("kim", password="x", is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="add_aiproviderconfig"))
    client.force_login(person)
    assert client.get(ADD).status_code == 403
    with pytest.raises(Forbidden):
        connections.add(
            AIProviderConfig(kind="replicate", provider="b", name="B"),
            actor=User.objects.get(pk=person.pk),
        )


def test_two_connections_to_one_account_share_its_webhooks(accounts: list[Real]) -> None:
    second = accounts[1]
    for account in accounts:
        AIProviderConfig.objects.filter(provider=account.provider).update(
            webhook_secret_enc=keys.encrypt(keys.WEBHOOK, SECRET),
            webhook_tried_at=timezone.now(),
            settings=account.config.settings | {"webhook_url": "https://studio.example/hook"},
        )
    second.fake.expect("drop", times=1)
    lost = second.finish(IMAGE, "lost")
    made = next(iter(second.fake.made.values()))  # type: ignore[attr-defined]
    headers, content = signed({"id": made.id, "status": "succeeded"})
    webhook.receive(headers, content, attempt=str(lost.pk))
    assert second.finish(IMAGE, "lost").state == "settled"
    assert second.fake.paid == 1


def test_work_follows_the_connection_it_names(accounts: list[Real]) -> None:
    advance(IMAGE, provider="replicate-b", key="x", subject="story")
    assert ProviderCall.objects.get(key="x").provider.name == "Second account"
