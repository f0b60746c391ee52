"""Formats values in the same way on every page: states, money, durations, times, progress."""

from datetime import datetime, timedelta
from decimal import Decimal
from html import escape
from typing import Any, Literal

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext, ngettext

type Tone = Literal["idle", "live", "ask", "good", "bad", "quiet"]

JUST_NOW = timedelta(minutes=1)


def quick_html(template: str, *values: object) -> SafeString:
    """Like Django's `format_html`, in a third of its time, for lists with hundreds of calls."""
    return SafeString(
        template.format(
            *(value if isinstance(value, SafeString) else escape(str(value)) for value in values)
        )
    )


def badge(text: object, tone: Tone = "idle") -> SafeString:
    """Return a status badge with its colour. The dot is animated while the tone is `live`."""
    return quick_html('<span class="vp-badge vp-{}"><i></i>{}</span>', tone, text)


def money(amount: Decimal | float | None) -> str:
    """Format USD with two decimals, or four if needed: `$12.30`, `$0.0045`; a dash if unknown."""
    if amount is None:
        return "–"
    value = Decimal(amount).quantize(Decimal("0.0001"))
    places = 2 if value == value.quantize(Decimal("0.01")) else 4
    number = number_format(abs(value), places, use_l10n=True, force_grouping=True)
    return f"{'−' if value < 0 else ''}${number}"


def clock(seconds: float | None) -> str:
    """Format the length of a film: `1:05`, `1:00:00`."""
    whole = round(seconds or 0)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def took(span: timedelta | float | None) -> str:
    """Format a duration in the most readable unit."""
    if span is None:
        return "–"
    seconds = span.total_seconds() if isinstance(span, timedelta) else float(span)
    if seconds < 1:
        return gettext("%(n)s ms") % {"n": round(seconds * 1000)}
    if seconds < 60:  # noqa: PLR2004  seconds of a minute
        return gettext("%(n)s s") % {
            "n": number_format(round(seconds, 1), 1) if seconds < 10 else round(seconds)  # noqa: PLR2004  one place below ten
        }
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004  minutes of an hour
        return gettext("%(m)s min %(s)s s") % {"m": minutes, "s": rest}
    return gettext("%(h)s h %(m)s min") % {"h": minutes // 60, "m": minutes % 60}


def _half_a_unit(left: timedelta) -> timedelta:
    """Return half of the unit that `timesince` will show, so that its truncation rounds."""
    day, hour, minute = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
    for unit, smaller in ((day, hour), (hour, minute)):
        if left >= unit - smaller / 2:
            return unit / 2
    return minute / 2


def ago(moment: datetime | None) -> SafeString | str:
    """Return the time since or until a moment, with the exact time as a tooltip."""
    if moment is None:
        return "–"
    now = timezone.now()
    if abs(now - moment) < JUST_NOW:
        text = gettext("just now")
    elif moment > now:
        # Round up: a link of seven days ends in 7 days, not in 6.
        text = gettext("in %(time)s") % {
            "time": timesince(now, moment + _half_a_unit(moment - now), depth=1)
        }
    else:
        text = gettext("%(time)s ago") % {"time": timesince(moment, now, depth=1)}
    local = timezone.localtime(moment)
    return quick_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        date_format(local, "DATETIME_FORMAT"),
        text,
    )


def bar(percent: int, tone: Tone = "live", *, label: str = "") -> SafeString:
    """Return a progress bar, readable by screen readers."""
    return quick_html(
        '<span class="vp-bar vp-{}" role="progressbar" aria-valuenow="{}" '
        'aria-valuemin="0" aria-valuemax="100" aria-label="{}">'
        '<i style="width:{}%"></i></span>',
        tone,
        percent,
        label or gettext("Progress"),
        max(0, min(100, percent)),
    )


def percent(share: float | None) -> str:
    """Format a ratio of 0 to 1 as a percentage: `96.4%`."""
    return (
        "–"
        if share is None
        else f"{number_format(round(100 * share, 1), 0 if share in {0, 1} else 1)}%"
    )


def size(count: int) -> str:
    """Format a number of bytes: `3.2 MB`."""
    value = float(count)
    for unit in ("B", "KB", "MB"):
        if value < 1000:  # noqa: PLR2004  the step between the units
            return f"{number_format(round(value, 1), 0 if unit == 'B' else 1)} {unit}"
        value /= 1000
    return f"{number_format(round(value, 2), 2)} GB"


def scenes(count: int) -> str:
    return ngettext("%(count)s scene", "%(count)s scenes", count) % {"count": count}


def person(user: Any) -> str:
    """Return the full name, else the username; a dash for None."""
    return (user.get_full_name() or user.get_username()) if user else "–"
