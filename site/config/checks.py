"""Do the settings fit together? Told at start and by `manage.py check --deploy`, with what to do."""

import importlib.util
import ipaddress
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register

from providers.media.errors import MediaError
from providers.media.ffmpeg import binary

from . import env


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
    return [Error(f"METRICS_NETWORKS has what is no network: {', '.join(wrong)}.", hint=hint, id="config.E001")]


@register()
def sentry(**_kwargs: Any) -> list[CheckMessage]:
    if settings.SENTRY_DSN and importlib.util.find_spec("sentry_sdk") is None:
        return [Error("SENTRY_DSN is set and sentry-sdk is not installed.", hint="pip install 'sentry-sdk>=2', or unset SENTRY_DSN.", id="config.E002")]
    return []


@register()
def store(**_kwargs: Any) -> list[CheckMessage]:
    if env.text("STORAGE_BASE_URL") and settings.STORE is None:
        hint = "It is the public address of the file store: set MINIO_ENDPOINT too, or unset it."
        return [checks.Warning("STORAGE_BASE_URL is set without MINIO_ENDPOINT and has no effect.", hint=hint, id="config.W001")]
    return []


@register()
def ffmpeg(**_kwargs: Any) -> list[CheckMessage]:
    if not env.text("FFMPEG"):
        return []  # the one in the packages, which fits
    try:
        binary()
    except MediaError as error:
        return [Error(str(error), hint="Let FFMPEG name another ffmpeg, or unset it: the one in the packages is used then.", id="config.E003")]
    return []


@register(Tags.security, deploy=True)
def production(**_kwargs: Any) -> list[CheckMessage]:
    """What a company's installation needs beyond what runs on a laptop."""
    found: list[CheckMessage] = []
    if not settings.PRODUCTION:
        found.append(checks.Warning("This is not set up as production.", hint="Set STUDIO_ENV=production.", id="config.W010"))
    if not env.text("ALLOWED_HOSTS"):
        found.append(checks.Warning("ALLOWED_HOSTS names this machine only.", hint="Set ALLOWED_HOSTS=studio.example.com.", id="config.W011"))
    if settings.HTTPS and not settings.TRUSTED_PROXIES:
        hint = "Set TRUSTED_PROXIES to the number of proxies in front; without one the web server itself must speak HTTPS."
        found.append(checks.Warning("HTTPS is on and no proxy is trusted to say how a request came.", hint=hint, id="config.W012"))
    shared = settings.STORE is not None or "postgresql" in settings.DATABASES["default"]["ENGINE"]
    if shared and not (env.text("SECRET_KEY") and env.text("VP_SECRET_KEYS")):
        hint = "Set SECRET_KEY and VP_SECRET_KEYS (or SECRET_KEY_FILE and VP_SECRET_KEYS_FILE) to the same values on every machine."
        found.append(checks.Warning("The secrets are made by this machine alone: others could not read what it seals.", hint=hint, id="config.W013"))
    return found
