"""Lengths in seconds, to a tenth."""

from math import isfinite
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _


def tenths(seconds: float) -> float:
    """Return the length rounded to a tenth. A whole one is an int, which is shown as it is read."""
    rounded = round(seconds, 1)
    return int(rounded) if rounded == int(rounded) else rounded


def in_frames(seconds: float, fps: int) -> int:
    """Return how many frames the length is; half a frame counts as one."""
    return (round(seconds * 10) * fps + 5) // 10


class SecondsField(models.FloatField):  # type: ignore[type-arg]  # not generic when run
    """A length in seconds, to a tenth. Whole lengths are ints: they read `7`, not `7.0`."""

    def from_db_value(self, value: float | None, *_: Any) -> float | None:
        return None if value is None else tenths(value)

    def to_python(self, value: Any) -> Any:
        seconds = super().to_python(value)
        if seconds is None:
            return None
        # Beyond rounding
        if not isfinite(seconds) or abs(seconds * 10 - round(seconds * 10)) > 1e-6:  # noqa: PLR2004
            raise ValidationError(_("Write at most one digit after the decimal point."))
        return tenths(seconds)

    def formfield(self, **kwargs: Any) -> Any:
        field = super().formfield(**kwargs)
        if field is not None:
            field.widget.attrs["step"] = "0.1"
        return field
