"""Logging in with the second factor, over the page and the API."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from accounts import login_throttle, mfa
from accounts.models import LogInAttempt

from .log_in import ask_token, give, is_in, log_in

pytestmark = pytest.mark.django_db
CODE_PAGE = "/admin/log-in/code/"


def test_log_in_asks_for_the_code_and_the_session_begins_only_with_it(
    client: Client, owner: User, phone: Any
) -> None:
    show = phone(owner)
    asked = log_in(client, "owner")
    assert (asked.status_code, asked["Location"], is_in(client)) == (302, CODE_PAGE, False)
    text = client.get(CODE_PAGE).content.decode()
    assert ('name="code"' in text, 'name="password"' in text) == (True, False)
    wrong = give(client, "000000" if show() != "000000" else "111111")
    assert (is_in(client), "This code is wrong" in wrong.content.decode()) == (False, True)
    done = give(client, show())
    assert (done.status_code, done["Location"], is_in(client), client.session[mfa.PASSED]) == (
        302,
        "/admin/",
        True,
        True,
    )


def test_right_password_is_remembered_shortly_and_only_while_it_is_the_password(
    client: Client, owner: User, phone: Any, settings: Any
) -> None:
    show = phone(owner)
    assert give(client, show())["Location"] == reverse("admin:login")  # no password at all
    log_in(client, "owner")
    owner.set_password("another")
    owner.save()
    late = client.post(CODE_PAGE, {"code": show()}, follow=True)
    assert "That took too long" in late.content.decode()
    log_in(client, "owner", "another")
    settings.ACCOUNT_LOGIN_TIMEOUT = -1
    late = client.post(CODE_PAGE, {"code": show()}, follow=True)
    assert "That took too long" in late.content.decode()
    assert not is_in(client)
    settings.ACCOUNT_LOGIN_TIMEOUT = 300
    log_in(client, "owner", "another")
    User.objects.filter(pk=owner.pk).update(is_active=False)
    give(client, show())
    assert not is_in(client)


@pytest.mark.moderate
def test_wrong_codes_lock_the_account_as_wrong_passwords_do(
    client: Client, owner: User, phone: Any
) -> None:
    show = phone(owner)
    log_in(client, "owner")
    for _ in range(login_throttle.PER_ACCOUNT):
        give(client, "abcdef")
    assert "Too many attempts" in give(client, show()).content.decode()
    assert not is_in(client)
    assert (
        ask_token(client, username="owner", password="owner", code=show()).json()["code"]
        == "too_many_attempts"
    )


def test_asking_for_the_code_is_no_failure(client: Client, owner: User, phone: Any) -> None:
    phone(owner)
    for _ in range(login_throttle.PER_ACCOUNT + 1):
        assert "Too many" not in log_in(client, "owner").content.decode()
    assert LogInAttempt.objects.filter(succeeded=False).count() == 0


def test_api_takes_the_code_with_the_password(client: Client, owner: User, phone: Any) -> None:
    show = phone(owner)
    needed = ask_token(client, username="owner", password="owner")
    assert (needed.status_code, needed.json()["code"]) == (401, "code_required")
    assert (
        ask_token(client, username="owner", password="wrong").json()["code"] == "wrong_credentials"
    )
    assert (
        ask_token(client, username="owner", password="wrong", code=show()).json()["code"]
        == "wrong_credentials"
    )
    assert (
        ask_token(client, username="owner", password="owner", code="123").json()["code"]
        == "wrong_code"
    )
    answer = ask_token(client, username="owner", password="owner", code=show())
    assert (answer.status_code, answer.json()["token_type"]) == (200, "Bearer")
    assert (
        ask_token(client, username="owner", password="owner", code=show()).json()["code"]
        == "wrong_code"
    )
    assert (
        ask_token(client, username="owner", password="owner", code=show.recovery[3]).status_code
        == 200
    )


def test_refused_code_is_written_down(
    client: Client, owner: User, phone: Any, audit: list[str]
) -> None:
    phone(owner)
    log_in(client, "owner")
    give(client, "abcdef")
    assert audit == ["Log-in refused: 'owner' from 127.0.0.1"]
