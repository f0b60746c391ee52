"""The conditions of a call, and what its caller receives."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.localized_messages import LocalizedMessage
from providers.adapters import ignore, never
from providers.models import ProviderCall
from providers.requests import Request

type Budget = Decimal | Callable[[], Decimal | None] | None


@dataclass(frozen=True, slots=True)
class Ready:
    """The call is settled: `call.result` and `call.cost` are set."""

    call: ProviderCall


@dataclass(frozen=True, slots=True)
class Pending:
    """The call is in progress.

    Call again at `until` with the same key; nothing will be submitted twice.
    """

    call: ProviderCall
    until: datetime
    note: LocalizedMessage


def nothing() -> None:
    """Do nothing; the default `hold`."""


def any_request(_request: Request, _provider: str) -> None:
    """Do nothing; the default `require_current`."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The conditions under which a call may be made and continued; see `advance`."""

    price_limit: Decimal | None = None
    subject_budget: Budget = None
    hold: Callable[[], None] = nothing
    require_current: Callable[[Request, str], None] = any_request
    should_stop: Callable[[], bool] = never
    on_progress: Callable[[int], None] = ignore
