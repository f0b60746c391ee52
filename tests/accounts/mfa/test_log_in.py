"""Logging in with the second factor, over the page and the API."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from accounts import login_throttle, mfa
from accounts.models import LogInAttempt

from .log_in import ask_token, give, half_of, is_in, log_in

pytestmark = pytest.mark.django_db


def test_log_in_asks_for_the_code_and_the_session_begins_only_with_it(
    client: Client, owner: User, phone: Any
) -> None:
    show = phone(owner)
    asked = log_in(client, "owner")
    text = asked.content.decode()
    assert (asked.status_code, is_in(client)) == (200, False)
    assert 'name="code"' in text
    assert 'name="password"' not in text
    wrong = give(client, asked, "000000" if show() != "000000" else "111111")
    assert (is_in(client), "This code is wrong" in wrong.content.decode()) == (False, True)
    done = give(client, wrong, show())
    assert (done.status_code, done["Location"], is_in(client), client.session[mfa.PASSED]) == (
        302,
        "/admin/",
        True,
        True,
    )


def test_sign_of_the_right_password_ends_and_is_worth_nothing_when_forged(
    client: Client, owner: User, phone: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    show = phone(owner)
    asked = log_in(client, "owner")
    forged = client.post(
        reverse("admin:login"), {"mfa_token": half_of(asked)[:-1] + "x", "code": show()}
    )
    assert (
        "That took too long" in forged.content.decode(),
        'name="password"' in forged.content.decode(),
    ) == (True, True)
    owner.set_password("another")
    owner.save()
    assert "That took too long" in give(client, asked, show()).content.decode()
    asked = log_in(client, "owner", "another")
    monkeypatch.setattr(login_throttle, "MFA_PENDING_SECONDS", -1)
    assert "That took too long" in give(client, asked, show()).content.decode()
    assert not is_in(client)


def test_wrong_codes_lock_the_account_as_wrong_passwords_do(
    client: Client, owner: User, phone: Any
) -> None:
    show = phone(owner)
    asked = log_in(client, "owner")
    for _ in range(login_throttle.PER_ACCOUNT):
        give(client, asked, "abcdef")
    assert "Too many attempts" in give(client, asked, show()).content.decode()
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
    give(client, log_in(client, "owner"), "abcdef")
    assert audit == ["Log-in refused: 'owner' from 127.0.0.1"]
