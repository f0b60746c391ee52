"""Two-factor authentication: codes of an authenticator app (TOTP), passkeys, and recovery codes.

django-allauth stores the factors and knows the algorithms. Here each code is claimed in the
database, so that it works once, and every secret is bound to its user; decision record 19 says why.
"""

import base64
import hashlib
import secrets
import time
from datetime import datetime
from typing import Any

from allauth.account import app_settings
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import (
    did_recently_reauthenticate,
    get_reauthentication_flows,
)
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_noop

from core.encryption import fernet

DIGITS = 6  # supported by every authenticator app
RECOVERY_CODES, RECOVERY_BYTES = 10, 10  # 80 bits: a plain hash is sufficient
GROUP = 4
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
PASSED = "second_factor"  # session key: the log-in passed the second factor
PENDING = "second_factor_pending"  # session key: the encrypted secret that is being set up
MANAGERS = "manager"
HASHED = "sha256$"  # how a recovery code is stored
SET_UP_FIRST = gettext_noop(
    "Your account requires a second factor. Set it up on the studio's page “Second factor” first."
)


def is_set_up(user: User) -> bool:
    return bool(get_adapter().is_mfa_enabled(user, FACTORS))


def set_up_since(user: User) -> datetime | None:
    """Return since when this user has a second factor; None without one."""
    rows = Authenticator.objects.filter(user=user, type__in=FACTORS).order_by("created_at")
    found: datetime | None = rows.values_list("created_at", flat=True).first()
    return found


def has_app(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists())


def passkeys(user: User) -> list[Authenticator]:
    rows = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN)
    return list(rows.order_by("created_at", "pk")[:50])


def is_demanded(user: User) -> bool:
    """Return whether REQUIRE_TOTP includes this user: `staff`, or `managers` (the group of that
    name, and superusers).
    """
    match settings.REQUIRE_TOTP:
        case "staff":
            return user.is_staff
        case "managers":
            return user.is_superuser or user.groups.filter(name=MANAGERS).exists()
    return False


def is_missing(user: User) -> bool:
    """Return whether a second factor is required but not set up."""
    return is_demanded(user) and not is_set_up(user)


def stands_in_the_way(request: HttpRequest) -> bool:
    """Return whether the session's user must pass or set up the second factor first."""
    if settings.REQUIRE_TOTP == "nobody" or request.session.get(PASSED):
        return False
    return isinstance(request.user, User) and is_demanded(request.user)


# --- setting up


def begin(request: HttpRequest, user: User) -> None:
    """Store a new secret in the session, which becomes active when `confirm` has verified a code.

    Does nothing if an app is in use.
    """
    if not has_app(user):
        request.session[PENDING] = encrypt_secret(user, generate_totp_secret())


def pending_secret(request: HttpRequest, user: User) -> str | None:
    """Return the secret that is being set up in this session."""
    return decrypt_secret(user, str(request.session.get(PENDING, "")))


def address_of(user: User, secret: str) -> str:
    """Return the otpauth:// address that the app reads from the QR code."""
    return str(get_adapter().build_totp_url(user, secret))


def activate(user: User, secret: str, code: str) -> list[str] | None:
    """Activate the secret if the code matches, and return the recovery codes; else return None.

    The codes are shown only once. An app that is in use stays.
    """
    step = _step_of(secret, code)
    if step is None:
        return None
    data = {"secret": encrypt_secret(user, secret), "last_step": step}
    with transaction.atomic():
        _row, made = Authenticator.objects.get_or_create(
            user=user, type=Authenticator.Type.TOTP, defaults={"data": data}
        )
        return new_recovery_codes(user) if made else None


def new_recovery_codes(user: User) -> list[str]:
    """Replace the recovery codes and return the new ones, which are shown only once."""
    codes = [
        _grouped(base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower())
        for _ in range(RECOVERY_CODES)
    ]
    Authenticator.objects.update_or_create(
        user=user,
        type=Authenticator.Type.RECOVERY_CODES,
        defaults={"data": {"migrated_codes": [hash_of(code) for code in codes]}},
    )
    return codes


def recovery_codes_left(user: User) -> int:
    row = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()
    return len(row.data["migrated_codes"]) if row else 0


