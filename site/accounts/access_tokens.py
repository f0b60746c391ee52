"""Access tokens: short-lived signed tokens that identify the user of a request."""

import time
import uuid
from dataclasses import dataclass
from typing import Any

import jwt
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_noop

from accounts.models import RefreshToken
from api.problems import Problem, unauthorized

from .claims import has_lost_its_roles, names_its_person, username_of
from .signing_keys import Unreachable, own_keys, sign_on
from .standing import has_ended, standing_of

ISSUER = "videoplanet"
LIFE = 15 * 60  # seconds
LEEWAY = 30  # tolerated clock difference of the sign-on, in seconds
SIGN_ON_ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512")
NO_ENTRY = gettext_noop("This token is not valid. Log in again.")


@dataclass(frozen=True, slots=True)
class Issued:
    token: str
    seconds: int


def password_mark(user: User) -> str:
    """Return a short value that changes with the password.

    Tokens with another value are invalid.
    """
    return str(user.get_session_auth_hash())[:32]


def password_marks(user: User) -> list[str]:
    """Return the valid password marks: for the current secret key and for its fallbacks."""
    return [password_mark(user), *(str(old)[:32] for old in user.get_session_auth_fallback_hash())]


def revoke_user(user: User) -> None:
    """Revoke all API log-ins of this user."""
    RefreshToken.objects.filter(user=user, revoked_at__isnull=True).update(
        revoked_at=timezone.now()
    )


def issue(user: User, family: uuid.UUID) -> Issued:
    """Issue an access token for this log-in, signed with the first of our keys."""
    kid, key = next(iter(own_keys().items()))
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "typ": "access",
        "sub": str(user.pk),
        "sid": str(family),
        "pwd": password_mark(user),
        "iat": now,
        "exp": now + LIFE,
    }
    return Issued(jwt.encode(claims, key, algorithm="HS256", headers={"kid": kid}), LIFE)


def user_of(token: str) -> User:
    """Return the active user of an access token.

    Raises 401 for an invalid token, or 503 while the keys of the single sign-on are unavailable.
    Runs one query. A token becomes invalid at once when its user is deleted or deactivated, the
    password changes, or the log-in is revoked. Our own tokens are accepted only if no company
    single sign-on is configured.
    """
    try:
        header = jwt.get_unverified_header(token)
        kid, algorithm = header.get("kid"), header.get("alg")
        if (
            algorithm == "HS256"
            and sign_on() is None
            and isinstance(kid, str)
            and (key := own_keys().get(kid))
        ):
            return _own_user(
                jwt.decode(
                    token,
                    key,
                    algorithms=["HS256"],
                    issuer=ISSUER,
                    options={"require": ["exp", "sub", "sid", "pwd"]},
                )
            )
        if (
            algorithm in SIGN_ON_ALGORITHMS
            and isinstance(kid, str)
            and (keys := sign_on())
            and (public := keys.get(kid))
        ):
            return _sign_on_user(_decoded(token, public, algorithm))
    except jwt.ExpiredSignatureError:
        raise unauthorized(
            "token_expired",
            gettext_noop("This token has ended. Get a new one with the refresh token."),
        ) from None
    except Unreachable:
        raise Problem(
            503,
            "sign_on_unreachable",
            gettext_noop("The sign-on does not answer. Try again in a moment."),
            headers={"Retry-After": "30"},
        ) from None
    except (jwt.PyJWTError, ValueError):
        pass
    raise _refused()


def _decoded(token: str, public: jwt.PyJWK, algorithm: str) -> dict[str, Any]:
    """Return the claims of a token that the single sign-on issued for this application.

    No token is accepted unless JWT_AUDIENCE and JWT_ISSUER are set.
    """
    if not (settings.JWT_AUDIENCE and settings.JWT_ISSUER):
        raise jwt.InvalidTokenError("JWT_AUDIENCE and JWT_ISSUER must be set.")
    return jwt.decode(
        token,
        public,
        algorithms=[algorithm],
        audience=settings.JWT_AUDIENCE,
        issuer=settings.JWT_ISSUER,
        leeway=LEEWAY,
        options={"require": ["exp", "aud", "iss"]},
    )


def _own_user(claims: dict[str, Any]) -> User:
    """Return the user of one of our own tokens.

    Its log-in must still have a refresh token that is not revoked.
    """
    log_in = (
        RefreshToken.objects.select_related("user__account_version")
        .filter(
            family=uuid.UUID(claims["sid"]), user_id=int(claims["sub"]), revoked_at__isnull=True
        )
        .order_by()
        .first()
    )
    if claims.get("typ") != "access" or log_in is None:
        raise _refused()
    user: User = log_in.user
    if has_ended(standing_of(log_in), user):
        raise _refused()
    if not any(constant_time_compare(mark, claims["pwd"]) for mark in password_marks(user)):
        raise _refused()
    return user


def _sign_on_user(claims: dict[str, Any]) -> User:
    """Return the user named by JWT_USERNAME_CLAIM. A token never creates an account.

    A token that lists groups of which none gives a role is refused, as in the browser.
    """
    name = username_of(claims)
    user = (
        User.objects.filter(username=name, is_active=True, service_account=None).first()
        if name
        else None
    )
    if user is None or has_lost_its_roles(claims) or not _is_about(claims, user):
        raise _refused()
    return user


def _is_about(claims: dict[str, Any], user: User) -> bool:
    """Return whether the token is about the person of this account. One query.

    At some providers people choose their name themselves. Once single sign-on has connected the
    account, only the token of the same subject opens it; an administrator's account needs that.
    """
    subjects = list(SocialAccount.objects.filter(user=user).values_list("uid", flat=True))
    if subjects:
        return claims.get("sub") in subjects
    return not user.is_superuser and names_its_person(claims)


def _refused() -> Problem:
    return unauthorized("token_invalid", NO_ENTRY)
