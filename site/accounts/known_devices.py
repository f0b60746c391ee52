"""Browsers that have logged in before. Failed attempts from elsewhere do not count against them."""

import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase

COOKIE = "vp_device"
SALT = "web.auth.devices"  # never changed: devices stay known after an upgrade
AGE = 180 * 24 * 3600  # seconds since the last log-in
MOST = 8  # accounts of one browser
SHORT = 16  # characters of an account's key that the cookie holds


def device_of(request: HttpRequest, account: str) -> str:
    """Return the id of this browser if the account has logged in with it before, else an empty
    string.
    """
    device, accounts = _read(request)
    return device if device and account[:SHORT] in accounts else ""


def remember(request: HttpRequest, response: HttpResponseBase, account: str) -> None:
    """Set the device cookie. Call this after a successful log-in.

    The cookie grants no access; it only determines where failed attempts are counted.
    """
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
