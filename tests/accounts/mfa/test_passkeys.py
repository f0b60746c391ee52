"""Passkeys against answers that no honest device sends, made with a device in software."""

import hashlib
import json
from typing import Any

import pytest
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from accounts import mfa, passkey_forms
from accounts.models import AuditEntry

from .log_in import PAGE, is_in, log_in

pytestmark = pytest.mark.django_db
ORIGIN = "https://testserver"
FLAG = AuthenticatorData.FLAG
ADD = "/admin/second-factor/passkeys/add/"
LOG_IN = "/admin/log-in/passkey/"
BY_PASSWORD, BY_PASSKEY = "/admin/confirm/", "/admin/confirm/passkey/"


class Device:
    """Keeps one passkey of an account, and counts its uses."""

    def __init__(self, user: User, count: int = 1) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = hashlib.sha256(user.get_username().encode()).digest()
        self.handle = user_pk_to_url_str(user).encode()
        self.count = count

    def _signed(self, kind: Any, challenge: str, origin: str) -> CollectedClientData:
        return CollectedClientData.create(kind, websafe_decode(challenge), origin)

    def _data(self, host: str, flags: Any, credential: bytes = b"") -> AuthenticatorData:
        place = hashlib.sha256(host.encode()).digest()
        found: AuthenticatorData = AuthenticatorData.create(place, flags, self.count, credential)
        return found

    def registration(self, challenge: str, origin: str = ORIGIN) -> dict[str, Any]:
        public = ES256.from_cryptography_key(self.key.public_key())  # type: ignore[no-untyped-call]  # the library's
        credential = AttestedCredentialData.create(Aaguid.NONE, self.id, public)
        data = self._data("testserver", FLAG.UP | FLAG.UV | FLAG.AT, credential)
        client = self._signed(CollectedClientData.TYPE.CREATE, challenge, origin)
        answer = {
            "clientDataJSON": websafe_encode(client),
            "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
        }
        return {**self._named(answer), "clientExtensionResults": {"credProps": {"rk": True}}}

    def answer(
        self,
        challenge: str,
        *,
        origin: str = ORIGIN,
        host: str = "testserver",
        flags: Any = FLAG.UP | FLAG.UV,
        handle: bytes = b"",
    ) -> dict[str, Any]:
        self.count += 1
        data = self._data(host, flags)
        client = self._signed(CollectedClientData.TYPE.GET, challenge, origin)
        signature = self.key.sign(data + client.hash, ec.ECDSA(hashes.SHA256()))
        answer = {
            "clientDataJSON": websafe_encode(client),
            "authenticatorData": websafe_encode(data),
            "signature": websafe_encode(signature),
            "userHandle": websafe_encode(handle or self.handle),
        }
        return {**self._named(answer), "clientExtensionResults": {}}

    def _named(self, answer: dict[str, Any]) -> dict[str, Any]:
        name = websafe_encode(self.id)
        return {"type": "public-key", "id": name, "rawId": name, "response": answer}


def add(client: Client, device: Device, **changes: Any) -> Any:
    """Add the device's passkey, as the page does."""
    page = client.get(ADD)
    if page.status_code != 200:
        return page
    challenge = page.context["js_data"]["creation_options"]["publicKey"]["challenge"]
    sent = json.dumps(device.registration(challenge, **changes))
    return client.post(ADD, {"name": "Key", "passwordless": "on", "credential": sent})


def challenge_of(client: Client) -> str:
    found = client.get(LOG_IN, headers={"X-Requested-With": "XMLHttpRequest"}).json()
    return str(found["request_options"]["publicKey"]["challenge"])


def send(client: Client, answer: Any, where: str = LOG_IN) -> Any:
    return client.post(where, {"credential": json.dumps(answer)})


def connected(user: User, **values: Any) -> Device:
    """A device whose passkey the account has."""
    device, client = Device(user, **values), Client()
    log_in(client, user.get_username())
    client.post(BY_PASSWORD, {"password": user.get_username()})
    assert add(client, device).status_code == 302
    return device


@pytest.fixture
def device(owner: User) -> Device:
    return connected(owner)


def test_passkey_logs_in_and_counts(client: Client, owner: User, device: Device) -> None:
    for count in (2, 3):
        browser = Client()
        send(browser, device.answer(challenge_of(browser)))
        assert browser.session["_auth_user_id"] == str(owner.pk)
        assert Authenticator.objects.get().data["sign_count"] == count


