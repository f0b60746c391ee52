"""One row that cannot be dealt with does not keep the others from their turn."""

import logging
from collections.abc import Callable, Iterable

from .away import connection_lost

logger = logging.getLogger("ai_video.periodic")


class PartlyDone(Exception):  # noqa: N818  what became of it
    """Some could not be dealt with; all others were."""

    def __init__(self, failed: int, total: int) -> None:
        super().__init__(f"{failed} of {total} could not be done.")


def each[T](items: Iterable[T], act: Callable[[T], int | bool | None]) -> int:
    """Calls `act` for every item and adds up what it returns. Raises PartlyDone at the end if some calls raised.

    A database that is away ends it at once: the next ones would fail for the same reason.
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
