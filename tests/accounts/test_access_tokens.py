"""Who asks: access tokens, refresh tokens, sessions with CSRF, and the limits on log-in."""

import threading
import uuid
from datetime import timedelta

import jwt
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts import access_tokens, known_devices, login_throttle, refresh_tokens, signing_keys
from accounts.models import LogInAttempt, RefreshToken
from core import file_serving
from tests.api.framework.conftest import PASSWORD, JsonClient


def log_in(client, password=PASSWORD, **more):
    return client.ask(
        "POST", "auth/token/", {"username": "alice", "password": password}, token="", **more
    )


def test_log_in_gives_a_pair_that_is_accepted(nobody, user):
    answer = log_in(nobody).json()
    assert {key: value for key, value in answer.items() if not key.endswith("_token")} == {
        "token_type": "Bearer",
        "expires_in": 900,
        "refresh_expires_in": 1_209_600,
    }
    assert nobody.ask("GET", "notes/", token=answer["access_token"]).status_code == 200


@pytest.mark.parametrize("password", ["wrong", " " + PASSWORD])
def test_wrong_password_and_unknown_name_are_answered_alike(nobody, user, password):
    wrong = log_in(nobody, password)
    unknown = nobody.ask("POST", "auth/token/", {"username": "zoe", "password": password})
    assert (wrong.status_code, wrong.json(), wrong["WWW-Authenticate"]) == (
        401,
        unknown.json(),
        unknown["WWW-Authenticate"],
    )
    assert wrong.json()["code"] == "wrong_credentials"


def refused(client, token):
    response = client.ask("GET", "notes/", token=token)
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith('Bearer realm="api"')
    return response.json()["code"]


def test_nobody_and_nonsense_are_401(nobody, user):
    assert nobody.ask("GET", "notes/").json()["code"] == "not_authenticated"
    for token in ("x", "a.b.c", "é"):
        assert refused(nobody, token) == "token_invalid"
    for header in ("Basic YTpi", "Bearer", "Bearer  "):
        assert (
            nobody.ask("GET", "notes/", headers={"Authorization": header}).json()["code"]
            == "token_invalid"
        )


def signed(user, key=None, algorithm="HS256", **changes):
    kid, own = next(iter(signing_keys.own_keys().items()))
    refresh_tokens.start(user)
    claims = {
        "iss": "videoplanet",
        "typ": "access",
        "sub": str(user.pk),
        "sid": str(RefreshToken.objects.filter(user=user).first().family),
        "pwd": access_tokens.password_mark(user),
        "exp": timezone.now() + timedelta(60),
    }
    claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    return jwt.encode(
        claims, own if key is None else key, algorithm=algorithm, headers={"kid": kid}
    )


def test_token_signed_like_ours_is_taken(nobody, user):
    assert nobody.ask("GET", "notes/", token=signed(user)).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"},
        {"typ": "refresh"},
        {"typ": None},
        {"sub": "999"},
        {"sub": "x"},
        {"sid": None},
        {"sid": "x"},
        {"sid": str(uuid.uuid4())},
        {"pwd": "x" * 32},
        {"pwd": None},
        {"exp": None},
    ],
)
def test_token_with_another_claim_is_401(nobody, user, changes):
    assert refused(nobody, signed(user, **changes)) == "token_invalid"


def test_token_of_another_key_algorithm_or_without_signature_is_401(nobody, user, settings):
    settings.JWT_KEYS = ["long:" + "k" * 64]
    assert refused(nobody, signed(user, key="k" * 32)) == "token_invalid"
    assert refused(nobody, signed(user, key="", algorithm="none")) == "token_invalid"
    assert refused(nobody, signed(user, algorithm="HS512")) == "token_invalid"


def test_ended_token_says_so(nobody, user):
    assert (
        refused(nobody, signed(user, exp=timezone.now() - timedelta(seconds=1))) == "token_expired"
    )


def test_token_ends_at_once_with_its_person(api, user):
    assert api.ask("GET", "notes/").status_code == 200
    user.is_active = False
    user.save()
    assert refused(api, api.token) == "token_invalid"
    user.is_active = True
    user.save()
    assert refused(api, api.token) == "token_invalid"  # whoever was switched off logs in anew
    api.token = refresh_tokens.start(user).access.token
    assert api.ask("GET", "notes/").status_code == 200
    user.delete()
    assert refused(api, api.token) == "token_invalid"


