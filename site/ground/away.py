"""Something that the studio stands on does not answer now: the file store, a full disk. Nobody is to blame, and it passes."""

import errno

from django.db import InterfaceError, OperationalError

from .sentence import SaidError

FULL = (errno.ENOSPC, errno.EDQUOT)
CONNECTION_STATES = ("08", "57P", "53")  # SQLSTATE classes of PostgreSQL: connection exceptions, a server that ends or begins, no room left


class AwayError(SaidError):
    """Asked again later it will work. A job that meets it waits and uses up no attempt; a request is answered with 503."""

    code = "away"


def is_away(error: BaseException) -> bool:
    """Whether this is such an error, or the operating system's word for a full disk."""
    return isinstance(error, AwayError) or (isinstance(error, OSError) and error.errno in FULL)


def connection_lost(error: BaseException) -> bool:
    """Whether PostgreSQL went away in the middle; another error of the database is the fault of what was asked."""
    if not isinstance(error, (OperationalError, InterfaceError)) or not hasattr(error.__cause__, "sqlstate"):
        return False
    state: object = getattr(error.__cause__, "sqlstate", None)
    return state is None or str(state).startswith(CONNECTION_STATES)
