"""Service accounts and their API keys: who asks as a program, and for what."""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.admin.models import ADDITION
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.models import ApiKey, ServiceAccount
from api.problems import Problem, unauthorized
from core import visible
from core.localized_messages import DomainError, LocalizedMessage

from . import audit
from .account_versions import current_version, loaded_version
from .roles import LABELS

START = "vps_"  # scanners for secrets find keys by it
NAME_LENGTH = 80
SHOWN = 12  # characters of a key that stay readable
SCOPES = ("read", "write", "spend")
MOST_DAYS = 366
MOST_KEYS = 20  # that are valid at a time, for one account
ROTATION_OVERLAP = timedelta(hours=24)
PER_MINUTE = 600  # requests with one key
USE_NOTED_EVERY = timedelta(minutes=1)
UNKNOWN = gettext_noop("This API key is not valid.")


class NotAllowedError(DomainError):
    code = "forbidden"


class InvalidError(DomainError):
    code = "invalid"


@dataclass(frozen=True, slots=True)
class UsedKey:
    """The key of a request."""

    id: UUID
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What remains of a key's requests in the current minute. `reset` is in seconds."""

    limit: int
    remaining: int
    reset: int


def is_service_account(user: Any) -> bool:
    """Return whether this account belongs to a program. One query, unless it was loaded before."""
    return isinstance(user, User) and hasattr(user, "service_account")


def may_spend(user: Any) -> bool:
    """Return whether the request of this user may start paid work.

    A person may; the key of a program only with the scope `spend`.
    """
    key = key_of(user)
    return key is None or "spend" in key.scopes


def create_account(*, name: str, role: Group, purpose: str, actor: User) -> ServiceAccount:
    """Create the account of a program with this role.

    Raises `NotAllowedError` or `InvalidError`.
    """
    _require_administrator(actor)
    name, purpose = visible.stripped(name), visible.stripped(purpose)
    if role.permissions.filter(codename="approve_plan").exists():
        raise InvalidError(
            gettext_noop("A program may not approve plans; choose another role."), field="role"
        )
    user = User(username=name, is_staff=True)
    user.set_unusable_password()
    try:
        user.clean_fields(exclude=("password",))
        with transaction.atomic():
            user.save()
            user.groups.add(role)
            made = ServiceAccount.objects.create(user=user, purpose=purpose[:200], created_by=actor)
            message = LocalizedMessage(
                gettext_noop("Service account created with the role %(role)s."),
                {"role": LABELS.get(role.name, role.name)},
            )
            audit.log(actor, user, message, ADDITION)
            return made
    except ValidationError as error:
        raise InvalidError(
            gettext_noop("This name cannot be used: %(problem)s"),
            field="name",
            problem=error.messages[0],
        ) from error
    except IntegrityError as error:
        raise InvalidError(
            gettext_noop("There is an account named “%(name)s” already."), field="name", name=name
        ) from error


def issue(
    account: ServiceAccount, *, name: str, scopes: Collection[str], days: int, actor: User
) -> tuple[ApiKey, str]:
    """Issue a key; return its row and the key itself, which is not stored and not shown again.

    Raises `NotAllowedError` or `InvalidError`.
    """
    _require_administrator(actor)
    name = visible.stripped(name)
    if not name or len(name) > NAME_LENGTH:
        raise InvalidError(
            gettext_noop("Give the key a name of at most 80 characters."), field="name"
        )
    if not scopes or not set(scopes) <= set(SCOPES):
        raise InvalidError(gettext_noop("Choose what the key may be used for."), field="scopes")
    if not 1 <= days <= MOST_DAYS:
        raise InvalidError(
            gettext_noop("A key is valid for 1 to %(most)s days."), field="days", most=MOST_DAYS
        )
    with transaction.atomic():
        ServiceAccount.objects.select_for_update().get(pk=account.pk)
        if valid_keys(account).count() >= MOST_KEYS:
            raise InvalidError(
                gettext_noop("This account has %(most)s keys already. Revoke one first."),
                most=MOST_KEYS,
            )
        return _issue(account, name, scopes, timezone.now() + timedelta(days=days), actor)


