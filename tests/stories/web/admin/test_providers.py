"""Provider settings with their write-only keys, the ledger, and the decisions on unclear calls."""

import uuid
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from core.localized_messages import LocalizedMessage
from providers import keys, registry
from providers.enums import CallState, Kind
from providers.models import AIProviderConfig, ProviderCall
from providers.services.configs import organization_budget
from tests.markup import flat

LIST = reverse("admin:providers_aiproviderconfig_changelist")
CALLS = reverse("admin:providers_providercall_changelist")
KEY = "sk-very-secret-key-1234"


@pytest.fixture
def stability(db):
    return AIProviderConfig.objects.get(provider="stability_ai")


def _page(config):
    return reverse("admin:providers_aiproviderconfig_change", args=[config.pk])


def _form(config, **values):
    names = [
        "name",
        "base_url",
        "monthly_budget",
        "rate_limit_per_minute",
        "rate_limit_per_hour",
        "max_concurrent",
        "cost_per_image",
        "cost_per_second_video",
        "cost_per_text_call",
    ]
    form = {
        name: "" if getattr(config, name) is None else str(getattr(config, name)) for name in names
    }
    inline = {"models-TOTAL_FORMS": "0", "models-INITIAL_FORMS": "0"}
    return {**form, **inline, "settings": "{}", "new_key": "", **values}


def _call(state=CallState.SETTLED, **values):
    defaults = {
        "provider_id": "stability_ai",
        "kind": Kind.IMAGE,
        "key": uuid.uuid4().hex,
        "request_hash": "0" * 64,
        "unit_price": 1,
        "units": 1,
    }
    return ProviderCall.objects.create(
        state=state, estimate=Decimal("0.50"), **{**defaults, **values}
    )


@pytest.mark.django_db
@pytest.mark.moderate
def test_list_and_ledger_query_counts_do_not_depend_on_rows(manager, as_, queries_of):
    for url in (LIST, CALLS):
        counts = []
        for rows in (1, 3, 20):
            while ProviderCall.objects.count() < rows:
                _call(actor=manager, cost=Decimal("0.10"))
            counts.append(queries_of(as_(manager), url))
        assert counts[0] == counts[1] == counts[2]
        assert counts[0] <= 15


@pytest.mark.django_db
@pytest.mark.moderate
def test_key_is_written_and_never_shown(manager, stability, as_):
    client = as_(manager)
    assert client.post(_page(stability), _form(stability, new_key=KEY)).status_code == 302
    stability.refresh_from_db()
    assert (keys.key_of(stability), stability.api_key_hint) == (KEY, "1234")
    for url in (_page(stability), LIST, reverse("admin:index")):
        html = client.get(url).content.decode()
        assert KEY not in html
        assert stability.api_key_enc not in html
    assert "Ends with 1234" in client.get(_page(stability)).content.decode()
    assert all(KEY not in entry.change_message for entry in LogEntry.objects.all())


@pytest.mark.django_db
def test_who_may_not_set_the_key_may_not_say_where_it_is_sent(viewer, stability, as_):
    from django.contrib.auth.models import Permission

    viewer.user_permissions.add(Permission.objects.get(codename="change_aiproviderconfig"))
    before = stability.base_url, stability.settings
    form = _form(
        stability,
        base_url="https://collector.example",
        settings='{"result_hosts": ["collector.example"]}',
        monthly_budget="7",
    )
    assert as_(viewer).post(_page(stability), form).status_code == 302
    stability.refresh_from_db()
    assert ((stability.base_url, stability.settings), stability.monthly_budget) == (before, 7)


@pytest.mark.django_db
def test_empty_key_keeps_the_key_and_the_box_removes_it(manager, stability, as_):
    client = as_(manager)
    client.post(_page(stability), _form(stability, new_key=KEY))
    client.post(_page(stability), _form(stability, cost_per_image="0.03"))
    stability.refresh_from_db()
    assert (keys.key_of(stability), stability.cost_per_image) == (KEY, Decimal("0.0300"))
    client.post(_page(stability), _form(stability, remove_key="on"))
    stability.refresh_from_db()
    assert keys.key_of(stability) == ""


@pytest.mark.django_db
def test_settings_by_others_are_refused(owner, viewer, stability, as_):
    for person in (owner, viewer):
        assert (
            as_(person)
            .post(_page(stability), _form(stability, new_key=KEY, cost_per_image="9"))
            .status_code
            == 403
        )
    stability.refresh_from_db()
    assert (stability.api_key_enc, stability.cost_per_image) == ("", Decimal("0.0200"))


@pytest.mark.django_db
def test_pause_and_resume(manager, stability, as_):
    client, action_url = (
        as_(manager),
        lambda name: reverse("admin:providers_do", args=[stability.pk, name]),
    )
    client.get(action_url("pause"))
    stability.refresh_from_db()
    assert not stability.is_paused
    assert client.post(action_url("pause"), {"reason": ""}).status_code == 409
    assert client.post(action_url("pause"), {"reason": "bill"}).status_code == 302
    stability.refresh_from_db()
    assert (stability.is_paused, stability.pause_reason) == (True, "bill")
    assert client.post(action_url("resume")).status_code == 302
    stability.refresh_from_db()
    assert not stability.is_paused


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["pause", "resume", "check", "balance"])
def test_actions_of_a_provider_by_others_are_refused(owner, viewer, stability, as_, name):
    AIProviderConfig.objects.filter(pk=stability.pk).update(is_paused=name == "resume")
    for person in (owner, viewer):
        assert (
            as_(person)
            .post(reverse("admin:providers_do", args=[stability.pk, name]), {"reason": "mine"})
            .status_code
            == 403
        )
    stability.refresh_from_db()
    assert (stability.is_paused, stability.pause_reason) == (name == "resume", "")


