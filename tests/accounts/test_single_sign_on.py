"""Single sign-on in the browser, against the server of a real library and against one that lies."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import oidc_provider_mock
import pytest
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from accounts import api_keys, mfa, single_sign_on

ROLES = {"studio-makers": "producer", "studio-leads": "manager"}
START = "/admin/single-sign-on/company/"
pytestmark = pytest.mark.django_db


def configure(settings, issuer):
    settings.OIDC_ISSUER, settings.OIDC_NAME, settings.OIDC_ROLES = issuer, "Harbour", ROLES
    app = {
        "provider_id": "company",
        "name": "Harbour",
        "client_id": "studio",
        "secret": "a secret",
        "settings": {"server_url": issuer, "scope": ["openid", "profile", "email"]},
    }
    provider = {**settings.SOCIALACCOUNT_PROVIDERS["openid_connect"], "APPS": [app]}
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": provider}


@pytest.fixture(scope="module")
def server():
    with oidc_provider_mock.run_server_in_thread(require_nonce=True) as found:
        yield f"http://localhost:{found.server_port}"


@pytest.fixture
def provider(server, settings):
    configure(settings, server)
    return server


def put_user(provider, sub, **claims):
    httpx.put(f"{provider}/users/{sub}", json=claims).raise_for_status()


def sign_on(client, sub, **query):
    """Go through single sign-on as a browser does; return the studio's last answer."""
    sent = client.get(START, query)
    assert sent.status_code == 302
    back = httpx.post(sent["Location"], data={"sub": sub})
    assert back.status_code == 302, back.text
    parts = urlsplit(back.headers["Location"])
    return client.get(f"{parts.path}?{parts.query}")


def is_in(client):
    return "_auth_user_id" in client.session


@pytest.mark.moderate
def test_account_is_made_at_the_first_log_in_with_the_roles_of_its_groups(client, provider):
    put_user(
        provider,
        "sub-1",
        preferred_username="haneul",
        name="Ha Neul",
        email="haneul@example.com",
        groups=["everybody", "studio-makers"],
    )
    login = client.get(reverse("admin:login")).content.decode()
    assert ("Harbour" in login, START in login) == (True, True)
    answer = sign_on(client, "sub-1", next="/admin/costs/")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/costs/")
    user = User.objects.get(username="haneul")
    assert (user.is_staff, user.is_superuser, user.has_usable_password()) == (True, False, False)
    assert list(user.groups.values_list("name", flat=True)) == ["producer"]
    assert (user.email, user.first_name, user.last_name) == ("haneul@example.com", "Ha", "Neul")
    assert client.session[mfa.PASSED] is True  # the provider's own factor
    assert client.session.get_expiry_age() <= 10 * 3600
    assert client.get("/admin/").status_code == 200
    assert SocialAccount.objects.get().uid == "sub-1"


def test_request_carries_state_nonce_and_pkce(client, provider):
    query = parse_qs(urlsplit(client.get(START)["Location"]).query)
    assert (query["client_id"], query["response_type"]) == (["studio"], ["code"])
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["nonce"][0]) >= 32
    assert len(query["state"][0]) >= 16
    assert query["redirect_uri"] == [f"http://testserver{START}back/"]


@pytest.mark.moderate
def test_groups_give_and_take_roles_at_each_log_in(client, provider):
    put_user(provider, "sub-2", preferred_username="bada", groups=["studio-makers"])
    sign_on(client, "sub-2")
    put_user(provider, "sub-2", preferred_username="bada", groups=["studio-leads"])
    again = Client()
    sign_on(again, "sub-2")
    user = User.objects.get(username="bada")
    assert list(user.groups.values_list("name", flat=True)) == ["manager"]


