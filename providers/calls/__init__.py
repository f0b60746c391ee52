"""The call service: the only way to call a provider.

The order is reserve, commit, send, commit, fetch, settle. A request that may have been charged is
never sent again automatically.
"""

from providers.errors import (
    NoPrice,
    NotConfigured,
    NotNow,
    OutdatedRequest,
    PriceAboveConfirmed,
    Refused,
    Unclear,
)

from .reconcile import collect, reconcile
from .service import advance, attempt_no_of, follow, resume
from .states import was_decided
from .terms import Pending, Ready

__all__ = [
    "NoPrice",
    "NotConfigured",
    "NotNow",
    "OutdatedRequest",
    "Pending",
    "PriceAboveConfirmed",
    "Ready",
    "Refused",
    "Unclear",
    "advance",
    "attempt_no_of",
    "collect",
    "follow",
    "reconcile",
    "resume",
    "was_decided",
]
