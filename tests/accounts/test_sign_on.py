"""Tokens of a company's own sign-on: RS256 and ES256 keys from a JWKS address, fetched seldom and
kept through an outage.
"""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import jwt
import pytest
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from accounts import signing_keys
from accounts.models import RefreshToken
from tests.api.framework.conftest import PASSWORD


class SignOn:
    """A JWKS address on this machine, with its keys."""

    def __init__(self):
        self.private = {
            "rs": rsa.generate_private_key(65537, 2048),
            "es": ec.generate_private_key(ec.SECP256R1()),
        }
        self.fetched, self.down = 0, False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.fetched += 1
                self.send_response(503 if outer.down else 200)
                self.end_headers()
                self.wfile.write(b"" if outer.down else outer.document())

            def log_message(self, *_args):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks"

    def document(self):
        shown = []
        for kid, key in self.private.items():
            algorithm = (
                jwt.algorithms.RSAAlgorithm if kid.startswith("rs") else jwt.algorithms.ECAlgorithm
            )
            shown.append(
                {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig"}
            )
        return json.dumps(
            {
                "keys": [
                    *shown,
                    {"kty": "EC", "kid": "broken"},
                    {"kty": "oct", "kid": "secret", "k": "AAAA"},
                ]
            }
        ).encode()

    def token(self, kid, algorithm="", key=None, **changes):
        claims = {
            "iss": "https://sso.example",
            "aud": "studio",
            "preferred_username": "alice",
            "exp": int(time.time()) + 60,
            **changes,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(
            claims,
            key or self.private[kid],
            algorithm=algorithm or {"r": "RS256", "e": "ES256"}[kid[0]],
            headers={"kid": kid},
        )


@pytest.fixture
def sign_on(settings):
    made = SignOn()
    settings.JWT_JWKS_URL, settings.JWT_ISSUER, settings.JWT_AUDIENCE = (
        made.url,
        "https://sso.example",
        "studio",
    )
    signing_keys._key_set.cache_clear()
    yield made
    made.server.shutdown()
    made.server.server_close()


def status(client, token):
    return client.ask("GET", "notes/", token=token).status_code


@pytest.mark.parametrize("missing", ["JWT_AUDIENCE", "JWT_ISSUER"])
def test_without_knowing_for_whom_and_by_whom_no_token_is_taken(
    nobody, user, sign_on, settings, missing
):
    setattr(settings, missing, "")
    for changes in ({}, {"aud": None}, {"iss": None}, {"aud": "some-other-app"}):
        assert status(nobody, sign_on.token("rs", **changes)) == 401


def test_keys_are_not_fetched_over_plain_http_from_another_machine():
    assert [
        signing_keys.is_safe(url)
        for url in (
            "https://sso.example/jwks",
            "http://127.0.0.1:9/jwks",
            "http://sso.example/jwks",
            "file:///keys",
            "",
        )
    ] == [
        *(True, True),
        *(False, False, False),
    ]


@pytest.mark.parametrize("kid", ["rs", "es"])
def test_token_of_the_sign_on_is_taken_for_the_user_it_names(nobody, user, sign_on, kid):
    assert status(nobody, sign_on.token(kid)) == 200
    assert status(nobody, sign_on.token(kid, preferred_username="zoe")) == 401
    user.is_active = False
    user.save()
    assert status(nobody, sign_on.token(kid)) == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other"},
        {"aud": "other"},
        {"aud": None},
        {"exp": None},
        {"exp": 1},
        {"preferred_username": None},
        {"preferred_username": 5},
    ],
)
def test_token_for_somebody_else_is_401(nobody, user, sign_on, changes):
    assert status(nobody, sign_on.token("rs", **changes)) == 401


def test_name_alone_opens_no_administrator(nobody, user, sign_on):
    user.is_staff = user.is_superuser = True
    user.save()
    assert status(nobody, sign_on.token("rs")) == 401
    SocialAccount.objects.create(user=user, provider="company", uid="s-1")
    tokens = [sign_on.token("rs", sub=subject) for subject in ("s-1", "s-2", None, "")]
    assert [status(nobody, token) for token in tokens] == [200, 401, 401, 401]


def test_account_that_is_connected_is_opened_by_its_subject_only(nobody, user, sign_on):
    """Who takes another's name at the provider does not get the account."""
    SocialAccount.objects.create(user=user, provider="company", uid="s-1")
    tokens = [sign_on.token("rs", sub=subject) for subject in ("s-1", "s-2", ["s-1"], None)]
    assert [status(nobody, token) for token in tokens] == [200, 401, 401, 401]


def test_address_as_a_name_must_have_been_verified(nobody, user, sign_on, settings):
    settings.JWT_USERNAME_CLAIM = "email"
    user.username = "alice@example.com"
    user.save()
    verified = (True, "true", False, "false", [], None)
    tokens = [sign_on.token("rs", email=user.username, email_verified=value) for value in verified]
    assert [status(nobody, token) for token in tokens] == [200, 200, 401, 401, 401, 401]
    SocialAccount.objects.create(user=user, provider="company", uid="s-1")
    assert status(nobody, sign_on.token("rs", email=user.username, sub="s-1")) == 200


