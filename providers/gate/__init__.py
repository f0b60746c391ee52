"""The one door to every provider: reserve, commit, send, commit, fetch, settle. What may have been paid is never sent again by itself."""

from providers.errors import NoPrice, NotConfigured, NotNow, PriceAboveConfirmed, Refused, Unclear

from .flow import Pending, Ready, advance, follow, generation_of, resume
from .tend import collect, tend

__all__ = [
    "NoPrice",
    "NotConfigured",
    "NotNow",
    "Pending",
    "PriceAboveConfirmed",
    "Ready",
    "Refused",
    "Unclear",
    "advance",
    "collect",
    "follow",
    "generation_of",
    "resume",
    "tend",
]
