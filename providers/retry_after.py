"""Parses how long a provider asks to wait."""

from collections.abc import Mapping
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime

from django.utils import timezone
from django.utils.http import parse_http_date_safe

from .lenient_decoding import number_of

LONGEST_DATE = 60  # characters
LONGEST_WAIT = timedelta(hours=1)  # a provider that means longer will repeat it


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Return the wait that `Retry-After` states (seconds or a date, RFC 9110, section 10.2.3).

    Returns None if there is no valid header.
    """
    if (milliseconds := _number(headers.get("retry-after-ms", ""))) is not None:
        return bounded(milliseconds / 1000)
    value = headers.get("retry-after", "").strip()
    if (seconds := _number(value)) is not None:
        return bounded(seconds)
    moment = _moment(value) if value.isascii() else None
    return None if moment is None else bounded(moment - timezone.now().timestamp())


def _moment(value: str) -> float | None:
    """Parse a date as HTTP has it, else as mail has it, with an offset in place of GMT."""
    if (moment := parse_http_date_safe(value)) is not None:
        return moment
    try:
        date = parsedate_to_datetime(value[:LONGEST_DATE])
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _number(value: str) -> float | None:
    """Parse digits of any length, with an optional fraction."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[-9:]) if len(value.lstrip("0")) <= 9 else LONGEST_WAIT.total_seconds()  # noqa: PLR2004  years, whatever follows
    whole, dot, fraction = value.partition(".")
    return (
        float(number_of(value) or 0)
        if dot and (whole + fraction).isascii() and (whole + fraction).isdigit()
        else None
    )


def bounded(seconds: float) -> timedelta:
    """Return a wait of at least a second and at most an hour."""
    return timedelta(seconds=min(max(float(seconds), 1.0), LONGEST_WAIT.total_seconds()))
