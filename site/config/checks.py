"""System checks for the settings, run at start and by `manage.py check --deploy`."""

import importlib.util
import ipaddress
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register

from accounts import signing_keys
from media.errors import MediaError
from media.ffmpeg import binary

from . import env

SHORTEST_TOKEN = 20


@register()
def networks(**_kwargs: Any) -> list[CheckMessage]:
    wrong = []
    for network in settings.METRICS_NETWORKS:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            wrong.append(network)
    if not wrong:
        return []
    hint = "Write networks as 10.0.0.0/8, separated by commas."
    return [
        Error(
            f"METRICS_NETWORKS has what is no network: {', '.join(wrong)}.",
            hint=hint,
            id="config.E001",
        )
    ]


@register()
def sentry(**_kwargs: Any) -> list[CheckMessage]:
    if settings.SENTRY_DSN and importlib.util.find_spec("sentry_sdk") is None:
        return [
            Error(
                "SENTRY_DSN is set and sentry-sdk is not installed.",
                hint="pip install 'sentry-sdk>=2', or unset SENTRY_DSN.",
                id="config.E002",
            )
        ]
    return []


@register()
def store(**_kwargs: Any) -> list[CheckMessage]:
    if env.text("STORAGE_BASE_URL") and settings.STORE is None:
        hint = "It is the public address of the file store: set MINIO_ENDPOINT too, or unset it."
        return [
            checks.Warning(
                "STORAGE_BASE_URL is set without MINIO_ENDPOINT and has no effect.",
                hint=hint,
                id="config.W001",
            )
        ]
    return []


@register()
def ffmpeg(**_kwargs: Any) -> list[CheckMessage]:
    if not env.text("FFMPEG"):
        return []  # the bundled ffmpeg, which is compatible
    try:
        binary()
    except MediaError as error:
        return [
            Error(
                str(error),
                hint=(
                    "Let FFMPEG name another ffmpeg, or unset it: the one in the packages "
                    "is used then."
                ),
                id="config.E003",
            )
        ]
    return []


@register(Tags.security)
def sign_on(**_kwargs: Any) -> list[CheckMessage]:
    """Require JWT_AUDIENCE, JWT_ISSUER and https for a company single sign-on.

    It issues tokens for all its applications, so tokens for other applications must be refused.
    """
    if not settings.JWT_JWKS_URL:
        return []
    found: list[CheckMessage] = []
    for name, what in (("JWT_AUDIENCE", "for which application"), ("JWT_ISSUER", "by whom")):
        if not getattr(settings, name):
            hint = (
                f"Set {name} to what your sign-on writes into the tokens that are meant for "
                f"the studio."
            )
            found.append(
                Error(
                    f"JWT_JWKS_URL is set without {name}: nobody looks {what} a token was made.",
                    hint=hint,
                    id="config.E004",
                )
            )
    if not signing_keys.is_safe(settings.JWT_JWKS_URL):
        hint = "Set JWT_JWKS_URL to an https:// address."
        found.append(
            Error(
                "JWT_JWKS_URL is no https:// address: whoever is on the way could give out keys.",
                hint=hint,
                id="config.E005",
            )
        )
    return found