@pytest.mark.moderate
def test_whose_last_group_is_taken_is_out_everywhere(client, provider):
    put_user(provider, "sub-3", preferred_username="noeul", groups=["studio-makers"])
    sign_on(client, "sub-3")
    assert client.get("/admin/").status_code == 200
    put_user(provider, "sub-3", preferred_username="noeul", groups=["everybody"])
    elsewhere = Client()
    answer = sign_on(elsewhere, "sub-3")
    assert (answer["Location"], is_in(elsewhere)) == (reverse("admin:login"), False)
    assert "no role in the studio" in elsewhere.get(answer["Location"]).content.decode()
    assert client.get("/admin/").status_code == 302  # the earlier session has ended
    assert not User.objects.get(username="noeul").groups.exists()


def test_who_has_no_group_gets_no_account(client, provider):
    put_user(provider, "sub-4", preferred_username="nobody")
    answer = sign_on(client, "sub-4")
    assert (answer["Location"], User.objects.filter(username="nobody").exists()) == (
        reverse("admin:login"),
        False,
    )


def test_deactivated_account_stays_out(client, provider):
    put_user(provider, "sub-5", preferred_username="byeol", groups=["studio-makers"])
    sign_on(client, "sub-5")
    User.objects.filter(username="byeol").update(is_active=False)
    assert client.get("/admin/").status_code == 302
    again = Client()
    assert sign_on(again, "sub-5")["Location"] == reverse("admin:login")
    assert not is_in(again)


def test_account_of_the_same_name_is_connected_once(client, provider, owner, colleague):
    put_user(provider, "sub-6", preferred_username="owner", groups=["studio-makers"])
    sign_on(client, "sub-6")
    assert SocialAccount.objects.get().user == owner
    put_user(provider, "sub-7", preferred_username="owner", groups=["studio-makers"])
    other = Client()
    sign_on(other, "sub-7")
    assert (is_in(other), SocialAccount.objects.count()) == (False, 1)


@pytest.mark.parametrize("verified", [False, "false", None])
def test_address_that_is_not_verified_opens_and_makes_no_account(
    client, provider, settings, owner, verified
):
    settings.JWT_USERNAME_CLAIM = "email"
    User.objects.filter(pk=owner.pk).update(username="owner@example.com")
    for number, email in enumerate(("owner@example.com", "new@example.com")):
        claims = {} if verified is None else {"email_verified": verified}
        put_user(provider, f"sub-m{number}", email=email, groups=["studio-makers"], **claims)
        answer = sign_on(client, f"sub-m{number}")
        assert (answer["Location"], is_in(client)) == (reverse("admin:login"), False)
    assert "not verified your e-mail" in client.get(answer["Location"]).content.decode()
    assert not SocialAccount.objects.exists()
    assert not User.objects.filter(username__contains="new").exists()


def test_verified_address_is_a_name(client, provider, settings):
    settings.JWT_USERNAME_CLAIM = "email"
    claims = {"email": "haru@example.com", "email_verified": True}
    put_user(provider, "sub-v", groups=["studio-makers"], **claims)
    sign_on(client, "sub-v")
    assert User.objects.get(username="haru@example.com").email == "haru@example.com"


def test_address_of_another_account_connects_nothing(client, provider, owner):
    """An account is never found by its e-mail address."""
    User.objects.filter(pk=owner.pk).update(email="shared@example.com")
    claims = {"email": "shared@example.com", "email_verified": True}
    put_user(provider, "sub-e", preferred_username="mina", groups=["studio-makers"], **claims)
    sign_on(client, "sub-e")
    assert is_in(client)
    assert SocialAccount.objects.get().user.username == "mina"
    assert client.session["_auth_user_id"] != str(owner.pk)


def test_neither_administrators_nor_programs_are_opened_by_their_name(
    client, provider, admin_user, producer_role
):
    api_keys.create_account(name="robot", role=producer_role, purpose="", actor=admin_user)
    for number, name in enumerate((admin_user.username, "robot")):
        put_user(provider, f"sub-8{number}", preferred_username=name, groups=["studio-makers"])
        assert sign_on(client, f"sub-8{number}")["Location"] == reverse("admin:login")
        assert not is_in(client)
    assert not SocialAccount.objects.exists()


@pytest.fixture
def producer_role():
    from django.contrib.auth.models import Group

    return Group.objects.get(name="producer")


