"""Processes rows one by one, so that one failing row does not stop the others."""

import logging
from collections.abc import Callable, Iterable

from .unavailable import connection_lost

logger = logging.getLogger("ai_video.periodic")


class PartlyDone(Exception):  # noqa: N818  what became of it
    """Some items failed; all others were processed."""

    def __init__(self, failed: int, total: int) -> None:
        super().__init__(f"{failed} of {total} could not be done.")


def each[T](items: Iterable[T], act: Callable[[T], int | bool | None]) -> int:
    """Call `act` for every item and return the sum of its results. Raises PartlyDone at the end if
    any call failed.

    A lost database connection is raised at once, because the other items would fail for the same
    reason.
    """
    done = failed = total = 0
    for item in items:
        total += 1
        try:
            done += act(item) or 0
        except Exception as error:
            if connection_lost(error):
                raise
            failed += 1
            logger.exception("%r could not be done; the others are.", item)
    if failed:
        raise PartlyDone(failed, total)
    return done
