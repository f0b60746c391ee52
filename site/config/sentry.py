"""Reports errors to Sentry if SENTRY_DSN is set, without request bodies, cookies,
users or secrets.
"""

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from operations.log_format import redacted

LEFT_OUT = ("cookies", "data", "env", "query_string")


def start() -> None:
    """Initialize Sentry if a DSN is set. Raises ImproperlyConfigured if the package is missing."""
    if not settings.SENTRY_DSN:
        return
    try:
        import sentry_sdk  # noqa: PLC0415  an extra that most installations do not have
    except ImportError as error:
        raise ImproperlyConfigured(
            "SENTRY_DSN is set, but the package sentry-sdk is not installed: pip install "
            "'sentry-sdk>=2'."
        ) from error
    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        environment="production" if settings.PRODUCTION else "development",
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        before_send=without_secrets,
    )


# The form that Sentry calls
def without_secrets(event: dict[str, Any], hint: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    """Remove request data except the address, and redact every text of the event."""
    request = event.get("request")
    if isinstance(request, dict):
        event["request"] = {
            name: value for name, value in request.items() if name not in LEFT_OUT
        } | {"headers": {}}
    event.pop("user", None)
    cleaned = _cleaned(event)
    assert isinstance(cleaned, dict)
    return cleaned


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, dict):
        return {key: _cleaned(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(inner) for inner in value]
    return value
