"""What stood before a person's own change of prices and limits is kept by each page that changes
them.
"""

from decimal import Decimal

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from providers.models import AIProviderConfig, MoneyChange, RoleLimit
from providers.services.configs import organization_budget


def form_of(client, address):
    """What the page's form would send as it is."""
    form = client.get(address).context["adminform"].form
    sent = {form.add_prefix(name): form[name].value() for name in form.fields}
    for inline in client.get(address).context["inline_admin_formsets"]:
        rows = inline.formset
        for part in [rows.management_form, *rows.initial_forms]:
            sent |= {part.add_prefix(name): part[name].value() for name in part.fields}
    kept = {name: value for name, value in sent.items() if value is not None and value is not False}
    if isinstance(kept.get("settings"), dict):
        kept["settings"] = "{}"
    return kept


@pytest.fixture
def provider(db):
    AIProviderConfig.objects.filter(provider="runway_ml").update(
        cost_per_image="0.0300", settings={}
    )
    return AIProviderConfig.objects.get(provider="runway_ml")


@pytest.mark.moderate
def test_a_price_on_the_page_of_a_provider(admin_client, admin_user, provider):
    address = reverse("admin:providers_aiproviderconfig_change", args=[provider.pk])
    sent = form_of(admin_client, address)
    assert admin_client.post(address, sent | {"name": "Another name"}).status_code == 302
    assert not MoneyChange.objects.exists()
    assert admin_client.post(address, sent | {"cost_per_image": "0.01"}).status_code == 302
    change = MoneyChange.objects.get()
    assert (change.actor, change.provider, change.before["prices"]["cost_per_image"]) == (
        admin_user,
        "runway_ml",
        "0.0300",
    )


@pytest.mark.moderate
def test_a_price_of_a_model_on_the_page_of_its_provider(admin_client, admin_user, provider):
    model = provider.models.order_by("pk").first()
    address = reverse("admin:providers_aiproviderconfig_change", args=[provider.pk])
    sent = form_of(admin_client, address)
    (prefix,) = [
        name.removesuffix("-id")
        for name, value in sent.items()
        if name.endswith("-id") and value == model.pk
    ]
    assert admin_client.post(address, sent | {f"{prefix}-price": "0.0001"}).status_code == 302
    change = MoneyChange.objects.get()
    before = next(
        row
        for row in change.before["models"]
        if row["name"] == model.name and row["kind"] == model.kind
    )
    assert (change.actor, before["price"]) == (
        admin_user,
        None if model.price is None else str(model.price),
    )


def manager_with_rights(manager):
    """A manager who may also change limits and people: the case that is watched."""
    names = [
        "set_plan_limits",
        "change_organizationbudget",
        "view_organizationbudget",
        "change_user",
        "view_user",
    ]
    manager.user_permissions.set(Permission.objects.filter(codename__in=names))
    return manager


@pytest.fixture
def limited(client, manager):
    """Their browser; they may start 5 USD alone."""
    money = organization_budget()
    money.plan_limit = Decimal("5.00")
    money.save()
    client.force_login(manager_with_rights(manager))
    return client


def test_the_limit_of_the_organization(limited, manager):
    address = reverse("admin:providers_organizationbudget_change", args=[organization_budget().pk])
    sent = form_of(limited, address)
    assert limited.post(address, sent | {"monthly_budget": "100"}).status_code == 302
    assert not MoneyChange.objects.exists()
    assert limited.post(address, sent | {"plan_limit": "500"}).status_code == 302
    assert [
        (one.actor, one.provider, Decimal(one.before["limit"])) for one in MoneyChange.objects.all()
    ] == [(manager, "", Decimal(5))]


def test_the_limit_of_ones_own_role(limited, manager):
    role = manager.groups.get()
    row = RoleLimit.objects.create(
        organization_budget=organization_budget(), role=role, plan_limit=Decimal("7.00")
    )
    address = reverse("admin:providers_organizationbudget_change", args=[organization_budget().pk])
    sent = form_of(limited, address)
    (prefix,) = [
        name.removesuffix("-id")
        for name, value in sent.items()
        if name.endswith("-id") and value == row.pk
    ]
    assert limited.post(address, sent | {f"{prefix}-plan_limit": "700"}).status_code == 302
    assert [Decimal(one.before["limit"]) for one in MoneyChange.objects.all()] == [Decimal(7)]


def test_a_role_given_to_oneself(limited, manager):
    role = Group.objects.create(name="Directors")
    RoleLimit.objects.create(
        organization_budget=organization_budget(), role=role, plan_limit=Decimal("900.00")
    )
    address = reverse("admin:auth_user_change", args=[manager.pk])
    sent = form_of(limited, address)
    sent["groups"] = [manager.groups.get().pk, role.pk]
    assert limited.post(address, sent).status_code == 302
    assert set(manager.groups.all()) >= {role}
    assert [(one.actor, Decimal(one.before["limit"])) for one in MoneyChange.objects.all()] == [
        (manager, Decimal(5))
    ]