def _dangerous() -> Iterator[tuple[bool, str, str, str]]:
    """Yield for each check: whether it applies, the problem, the hint, and the id."""
    yield (
        settings.LOOPBACK_PROVIDERS,
        "LOOPBACK_PROVIDERS is on: providers may be plain http on this machine.",
        "Unset it.",
        "W014",
    )
    hosts = [host for host in settings.ALLOWED_HOSTS if host in {"*", "."}]
    yield (
        bool(hosts),
        "ALLOWED_HOSTS takes every name.",
        "Name the studio's own: ALLOWED_HOSTS=studio.example.com.",
        "W015",
    )
    second = "REQUIRE_TOTP=nobody: a password alone opens every account."
    yield settings.REQUIRE_TOTP == "nobody", second, "Set REQUIRE_TOTP=managers or staff.", "W016"
    yield (
        settings.LOG_LEVEL == "DEBUG",
        "LOG_LEVEL=DEBUG writes prompts and scripts to the log.",
        "Set LOG_LEVEL=INFO.",
        "W017",
    )
    wide = [network for network in settings.METRICS_NETWORKS if _is_public(network)]
    yield (
        bool(wide),
        f"METRICS_NETWORKS opens /metrics to {', '.join(wide)}.",
        "Name your own networks, or use METRICS_TOKEN.",
        "W018",
    )
    short = 0 < len(settings.METRICS_TOKEN) < SHORTEST_TOKEN
    yield (
        short,
        "METRICS_TOKEN is short enough to be guessed.",
        f"Use at least {SHORTEST_TOKEN} random characters.",
        "W019",
    )
    origins = [
        origin
        for origin in settings.CSRF_TRUSTED_ORIGINS
        if not origin.startswith("https://") or "*" in origin
    ]
    yield (
        bool(origins),
        f"CSRF_TRUSTED_ORIGINS trusts {', '.join(origins)}.",
        "Name https:// addresses in full.",
        "W020",
    )
    cookies = settings.PRODUCTION and not settings.HTTPS
    yield (
        cookies,
        "HTTPS is off: passwords and sessions travel in clear.",
        "Unset HTTPS, which is on in production.",
        "W021",
    )
    extra = env.words("EXTRA_APPS", [])
    yield (
        bool(extra),
        f"EXTRA_APPS runs {', '.join(extra)}, which is for tests.",
        "Unset it.",
        "W022",
    )
    store = settings.STORE
    plain = store is not None and store.public.startswith("http://") and not _is_own(store.public)
    yield (
        plain,
        "Browsers load films over plain http.",
        "Set STORAGE_BASE_URL to an https:// address.",
        "W023",
    )


@register(Tags.security, deploy=True)
def dangerous(**_kwargs: Any) -> list[CheckMessage]:
    """Warn about settings that suit development or tests but make a production installation
    insecure.
    """
    return [
        checks.Warning(what, hint=hint, id=f"config.{number}")
        for is_so, what, hint, number in _dangerous()
        if is_so
    ]


def _is_public(network: str) -> bool:
    try:
        return not ipaddress.ip_network(network).is_private
    except ValueError:
        return False  # reported by E001


def _is_own(address: str) -> bool:
    """Return whether the address is this machine or in a private network, judging by its form
    alone.
    """
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return (
            host == "localhost"
            or "." not in host
            or host.endswith((".localhost", ".internal", ".local"))
        )


@register(Tags.security, deploy=True)
def production(**_kwargs: Any) -> list[CheckMessage]:
    """Check what a production installation needs in addition to a development setup."""
    found: list[CheckMessage] = []
    if not settings.PRODUCTION:
        found.append(
            checks.Warning(
                "This is not set up as production.",
                hint="Set STUDIO_ENV=production.",
                id="config.W010",
            )
        )
    if not env.text("ALLOWED_HOSTS"):
        found.append(
            checks.Warning(
                "ALLOWED_HOSTS names this machine only.",
                hint="Set ALLOWED_HOSTS=studio.example.com.",
                id="config.W011",
            )
        )
    if settings.HTTPS and not settings.TRUSTED_PROXIES:
        hint = (
            "Set TRUSTED_PROXIES to the number of proxies in front; without one the web "
            "server itself must speak HTTPS."
        )
        found.append(
            checks.Warning(
                "HTTPS is on and no proxy is trusted to say how a request came.",
                hint=hint,
                id="config.W012",
            )
        )
    shared = settings.STORE is not None or "postgresql" in settings.DATABASES["default"]["ENGINE"]
    if shared and not (env.text("SECRET_KEY") and env.text("VP_SECRET_KEYS")):
        hint = (
            "Set SECRET_KEY and VP_SECRET_KEYS (or SECRET_KEY_FILE and "
            "VP_SECRET_KEYS_FILE) to the same values on every machine."
        )
        found.append(
            checks.Warning(
                "The secrets are made by this machine alone: others could not read what it seals.",
                hint=hint,
                id="config.W013",
            )
        )
    return found
