"""Something that the studio stands on does not answer now: the file store, a full disk. Nobody is to blame, and it passes."""

import errno

from .sentence import SaidError

FULL = (errno.ENOSPC, errno.EDQUOT)


class AwayError(SaidError):
    """Asked again later it will work. A job that meets it waits and uses up no attempt; a request is answered with 503."""

    code = "away"


def is_away(error: BaseException) -> bool:
    """Whether this is such an error, or the operating system's word for a full disk."""
    return isinstance(error, AwayError) or (isinstance(error, OSError) and error.errno in FULL)