@pytest.mark.django_db
def test_ledger_is_only_read(manager, as_):
    call = _call(cost=Decimal("0.25"), task_id="task-7")
    client, page = as_(manager), reverse("admin:providers_providercall_change", args=[call.pk])
    html = client.get(page).content.decode()
    assert "$0.25" in html
    assert "task-7" in html
    client.post(page, {"cost": "0"})
    assert client.get(reverse("admin:providers_providercall_add")).status_code == 403
    assert (
        client.post(
            reverse("admin:providers_providercall_delete", args=[call.pk]), {"post": "yes"}
        ).status_code
        == 403
    )
    call.refresh_from_db()
    assert call.cost == Decimal("0.25")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("data", "state", "cost"),
    [
        ({"decision": "not_charged"}, CallState.REFUSED, Decimal(0)),
        ({"decision": "write_off"}, CallState.WRITTEN_OFF, Decimal("0.50")),
        ({"decision": "attach", "task_id": "task-9"}, CallState.ACCEPTED, None),
    ],
)
def test_decision_on_an_unclear_call(manager, as_, data, state, cost):
    call = _call(CallState.UNCLEAR)
    url = reverse("admin:providers_call_resolve", args=[call.pk])
    client = as_(manager)
    client.get(url)
    assert client.post(url, data).status_code == 409, "a decision needs a reason"
    assert client.post(url, {"reason": "seen"}).status_code == 409, "and has to be made"
    refused = client.post(url, {"decision": "attach", "task_id": " ", "reason": "seen <there>"})
    assert refused.status_code == 409, "a task has an id"
    assert 'value="attach" checked' in flat(refused), "what was said is not to be said again"
    assert 'value="seen &lt;there&gt;"' in refused.content.decode()
    call.refresh_from_db()
    assert call.state == CallState.UNCLEAR
    assert client.post(url, {**data, "reason": "seen in their list"}).status_code == 302
    call.refresh_from_db()
    assert (call.state, call.cost, call.events.get().reason) == (state, cost, "seen in their list")


@pytest.mark.django_db
def test_decision_by_others_is_refused(owner, viewer, as_):
    call = _call(CallState.UNCLEAR)
    url = reverse("admin:providers_call_resolve", args=[call.pk])
    assert as_(owner).post(url, {"decision": "not_charged", "reason": "mine"}).status_code == 403
    assert as_(viewer).post(url, {"decision": "not_charged", "reason": "mine"}).status_code in {
        403,
        404,
    }
    call.refresh_from_db()
    assert (call.state, call.events.count()) == (CallState.UNCLEAR, 0)


@pytest.mark.django_db
def test_budget_of_the_house(manager, owner, as_):
    money = organization_budget()
    page = reverse("admin:providers_organizationbudget_change", args=[money.pk])
    assert as_(owner).post(page, {"monthly_budget": "1"}).status_code == 403
    assert (
        as_(manager).get(reverse("admin:providers_organizationbudget_changelist"))["Location"]
        == page
    )
    inline = {"role_limits-TOTAL_FORMS": "0", "role_limits-INITIAL_FORMS": "0"}
    assert as_(manager).post(page, {"monthly_budget": "250.00", **inline}).status_code == 302
    assert organization_budget().monthly_budget == Decimal(250)


@pytest.mark.django_db
@pytest.mark.moderate
def test_page_shows_use_prices_and_last_errors(manager, viewer, stability, as_):
    AIProviderConfig.objects.filter(pk=stability.pk).update(
        rate_limit_per_minute=4,
        monthly_budget=2,
        balance=Decimal("12.50"),
        balance_at=timezone.now(),
    )
    _call(cost=Decimal("0.25"), sending_at=timezone.now())
    refused = _call(
        CallState.REFUSED,
        cost=0,
        refusal="moderated",
        note_data=LocalizedMessage("Too bold: %(word)s", {"word": "storm"}).as_json(),
    )
    html = as_(manager).get(_page(stability)).content.decode()
    for text in (
        "25% used",
        "12% of $2.00, including open calls",
        "$12.50",
        "Too bold: storm",
        reverse("admin:providers_providercall_change", args=[refused.pk]),
    ):
        assert text in html
    seen = as_(viewer).get(_page(stability)).content.decode()
    assert "25% used" in seen
    for text in ("$12.50", "Too bold: storm", "Test the connection"):
        assert text not in seen


@pytest.mark.django_db
@pytest.mark.moderate
def test_page_query_count_does_not_depend_on_rows(manager, stability, as_, queries_of):
    stability.models.all().delete()
    counts = []
    for rows in (1, 3, 20):
        while ProviderCall.objects.count() < rows:
            _call(CallState.REFUSED, cost=0)
            stability.models.create(
                name=f"m{ProviderCall.objects.count()}", kind="image", unit="image"
            )
        counts.append(queries_of(as_(manager), _page(stability)))
    assert counts[0] == counts[1] == counts[2]
    assert counts[0] <= 22


@pytest.mark.django_db
def test_balance_is_asked_for_by_a_free_call(manager, stability, as_, monkeypatch):
    url = reverse("admin:providers_do", args=[stability.pk, "balance"])
    adapter = type(registry.adapter_for(stability))
    monkeypatch.setattr(adapter, "balance", lambda _self: Decimal("7.25"))
    client = as_(manager)
    client.get(url)
    stability.refresh_from_db()
    assert stability.balance is None
    assert client.post(url).status_code == 302
    stability.refresh_from_db()
    assert (stability.balance, ProviderCall.objects.count()) == (Decimal("7.25"), 0)
