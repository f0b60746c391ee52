"""A person is invited by a link with a role."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from accounts import api_keys, invitations
from accounts.api_keys import NotAllowedError
from accounts.audit import words_of
from accounts.models import AuditEntry, Invitation
from accounts.roles import label_of
from providers.models import RoleLimit
from providers.services.configs import organization_budget

pytestmark = pytest.mark.django_db
PASSWORD = "a quite long passphrase"


@pytest.fixture
def link(admin_client):
    role = Group.objects.get(name="producer")
    address = reverse("admin:invitations")
    page = admin_client.post(address, {"name": "Ha Neul", "role": role.pk})
    (found,) = re.findall(r"http://testserver(/admin/invited/[^<]+/)", page.content.decode())
    return found


def answer(link, username="haneul", password=PASSWORD, again=PASSWORD):
    sent = {"username": username, "password": password, "again": again}
    return Client().post(link, sent, headers={"Accept-Language": "en"})


def test_invited_person_makes_an_account_with_the_role(link, admin_client):
    assert "Producer" in Client().get(link, headers={"Accept-Language": "en"}).content.decode()
    done = answer(link)
    assert (done.status_code, done["Location"]) == (302, reverse("admin:login"))
    user = User.objects.get(username="haneul")
    assert (user.is_staff, user.is_superuser, user.check_password(PASSWORD)) == (True, False, True)
    assert list(user.groups.values_list("name", flat=True)) == ["producer"]
    assert answer(link, username="second").status_code == 404  # it works once
    assert User.objects.filter(username="second").count() == 0
    entries = AuditEntry.objects.filter(action="added").order_by("pk")
    assert [(one.actor_name, one.object_name, words_of(one)) for one in entries] == [
        ("admin", "Ha Neul", "Role: Producer."),
        ("haneul", "haneul", "Invited as Ha Neul, with the role Producer."),
    ]


def test_link_is_shown_once_and_not_stored(link, admin_client):
    token = link.split("/")[-2]
    assert token not in str(list(Invitation.objects.values()))
    assert token not in admin_client.get(reverse("admin:invitations")).content.decode()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"again": "another"}, "The two passwords are not the same."),
        ({"password": "short", "again": "short"}, "This password is too short."),
        ({"username": ""}, "This name cannot be used"),
        ({"username": "a b"}, "This name cannot be used"),
        ({"username": "admin"}, "There is an account named “admin” already."),
    ],
)
def test_what_cannot_be_used_is_said_and_uses_nothing_up(link, wrong, message):
    page = answer(link, **wrong)
    assert (page.status_code, message in page.content.decode()) == (409, True)
    assert answer(link).status_code == 302


def test_withdrawn_and_ended_links_open_nothing(link, admin_client):
    invitation = Invitation.objects.get()
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert (Client().get(link).status_code, answer(link).status_code) == (404, 404)
    Invitation.objects.update(expires_at=timezone.now() + timedelta(days=1))
    admin_client.post(reverse("admin:invitations"), {"do": "withdraw", "invitation": invitation.pk})
    assert (Client().get(link).status_code, answer(link).status_code) == (404, 404)
    assert User.objects.filter(username="haneul").count() == 0


def test_one_of_two_at_the_same_moment_makes_an_account(link):
    """Both have read the invitation before; the second to claim it finds it used."""
    token = link.split("/")[-2]
    Invitation.objects.update(used_at=timezone.now())
    with pytest.raises(invitations.UsedUpError):
        invitations.accept(token, username="late", password=PASSWORD)


def test_only_administrators_invite(client, manager):
    client.force_login(manager)
    address = reverse("admin:invitations")
    assert (client.get(address).status_code, client.post(address).status_code) == (403, 403)
    role = Group.objects.get(name="viewer")
    with pytest.raises(NotAllowedError):
        invitations.invite(name="x", role=role, actor=manager)


def test_names_of_roles_are_translated():
    from django.utils import translation

    with translation.override("ko"):
        assert [label_of(name) for name in ("viewer", "producer", "manager", "own")] == [
            "열람자",
            "프로듀서",
            "매니저",
            "own",
        ]


@pytest.fixture
def producer_account(admin_user):
    role = Group.objects.get(name="producer")
    RoleLimit.objects.create(organization_budget=organization_budget(), role=role)
    return api_keys.create_account(name="robot", purpose="", role=role, actor=admin_user)


def test_pages_name_roles_in_korean(admin_client, producer_account):
    budget = reverse("admin:providers_organizationbudget_changelist")
    for address in (
        budget,
        reverse("admin:service_accounts"),
        reverse("admin:service_account", args=[producer_account.pk]),
    ):
        page = admin_client.get(address, follow=True, headers={"Accept-Language": "ko"})
        words = strip_tags(page.content.decode())
        assert ("프로듀서" in words, "producer" in words) == (True, False), address