@pytest.mark.moderate
def test_wrong_answers_from_one_address_keep_nobody_there_out(device: Device) -> None:
    for _ in range(40):
        assert Client().post(LOG_IN, {"credential": "{}"}).status_code == 302
    browser = Client()
    send(browser, device.answer(challenge_of(browser)))
    assert is_in(browser)


@pytest.mark.parametrize("step", [0, -1])
def test_count_that_does_not_rise_is_a_copy(device: Device, step: int) -> None:
    first, second = Client(), Client()
    send(first, device.answer(challenge_of(first)))
    device.count += step - 1  # the copy has counted less than the device
    send(second, device.answer(challenge_of(second)))
    assert (is_in(first), is_in(second)) == (True, False)
    assert [entry.action for entry in AuditEntry.objects.order_by("-pk")[:1]] == ["log_in_refused"]


@pytest.mark.moderate
def test_device_that_does_not_count_is_taken(owner: User) -> None:
    device = connected(owner, count=0)
    for _ in range(2):
        browser = Client()
        device.count = -1
        send(browser, device.answer(challenge_of(browser)))
        assert is_in(browser)
    device.count = 6
    browser = Client()
    send(browser, device.answer(challenge_of(browser)))
    assert is_in(browser)
    device.count = -1  # one that has counted does not stop
    browser = Client()
    send(browser, device.answer(challenge_of(browser)))
    assert not is_in(browser)


def test_of_two_answers_at_once_one_is_taken(device: Device) -> None:
    (row,) = Authenticator.objects.all()
    same = Authenticator.objects.get()
    assert passkey_forms._raise_count(row, 5)
    assert not passkey_forms._raise_count(same, 6)


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://testserver"},
        {"host": "evil.example"},
        {"flags": FLAG.UP},
        {"flags": FLAG.UV},
    ],
)
def test_false_answer_opens_nothing(
    client: Client, device: Device, changes: dict[str, Any]
) -> None:
    send(client, device.answer(challenge_of(client), **changes))
    assert not is_in(client)


def test_answer_to_another_challenge_opens_nothing(client: Client, device: Device) -> None:
    other = Client()
    stolen = device.answer(challenge_of(other))
    send(client, stolen)  # no challenge yet
    challenge_of(client)
    send(client, stolen)
    assert not is_in(client)
    challenge = challenge_of(client)
    answer = device.answer(challenge)
    send(client, answer)
    assert is_in(client)
    client.logout()
    send(client, answer)
    assert not is_in(client)


@pytest.mark.moderate
def test_passkey_of_another_opens_nothing(
    client: Client, owner: User, colleague: User, device: Device
) -> None:
    theirs = connected(colleague)
    handle = user_pk_to_url_str(colleague).encode()
    send(client, device.answer(challenge_of(client), handle=handle))
    assert not is_in(client)
    theirs.id = device.id  # the name of the owner's passkey, signed by another
    theirs.handle = device.handle
    send(client, theirs.answer(challenge_of(client)))
    assert not is_in(client)


@pytest.mark.moderate
def test_after_the_password_only_the_own_passkey_passes(
    client: Client, owner: User, colleague: User, device: Device
) -> None:
    def challenge() -> str:
        page = client.get(reverse("mfa_authenticate"))
        return str(page.context["js_data"]["request_options"]["publicKey"]["challenge"])

    theirs = connected(colleague)
    log_in(client, "owner")
    step = reverse("mfa_authenticate")
    assert send(client, theirs.answer(challenge()), step).status_code == 200
    assert not is_in(client)
    device.count = 0
    send(client, device.answer(challenge()), step)
    assert not is_in(client)
    device.count = 7
    send(client, device.answer(challenge()), step)
    assert is_in(client)


def test_who_is_out_stays_out(client: Client, owner: User, device: Device) -> None:
    User.objects.filter(pk=owner.pk).update(is_active=False)
    send(client, device.answer(challenge_of(client)))
    assert not is_in(client)
    User.objects.filter(pk=owner.pk).update(is_active=True, is_staff=False)
    send(client, device.answer(challenge_of(client)))
    assert not is_in(client)


@pytest.mark.moderate
def test_with_single_sign_on_a_passkey_alone_is_for_administrators(
    client: Client, owner: User, admin_user: User, device: Device, settings: Any
) -> None:
    """Who was removed at the company's provider does not come in by a passkey."""
    User.objects.filter(pk=admin_user.pk).update(username="root")
    admin_user.refresh_from_db()
    admin_user.set_password("root")
    admin_user.save()
    root = connected(admin_user)
    settings.OIDC_ISSUER = "https://id.example.com"
    answer = send(client, device.answer(challenge_of(client)))
    assert (answer["Location"], is_in(client)) == (reverse("account_login"), False)
    page = client.get(reverse("admin:login")).content.decode()
    assert "Use your company’s sign-on" in page or "company&#x27;s sign-on" in page
    send(client, root.answer(challenge_of(client)))
    assert is_in(client)