def rotate(key: ApiKey, *, actor: User) -> tuple[ApiKey, str]:
    """Issue a key in place of this one, which stays valid for another 24 hours at most.

    The new key lasts as long as the old one did. Raises `NotAllowedError`, or `InvalidError`
    for a key that is not valid.
    """
    _require_administrator(actor)
    with transaction.atomic():
        # Its row is locked: a key that is revoked meanwhile gets no other in its place.
        old = valid_keys(key.account).select_for_update().filter(pk=key.pk).first()
        if old is None:
            raise InvalidError(gettext_noop("This key is not valid any more; issue another."))
        life = old.expires_at - old.created_at
        overlap = timezone.now() + ROTATION_OVERLAP
        ApiKey.objects.filter(pk=old.pk).update(expires_at=min(old.expires_at, overlap))
        return _issue(old.account, old.name, old.scopes, timezone.now() + life, actor)


def revoke(key: ApiKey, *, actor: User) -> None:
    """End this key at once; a key that has ended stays as it is. Raises
    `NotAllowedError`."""
    _require_administrator(actor)
    with transaction.atomic():
        if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(
            revoked_at=timezone.now(), revoked_by=actor
        ):
            audit.log(
                actor,
                key.account.user,
                LocalizedMessage(gettext_noop("API key %(key)s revoked."), {"key": str(key)}),
            )


def valid_keys(account: ServiceAccount) -> Any:
    return ApiKey.objects.filter(account=account, revoked_at=None, expires_at__gt=timezone.now())


def user_of(key: str) -> User:
    """Return the account of this key, for which `key_of` then knows the key. Raises 401.

    Runs one query, and once a minute another that notes the use.
    """
    row = (
        ApiKey.objects.select_related("account__user__account_version")
        .filter(key_hash=_hash(key))
        .first()
    )
    if row is None or row.revoked_at is not None:
        raise unauthorized("api_key_invalid", UNKNOWN)
    now, user = timezone.now(), row.account.user
    if row.expires_at <= now:
        raise unauthorized("api_key_expired", gettext_noop("This API key has expired."))
    if (
        not (user.is_active and user.is_staff)
        or user.is_superuser
        or loaded_version(user) != row.account_version
    ):
        raise unauthorized("api_key_invalid", UNKNOWN)
    if row.last_used_at is None or row.last_used_at < now - USE_NOTED_EVERY:
        ApiKey.objects.filter(pk=row.pk).update(last_used_at=now)
    user._api_key = UsedKey(row.pk, frozenset(row.scopes))  # type: ignore[attr-defined]  # noqa: SLF001  read by `key_of`
    found: User = user
    return found


def key_of(user: Any) -> UsedKey | None:
    """Return the key with which this user asks in the current request; None for a person."""
    return getattr(user, "_api_key", None)


def count_request(user: User) -> RateLimit | None:
    """Count a request of a key. None for whoever asks without a key. Raises 429 above the limit."""
    key = key_of(user)
    if key is None:
        return None
    now = timezone.now()
    name = f"api-key-requests:{key.id}:{int(now.timestamp()) // 60}"
    cache.add(name, 0, 120)
    try:
        count = cache.incr(name)
    except ValueError:  # the cache was emptied in between
        count = 1
    reset = 60 - now.second
    if count > PER_MINUTE:
        raise Problem(
            429,
            "rate_limited",
            gettext_noop("This key has made its requests of this minute. Try again later."),
            headers={
                "Retry-After": str(reset),
                **rate_headers(RateLimit(PER_MINUTE, 0, reset)),
            },
        )
    return RateLimit(PER_MINUTE, PER_MINUTE - count, reset)


def rate_headers(found: RateLimit) -> dict[str, str]:
    return {
        "RateLimit-Limit": str(found.limit),
        "RateLimit-Remaining": str(found.remaining),
        "RateLimit-Reset": str(found.reset),
    }


def _require_administrator(actor: User) -> None:
    if not (actor.is_active and actor.is_superuser):
        raise NotAllowedError(gettext_noop("Only an administrator may manage service accounts."))


def _issue(
    account: ServiceAccount, name: str, scopes: Collection[str], expires: datetime, actor: User
) -> tuple[ApiKey, str]:
    key = START + secrets.token_urlsafe(32)
    row = ApiKey.objects.create(
        account=account,
        name=name,
        beginning=key[:SHOWN],
        key_hash=_hash(key),
        scopes=[scope for scope in SCOPES if scope in scopes],
        account_version=current_version(account.user),
        created_by=actor,
        expires_at=expires,
    )
    message = LocalizedMessage(
        gettext_noop("API key %(key)s issued for %(scopes)s."),
        {"key": str(row), "scopes": ", ".join(row.scopes)},
    )
    audit.log(actor, account.user, message)
    return row, key


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