def test_token_whose_groups_give_no_role_is_401(nobody, user, sign_on, settings):
    settings.OIDC_ROLES = {"studio-makers": "producer"}
    groups = (["studio-makers", "others"], "studio-makers", ["others"], [], [[]], None)
    tokens = [sign_on.token("rs", groups=value) for value in groups]
    assert [status(nobody, token) for token in tokens] == [200, 200, 401, 401, 401, 200]
    settings.OIDC_ROLES = {}
    assert status(nobody, sign_on.token("rs", groups=["others"])) == 200


def test_public_key_used_as_a_secret_is_401(nobody, user, sign_on):
    secret = json.loads(sign_on.document())["keys"][0]["n"]
    assert status(nobody, sign_on.token("rs", algorithm="HS256", key=secret)) == 401
    assert status(nobody, sign_on.token("rs", key=rsa.generate_private_key(65537, 2048))) == 401
    assert (
        status(
            nobody,
            jwt.encode(
                {"preferred_username": "alice"}, "", algorithm="none", headers={"kid": "rs"}
            ),
        )
        == 401
    )


def test_claim_with_the_name_can_be_chosen(nobody, user, sign_on, settings):
    settings.JWT_USERNAME_CLAIM = "upn"
    assert status(nobody, sign_on.token("rs", preferred_username=None, upn="alice")) == 200


def test_keys_are_fetched_once_and_unknown_ids_do_not_hammer_the_address(nobody, user, sign_on):
    for _ in range(3):
        assert status(nobody, sign_on.token("rs")) == 200
    sign_on.private["rs-new"] = rsa.generate_private_key(65537, 2048)
    for _ in range(3):
        assert status(nobody, sign_on.token("rs-new")) == 401
    assert sign_on.fetched == 1


@pytest.mark.moderate
def test_new_key_is_found_after_the_pause(nobody, user, sign_on, monkeypatch):
    assert status(nobody, sign_on.token("rs")) == 200
    sign_on.private["rs-new"] = rsa.generate_private_key(65537, 2048)
    monkeypatch.setattr(signing_keys, "RETRY", 0.0)
    assert status(nobody, sign_on.token("rs-new")) == 200


def test_kept_keys_hold_while_the_address_is_down(nobody, user, sign_on, monkeypatch):
    assert status(nobody, sign_on.token("rs")) == 200
    sign_on.down = True
    monkeypatch.setattr(signing_keys, "KEY_SET_MAX_AGE", 0.0)
    monkeypatch.setattr(signing_keys, "RETRY", 0.0)
    assert status(nobody, sign_on.token("rs")) == 200
    monkeypatch.setattr(signing_keys, "STALE", 0.0)
    response = nobody.ask("GET", "notes/", token=sign_on.token("rs"))
    assert (response.status_code, response.json()["code"]) == (503, "sign_on_unreachable")


def test_without_a_sign_on_its_tokens_are_401(nobody, user, sign_on, settings):
    settings.JWT_JWKS_URL = ""
    assert status(nobody, sign_on.token("rs")) == 401


def test_with_a_sign_on_no_token_is_given_for_a_password(nobody, user, sign_on):
    for route, body in (
        ("token", {"username": "alice", "password": PASSWORD}),
        ("refresh", {"refresh_token": "x"}),
    ):
        response = nobody.ask("POST", f"auth/{route}/", body)
        assert (response.status_code, response.json()["code"]) == (403, "sign_on_only")
    assert not RefreshToken.objects.exists()


def test_with_a_sign_on_the_studio_s_own_tokens_end(nobody, user, sign_on, settings):
    settings.JWT_JWKS_URL = ""
    given = nobody.ask("POST", "auth/token/", {"username": "alice", "password": PASSWORD}).json()
    assert status(nobody, given["access_token"]) == 200
    settings.JWT_JWKS_URL = sign_on.url
    assert status(nobody, given["access_token"]) == 401
    assert (
        nobody.ask("POST", "auth/refresh/", {"refresh_token": given["refresh_token"]}).status_code
        == 403
    )
    assert (
        nobody.ask("POST", "auth/revoke/", {"refresh_token": given["refresh_token"]}).status_code
        == 204
    )


def test_tokens_with_made_up_ids_hold_no_threads_while_the_address_is_slow(sign_on, monkeypatch):
    """One thread waits for the address; the others answer with the keys that are there."""
    keys = signing_keys.KeySet(sign_on.url)
    assert keys.get("rs") is not None
    fetching, go_on, asked = threading.Event(), threading.Event(), []

    def slow(url, **_options):
        asked.append(url)
        fetching.set()
        assert go_on.wait(60)
        raise httpx.ConnectTimeout("too slow")

    monkeypatch.setattr(signing_keys.httpx, "get", slow)
    keys._tried -= signing_keys.RETRY
    first = threading.Thread(target=keys.get, args=["made-up"])
    first.start()
    assert fetching.wait(60)
    assert [keys.get(f"made-up-{number}") for number in range(50)] == [None] * 50
    assert keys.get("rs") is not None
    go_on.set()
    first.join(60)
    assert asked == [sign_on.url]
