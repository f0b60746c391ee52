"""REQUIRE_TOTP: who needs a second factor, and what they can do before they have it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from accounts import mfa, refresh_tokens

from .conftest import Clock
from .log_in import PAGE, ask_token, code_of, is_in, log_in, secret_on

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("setting", "people"),
    [("nobody", []), ("managers", ["boss", "manager"]), ("staff", ["boss", "manager", "owner"])],
)
def test_of_whom_it_is_demanded(
    settings: Any, owner: User, manager: User, stranger: User, setting: str, people: list[str]
) -> None:
    User.objects.create_superuser("boss", password="boss")
    settings.REQUIRE_TOTP = setting
    assert sorted(user.username for user in User.objects.all() if mfa.is_demanded(user)) == people


@pytest.mark.moderate
def test_who_has_none_opens_nothing_but_its_page(
    settings: Any, client: Client, owner: User, clock: Clock
) -> None:
    settings.REQUIRE_TOTP = "staff"
    log_in(client, "owner")
    for address in ("/admin/", "/admin/stories/story/", "/admin/auth/user/", "/admin/now/"):
        answer = client.get(address)
        assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, PAGE), address
    assert client.post("/admin/stories/story/add/", {"title": "x"})["Location"].startswith(PAGE)
    refused = client.get("/api/ai-video/stories/")
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_missing")
    refused = ask_token(client, username="owner", password="owner")
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_missing")
    assert "requires a second factor" in client.get(PAGE).content.decode()

    client.post(PAGE, {"do": "begin"})
    secret = secret_on(client.get(PAGE))
    assert (
        client.post(PAGE, {"do": "confirm", "code": code_of(secret, clock.now)}).status_code == 200
    )
    assert (
        client.get("/admin/").status_code,
        client.get("/api/ai-video/stories/").status_code,
    ) == (200, 200)
    clock.now += 60
    assert (
        ask_token(
            client, username="owner", password="owner", code=code_of(secret, clock.now)
        ).status_code
        == 200
    )
    clock.now += 60
    assert (
        client.post(PAGE, {"do": "remove", "code": code_of(secret, clock.now)}).status_code == 302
    )
    assert client.get("/admin/")["Location"].startswith(PAGE)  # the next phone first


@pytest.mark.moderate
def test_session_from_before_the_demand_gives_the_code_once(
    settings: Any, client: Client, owner: User, phone: Any
) -> None:
    show = phone(owner)
    client.force_login(owner)
    assert client.get("/admin/").status_code == 200
    settings.REQUIRE_TOTP = "staff"
    answer = client.get("/admin/stories/story/?q=sea")
    assert answer["Location"] == f"{PAGE}?next=%2Fadmin%2Fstories%2Fstory%2F%3Fq%3Dsea"
    assert "One more step" in client.get(answer["Location"]).content.decode()
    assert client.post(PAGE, {"do": "pass", "code": "1"}).status_code == 409
    passed = client.post(
        PAGE, {"do": "pass", "code": show(), "next": "/admin/stories/story/?q=sea"}
    )
    assert (passed.status_code, passed["Location"]) == (302, "/admin/stories/story/?q=sea")
    assert client.get("/admin/").status_code == 200


def test_way_back_leads_nowhere_else(
    settings: Any, client: Client, owner: User, phone: Any
) -> None:
    show = phone(owner)
    settings.REQUIRE_TOTP = "staff"
    client.force_login(owner)
    assert (
        client.post(PAGE, {"do": "pass", "code": show(), "next": "https://evil.example.com/"})[
            "Location"
        ]
        == "/admin/"
    )


def test_refresh_token_from_before_the_demand_ends(
    settings: Any, client: Client, owner: User
) -> None:
    pair = refresh_tokens.start(owner)
    settings.REQUIRE_TOTP = "staff"
    answer = client.post(
        "/api/ai-video/auth/refresh/",
        {"refresh_token": pair.refresh.token},
        content_type="application/json",
    )
    assert (answer.status_code, answer.json()["code"]) == (401, "refresh_token_invalid")


def test_way_out_and_language_stay_open(settings: Any, client: Client, owner: User) -> None:
    settings.REQUIRE_TOTP = "staff"
    client.force_login(owner)
    assert client.post("/admin/language/", {"language": "ko", "next": PAGE}).status_code == 302
    assert client.post("/admin/logout/").status_code in {200, 302}
    assert not is_in(client)
