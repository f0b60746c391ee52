"""Two-factor authentication: time-based codes (RFC 6238) of an authenticator app, and recovery
codes.

The `cryptography` package implements the algorithm. The secret is stored here and not by a
third-party app, because those store it in plain text, visible in every database dump.
"""

import base64
import hashlib
import secrets
import time

from cryptography.fernet import InvalidToken
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_noop

from accounts.models import RecoveryCode, SecondFactor
from core.encryption import fernet

ISSUER = "VideoPlanet Studio"
SECRET_BYTES, DIGITS, STEP = 20, 6, 30  # supported by every authenticator app
DRIFT = 1  # time steps that a phone's clock may differ in either direction
RECOVERY_CODES, RECOVERY_BYTES = 10, 10  # 80 bits: a plain hash is sufficient
GROUP = 4
PASSED = "second_factor"  # session key: the log-in passed the second factor
MANAGERS = "manager"
SET_UP_FIRST = gettext_noop(
    "A second factor is demanded of you. Set it up on the studio's page “Second factor” first."
)


def is_set_up(user: User) -> bool:
    return SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).exists()


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


def begin(user: User) -> None:
    """Create a secret, which becomes active when `confirm` has verified a code.

    Does nothing if a second factor is active.
    """
    secret = secrets.token_bytes(SECRET_BYTES)
    with transaction.atomic():
        SecondFactor.objects.filter(user=user, confirmed_at__isnull=True).delete()
        SecondFactor.objects.get_or_create(
            user=user, defaults={"encrypted": _encrypt(user, secret)}
        )


def waiting(user: User) -> tuple[str, str] | None:
    """Return the otpauth:// address and the secret for manual entry of an unconfirmed factor, or
    None.
    """
    row = SecondFactor.objects.filter(user=user, confirmed_at__isnull=True).first()
    secret = _decrypt(user, row.encrypted) if row else None
    if secret is None:
        return None
    typed = base64.b32encode(secret).decode()
    return _totp(secret).get_provisioning_uri(user.get_username(), ISSUER), _grouped(typed)


def confirm(user: User, code: str) -> list[str] | None:
    """Activate the new secret if the code matches, and return the recovery codes; else return None.

    The codes are shown only once.
    """
    with transaction.atomic():
        row = SecondFactor.objects.filter(user=user, confirmed_at__isnull=True).first()
        if row is None or not _use(row, user, code):
            return None
        SecondFactor.objects.filter(pk=row.pk).update(confirmed_at=timezone.now())
        return new_recovery_codes(user)


def new_recovery_codes(user: User) -> list[str]:
    """Replace the recovery codes and return the new ones, which are shown only once."""
    codes = [
        _grouped(base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower())
        for _ in range(RECOVERY_CODES)
    ]
    with transaction.atomic():
        RecoveryCode.objects.filter(user=user).delete()
        RecoveryCode.objects.bulk_create(
            [RecoveryCode(user=user, code_hash=_hash(code)) for code in codes]
        )
    return codes


def recovery_codes_left(user: User) -> int:
    return RecoveryCode.objects.filter(user=user, used_at__isnull=True).count()


def remove(user: User) -> bool:
    """Remove the second factor and return whether there was one, active or unconfirmed."""
    with transaction.atomic():
        RecoveryCode.objects.filter(user=user).delete()
        return bool(SecondFactor.objects.filter(user=user).delete()[0])


# --- passing


def passes(user: User, code: str) -> bool:
    """Return whether this is a valid app code or recovery code. Each code is accepted once."""
    row = SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).first()
    if row is None:
        return False
    bare = _bare(code)
    if len(bare) == DIGITS and bare.isdecimal():
        return _use(row, user, bare)
    return (
        RecoveryCode.objects.filter(user=user, code_hash=_hash(code), used_at__isnull=True).update(
            used_at=timezone.now()
        )
        == 1
    )


def _use(row: SecondFactor, user: User, code: str) -> bool:
    """Claim the time step of the code. Of two requests with the same code, one changes the row.

    This also encrypts the secret again with the newest installation secret.
    """
    secret = _decrypt(user, row.encrypted)
    if secret is None:
        return False
    totp, now, bare = _totp(secret), int(time.time()) // STEP, _bare(code)
    for step in range(now - DRIFT, now + DRIFT + 1):
        if constant_time_compare(totp.generate(step * STEP).decode(), bare):
            claimed = SecondFactor.objects.filter(pk=row.pk, last_step__lt=step).update(
                last_step=step, encrypted=_encrypt(user, secret)
            )
            return claimed == 1
    return False


def reseal() -> int:
    """Encrypt every readable secret again with the newest installation secret;
    return their number.
    """
    rows = [
        (row, _decrypt(row.user, row.encrypted))
        for row in SecondFactor.objects.select_related("user")
    ]
    for row, secret in rows:
        if secret is not None:
            SecondFactor.objects.filter(pk=row.pk, encrypted=row.encrypted).update(
                encrypted=_encrypt(row.user, secret)
            )
    return sum(secret is not None for _row, secret in rows)


# --- forms


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), STEP)  # noqa: S303  RFC 6238's own; apps know no other


def _encrypt(user: User, secret: bytes) -> str:
    return fernet().encrypt(f"totp\n{user.pk}\n".encode() + secret).decode()


def _decrypt(user: User, encrypted: str) -> bytes | None:
    """Return the secret, or None if no installation secret fits or the value belongs to another
    user.
    """
    try:
        opened = fernet().decrypt(encrypted.encode())
    except InvalidToken:
        return None
    bound = f"totp\n{user.pk}\n".encode()
    return opened.removeprefix(bound) if opened.startswith(bound) else None


def _hash(code: str) -> str:
    return hashlib.sha256(_bare(code).encode()).hexdigest()


def _bare(code: str) -> str:
    """Return the code as it is compared: lower case, without spaces and dashes."""
    return "".join(code.replace("-", " ").split()).lower()


def _grouped(text: str) -> str:
    return "-".join(text[at : at + GROUP] for at in range(0, len(text), GROUP))