def test_with_single_sign_on_passwords_are_for_administrators(
    client, provider, owner, admin_user, settings
):
    def log_in(name, password):
        fresh = Client()
        fresh.post(reverse("admin:login"), {"username": name, "password": password})
        return is_in(fresh)

    assert log_in("owner", "owner") is False
    assert log_in(admin_user.username, "password") is True
    settings.OIDC_PASSWORD_LOGIN = "everybody"
    assert log_in("owner", "owner") is True


def test_without_a_provider_the_addresses_are_not_there(client):
    assert client.get(START).status_code == 404
    assert client.get(f"{START}back/").status_code == 404
    assert client.get("/admin/single-sign-on/other/").status_code == 404


def test_state_and_nonce_belong_to_one_browser(client, provider):
    put_user(provider, "sub-9", preferred_username="gaeul", groups=["studio-makers"])
    sent = client.get(START)
    back = urlsplit(httpx.post(sent["Location"], data={"sub": "sub-9"}).headers["Location"])
    victim = Client()  # another browser is led to the answer
    assert victim.get(f"{back.path}?{back.query}")["Location"] == reverse("admin:login")
    assert not is_in(victim)
    session = client.session
    session[single_sign_on.NONCE] = "another"
    session.save()
    assert client.get(f"{back.path}?{back.query}")["Location"] == reverse("admin:login")
    assert (is_in(client), User.objects.filter(username="gaeul").exists()) == (False, False)


class LyingProvider:
    """A provider whose answers the test chooses."""

    def __init__(self):
        self.key = rsa.generate_private_key(65537, 2048)
        self.claims, self.about, self.nonce, self.signed_by = {}, {}, "", None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.answer(outer.document(self.path))

            def do_POST(self):
                self.answer({"access_token": "x", "token_type": "Bearer", **outer.tokens()})

            def answer(self, document):
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(document).encode())

            def log_message(self, *_args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def document(self, path):
        if path == "/jwks":
            key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
            return {"keys": [{**key, "kid": "k", "alg": "RS256", "use": "sig"}]}
        if path == "/about":
            person = {"preferred_username": "liar", "groups": ["studio-makers"]}
            return {"sub": "sub-liar", **person, **self.about}
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/about",
            "jwks_uri": f"{self.url}/jwks",
        }

    def tokens(self):
        if self.claims is None:
            return {}
        now = int(time.time())
        usual = {
            "iss": self.url,
            "aud": "studio",
            "sub": "sub-liar",
            "iat": now,
            "exp": now + 60,
            "nonce": self.nonce,
        }
        claims = {key: value for key, value in {**usual, **self.claims}.items() if value}
        key = self.signed_by or self.key
        algorithm = "RS256" if self.signed_by is None or not isinstance(key, str) else "HS256"
        return {"id_token": jwt.encode(claims, key, algorithm, headers={"kid": "k"})}


@pytest.fixture
def liar(settings):
    made = LyingProvider()
    configure(settings, made.url)
    yield made
    made.server.shutdown()
    made.server.server_close()


def answer_of(client, liar):
    query = parse_qs(urlsplit(client.get(START)["Location"]).query)
    liar.nonce = query["nonce"][0]
    return client.get(f"{START}back/", {"code": "c", "state": query["state"][0]})


def test_honest_answer_is_taken(client, liar):
    answer_of(client, liar)
    assert is_in(client)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "some-other-application"},
        {"aud": None},
        {"iss": "https://other.example"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1},
        {"sub": "sub-somebody-else"},
        {"azp": "some-other-application"},
        None,
    ],
)
def test_false_answer_opens_nothing(client, liar, claims):
    liar.claims = claims
    answer = answer_of(client, liar)
    assert (answer.status_code, answer["Location"]) == (302, reverse("admin:login"))
    assert (is_in(client), User.objects.filter(username="liar").exists()) == (False, False)


def test_answer_signed_by_another_key_opens_nothing(client, liar):
    for key in (rsa.generate_private_key(65537, 2048), "a secret" * 5):
        liar.signed_by = key
        assert answer_of(client, liar)["Location"] == reverse("admin:login")
        assert not is_in(client)
