"""New recovery codes, taking the second factor off, and the reset by a superuser."""

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from accounts import mfa, refresh_tokens

from .log_in import PAGE, log_in

pytestmark = pytest.mark.django_db


def test_new_recovery_codes_need_a_code_and_end_the_old_ones(
    client: Client, owner: User, phone: Any
) -> None:
    show = phone(owner)
    client.force_login(owner)
    assert client.post(PAGE, {"do": "renew", "code": "000"}).status_code == 409
    assert mfa.recovery_codes_left(owner) == 10
    text = client.post(PAGE, {"do": "renew", "code": show()}).content.decode()
    codes = re.findall(r"<li><code>([a-z2-7-]{19})</code></li>", text)
    assert (len(codes), set(codes) & set(show.recovery)) == (10, set())
    assert (bool(mfa.passes(owner, show.recovery[0])), bool(mfa.passes(owner, codes[0]))) == (
        False,
        True,
    )


def test_taking_it_off_needs_a_code(client: Client, owner: User, phone: Any) -> None:
    show = phone(owner)
    client.force_login(owner)
    assert client.post(PAGE, {"do": "remove"}).status_code == 409
    assert mfa.is_set_up(owner)
    assert client.post(PAGE, {"do": "remove", "code": show()}).status_code == 302
    assert (mfa.is_set_up(owner), Authenticator.objects.count()) == (False, 0)
    client.logout()
    assert log_in(client, "owner").status_code == 302


@pytest.mark.moderate
def test_superuser_resets_and_it_is_written_down(
    client: Client, owner: User, manager: User, phone: Any, audit: list[str]
) -> None:
    phone(owner)
    pair = refresh_tokens.start(owner)
    theirs, others = Client(), Client()
    theirs.force_login(owner)
    others.force_login(manager)
    address = reverse("admin:second_factor_reset", args=[owner.pk])
    client.force_login(manager)
    assert client.post(address).status_code == 403
    boss = User.objects.create_superuser("boss", password="boss")
    client.force_login(boss)
    person = client.get(reverse("admin:auth_user_change", args=[owner.pk])).content.decode()
    assert (address in person, "since" in person) == (True, True)
    assert client.get(address).status_code == 200
    assert mfa.is_set_up(owner)
    audit.clear()
    assert client.post(address).status_code == 302
    assert not mfa.is_set_up(owner)
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.get_change_message()) == (
        boss,
        str(owner.pk),
        "The second factor was reset.",
    )
    assert audit == [f"'boss' changed auth.user {owner.pk}"]
    with pytest.raises(Exception, match="refresh_token_invalid"):
        refresh_tokens.rotate(pair.refresh.token)
    assert (
        theirs.get("/admin/").status_code,
        others.get("/admin/").status_code,
        client.get("/admin/").status_code,
    ) == (302, 200, 200)


def test_nobody_resets_their_own_without_a_code(client: Client, phone: Any) -> None:
    boss = User.objects.create_superuser("boss", password="boss")
    phone(boss)
    client.force_login(boss)
    address = reverse("admin:second_factor_reset", args=[boss.pk])
    assert (client.get(address).headers["Location"], client.post(address).headers["Location"]) == (
        PAGE,
        PAGE,
    )
    assert client.post(address, headers={"HX-Request": "true"}).headers["HX-Redirect"] == PAGE
    assert mfa.is_set_up(boss)


def test_password_given_by_an_administrator_ends_every_log_in(client: Client, owner: User) -> None:
    pair = refresh_tokens.start(owner)
    theirs = Client()
    theirs.force_login(owner)
    client.force_login(User.objects.create_superuser("boss", password="boss"))
    given = {
        "password1": "a quite new passphrase",
        "password2": "a quite new passphrase",
        "usable_password": "true",
    }
    assert (
        client.post(reverse("admin:auth_user_password_change", args=[owner.pk]), given).status_code
        == 302
    )
    assert (theirs.get("/admin/").status_code, client.get("/admin/").status_code) == (302, 200)
    assert (
        Client()
        .get("/api/ai-video/stories/", headers={"Authorization": f"Bearer {pair.access.token}"})
        .status_code
        == 401
    )
    with pytest.raises(Exception, match="refresh_token_invalid"):
        refresh_tokens.rotate(pair.refresh.token)


def test_an_account_that_is_switched_off_is_out_at_once(client: Client, owner: User) -> None:
    client.force_login(owner)
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert client.get("/admin/").status_code == 302
