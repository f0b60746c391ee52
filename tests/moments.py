"""Moments that lie a known time after a step of a test, which a busy machine makes longer."""

from datetime import datetime, timedelta

from django.utils import timezone

SLACK = timedelta(milliseconds=50)  # between the clocks of the host and of the database


def is_due(moment: datetime, since: datetime, *, seconds: float, jitter: float = 0) -> bool:
    """Whether something between `since` and now set `moment` to `seconds` later."""
    earliest = since + timedelta(seconds=seconds - jitter) - SLACK
    return earliest <= moment <= timezone.now() + timedelta(seconds=seconds + jitter) + SLACK
