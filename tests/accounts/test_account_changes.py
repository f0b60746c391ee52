"""An account that loses its rights loses its log-ins, and one with a history is not deleted."""

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import ProtectedError
from django.test import Client
from django.urls import reverse

from accounts import account_changes, refresh_tokens
from accounts.account_versions import TRIGGER, create_trigger, current_version
from stories.models import Story
from tests.stories.factories import make_story


@pytest.mark.parametrize("mark", ["is_active", "is_staff"])
def test_log_ins_end_for_good(client, owner, mark):
    client.force_login(owner)
    pair = refresh_tokens.start(owner)
    bearer = {"Authorization": f"Bearer {pair.access.token}"}
    setattr(owner, mark, False)
    owner.save()
    setattr(owner, mark, True)
    owner.save()
    assert client.get("/admin/").status_code == 302
    assert client.get("/api/ai-video/me/", headers=bearer).status_code == 401
    assert (
        client.post(
            "/api/ai-video/auth/refresh/",
            {"refresh_token": pair.refresh.token},
            content_type="application/json",
        ).status_code
        == 401
    )
    client.force_login(owner)
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("mark", ["is_active", "is_staff", "is_superuser"])
@pytest.mark.parametrize("way", ["browser", "api", "refresh"])
def test_bulk_update_ends_log_ins_for_good(client, admin_user, way, mark):
    """A bulk `update()` sends no signals: the next request sees what is gone."""
    client.force_login(admin_user)
    pair = refresh_tokens.start(admin_user)
    bearer = {"Authorization": f"Bearer {pair.access.token}"}
    account = get_user_model().objects.filter(pk=admin_user.pk)

    def statuses():
        fresh = Client()
        sent = {"refresh_token": pair.refresh.token}
        if way == "browser":
            return [client.get("/admin/").status_code]
        if way == "api":
            return [fresh.get("/api/ai-video/me/", headers=bearer).status_code]
        return [
            fresh.post(
                "/api/ai-video/auth/refresh/", sent, content_type="application/json"
            ).status_code
        ]

    account.update(**{mark: False})
    refused = [302] if way == "browser" else [401]
    assert statuses() == refused
    account.update(**{mark: True})
    assert statuses() == refused
    if way == "browser":
        assert Client().get("/api/ai-video/me/", headers=bearer).status_code == 401
    client.force_login(admin_user)
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("mark", ["is_active", "is_staff", "is_superuser"])
@pytest.mark.parametrize("way", ["save", "update", "bulk_update", "sql"])
def test_what_is_lost_and_given_back_between_two_requests_ends_log_ins(admin_user, mark, way):
    """Nobody asks anything in between. A new log-in lasts, also after an old one was refused."""
    account = get_user_model().objects.filter(pk=admin_user.pk)
    old, pair = Client(), refresh_tokens.start(admin_user)
    old.force_login(admin_user)
    for value in (False, True):
        if way == "update":
            account.update(**{mark: value})
            continue
        person = account.get()
        setattr(person, mark, value)
        if way == "save":
            person.save()
        elif way == "bulk_update":
            account.bulk_update([person], [mark])
        else:
            with connection.cursor() as cursor:
                cursor.execute(
                    f"UPDATE auth_user SET {mark} = %s WHERE id = %s", [value, person.pk]
                )
    new, next_pair = Client(), refresh_tokens.start(account.get())
    new.force_login(account.get())

    def me(issued):
        return (
            Client()
            .get("/api/ai-video/me/", headers={"Authorization": f"Bearer {issued.access.token}"})
            .status_code
        )

    def refreshed(issued):
        return (
            Client()
            .post(
                "/api/ai-video/auth/refresh/",
                {"refresh_token": issued.refresh.token},
                content_type="application/json",
            )
            .status_code
        )

    assert (old.get("/admin/").status_code, me(pair), refreshed(pair)) == (302, 401, 401)
    assert (new.get("/admin/").status_code, me(next_pair), refreshed(next_pair)) == (200, 200, 200)


def test_version_is_raised_in_the_transaction_of_the_change(owner):
    account = get_user_model().objects.filter(pk=owner.pk)
    with transaction.atomic():
        account.update(is_active=False)
        assert current_version(owner) == 1
        transaction.set_rollback(True)
    assert (current_version(owner), account.get().is_active) == (0, True)
    account.update(is_active=True, first_name="Ann")
    account.update(is_superuser=True)
    assert current_version(owner) == 0
    account.update(is_active=False, is_staff=False)
    assert current_version(owner) == 1


def test_trigger_is_created_again_after_its_table_was_copied(owner):
    table = " ON auth_user" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {TRIGGER}{table}")
    create_trigger()
    create_trigger()
    get_user_model().objects.filter(pk=owner.pk).update(is_active=False)
    assert current_version(owner) == 1


def test_rights_given_in_the_meantime_end_nothing(client, owner):
    client.force_login(owner)
    bearer = {"Authorization": f"Bearer {refresh_tokens.start(owner).access.token}"}
    get_user_model().objects.filter(pk=owner.pk).update(is_superuser=True)
    assert client.get("/admin/").status_code == 200
    assert client.get("/api/ai-video/me/", headers=bearer).status_code == 200
    get_user_model().objects.filter(pk=owner.pk).update(is_superuser=False)
    assert client.get("/admin/").status_code == 302


def test_other_changes_end_nothing(client, owner):
    client.force_login(owner)
    owner.first_name = "Ann"
    owner.save()
    assert client.get("/admin/").status_code == 200


def test_without_the_mark_of_staff_a_role_counts_for_nothing(client, owner):
    owner.is_staff = False
    owner.save()
    owner = get_user_model().objects.get(pk=owner.pk)
    assert not owner.get_all_permissions()
    bearer = {"Authorization": f"Bearer {refresh_tokens.start(owner).access.token}"}
    response = client.post(
        "/api/ai-video/stories/", {"title": "x"}, content_type="application/json", headers=bearer
    )
    assert (response.status_code, Story.objects.count()) == (403, 0)


def test_superuser_without_the_mark_of_staff_has_no_rights_over_the_api(client, admin_user):
    admin_user.is_staff = False
    admin_user.save()
    bearer = {"Authorization": f"Bearer {refresh_tokens.start(admin_user).access.token}"}
    assert client.get("/api/ai-video/stories/", headers=bearer).status_code == 403


def test_account_with_a_history_is_not_deleted(owner, manager, admin_client):
    LogEntry.objects.log_actions(
        manager.pk, [owner], CHANGE, change_message="x", single_object=True
    )
    make_story(owner=owner)
    for person, kind in ((manager, "log entries"), (owner, "stories")):
        assert kind in account_changes.history_of(person)
        with pytest.raises(ProtectedError), transaction.atomic():
            person.delete()
        assert (
            admin_client.post(
                reverse("admin:auth_user_delete", args=[person.pk]), {"post": "yes"}
            ).status_code
            == 403
        )
    assert (LogEntry.objects.count(), Story.objects.count()) == (1, 1)


def test_account_without_a_history_goes_with_what_is_its_own(make_person, client):
    person = make_person("short", role="producer")
    refresh_tokens.start(person)
    person.delete()
    assert not get_user_model().objects.filter(username="short").exists()


def test_every_relation_to_an_account_is_history_or_its_own():
    """A new model that names accounts is history, and so keeps them, unless it is named as their
    own.
    """
    from django.apps import apps

    for label in account_changes.OWN:
        assert apps.get_model(label)