def test_new_password_ends_access_and_refresh_tokens(nobody, user):
    pair = refresh_tokens.start(user)
    user.set_password("another long word")
    user.save()
    assert refused(nobody, pair.access.token) == "token_invalid"
    response = nobody.ask("POST", "auth/refresh/", {"refresh_token": pair.refresh.token})
    assert (response.status_code, response.json()["code"]) == (401, "refresh_token_invalid")


def test_keys_rotate_by_kid(nobody, user, settings):
    settings.JWT_KEYS = ["old:" + "o" * 32]
    old = refresh_tokens.start(user).access.token
    settings.JWT_KEYS = ["new:" + "n" * 32, "old:" + "o" * 32]
    new = refresh_tokens.start(user).access.token
    assert [jwt.get_unverified_header(token)["kid"] for token in (old, new)] == ["old", "new"]
    assert [nobody.ask("GET", "notes/", token=token).status_code for token in (old, new)] == [
        200,
        200,
    ]
    settings.JWT_KEYS = ["new:" + "n" * 32]
    assert [nobody.ask("GET", "notes/", token=token).status_code for token in (old, new)] == [
        401,
        200,
    ]


def test_derived_keys_rotate_with_the_secret_key(nobody, user, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "first", []
    token = refresh_tokens.start(user).access.token
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "second", ["first"]
    assert nobody.ask("GET", "notes/", token=token).status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert refused(nobody, token) == "token_invalid"


@pytest.mark.parametrize("entry", ["short:abc", "no-colon", ":" + "x" * 40])
def test_keys_that_are_none_stop_with_a_sentence(settings, entry):
    settings.JWT_KEYS = [entry]
    with pytest.raises(ImproperlyConfigured, match="JWT_KEYS must be"):
        signing_keys.own_keys()


def test_refresh_gives_the_next_pair_and_uses_itself_up(nobody, user):
    first = log_in(nobody).json()
    second = nobody.ask("POST", "auth/refresh/", {"refresh_token": first["refresh_token"]}).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert nobody.ask("GET", "notes/", token=second["access_token"]).status_code == 200
    assert RefreshToken.objects.values("family").distinct().count() == 1


def test_reuse_of_a_rotated_token_ends_the_whole_log_in_and_no_other(nobody, user):
    other = log_in(nobody).json()
    first = log_in(nobody).json()
    second = nobody.ask("POST", "auth/refresh/", {"refresh_token": first["refresh_token"]}).json()
    assert (
        nobody.ask("POST", "auth/refresh/", {"refresh_token": first["refresh_token"]}).status_code
        == 401
    )
    assert (
        nobody.ask("POST", "auth/refresh/", {"refresh_token": second["refresh_token"]}).status_code
        == 401
    )
    assert refused(nobody, second["access_token"]) == "token_invalid"
    assert (
        nobody.ask("POST", "auth/refresh/", {"refresh_token": other["refresh_token"]}).status_code
        == 200
    )


def test_revoke_ends_access_at_once_and_answers_alike_for_unknown(nobody, user):
    pair = log_in(nobody).json()
    gone, unknown = (
        nobody.ask("POST", "auth/revoke/", {"refresh_token": token})
        for token in (pair["refresh_token"], "x")
    )
    assert (gone.status_code, gone.content, unknown.status_code, unknown.content) == (
        204,
        b"",
        204,
        b"",
    )
    assert refused(nobody, pair["access_token"]) == "token_invalid"
    assert (
        nobody.ask("POST", "auth/refresh/", {"refresh_token": pair["refresh_token"]}).status_code
        == 401
    )


def test_ended_inactive_and_unknown_refresh_tokens_are_401(nobody, user):
    pair = refresh_tokens.start(user)
    RefreshToken.objects.update(expires_at=timezone.now())
    assert (
        nobody.ask("POST", "auth/refresh/", {"refresh_token": pair.refresh.token}).status_code
        == 401
    )
    pair = refresh_tokens.start(user)
    user.is_active = False
    user.save()
    assert (
        nobody.ask("POST", "auth/refresh/", {"refresh_token": pair.refresh.token}).status_code
        == 401
    )
    assert nobody.ask("POST", "auth/refresh/", {"refresh_token": "unknown"}).status_code == 401


def test_only_the_hash_of_a_refresh_token_is_kept(user):
    token = refresh_tokens.start(user).refresh.token
    assert token not in str(list(RefreshToken.objects.values()))


def test_all_log_ins_of_a_person_can_be_ended(nobody, user):
    pairs = [refresh_tokens.start(user), refresh_tokens.start(user)]
    access_tokens.revoke_user(user)
    assert [refused(nobody, pair.access.token) for pair in pairs] == ["token_invalid"] * 2


def test_tokens_are_kept_for_a_week_after_their_end_and_go_at_the_next_log_in(user):
    for days in (6, 8):
        refresh_tokens.start(user)
        RefreshToken.objects.filter(expires_at__gt=timezone.now()).update(
            expires_at=timezone.now() - timedelta(days=days)
        )
    assert RefreshToken.objects.count() == 2
    refresh_tokens.start(user)
    assert [
        row.expires_at > timezone.now() - timedelta(days=7)
        for row in RefreshToken.objects.order_by("expires_at")
    ] == [True, True]


@pytest.mark.django_db(transaction=True)
def test_one_refresh_token_used_by_two_at_once_ends_the_log_in(urls, django_user_model):
    token, answers = (
        refresh_tokens.start(django_user_model.objects.create(username="alice")).refresh.token,
        [],
    )

    def send():
        try:
            answers.append(
                JsonClient().ask("POST", "auth/refresh/", {"refresh_token": token}).status_code
            )
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 401, 401, 401]
    assert not RefreshToken.objects.filter(revoked_at__isnull=True).exists()


