"""Browsers in which somebody has logged in before: a stranger's wrong guesses do not count against them."""

import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase

COOKIE = "vp_device"
SALT = "web.auth.devices"
AGE = 180 * 24 * 3600  # seconds since the last log-in
MOST = 8  # accounts of one browser
SHORT = 16  # characters of an account's key that the cookie holds


def device_of(request: HttpRequest, account: str) -> str:
    """The id of this browser if this account has logged in with it before, else an empty string."""
    device, accounts = _read(request)
    return device if device and account[:SHORT] in accounts else ""


def remember(request: HttpRequest, response: HttpResponseBase, account: str) -> None:
    """Call it where a log-in has succeeded. The cookie opens nothing: it only says whose wrong tries are counted where."""
    device, accounts = _read(request)
    kept = [account[:SHORT], *(known for known in accounts if known != account[:SHORT])][:MOST]
    value = signing.dumps([device or secrets.token_urlsafe(16), kept], salt=SALT)
    secure = settings.SESSION_COOKIE_SECURE
    response.set_cookie(COOKIE, value, max_age=AGE, httponly=True, samesite="Lax", secure=secure)


def _read(request: HttpRequest) -> tuple[str, list[str]]:
    try:
        device, accounts = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=AGE)
    except (signing.BadSignature, ValueError, TypeError):
        return "", []
    return str(device), [str(account) for account in accounts]
