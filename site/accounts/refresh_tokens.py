"""Refresh tokens. Each is used once and returns the next; a second use means that it was copied."""

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.models import RefreshToken
from api.problems import unauthorized

from . import mfa
from .access_tokens import Issued, issue, password_mark, password_marks
from .account_versions import current_version
from .standing import has_ended, standing_of

LIFE = timedelta(days=14)
KEPT = timedelta(days=7)  # how long expired rows are stored, so that late reuse is detected


@dataclass(frozen=True, slots=True)
class Pair:
    access: Issued
    refresh: Issued


def start(user: User) -> Pair:
    """Return the tokens of a new log-in. Also deletes rows that expired long ago."""
    sweep()
    return _next(user, uuid.uuid4(), current_version(user))


def rotate(token: str) -> Pair:
    """Use up a refresh token and return the next pair.

    Raises 401 if the token is unknown, expired or revoked, or if its user is inactive, has lost a
    status, has a new password or lacks a required second factor. Reusing a token ends its whole
    log-in: either the owner or a thief holds the newer one, and the server cannot tell which.
    """
    with transaction.atomic():
        row = (
            RefreshToken.objects.select_related("user__account_version")
            .filter(token_hash=_hash(token))
            .first()
        )
        pair = _rotated(row) if row else None
        if row and pair is None:
            revoke_family(row.family)
    if pair is None:
        raise unauthorized(
            "refresh_token_invalid",
            gettext_noop("This refresh token is not valid any more. Log in again."),
        )
    return pair


def _rotated(row: RefreshToken) -> Pair | None:
    """Return the next pair, or None if the family must end.

    Exactly one of two requests with the same token changes the row.
    """
    now = timezone.now()
    unused = RefreshToken.objects.filter(
        pk=row.pk, used_at__isnull=True, revoked_at__isnull=True, expires_at__gt=now
    )
    user = row.user
    if (
        unused.update(used_at=now) != 1
        or has_ended(standing_of(row), user)
        or row.password_mark not in password_marks(user)
        or mfa.is_missing(user)
    ):
        return None
    return _next(user, row.family, row.account_version)


def revoke(token: str) -> None:
    """Revoke the log-in of this refresh token, with its access tokens.

    Unknown tokens are ignored.
    """
    row = RefreshToken.objects.filter(token_hash=_hash(token)).first()
    if row:
        revoke_family(row.family)


def revoke_family(family: uuid.UUID) -> None:
    RefreshToken.objects.filter(family=family, revoked_at__isnull=True).update(
        revoked_at=timezone.now()
    )


def _next(user: User, family: uuid.UUID, version: int) -> Pair:
    token, now = secrets.token_urlsafe(32), timezone.now()
    RefreshToken.objects.create(
        user=user,
        family=family,
        token_hash=_hash(token),
        password_mark=password_mark(user),
        is_staff=user.is_staff,
        is_superuser=user.is_superuser,
        account_version=version,
        created_at=now,
        expires_at=now + LIFE,
    )
    return Pair(issue(user, family), Issued(token, int(LIFE.total_seconds())))


def sweep(rows: int = 500) -> int:
    """Delete up to `rows` tokens that expired a week ago; return their number."""
    ended = list(
        RefreshToken.objects.filter(expires_at__lt=timezone.now() - KEPT).values_list(
            "pk", flat=True
        )[:rows]
    )
    return RefreshToken.objects.filter(pk__in=ended).delete()[0] if ended else 0


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