def remove_app(user: User) -> None:
    """Remove the app, and the recovery codes unless there is a passkey."""
    with transaction.atomic():
        rows = Authenticator.objects.filter(user=user)
        rows.filter(type=Authenticator.Type.TOTP).delete()
        if not rows.filter(type__in=FACTORS).exists():
            rows.delete()


def remove(user: User) -> bool:
    """Remove every second factor of this user and return whether there was one."""
    return bool(Authenticator.objects.filter(user=user).delete()[0])


# --- passing


def passes(user: User, code: str) -> Authenticator | None:
    """Return the factor that accepts this app code or recovery code. Each is accepted once."""
    bare = _bare(code)
    kind = (
        Authenticator.Type.TOTP
        if len(bare) == DIGITS and bare.isdecimal()
        else Authenticator.Type.RECOVERY_CODES
    )
    row = Authenticator.objects.filter(user=user, type=kind).first()
    if row is None:
        return None
    if kind == Authenticator.Type.TOTP:
        return row if _use(row, user, bare) else None
    return row if row.wrap().validate_code(hash_of(code)) else None


def may_change_factors(request: HttpRequest) -> bool:
    """Return whether the user proved within the last minutes that it is them."""
    return bool(did_recently_reauthenticate(request))


def may_begin(request: HttpRequest, user: User) -> bool:
    """Return whether an app may be connected: the user has logged in, or proved that it is them,
    within the last minutes, or has nothing to prove it with.
    """
    if not get_reauthentication_flows(user):
        return True
    since = time.time() - app_settings.REAUTHENTICATION_TIMEOUT
    return any(record["at"] > since for record in get_authentication_records(request, user))


def _use(row: Authenticator, user: User, code: str) -> bool:
    """Claim the time step of the code. Of two requests with the same code, one changes the row.

    This also encrypts the secret again with the newest installation secret.
    """
    secret = decrypt_secret(user, row.data["secret"])
    step = _step_of(secret, code) if secret else None
    if secret is None or step is None:
        return False
    claimed = Authenticator.objects.filter(pk=row.pk, data__last_step__lt=step).update(
        data={"secret": encrypt_secret(user, secret), "last_step": step}
    )
    return bool(claimed == 1)


def _step_of(secret: str, code: str) -> int | None:
    """Return the time step in which the app shows this code, of those that are accepted now."""
    bare = _bare(code)
    steps: list[int] = list(yield_hotp_counters_from_time())
    for step in steps:
        if constant_time_compare(format_hotp_value(hotp_value(secret, step)), bare):
            return step
    return None


def reseal() -> int:
    """Encrypt every readable secret again with the newest installation secret;
    return their number.
    """
    done = 0
    for row in Authenticator.objects.filter(type=Authenticator.Type.TOTP).select_related("user"):
        secret = decrypt_secret(row.user, row.data["secret"])
        if secret is None:
            continue
        data = {**row.data, "secret": encrypt_secret(row.user, secret)}
        Authenticator.objects.filter(pk=row.pk, data=row.data).update(data=data)
        done += 1
    return done


# --- forms


def encrypt_secret(user: User, secret: str) -> str:
    """Encrypt the secret of an app (base32), bound to its user."""
    raw = base64.b32decode(secret.encode())
    return fernet().encrypt(f"totp\n{user.pk}\n".encode() + raw).decode()


def decrypt_secret(user: Any, encrypted: str) -> str | None:
    """Return the secret, or None if no installation secret fits or the value belongs to another
    user.
    """
    try:
        opened = fernet().decrypt(encrypted.encode())
    except InvalidToken:
        return None
    bound = f"totp\n{user.pk}\n".encode()
    if not opened.startswith(bound):
        return None
    return base64.b32encode(opened.removeprefix(bound)).decode()


def hash_of(code: str) -> str:
    return HASHED + hashlib.sha256(_bare(code).encode()).hexdigest()


def _bare(code: str) -> str:
    """Return the code as it is compared: lower case, without spaces and dashes."""
    return "".join(code.replace("-", " ").split()).lower()


def grouped(secret: str) -> str:
    """Return the secret for manual entry."""
    return _grouped(secret.rstrip("="))


def _grouped(text: str) -> str:
    return "-".join(text[at : at + GROUP] for at in range(0, len(text), GROUP))
