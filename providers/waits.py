"""How long a provider asks us to wait."""

from collections.abc import Mapping
from datetime import timedelta

from django.utils import timezone
from django.utils.http import parse_http_date_safe

from .reading import number_of

LONGEST_WAIT = timedelta(hours=1)  # whoever means longer says so again


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """The wait that `Retry-After` (seconds or a date, RFC 9110, section 10.2.3) tells; None when it tells none."""
    if (milliseconds := _number(headers.get("retry-after-ms", ""))) is not None:
        return bounded(milliseconds / 1000)
    told = headers.get("retry-after", "").strip()
    if (seconds := _number(told)) is not None:
        return bounded(seconds)
    moment = parse_http_date_safe(told) if told.isascii() else None
    return None if moment is None else bounded(moment - timezone.now().timestamp())


def _number(told: str) -> float | None:
    """Digits, perhaps with a fraction; however many."""
    told = told.strip()
    if told.isascii() and told.isdigit():
        return float(told[-9:]) if len(told.lstrip("0")) <= 9 else LONGEST_WAIT.total_seconds()  # noqa: PLR2004  years, whatever follows
    whole, dot, fraction = told.partition(".")
    return float(number_of(told) or 0) if dot and (whole + fraction).isascii() and (whole + fraction).isdigit() else None


def bounded(seconds: float) -> timedelta:
    """A wait of at least a second and at most an hour."""
    return timedelta(seconds=min(max(float(seconds), 1.0), LONGEST_WAIT.total_seconds()))
