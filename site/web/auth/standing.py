"""What an account had when it logged in: one that has lost any of it since loses its log-ins."""

from django.contrib.auth.models import User

from web.models import RefreshToken

STANDING = "standing"  # key in the session
MARKS = ("is_staff", "is_superuser")


def standing_of(account: User | RefreshToken) -> dict[str, bool]:
    """The marks of an account, or those that it had when this token was issued."""
    return {name: bool(getattr(account, name)) for name in MARKS}


def has_ended(before: dict[str, bool], user: User) -> bool:
    """Whether the account is inactive or lacks something that it had."""
    return not user.is_active or any(before.get(name) and not getattr(user, name) for name in MARKS)
