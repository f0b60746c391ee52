"""Connections over the API: the same rules, keys and records as on their pages."""

import json
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.urls import reverse

from accounts.audit import words_of
from accounts.models import AuditEntry
from providers import keys
from providers.models import (
    AIProviderConfig,
    MoneyChange,
    OrganizationBudget,
    ProviderCall,
    ProviderModel,
)
from providers.services import catalogue, money_changes
from tests.fakes import comfyui
from tests.fakes.replicate import Replicate
from tests.fakes.stability import Stability
from tests.providers.real import configure

DOES = ("archive", "restore", "check")
KEY = "r8_another_account_0123456789"


@pytest.fixture
def managers(api, manager):
    api.person = manager
    return api


@pytest.fixture
def stability(db, settings):
    settings.LOOPBACK_PROVIDERS = True
    cache.clear()
    with Stability() as fake:
        settings.PROVIDER_KEYS = {"stability_ai": fake.key}
        configure("stability_ai", fake)
        yield fake
    cache.clear()


def added(managers, **values):
    sent = {"kind": "replicate", "provider": "team-b", "name": "Team B", "api_key": KEY, **values}
    return managers.ask("POST", "providers/", sent)


def details():
    rows = AuditEntry.objects.filter(object_type="providers.aiproviderconfig").order_by("id")
    return [(row.action, row.actor_name, row.object_name, words_of(row)) for row in rows]


def test_connection_is_added_with_its_models_and_a_key_that_is_never_shown(managers):
    answer = added(managers)
    assert (answer.status_code, answer["Location"]) == (201, "/api/ai-video/providers/team-b/")
    found = answer.json()
    assert (found["base_url"], found["is_active"]) == ("https://api.replicate.com/v1", False)
    assert (found["key"], found["key_ends"]) == ("stored", "6789")
    row = AIProviderConfig.objects.get(provider="team-b")
    assert keys.key_of(row) == KEY
    assert row.models.count() == AIProviderConfig.objects.get(provider="replicate").models.count()
    for path in ("providers/team-b/", "providers/", "providers/team-b/use/"):
        assert KEY not in managers.ask("GET", path).content.decode()
    assert KEY not in json.dumps(details())
    assert details() == [("added", "manager", "Team B", "Kind: Replicate.")]


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"kind": "local"}, "/kind"),
        ({"kind": "unknown"}, "/kind"),
        ({"provider": "runway_ml"}, "/provider"),
        ({"provider": "run way"}, "/provider"),
        ({"name": "  "}, "/name"),
        ({"api_key": "short"}, "/api_key"),
        ({"api_key": "with a blank in it"}, "/api_key"),
        ({"base_url": "ftp://files.example.com"}, ""),
        ({"base_url": "http://10.0.0.1/v1"}, ""),
    ],
)
def test_connections_that_cannot_be(managers, values, pointer):
    before = AIProviderConfig.objects.count()
    answer = added(managers, **values)
    assert answer.status_code == (422 if pointer else 409), answer.content
    errors = answer.json().get("errors", [])
    assert [error["pointer"] for error in errors] == ([pointer] if pointer else [])
    assert AIProviderConfig.objects.count() == before
    assert details() == []


def test_limits_budget_and_settings_are_changed_and_recorded(managers):
    added(managers)
    sent = {
        "rate_limit_per_minute": 30,
        "max_concurrent": None,
        "monthly_budget": "40.00",
        "settings": {"poll_seconds": 2},
        "is_active": True,
    }
    found = managers.ask("PATCH", "providers/team-b/", sent).json()
    assert (found["rate_limit_per_minute"], found["max_concurrent"]) == (30, None)
    assert (found["monthly_budget"], found["settings"]) == ("40.0000", {"poll_seconds": 2})
    assert managers.ask("GET", "providers/team-b/").json() == found
    assert details()[-1][3] == (
        "Changed: active, calls per minute, budget a month (USD), settings."
    )
    assert managers.ask("PATCH", "providers/team-b/", {}).json() == found
    assert len(details()) == 2


def test_a_wrong_value_changes_nothing(managers):
    added(managers)
    sent = {"monthly_budget": "40.00", "settings": {"colour": "blue"}}
    refused = managers.ask("PATCH", "providers/team-b/", sent)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/settings")
    assert "colour" in refused.json()["errors"][0]["detail"]
    assert managers.ask("GET", "providers/team-b/").json()["monthly_budget"] is None


def test_a_key_is_not_sent_to_another_host(managers):
    added(managers)
    elsewhere = {"base_url": "https://replicate.example.com/v1"}
    refused = managers.ask("PATCH", "providers/team-b/", elsewhere)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/api_key")
    found = managers.ask("PATCH", "providers/team-b/", elsewhere | {"api_key": "r8_for_the_other"})
    assert (found.json()["base_url"], found.json()["key"]) == (elsewhere["base_url"], "stored")
    found = managers.ask("PATCH", "providers/team-b/", {"api_key": None})
    assert (found.json()["key"], found.json()["key_ends"]) == ("none", "")
    assert details()[-1][3] == "Changed: key."


