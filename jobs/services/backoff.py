"""The delay between two attempts of a job."""

from datetime import timedelta
from typing import Any

LONGEST = timedelta(days=1)


def require_backoff(backoff: dict[str, Any]) -> None:
    """Raises ValueError unless `backoff` is {"type": "exponential" | "fixed", "delay":
    milliseconds}.
    """
    right = set(backoff) == {"type", "delay"} and backoff["type"] in {"exponential", "fixed"}
    if not right or not isinstance(backoff["delay"], int) or backoff["delay"] < 0:
        raise ValueError(
            f'A backoff is {{"type": "exponential" or "fixed", "delay": milliseconds}}, not '
            f"{backoff!r}."
        )


def delay(backoff: dict[str, Any], *, attempt: int) -> timedelta:
    """Return the wait after the given attempt (counted from 1), one day at most.

    Exponential: delay * 2 ** (attempt - 1). Fixed: always the same.
    """
    factor = 1 if backoff["type"] == "fixed" else 2 ** min(attempt - 1, 40)
    return min(timedelta(milliseconds=min(backoff["delay"] * factor, 10**12)), LONGEST)
