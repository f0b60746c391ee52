"""Refresh tokens: each is used once and gives the next; a second use means that somebody else has it too."""

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from web.json.problems import unauthorized
from web.models import RefreshToken

from . import factor
from .standing import has_ended, standing_of
from .tokens import Issued, issue, password_mark, password_marks, revoke_user

LIFE = timedelta(days=14)
KEPT = timedelta(days=7)  # how long ended rows stay, so that a late reuse is still seen


@dataclass(frozen=True, slots=True)
class Pair:
    access: Issued
    refresh: Issued


def start(user: User) -> Pair:
    """The tokens of a new log-in. Rows that ended long ago go with it, so that the table never only grows."""
    sweep()
    return _next(user, uuid.uuid4())


def rotate(token: str) -> Pair:
    """The next pair for a refresh token, which is used up by this.

    Raises 401 for one that is unknown, ended, revoked, or of a user who is gone, has a new password or
    lacks a second factor that is demanded by now. One that was
    used before ends its whole log-in: either its owner or a thief holds the newer one, and nobody can say who.
    """
    with transaction.atomic():
        row = RefreshToken.objects.select_related("user").filter(token_hash=_hash(token)).first()
        pair = _rotated(row) if row else None
        if row and pair is None:
            revoke_family(row.family)
            if has_ended(standing_of(row), row.user):
                revoke_user(row.user)
    if pair is None:
        raise unauthorized("refresh_token_invalid", gettext_noop("This refresh token is not valid any more. Log in again."))
    return pair


def _rotated(row: RefreshToken) -> Pair | None:
    """The next pair, None if the family must end. Exactly one of two requests with the same token changes the row."""
    now = timezone.now()
    unused = RefreshToken.objects.filter(pk=row.pk, used_at__isnull=True, revoked_at__isnull=True, expires_at__gt=now)
    user = row.user
    if unused.update(used_at=now) != 1 or has_ended(standing_of(row), user) or row.password_mark not in password_marks(user) or factor.is_missing(user):
        return None
    return _next(user, row.family)


def revoke(token: str) -> None:
    """End the log-in that this refresh token belongs to, with its access tokens; nothing for one that is unknown."""
    row = RefreshToken.objects.filter(token_hash=_hash(token)).first()
    if row:
        revoke_family(row.family)


def revoke_family(family: uuid.UUID) -> None:
    RefreshToken.objects.filter(family=family, revoked_at__isnull=True).update(revoked_at=timezone.now())


def _next(user: User, family: uuid.UUID) -> Pair:
    token, now = secrets.token_urlsafe(32), timezone.now()
    RefreshToken.objects.create(
        user=user,
        family=family,
        token_hash=_hash(token),
        password_mark=password_mark(user),
        is_staff=user.is_staff,
        is_superuser=user.is_superuser,
        created_at=now,
        expires_at=now + LIFE,
    )
    return Pair(issue(user, family), Issued(token, int(LIFE.total_seconds())))


def sweep(rows: int = 500) -> int:
    """Delete up to `rows` tokens that ended a week ago; returns how many."""
    ended = list(RefreshToken.objects.filter(expires_at__lt=timezone.now() - KEPT).values_list("pk", flat=True)[:rows])
    return RefreshToken.objects.filter(pk__in=ended).delete()[0] if ended else 0


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
