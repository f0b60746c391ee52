"""An app that only fault tests and the benchmarks install (EXTRA_APPS).

Its jobs report when they start, and their effects are counted.
"""

import os
import time
from datetime import UTC, datetime, timedelta

from django.utils import timezone

AHEAD = timedelta(seconds=float(os.environ.get("CHAOS_CLOCK_AHEAD", "0")))


class Host(datetime):
    """The clock of a host that is set wrong (libfaketime does not work with Python 3.13)."""

    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + AHEAD


if AHEAD:
    import core.clock

    real = time.time
    time.time = lambda: real() + AHEAD.total_seconds()
    timezone.now = lambda: Host.now(UTC)
    core.clock.datetime = Host
