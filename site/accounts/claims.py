"""What a token or the user information of the company's sign-on says of a person."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from core.unicode_normalization import composed

EMAIL = "email"
LONGEST_GROUPS = 1000


def username_of(claims: dict[str, Any]) -> str:
    """Return the valid username of the claims, or an empty string."""
    claimed = claims.get(settings.JWT_USERNAME_CLAIM)
    name = composed(claimed) if isinstance(claimed, str) else ""
    try:
        # Django's documented way to a field
        User._meta.get_field("username").run_validators(name)  # noqa: SLF001
    except ValidationError:
        return ""
    return name


def names_its_person(claims: dict[str, Any]) -> bool:
    """Return whether the name is the person's own: an e-mail address must have been verified.

    At many providers people choose their address themselves, and with it anybody's.
    """
    return settings.JWT_USERNAME_CLAIM != EMAIL or claims.get("email_verified") in (True, "true")


def roles_of(claims: dict[str, Any]) -> frozenset[str]:
    """Return the roles that the groups of these claims give."""
    groups = claims.get(settings.OIDC_GROUPS_CLAIM)
    named = groups[:LONGEST_GROUPS] if isinstance(groups, list) else [groups]
    mapped = settings.OIDC_ROLES
    return frozenset(mapped[group] for group in named if isinstance(group, str) and group in mapped)


def has_lost_its_roles(claims: dict[str, Any]) -> bool:
    """Return whether the claims list groups, and none of them gives a role."""
    return (
        bool(settings.OIDC_ROLES) and settings.OIDC_GROUPS_CLAIM in claims and not roles_of(claims)
    )