def test_adding_needs_a_proof_and_this_place(owner: User) -> None:
    client = Client()
    log_in(client, "owner")
    device = Device(owner)
    assert add(client, device)["Location"].startswith(BY_PASSWORD)
    client.post(BY_PASSWORD, {"password": "owner"})
    assert add(client, device, origin="https://evil.example").status_code == 200
    page = client.get(ADD)
    sent = json.dumps(device.registration(websafe_encode(b"x" * 32)))
    assert client.post(ADD, {"name": "Key", "credential": sent}).status_code == 200
    assert (page.status_code, mfa.is_set_up(owner)) == (200, False)


@pytest.mark.moderate
def test_removing_needs_the_passkey_and_one_of_the_own(
    owner: User, colleague: User, device: Device
) -> None:
    theirs = connected(colleague)
    client = Client()
    send(client, device.answer(challenge_of(client)))
    (own,) = Authenticator.objects.filter(user=owner, type="webauthn")
    (other,) = Authenticator.objects.filter(user=colleague, type="webauthn")

    def remove(pk: int) -> Any:
        return client.post(reverse("mfa_remove_webauthn", args=[pk]))

    assert remove(own.pk)["Location"].startswith("/admin/confirm/")
    assert client.post(BY_PASSWORD, {"password": "owner"})["Location"] != "/admin/"
    assert Authenticator.objects.filter(pk=own.pk).exists()  # the password is not enough
    page = client.get(BY_PASSKEY)
    challenge = page.context["js_data"]["request_options"]["publicKey"]["challenge"]
    send(client, theirs.answer(challenge), BY_PASSKEY)
    assert remove(own.pk).status_code == 302
    assert Authenticator.objects.filter(pk=own.pk).exists()
    challenge = client.get(BY_PASSKEY).context["js_data"]["request_options"]["publicKey"][
        "challenge"
    ]
    send(client, device.answer(challenge), BY_PASSKEY)
    assert remove(other.pk).status_code == 404
    remove(own.pk)
    assert (mfa.is_set_up(owner), mfa.is_set_up(colleague)) == (False, True)


NONSENSE = ["[]", "{}", "null", "5", '"x"', '{"id": 1}', "{", "[" * 100_000, '{"response": []}']


@pytest.mark.parametrize("sent", NONSENSE, ids=[text[:20] for text in NONSENSE])
def test_nonsense_is_refused(client: Client, owner: User, sent: str) -> None:
    challenge_of(client)
    assert client.post(LOG_IN, {"credential": sent}).status_code == 302
    log_in(client, "owner")
    client.post(BY_PASSWORD, {"password": "owner"})
    client.get(ADD)
    assert client.post(ADD, {"name": "Key", "credential": sent}).status_code == 200


@pytest.mark.moderate
def test_parts_that_are_missing_or_wrong_are_refused(client: Client, device: Device) -> None:
    whole = device.answer(challenge_of(client))
    wrong: tuple[Any, ...] = (None, 5, "", "!", "_w", [], {})
    for name in whole["response"]:
        for value in wrong:
            broken = {**whole, "response": {**whole["response"], name: value}}
            assert send(client, broken).status_code == 302
            assert not is_in(client)


@pytest.mark.moderate
def test_an_app_is_connected_soon_after_a_log_in_or_a_proof(owner: User, device: Device) -> None:
    """A thief of a session connects no app beside the passkey, and gets no recovery codes."""
    client = Client()
    send(client, device.answer(challenge_of(client)))
    records = client.session["account_authentication_methods"]
    session = client.session
    session["account_authentication_methods"] = [
        {**record, "at": record["at"] - 301} for record in records
    ]
    session.save()
    asked = client.post(PAGE, {"do": "begin"})
    assert asked["Location"] == f"/admin/confirm/passkey/?next={PAGE.replace('/', '%2F')}"
    assert "vp-secret" not in client.get(PAGE).content.decode()
    page = client.get(asked["Location"])
    challenge = page.context["js_data"]["request_options"]["publicKey"]["challenge"]
    back = client.post(asked["Location"], {"credential": json.dumps(device.answer(challenge))})
    assert back["Location"] == PAGE
    client.post(PAGE, {"do": "begin"})
    assert "vp-secret" in client.get(PAGE).content.decode()