def test_failures_of_one_account_from_one_place_are_limited(nobody, user):
    for _ in range(login_throttle.PER_ACCOUNT):
        assert log_in(nobody, "wrong").status_code == 401
    response = log_in(nobody)
    assert (response.status_code, response.json()["code"]) == (429, "too_many_attempts")
    assert 20 <= int(response["Retry-After"]) <= 30
    assert (
        nobody.ask("POST", "auth/token/", {"username": "ALICE", "password": "x"}).status_code == 429
    )
    LogInAttempt.objects.update(at=timezone.now() - login_throttle.WINDOW)
    assert log_in(nobody).status_code == 200


def test_log_ins_that_succeed_are_not_counted(nobody, user):
    for _ in range(login_throttle.PER_ACCOUNT + 2):
        assert log_in(nobody).status_code == 200


@pytest.mark.parametrize(
    ("proxies", "forwarded", "counted"),
    [
        (0, "1.1.1.1", "127.0.0.1"),
        (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        (2, "6.6.6.6, 1.1.1.1, 10.0.0.1", "1.1.1.1"),
        (2, "1.1.1.1", "127.0.0.1"),
        (1, "2001:db8:1:2:3::9", "2001:db8:1:2::/64"),
        (1, "::ffff:1.2.3.4", "1.2.3.4"),
        (1, "unknown", "unknown"),
    ],
)
def test_address_behind_proxies_is_what_they_wrote(
    nobody, user, settings, proxies, forwarded, counted
):
    settings.TRUSTED_PROXIES = proxies
    log_in(nobody, headers={"X-Forwarded-For": forwarded})
    assert LogInAttempt.objects.get().address == counted


def test_session_reads_freely_and_changes_with_csrf_only(urls, user):
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    assert client.get("/api/example/notes/").status_code == 200
    send = {
        "path": "/api/example/notes/",
        "data": {"title": "sea"},
        "content_type": "application/json",
    }
    refused = client.post(**send)
    assert (refused.status_code, refused["Content-Type"], refused.json()["code"]) == (
        403,
        "application/problem+json",
        "csrf_failed",
    )
    client.get("/api/example/docs/")  # sets the cookie
    assert client.post(**send, headers={"X-CSRFToken": "x" * 32}).status_code == 403
    assert (
        client.post(**send, headers={"X-CSRFToken": client.cookies["csrftoken"].value}).status_code
        == 201
    )


def test_wrong_token_is_never_replaced_by_the_session(urls, user):
    client = Client()
    client.force_login(user)
    assert (
        client.get("/api/example/notes/", headers={"Authorization": "Bearer x"}).status_code == 401
    )


def test_inactive_person_has_no_session(urls, user):
    client = Client()
    client.force_login(user)
    user.is_active = False
    user.save()
    assert client.get("/api/example/notes/").status_code == 401


def test_bearer_costs_one_query_and_no_session(api, django_assert_num_queries):
    with django_assert_num_queries(1):
        api.ask("DELETE", "notes/1/?x=1")


def test_keys_are_derived_as_by_earlier_versions(settings) -> None:
    """Otherwise an upgrade would end all log-ins and forget failed attempts, devices and links."""
    settings.SECRET_KEY = "s" * 50
    assert list(signing_keys._own((), ("s" * 50,))) == ["24a8ef39"]
    assert login_throttle.account_key("mina") == (
        "b1ed9befb3acd2799851d4d62c88b99956e1dcef57c4f90932601cc76667ddf0"
    )
    assert (known_devices.SALT, file_serving.SALT) == ("web.auth.devices", "web.media")
