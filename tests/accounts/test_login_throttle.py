"""Who is locked out, and who is not: neither an office by one of its people nor an account by a
stranger.
"""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from accounts import known_devices, login_throttle
from accounts.models import LogInAttempt

TOKEN = "/api/ai-video/auth/token/"
STRANGER, OFFICE = "10.9.9.9", "10.0.0.1"


@pytest.fixture
def token(client):
    """Status of a log-in over the API."""

    def ask(name, password, address=OFFICE):
        return client.post(
            TOKEN,
            {"username": name, "password": password},
            content_type="application/json",
            REMOTE_ADDR=address,
        )

    return ask


def page(client, name, password, address=OFFICE):
    response = client.post(
        reverse("admin:login"),
        {"username": name, "password": password, "next": "/admin/"},
        REMOTE_ADDR=address,
    )
    return (
        "in"
        if response.status_code == 302
        else "wait"
        if "Too many attempts" in response.content.decode()
        else "out"
    )


def earlier(seconds):
    """As if all this had been so long ago."""
    for row in LogInAttempt.objects.all():
        LogInAttempt.objects.filter(pk=row.pk).update(at=row.at - timedelta(seconds=seconds))


def test_stranger_locks_nobody_out(token, owner):
    for _ in range(login_throttle.PER_ACCOUNT):
        assert token("owner", "wrong", STRANGER).status_code == 401
    assert token("owner", "owner", STRANGER).status_code == 429
    assert token("owner", "owner").status_code == 200


@pytest.mark.moderate
def test_strangers_at_many_addresses_lock_nobody_out(token, owner):
    for number in range(login_throttle.PER_ADDRESS + 10):
        assert token("owner", "wrong", f"10.9.0.{number}").status_code == 401
    assert token("owner", "owner").status_code == 200


@pytest.mark.moderate
def test_one_person_does_not_lock_the_office_out(token, owner, colleague):
    for number in range(login_throttle.PER_ADDRESS + 10):
        assert token(f"somebody {number}", "wrong").status_code == 401
    for _ in range(login_throttle.PER_ACCOUNT):
        token("colleague", "wrong")
    assert token("colleague", "colleague").status_code == 429
    assert token("owner", "owner").status_code == 200


@pytest.mark.moderate
def test_who_guesses_at_many_accounts_has_fewer_tries_at_each(token, owner):
    for number in range(login_throttle.PER_ADDRESS + 1):
        token(f"somebody {number}", "wrong")
    answers = [token("owner", "wrong").status_code for _ in range(5)]
    assert answers == [401, 401, 401, 429, 429]


@pytest.mark.moderate
def test_known_place_keeps_its_tries_when_an_account_is_guessed_at(token, owner, monkeypatch):
    monkeypatch.setattr(login_throttle, "MOST_ANYWHERE", 60)
    assert token("owner", "owner").status_code == 200
    for number in range(61):
        token("owner", "wrong", f"10.9.0.{number}")
    assert token("owner", "owner", "10.8.8.8").status_code == 429  # a place that nobody knows
    answers = [token("owner", "wrong").status_code for _ in range(4)]
    assert (answers, token("owner", "owner").status_code) == ([401] * 4, 200)


@pytest.mark.moderate
def test_known_browser_is_not_locked_by_its_neighbour(client, owner, make_person):
    from django.test import Client

    assert page(client, "owner", "owner") == "in"
    client.post(reverse("admin:logout"))
    neighbour = Client()
    for _ in range(login_throttle.PER_ACCOUNT):
        assert page(neighbour, "owner", "wrong") == "out"
    assert page(neighbour, "owner", "owner") == "wait"
    assert page(client, "owner", "owner") == "in"


def test_cookie_of_a_browser_is_worth_nothing_for_another_account_or_when_forged(
    client, owner, colleague, rf
):
    assert page(client, "owner", "owner") == "in"
    cookie = client.cookies[known_devices.COOKIE]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    request = rf.get("/")
    request.COOKIES[known_devices.COOKIE] = cookie.value
    assert known_devices.device_of(request, login_throttle.account_key("owner"))
    assert known_devices.device_of(request, login_throttle.account_key("colleague")) == ""
    for forged in (cookie.value[:-1] + "x", "", "x", "a:b:c"):
        request.COOKIES[known_devices.COOKIE] = forged
        assert known_devices.device_of(request, login_throttle.account_key("owner")) == ""


def test_wait_doubles_with_each_wrong_try(token, owner):
    for _ in range(login_throttle.PER_ACCOUNT):
        token("owner", "wrong")
    waits = []
    for _ in range(4):
        response = token("owner", "wrong")
        assert response.status_code == 429
        waits.append(int(response["Retry-After"]))
        earlier(waits[-1])
        assert token("owner", "wrong").status_code == 401
    assert [round(wait / 30) for wait in waits] == [1, 2, 4, 8]
    earlier(900)
    assert token("owner", "owner").status_code == 200


def test_name_is_not_kept(token, owner):
    token("MyPassword#1", "x")
    assert "MyPassword" not in str(LogInAttempt.objects.values())


def test_administrator_has_a_way_out(client, token, owner, admin_client):
    for _ in range(login_throttle.PER_ACCOUNT):
        token("owner", "wrong")
    assert token("owner", "owner").status_code == 429
    address = reverse("admin:log_in_unlock", args=[owner.pk])
    assert "10 wrong tries" in admin_client.get(address).content.decode()
    assert (
        "10 wrong tries"
        in admin_client.get(reverse("admin:auth_user_change", args=[owner.pk])).content.decode()
    )
    assert token("owner", "owner").status_code == 429  # looking changes nothing
    assert admin_client.post(address).status_code == 302
    assert token("owner", "owner").status_code == 200
    assert (
        LogEntry.objects.get(object_id=str(owner.pk)).change_message
        == "Wrong log-in tries were forgotten."
    )


def test_who_may_not_change_people_may_not_unlock_them(client, owner, manager, viewer):
    client.force_login(viewer)
    assert client.post(reverse("admin:log_in_unlock", args=[owner.pk])).status_code == 403


@pytest.mark.moderate
def test_command_is_the_way_out_where_nobody_can_log_in(token, owner):
    for _ in range(login_throttle.PER_ACCOUNT):
        token("owner", "wrong")
    out = StringIO()
    call_command("unlock", "OWNER", stdout=out)
    assert out.getvalue() == "Wrong tries forgotten: 10\n"
    assert token("owner", "owner").status_code == 200
    for number in range(login_throttle.PER_ADDRESS + 1):
        token(f"somebody {number}", "wrong")
    out = StringIO()
    call_command("unlock", address=OFFICE, stdout=out)
    assert out.getvalue() == f"Wrong tries forgotten: {login_throttle.PER_ADDRESS + 1}\n"
    with pytest.raises(CommandError):
        call_command("unlock")


@pytest.mark.moderate
def test_old_password_has_a_limit_of_tries(client, owner):
    """A stolen session is not made into the account, and its person logs in elsewhere as before."""
    client.force_login(owner)

    def change(old):
        new = {
            "old_password": old,
            "new_password1": "a new long password 7",
            "new_password2": "a new long password 7",
        }
        return client.post(reverse("admin:password_change"), new)

    for _ in range(login_throttle.PER_ACCOUNT):
        assert change("wrong").status_code == 200
    response = change("owner")
    assert (response.status_code, "Too many attempts" in response.content.decode()) == (200, True)
    assert page(client, "owner", "owner") == "in"
    LogInAttempt.objects.update(at=timezone.now() - login_throttle.WINDOW)
    assert change("owner").status_code == 302
