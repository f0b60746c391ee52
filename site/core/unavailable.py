"""Temporary failures of infrastructure: the file store or the database is unreachable, or the disk
is full.
"""

import errno

from django.db import InterfaceError, OperationalError

from .localized_messages import DomainError

FULL = (errno.ENOSPC, errno.EDQUOT)
CONNECTION_STATES = (
    "08",
    "57P",
    "53",
)  # SQLSTATE classes: connection exceptions, server shutdown or startup, insufficient resources


class ServiceUnavailableError(DomainError):
    """A service is temporarily unavailable; a later retry will succeed.

    A job waits without using an attempt; a request is answered with 503.
    """

    code = "away"


class StoreUnavailable(ServiceUnavailableError):  # noqa: N818  the field's word
    """The store is unreachable or full, or refuses the access key.

    It recovers or must be repaired.
    """

    code = "store_away"


def is_unavailable(error: BaseException) -> bool:
    """Return whether this is such an error, or an OSError for a full disk."""
    return isinstance(error, ServiceUnavailableError) or (
        isinstance(error, OSError) and error.errno in FULL
    )


def connection_lost(error: BaseException) -> bool:
    """Return whether the connection to PostgreSQL was lost.

    Any other database error is caused by the query.
    """
    if not isinstance(error, (OperationalError, InterfaceError)) or not hasattr(
        error.__cause__, "sqlstate"
    ):
        return False
    state: object = getattr(error.__cause__, "sqlstate", None)
    return state is None or str(state).startswith(CONNECTION_STATES)
