"""Programs ask with API keys: what a key may do, how long, and who issues it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import api_keys
from accounts.models import ApiKey, ServiceAccount
from jobs.models import Job
from providers.models import AIProviderConfig
from stories.models import Story
from stories.services import approval_decisions
from stories.services import stories as domain
from tests.stories.factories import make_scene, make_story

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator(make_person: Any) -> Any:
    person = make_person("root", role="manager")
    person.is_superuser = True
    person.save()
    return person


@pytest.fixture
def program(administrator: Any) -> ServiceAccount:
    return api_keys.create_account(
        name="robot",
        role=Group.objects.get(name="producer"),
        purpose="Nightly",
        actor=administrator,
    )


@pytest.fixture
def issue(program: ServiceAccount, administrator: Any) -> Any:
    def issue(*scopes: str, days: int = 90) -> tuple[ApiKey, str]:
        return api_keys.issue(program, name="main", scopes=scopes, days=days, actor=administrator)

    return issue


@pytest.fixture
def planned(api: Any, issue: Any, program: ServiceAccount) -> Any:
    """A planned story of the program, whose preview costs 0.06 USD."""
    AIProviderConfig.objects.filter(provider="local").update(cost_per_image=Decimal("0.02"))
    story = make_story(program.user, status="planned", duration_seconds=21)
    for _ in range(3):
        make_scene(story)
    return story


@pytest.mark.moderate
def test_key_is_stored_as_its_hash_and_reads(api, issue):
    row, key = issue("read")
    assert key.startswith("vps_")
    assert len(key) > 40
    assert key not in str(ApiKey.objects.values().get())
    assert row.beginning == key[:12]
    answer = api.ask("GET", "stories/", token=key)
    assert answer.status_code == 200
    assert answer["RateLimit-Limit"] == "600"
    assert answer["RateLimit-Remaining"] == "599"
    row.refresh_from_db()
    assert row.last_used_at is not None
    assert LogEntry.objects.filter(change_message__contains="issued for read").count() == 1


@pytest.mark.parametrize(
    ("scopes", "status", "code"),
    [(("read",), 403, "scope_missing"), (("write",), 201, None), (("read", "write"), 201, None)],
)
@pytest.mark.moderate
def test_scope_of_changes(api, issue, scopes, status, code):
    _row, key = issue(*scopes)
    body = {"title": "A", "script": "A boat leaves. It comes back.", "duration_seconds": 14}
    answer = api.ask("POST", "stories/", body, token=key)
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    assert Story.objects.count() == (1 if status == 201 else 0)


def test_key_for_changes_alone_reads_nothing(api, issue):
    _row, key = issue("write")
    answer = api.ask("GET", "stories/", token=key)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_paid_work_needs_its_scope(api, issue, planned):
    _row, key = issue("read", "write")
    path = f"stories/{planned.pk}/generate_preview/"
    price = api.ask("POST", path + "?plan=1", {}, token=key).json()["plan"]["total"]
    assert float(price) > 0
    answer = api.ask("POST", path, {"confirm_total": price}, token=key)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert "spend" in answer.json()["detail"]
    assert Job.objects.count() == 0
    planned.refresh_from_db()
    assert planned.status == "planned"
    _row, spending = issue("read", "write", "spend")
    assert api.ask("POST", path, {"confirm_total": price}, token=spending).status_code == 202
    assert Job.objects.count() == 1


def test_free_work_needs_no_scope_for_it(api, issue, planned):
    AIProviderConfig.objects.filter(provider="local").update(cost_per_image=0)
    _row, key = issue("write")
    answer = api.ask("POST", f"stories/{planned.pk}/generate_preview/", {}, token=key)
    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"revoked_at": timezone.now()}, "api_key_invalid"),
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "api_key_expired"),
        ({"key_hash": "0" * 64}, "api_key_invalid"),
    ],
)
def test_key_that_has_ended_is_401(api, issue, change, code):
    row, key = issue("read")
    ApiKey.objects.filter(pk=row.pk).update(**change)
    answer = api.ask("GET", "stories/", token=key)
    assert (answer.status_code, answer.json()["code"]) == (401, code)


@pytest.mark.parametrize("status", ["is_active", "is_staff"])
def test_account_that_was_switched_off_does_not_get_its_keys_back(api, issue, program, status):
    _row, key = issue("read")
    user = program.user
    for value in (False, True):
        setattr(user, status, value)
        user.save()
        assert api.ask("GET", "stories/", token=key).status_code == 401
    _row, new = issue("read")
    assert api.ask("GET", "stories/", token=new).status_code == 200


def test_superuser_is_no_program(api, issue, program):
    _row, key = issue("read")
    program.user.is_superuser = True
    program.user.save()
    assert api.ask("GET", "stories/", token=key).status_code == 401


def test_requests_of_a_minute_are_counted(api, issue, monkeypatch):
    monkeypatch.setattr(api_keys, "PER_MINUTE", 2)
    _row, key = issue("read")
    _row, other = issue("read")
    found = [api.ask("GET", "stories/", token=key) for _ in range(3)]
    assert [answer.status_code for answer in found] == [200, 200, 429]
    assert found[2].json()["code"] == "rate_limited"
    assert 1 <= int(found[2]["Retry-After"]) <= 60
    assert found[2]["RateLimit-Remaining"] == "0"
    assert api.ask("GET", "stories/", token=other).status_code == 200
    cache.clear()
    assert api.ask("GET", "stories/", token=key).status_code == 200


def test_program_never_approves(api, issue, world, program, administrator):
    program.user.groups.set([Group.objects.get(name="manager")])
    _row, key = issue("read", "write", "spend")
    answer = api.ask(
        "POST", f"approvals/{world.approval.pk}/decide/", {"decision": "approved"}, token=key
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    world.approval.refresh_from_db()
    assert world.approval.decision == ""
    assert not approval_decisions.may_decide(world.approval, program.user)
    assert approval_decisions.may_decide(world.approval, administrator)


def test_program_cannot_log_in(api, client, program):
    program.user.set_password("a long and secret word")
    program.user.save()
    body = {"username": "robot", "password": "a long and secret word"}
    assert api.ask("POST", "auth/token/", body).status_code == 401
    client.post(reverse("admin:login"), {**body, "next": "/admin/"})
    assert client.get(reverse("admin:index")).status_code == 302
    client.force_login(program.user)
    assert client.get(reverse("admin:index")).status_code == 302


def test_replaced_key_works_for_another_day(api, issue, administrator):
    row, old = issue("read", "write", days=30)
    new_row, new = api_keys.rotate(row, actor=administrator)
    row.refresh_from_db()
    assert timedelta(hours=23) < row.expires_at - timezone.now() <= timedelta(hours=24)
    assert new_row.scopes == ["read", "write"]
    assert timedelta(days=29) < new_row.expires_at - timezone.now() <= timedelta(days=30)
    assert [api.ask("GET", "stories/", token=key).status_code for key in (old, new)] == [200, 200]
    ApiKey.objects.filter(pk=row.pk).update(expires_at=timezone.now())
    with pytest.raises(api_keys.InvalidError):
        api_keys.rotate(row, actor=administrator)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["read", "everything"]}, "scopes"),
        ({"days": 0}, "days"),
        ({"days": 367}, "days"),
        ({"name": " "}, "name"),
        ({"name": "n" * 81}, "name"),
    ],
)
def test_wrong_values_issue_nothing(program, administrator, values, field):
    wanted = {"name": "main", "scopes": ["read"], "days": 90} | values
    with pytest.raises(api_keys.InvalidError) as caught:
        api_keys.issue(program, actor=administrator, **wanted)
    assert caught.value.sentence.values["field"] == field
    assert ApiKey.objects.count() == 0


def test_keys_of_an_account_are_bounded(issue, monkeypatch):
    monkeypatch.setattr(api_keys, "MOST_KEYS", 2)
    issue("read")
    issue("read")
    with pytest.raises(api_keys.InvalidError):
        issue("read")
    assert ApiKey.objects.count() == 2


def test_only_administrators_manage_them(program, manager, issue):
    row, _key = issue("read")
    producer = Group.objects.get(name="producer")
    for act in (
        lambda: api_keys.create_account(name="x", role=producer, purpose="", actor=manager),
        lambda: api_keys.issue(program, name="x", scopes=["read"], days=1, actor=manager),
        lambda: api_keys.rotate(row, actor=manager),
        lambda: api_keys.revoke(row, actor=manager),
    ):
        with pytest.raises(api_keys.NotAllowedError):
            act()
    assert (ServiceAccount.objects.count(), ApiKey.objects.filter(revoked_at=None).count()) == (
        1,
        1,
    )


def test_role_that_approves_is_refused(administrator):
    role = Group.objects.get(name="manager")
    with pytest.raises(api_keys.InvalidError):
        api_keys.create_account(name="robot", role=role, purpose="", actor=administrator)
    assert ServiceAccount.objects.count() == 0


# --- pages


def test_pages_are_for_administrators(client, manager, program, issue):
    row, _key = issue("read")
    client.force_login(manager)
    for address in (
        reverse("admin:service_accounts"),
        reverse("admin:service_account", args=[program.pk]),
        reverse("admin:api_key_rotate", args=[row.pk]),
        reverse("admin:api_key_revoke", args=[row.pk]),
    ):
        assert client.get(address).status_code == 403
        assert client.post(address).status_code == 403
    row.refresh_from_db()
    assert row.revoked_at is None


@pytest.mark.moderate
def test_administrator_creates_issues_replaces_and_revokes(client, api, administrator):
    client.force_login(administrator)
    role = Group.objects.get(name="producer")
    address = reverse("admin:service_accounts")
    made = client.post(address, {"name": "robot", "purpose": "Nightly", "role": role.pk})
    account = ServiceAccount.objects.get()
    page = reverse("admin:service_account", args=[account.pk])
    assert made["Location"] == page
    assert client.post(address, {"name": "robot", "role": role.pk}).status_code == 409
    assert client.post(address, {"name": "other", "role": "x"}).status_code == 409
    assert b"robot" in client.get(address).content

    answer = client.post(page, {"name": "main", "scopes": ["read", "write"], "days": "30"})
    key = answer.context["key"]
    assert key in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert key not in client.get(page).content.decode()
    assert api.ask("GET", "stories/", token=key).status_code == 200
    assert client.post(page, {"name": "main", "days": "30"}).status_code == 409

    row = ApiKey.objects.get()
    replaced = client.post(reverse("admin:api_key_rotate", args=[row.pk]))
    assert replaced.context["key"] not in {"", key}
    asked = client.get(reverse("admin:api_key_revoke", args=[row.pk]))
    assert asked.status_code == 200
    assert client.post(reverse("admin:api_key_revoke", args=[row.pk]))["Location"] == page
    assert api.ask("GET", "stories/", token=key).status_code == 401
    assert api.ask("GET", "stories/", token=replaced.context["key"]).status_code == 200


def test_list_of_accounts_asks_as_often_for_many_as_for_one(client, administrator, program, issue):
    client.force_login(administrator)
    issue("read")
    address = reverse("admin:service_accounts")
    client.get(address)
    with CaptureQueriesContext(connection) as one:
        client.get(address)
    for number in range(5):
        api_keys.create_account(
            name=f"robot-{number}",
            role=Group.objects.get(name="producer"),
            purpose="",
            actor=administrator,
        )
    with CaptureQueriesContext(connection) as many:
        client.get(address)
    assert len(many) == len(one)


def test_program_that_has_made_stories_is_not_deleted(client, administrator, program):
    domain.create(title="A", script="A boat leaves.", duration_seconds=7, owner=program.user)
    client.force_login(administrator)
    client.post(reverse("admin:auth_user_delete", args=[program.pk]), {"post": "yes"})
    assert ServiceAccount.objects.count() == 1
