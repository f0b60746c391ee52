"""Which codes pass: the moment's, once each, and a recovery code."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.contrib.auth.models import User
from django.test import Client

from accounts import mfa

from .conftest import Clock
from .log_in import code_of, give, is_in, log_in

pytestmark = pytest.mark.django_db


@pytest.mark.moderate
def test_judge_knows_the_vectors_of_rfc_6238() -> None:
    secret = b"12345678901234567890"
    assert [code_of(secret, moment) for moment in (59, 1111111109, 1234567890, 20000000000)] == [
        "287082",
        "081804",
        "005924",
        "353130",
    ]
    assert TOTP(secret, 6, SHA1(), 30).generate(59).decode() == "287082"


@pytest.mark.parametrize(
    ("steps", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_clock_of_the_phone_may_differ_by_one_step(
    owner: User,
    phone: Any,
    steps: int,
    right: bool,  # noqa: FBT001  a parameter of the test
) -> None:
    show = phone(owner)
    assert bool(mfa.passes(owner, show(steps))) is right


def test_used_code_is_refused_also_one_that_is_older_than_the_used_one(
    owner: User, phone: Any, clock: Clock
) -> None:
    show = phone(owner)
    earlier, code = show(-1), show()
    assert mfa.passes(owner, code)
    assert [
        bool(mfa.passes(owner, again)) for again in (code, f" {code[:3]} {code[3:]} ", earlier)
    ] == [
        False,
        False,
        False,
    ]
    clock.now += 30
    assert mfa.passes(owner, show())


def test_one_of_two_with_the_same_code_at_the_same_moment_passes(owner: User, phone: Any) -> None:
    show = phone(owner)
    row = Authenticator.objects.get(user=owner, type="totp")
    assert [mfa._use(row, owner, show()), mfa._use(row, owner, show())] == [
        True,
        False,
    ]  # both have read the row before


def test_recovery_code_opens_once_however_it_is_typed(
    client: Client, owner: User, phone: Any
) -> None:
    show = phone(owner)
    code = show.recovery[0]
    log_in(client, "owner")
    assert give(client, code.upper().replace("-", " ")).status_code == 302
    client.logout()
    log_in(client, "owner")
    assert give(client, code).status_code == 200
    assert not is_in(client)
    assert mfa.recovery_codes_left(owner) == 9
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert [part for part in (code, code.replace("-", "")) if part in kept] == []
