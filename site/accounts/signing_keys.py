"""The keys that sign and verify tokens."""

import hashlib
import hmac
import threading
import time
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

SHORTEST = 32  # bytes of an HS256 secret (RFC 7518, section 3.2)
KEY_SET_MAX_AGE = 300.0  # seconds a key set is used before it is fetched again
STALE = 24 * 3600.0  # seconds it may still be used while the address does not answer
RETRY = 30.0  # seconds between fetches that an unknown key id may cause


# Names the purpose of the derived keys. Never changed: access tokens outlive an upgrade.
PURPOSE = b"web.auth.jwt"


@cache
def _own(configured: tuple[str, ...], secrets: tuple[str, ...]) -> dict[str, bytes]:
    if not configured:
        derived = [hmac.digest(secret.encode(), PURPOSE, "sha256") for secret in secrets]
        return {hashlib.sha256(key).hexdigest()[:8]: key for key in derived}
    keys: dict[str, bytes] = {}
    for entry in configured:
        kid, separator, secret = entry.partition(":")
        if not kid or not separator or len(secret.encode()) < SHORTEST:
            raise ImproperlyConfigured(
                f"JWT_KEYS must be kid:secret,… with secrets of at least {SHORTEST} bytes."
            )
        keys[kid] = secret.encode()
    return keys


def own_keys() -> dict[str, bytes]:
    """Return HS256 secrets by key id. The first one signs; all are accepted, which allows rotation.

    They come from JWT_KEYS, or are derived from SECRET_KEY and its fallbacks.
    """
    return _own(
        tuple(getattr(settings, "JWT_KEYS", ())),
        (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS),
    )


class Unreachable(Exception):  # noqa: N818  says what is wrong with the address
    """The JWKS address does not respond and no usable key set is cached."""


@dataclass
class KeySet:
    """The public keys of a company single sign-on, fetched from a JWKS address and cached.
    Thread-safe.
    """

    url: str

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched = self._tried = -STALE

    def get(self, kid: str) -> jwt.PyJWK | None:
        """Return the key with this id, or None if the sign-on has none. Raises `Unreachable`."""
        now = time.monotonic()
        if kid in self._keys and now - self._fetched < KEY_SET_MAX_AGE:
            return self._keys[kid]
        # One thread fetches at a time. The others wait for it only while there are no keys at all,
        # so that tokens with made-up ids hold no threads while the address is slow.
        if self._lock.acquire(timeout=-1 if self._is_stale(now) else 0):
            try:
                if now - self._tried >= RETRY and not (
                    kid in self._keys and now - self._fetched < KEY_SET_MAX_AGE
                ):
                    self._fetch(now)
            finally:
                self._lock.release()
        if self._is_stale(now):
            raise Unreachable(self.url)
        return self._keys.get(kid)

    def _is_stale(self, now: float) -> bool:
        return now - self._fetched > STALE

    def _fetch(self, now: float) -> None:
        self._tried = now
        try:
            if not is_safe(self.url):
                return
            answer = httpx.get(self.url, timeout=5, follow_redirects=False)
            answer.raise_for_status()
            found: list[dict[str, Any]] = answer.json()["keys"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return
        keys = {}
        for entry in found:
            try:
                if entry.get("kty") in {"RSA", "EC"} and entry.get("use", "sig") == "sig":
                    keys[str(entry["kid"])] = jwt.PyJWK(entry)
            except (jwt.PyJWTError, KeyError, AttributeError):
                continue  # an unreadable entry must not disable the others
        self._keys, self._fetched = keys, now


@cache
def _key_set(url: str) -> KeySet:
    return KeySet(url)


def is_safe(url: str) -> bool:
    """Return whether keys may be fetched from this address: https, or this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}
    )


def sign_on() -> KeySet | None:
    """Return the key set of JWT_JWKS_URL, or None if no company single sign-on is configured."""
    url = getattr(settings, "JWT_JWKS_URL", "")
    return _key_set(url) if url else None
