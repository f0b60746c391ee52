"""The status of an account at log-in. An account that loses any of it loses its log-ins."""

from typing import Any

from django.contrib.auth.models import User

from accounts.models import RefreshToken

from .account_versions import current_version, loaded_version

STANDING = "standing"  # key in the session
MARKS = ("is_staff", "is_superuser")
VERSION = "version"


def _marks_of(account: User | RefreshToken) -> dict[str, Any]:
    return {name: bool(getattr(account, name)) for name in MARKS}


def standing_now(user: User) -> dict[str, Any]:
    """Return the status of an account, to be stored with a log-in that begins. One query."""
    return {**_marks_of(user), VERSION: current_version(user)}


def standing_of(account: User | RefreshToken) -> dict[str, Any]:
    """Return the status of an account as it was loaded, or when this token was issued."""
    version = (
        account.account_version if isinstance(account, RefreshToken) else loaded_version(account)
    )
    return {**_marks_of(account), VERSION: version}


def has_ended(before: dict[str, Any], user: User) -> bool:
    """Return whether the account is inactive, or has lost a status since, even for a moment.

    `user` is loaded with its version.
    """
    lost = any(before.get(name) and not getattr(user, name) for name in MARKS)
    return not user.is_active or lost or before.get(VERSION, 0) != loaded_version(user)
