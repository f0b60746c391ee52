"""The status of an account at log-in. An account that loses any of it loses its log-ins."""

from django.contrib.auth.models import User

from accounts.models import RefreshToken

STANDING = "standing"  # key in the session
MARKS = ("is_staff", "is_superuser")


def standing_of(account: User | RefreshToken) -> dict[str, bool]:
    """Return the status of an account, or its status when this token was issued."""
    return {name: bool(getattr(account, name)) for name in MARKS}


def has_ended(before: dict[str, bool], user: User) -> bool:
    """Return whether the account is inactive or has lost a status that it had."""
    return not user.is_active or any(before.get(name) and not getattr(user, name) for name in MARKS)