def test_address_key_and_settings_need_the_right_to_set_keys(managers, make_person):
    added(managers)
    person = make_person("kim", role="viewer")
    person.user_permissions.add(Permission.objects.get(codename="change_aiproviderconfig"))
    managers.person = person
    for sent in ({"api_key": None}, {"base_url": ""}, {"settings": {}}, {"archived": True}):
        assert managers.ask("PATCH", "providers/team-b/", sent).status_code == 403, sent
    assert managers.ask("PATCH", "providers/team-b/", {"name": "B"}).status_code == 200
    row = AIProviderConfig.objects.get(provider="team-b")
    assert (keys.key_of(row), row.name) == (KEY, "B")
    assert managers.ask("GET", "providers/team-b/use/").json()["money"] is None
    assert added(managers, provider="c").status_code == 403


def test_archived_connection_has_no_key_and_is_offered_nowhere(managers):
    added(managers)
    managers.ask("PATCH", "providers/team-b/", {"is_active": True})
    found = managers.ask("PATCH", "providers/team-b/", {"archived": True}).json()
    assert (found["key"], found["is_active"], found["archived_at"] is None) == (
        "none",
        False,
        False,
    )
    names = [one["provider"] for one in managers.ask("GET", "providers/").json()["items"]]
    assert "team-b" not in names
    (one,) = managers.ask("GET", "providers/?archived=true").json()["items"]
    assert one["provider"] == "team-b"
    refused = managers.ask("PATCH", "providers/team-b/", {"is_active": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    sent = {"title": "New", "image_provider": "team-b"}
    assert managers.ask("POST", "stories/", sent).status_code == 422
    found = managers.ask("PATCH", "providers/team-b/", {"archived": False, "name": "Again"}).json()
    assert (found["archived_at"], found["name"], found["key"]) == (None, "Again", "none")
    assert [entry[3] for entry in details()[-3:]] == [
        "Archived; key removed.",
        "Restored.",
        "Changed: name.",
    ]


def test_connection_with_an_undecided_call_is_not_archived(managers, world):
    refused = managers.ask("PATCH", "providers/runway_ml/", {"archived": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    ProviderCall.objects.filter(pk=world.unclear.pk).update(state="written_off")
    assert managers.ask("PATCH", "providers/runway_ml/", {"archived": True}).status_code == 200
    assert managers.ask("GET", f"calls/{world.unclear.pk}/").json()["provider"] == "runway_ml"
    refused = managers.ask("PATCH", "providers/local/", {"archived": True})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")


def test_test_and_balance_ask_the_provider(managers, stability):
    answer = managers.ask("POST", "providers/stability_ai/test/", {})
    assert (answer.status_code, answer.json()["works"]) == (200, True)
    found = managers.ask("GET", "providers/stability_ai/").json()
    assert (found["test_works"], found["tested_at"] is None) == (True, False)
    balance = managers.ask("POST", "providers/stability_ai/balance/", {}).json()
    assert Decimal(balance["balance"]) > 0
    use = managers.ask("GET", "providers/stability_ai/use/").json()
    assert (use["missing"], use["money"]["balance"]) == ([], balance["balance"])
    managers.ask("PATCH", "providers/stability_ai/", {"settings": {"poll_seconds": 3}})
    found = managers.ask("GET", "providers/stability_ai/").json()
    assert (found["test_works"], found["tested_at"]) == (None, None)


def test_a_test_that_fails_says_so(managers, stability, settings):
    settings.PROVIDER_KEYS = {"stability_ai": "sk-another-key"}
    answer = managers.ask("POST", "providers/stability_ai/test/", {}).json()
    assert answer["works"] is False
    assert "401" in answer["facts"]["answer"]
    found = managers.ask("GET", "providers/stability_ai/").json()
    assert found["test_works"] is False
    assert "401" in found["test_note"]
    settings.PROVIDER_KEYS = {"stability_ai": stability.key}
    managers.ask("POST", "providers/stability_ai/test/", {})
    assert managers.ask("GET", "providers/stability_ai/").json()["test_note"] == ""


@pytest.mark.moderate
def test_page_says_whether_it_works_and_why_not(client, manager, stability, settings):
    client.force_login(manager)
    config = AIProviderConfig.objects.get(provider="stability_ai")
    page = reverse("admin:providers_aiproviderconfig_change", args=[config.pk])
    assert "Not tested since its last change." in client.get(page).content.decode()
    settings.PROVIDER_KEYS = {"stability_ai": "sk-another-key"}
    AIProviderConfig.objects.update(is_active=False)
    client.post(reverse("admin:providers_do", args=[config.pk, "check"]))
    shown = client.get(page).content.decode()
    assert "it does not work." in shown
    assert "HTTP 401, the key is not accepted" in shown
    assert 'href="#id_new_key"' not in shown  # the key is there
    assert reverse("admin:providers_do", args=[config.pk, "check"]) in shown


@pytest.mark.moderate
def test_connection_is_archived_and_restored_on_its_page(client, manager):
    client.force_login(manager)
    config = AIProviderConfig.objects.get(provider="stability_ai")
    page = reverse("admin:providers_aiproviderconfig_change", args=[config.pk])
    do = {name: reverse("admin:providers_do", args=[config.pk, name]) for name in DOES}
    assert do["archive"] in client.get(page).content.decode()
    assert client.get(do["archive"]).status_code == 200
    assert client.post(do["archive"]).status_code == 302
    shown = client.get(page).content.decode()
    assert (do["restore"] in shown, do["check"] in shown) == (True, False)
    assert 'name="_save"' not in shown
    listed = client.get(reverse("admin:providers_aiproviderconfig_changelist")).content.decode()
    assert "Archived" in listed
    assert client.post(do["restore"]).status_code == 302
    assert AIProviderConfig.objects.get(pk=config.pk).archived_at is None
    assert [entry[3] for entry in details()] == ["Archived; key removed.", "Restored."]


@pytest.mark.moderate
def test_form_records_each_change_once(client, manager):
    client.force_login(manager)
    config = AIProviderConfig.objects.get(provider="stability_ai")
    page = reverse("admin:providers_aiproviderconfig_change", args=[config.pk])
    form = client.get(page).context["adminform"].form
    sent = {name: form[name].value() for name in form.fields}
    sent = {name: "" if value is None else value for name, value in sent.items()}
    sent |= {"settings": json.dumps(config.settings), "monthly_budget": "20.00"}
    sent |= {"models-TOTAL_FORMS": "0", "models-INITIAL_FORMS": "0"}
    for name in ("is_active", "remove_key"):
        if not sent.get(name):
            sent.pop(name, None)
    assert client.post(page, sent | {"new_key": "short"}).status_code == 200
    assert client.post(page, sent).status_code == 302
    assert AIProviderConfig.objects.get(pk=config.pk).monthly_budget == Decimal("20.00")
    assert details() == [("changed", "manager", config.name, "Changed: budget a month (USD).")]


def test_use_counts_what_limits_and_budget_count(managers, world):
    managers.ask("PATCH", "providers/runway_ml/", {"monthly_budget": "10.00", "max_concurrent": 3})
    use = managers.ask("GET", "providers/runway_ml/use/").json()
    assert use["at_once"] == {"used": 0, "limit": 3}
    assert use["minute"]["used"] == use["hour"]["used"] == 1
    assert (use["money"]["spent"], use["money"]["monthly_budget"]) == ("0.0500", "10.0000")
    assert [one["id"] for one in use["money"]["last_errors"]] == [str(world.unclear.pk)]


def test_models_are_added_priced_chosen_and_removed(managers, manager):
    sent = {"name": "gen5", "kind": "clip", "unit": "second", "price": "0.30", "is_default": True}
    answer = managers.ask("POST", "providers/runway_ml/models/", sent)
    made = answer.json()
    assert (answer.status_code, answer["Location"].endswith(f"/models/{made['id']}/")) == (
        201,
        True,
    )
    assert (made["price"], made["is_default"], made["priced_on"] is None) == ("0.3000", True, False)
    rows = ProviderModel.objects.filter(provider="runway_ml", kind="clip", is_default=True)
    assert [row.name for row in rows] == ["gen5"]
    one = f"providers/runway_ml/models/{made['id']}/"
    found = managers.ask("PATCH", one, {"price": "0.25", "priced_on": "2026-06-02"}).json()
    assert (found["price"], found["priced_on"]) == ("0.2500", "2026-06-02")
    assert managers.ask("GET", one).json() == found
    assert MoneyChange.objects.filter(actor=manager, provider="runway_ml").count() == 2
    twice = managers.ask("POST", "providers/runway_ml/models/", sent)
    assert (twice.status_code, twice.json()["errors"][0]["pointer"]) == (422, "/name")
    off = managers.ask("PATCH", one, {"is_active": False})
    assert (off.status_code, off.json()["errors"][0]["pointer"]) == (422, "/is_default")
    assert managers.ask("DELETE", one).status_code == 204
    assert managers.ask("GET", one).status_code == 404
    assert managers.ask("GET", one.replace("runway_ml", "replicate")).status_code == 404
    assert [entry[3] for entry in details()] == [
        "Model gen5 (Clip): added.",
        "Model gen5 (Clip): changed: price of a unit (USD), price read on.",
        "Model gen5 (Clip): removed.",
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.moderate
def test_test_run_is_paid_once_at_its_confirmed_price(managers, stability):
    row = ProviderModel.objects.get(provider="stability_ai", name="core")
    address = f"providers/stability_ai/models/{row.pk}/test_run/"
    refused = managers.ask("POST", address, {})
    assert (refused.status_code, refused.json()["code"]) == (409, "plan_changed")
    assert Decimal(refused.json()["total"]) == row.price
    assert ProviderCall.objects.count() == 0
    sent, once = {"confirm_total": refused.json()["total"]}, {"Idempotency-Key": "run-1"}
    first = managers.ask("POST", address, sent, headers=once)
    assert (first.status_code, first.json()["state"]) == (201, "settled"), first.content
    call = ProviderCall.objects.get()
    assert first["Location"] == f"/api/ai-video/calls/{call.pk}/"
    again = managers.ask("POST", address, sent, headers=once)
    assert (again.status_code, again.json()) == (201, first.json())
    assert (ProviderCall.objects.count(), stability.paid) == (1, 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.moderate
def test_test_runs_of_a_day_are_bound_by_what_a_person_may_start_alone(
    managers, manager, stability
):
    row = ProviderModel.objects.get(provider="stability_ai", name="core")
    OrganizationBudget.objects.update_or_create(
        pk=1, defaults={"plan_limit": row.price * 2 - Decimal("0.01")}
    )
    address = f"providers/stability_ai/models/{row.pk}/test_run/"
    sent = {"confirm_total": str(row.price)}
    assert managers.ask("POST", address, sent).status_code == 201
    refused = managers.ask("POST", address, sent)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert "0.0300 USD and your others of the last day 0.0300 USD" in refused.json()["detail"]
    assert list(ProviderCall.objects.values_list("state", "cost")) == [("settled", row.price)]
    assert stability.paid == 1
    # Who lowers the price is compared at the one before.
    with money_changes.of_prices("stability_ai", actor=manager):
        ProviderModel.objects.filter(pk=row.pk).update(price="0.0001")
    sent = {"confirm_total": "0.0001"}
    assert managers.ask("POST", address, sent).status_code == 403
    assert stability.paid == 1


def test_catalogue_shows_what_would_change_and_makes_what_is_accepted(managers):
    path = "providers/stability_ai/catalogue/"
    ProviderModel.objects.filter(provider="stability_ai", name="core").update(price="0.01")
    found = managers.ask("GET", path).json()
    assert found["read_on"] == catalogue.shipped().read_on.isoformat()
    (core,) = (one for one in found["changes"] if one["name"] == "core")
    assert (core["what"], core["before"], core["after"]) == ("raised", "0.0100", "0.0300")
    made = managers.ask("POST", path, {"accept": [core["key"]]}).json()
    assert made["accepted"] == [core["key"]]
    assert core["key"] not in [one["key"] for one in made["changes"]]
    newer = {"read_on": "2026-12-24", "models": []}
    compared = managers.ask("POST", path, {"catalogue": newer}).json()
    assert (compared["read_on"], compared["accepted"]) == ("2026-12-24", [])
    assert {one["what"] for one in compared["changes"]} == {"vanished"}
    wrong = managers.ask("POST", path, {"catalogue": {"models": 3}})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/file")


def test_workflow_becomes_a_model(managers):
    gpu = {"kind": "comfyui", "provider": "gpu-1", "name": "GPU 1"}
    assert added(managers, **gpu, base_url="https://gpu-1.example.com").status_code == 201
    sent = {"name": "Wide", "kind": "image", "workflow": comfyui.PICTURE, "price": "0.01"}
    made = managers.ask("POST", "providers/gpu-1/workflows/", sent)
    assert (made.status_code, made.json()["is_default"]) == (201, True), made.content
    assert (made.json()["price"], made.json()["unit"]) == ("0.0100", "image")
    again = managers.ask("POST", "providers/gpu-1/workflows/", sent).json()
    assert again["id"] == made.json()["id"]
    for wrong in (
        sent | {"workflow": {"1": "x"}},
        sent | {"map": {"prompt": ["99.text"]}},
        sent | {"kind": "text"},
    ):
        assert managers.ask("POST", "providers/gpu-1/workflows/", wrong).status_code == 422, wrong


def test_kinds_tell_what_a_connection_needs(managers):
    found = {one["kind"]: one for one in managers.ask("GET", "provider_kinds/").json()["items"]}
    assert "local" not in found
    assert found["replicate"]["makes"] == ["image", "clip"]
    assert (found["replicate"]["needs_key"], found["comfyui"]["base_url"]) == (True, "")
    assert "poll_seconds" in found["replicate"]["settings"]
    assert Replicate.key not in json.dumps(found)
