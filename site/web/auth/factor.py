"""The second factor: time-based codes (RFC 6238) of an authenticator app, and recovery codes for when it is lost.

The algorithm is the cryptography package's. The secret is kept here and not in a package's own table, because those keep it
in clear, where every dump of the database would show it.
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

from ground.sealing import box
from web.models import RecoveryCode, SecondFactor

ISSUER = "VideoPlanet Studio"
SECRET_BYTES, DIGITS, STEP = 20, 6, 30  # what every authenticator app understands
DRIFT = 1  # steps that a phone's clock may differ, either way
RECOVERY_CODES, RECOVERY_BYTES = 10, 10  # 80 bits: a plain hash keeps them
GROUP = 4
PASSED = "second_factor"  # key in the session: its log-in went by the second factor
MANAGERS = "manager"
SET_UP_FIRST = gettext_noop("A second factor is demanded of you. Set it up on the studio's page “Second factor” first.")


def is_set_up(user: User) -> bool:
    return SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).exists()


def is_demanded(user: User) -> bool:
    """Whether REQUIRE_TOTP names this person: `staff`, or `managers` (the group of that name, and superusers)."""
    match settings.REQUIRE_TOTP:
        case "staff":
            return user.is_staff
        case "managers":
            return user.is_superuser or user.groups.filter(name=MANAGERS).exists()
    return False


def is_missing(user: User) -> bool:
    """Demanded and not set up."""
    return is_demanded(user) and not is_set_up(user)


def stands_in_the_way(request: HttpRequest) -> bool:
    """Whether the person of this session must pass, or first set up, the second factor before anything else."""
    if settings.REQUIRE_TOTP == "nobody" or request.session.get(PASSED):
        return False
    return isinstance(request.user, User) and is_demanded(request.user)


# --- setting up


def begin(user: User) -> None:
    """A new secret that counts once `confirm` has seen a code of it. Does nothing to one that is in use."""
    secret = secrets.token_bytes(SECRET_BYTES)
    with transaction.atomic():
        SecondFactor.objects.filter(user=user, confirmed_at__isnull=True).delete()
        SecondFactor.objects.get_or_create(user=user, defaults={"sealed": _seal(user, secret)})


def waiting(user: User) -> tuple[str, str] | None:
    """The address for the app (otpauth://…) and the secret for typing, of a factor that is not confirmed yet."""
    row = SecondFactor.objects.filter(user=user, confirmed_at__isnull=True).first()
    secret = _unseal(user, row.sealed) if row else None
    if secret is None:
        return None
    typed = base64.b32encode(secret).decode()
    return _totp(secret).get_provisioning_uri(user.get_username(), ISSUER), _grouped(typed)


def confirm(user: User, code: str) -> list[str] | None:
    """The recovery codes, to be shown this once, when the code fits the new secret; None when it does not."""
    with transaction.atomic():
        row = SecondFactor.objects.filter(user=user, confirmed_at__isnull=True).first()
        if row is None or not _use(row, user, code):
            return None
        SecondFactor.objects.filter(pk=row.pk).update(confirmed_at=timezone.now())
        return new_recovery_codes(user)


def new_recovery_codes(user: User) -> list[str]:
    """Fresh ones, to be shown this once; the old ones count no more."""
    codes = [_grouped(base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower()) for _ in range(RECOVERY_CODES)]
    with transaction.atomic():
        RecoveryCode.objects.filter(user=user).delete()
        RecoveryCode.objects.bulk_create([RecoveryCode(user=user, code_hash=_hash(code)) for code in codes])
    return codes


def recovery_codes_left(user: User) -> int:
    return RecoveryCode.objects.filter(user=user, used_at__isnull=True).count()


def remove(user: User) -> bool:
    """Whether there was one, set up or begun."""
    with transaction.atomic():
        RecoveryCode.objects.filter(user=user).delete()
        return bool(SecondFactor.objects.filter(user=user).delete()[0])


# --- passing


def passes(user: User, code: str) -> bool:
    """Whether this is a code of the app or a recovery code. It is used up by this: a second time it is not."""
    row = SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).first()
    if row is None:
        return False
    bare = _bare(code)
    if len(bare) == DIGITS and bare.isdecimal():
        return _use(row, user, bare)
    return RecoveryCode.objects.filter(user=user, code_hash=_hash(code), used_at__isnull=True).update(used_at=timezone.now()) == 1


def _use(row: SecondFactor, user: User, code: str) -> bool:
    """Claims the step that the code belongs to; of two requests with the same code one changes the row.

    The secret is sealed anew by it, so that it comes under the newest of the installation's secrets by itself.
    """
    secret = _unseal(user, row.sealed)
    if secret is None:
        return False
    totp, now, bare = _totp(secret), int(time.time()) // STEP, _bare(code)
    for step in range(now - DRIFT, now + DRIFT + 1):
        if constant_time_compare(totp.generate(step * STEP).decode(), bare):
            claimed = SecondFactor.objects.filter(pk=row.pk, last_step__lt=step).update(last_step=step, sealed=_seal(user, secret))
            return claimed == 1
    return False


def reseal() -> int:
    """Brings every secret that can be read under the newest of the installation's secrets; returns how many."""
    rows = [(row, _unseal(row.user, row.sealed)) for row in SecondFactor.objects.select_related("user")]
    for row, secret in rows:
        if secret is not None:
            SecondFactor.objects.filter(pk=row.pk, sealed=row.sealed).update(sealed=_seal(row.user, secret))
    return sum(secret is not None for _row, secret in rows)


# --- forms


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), STEP)  # noqa: S303  RFC 6238's own; apps know no other


def _seal(user: User, secret: bytes) -> str:
    return box().encrypt(f"totp\n{user.pk}\n".encode() + secret).decode()


def _unseal(user: User, sealed: str) -> bytes | None:
    """None when the installation's secrets do not fit, or it is another person's."""
    try:
        opened = box().decrypt(sealed.encode())
    except InvalidToken:
        return None
    bound = f"totp\n{user.pk}\n".encode()
    return opened.removeprefix(bound) if opened.startswith(bound) else None


def _hash(code: str) -> str:
    return hashlib.sha256(_bare(code).encode()).hexdigest()


def _bare(code: str) -> str:
    """As it is compared: without the blanks and dashes that people type, in small letters."""
    return "".join(code.replace("-", " ").split()).lower()


def _grouped(text: str) -> str:
    return "-".join(text[at : at + GROUP] for at in range(0, len(text), GROUP))
