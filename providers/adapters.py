"""What an adapter is: the one form in which every provider is spoken to. Adapters know no rows; the gate does."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from .enums import Kind
from .requests import Request

if TYPE_CHECKING:
    from .settings_schema import Common


def never() -> bool:
    return False


def ignore(percent: int) -> None:
    """Listen to nothing."""


@dataclass(frozen=True, slots=True)
class Card:
    """What an adapter must know of a model; from its ProviderModel row, or only the name when it has none.

    `ratios` maps our formats to the provider's, `options` holds whatever else this provider's models differ in,
    `durations` are the whole seconds that it makes (empty: any).
    """

    name: str = ""
    endpoint: str = ""
    ratios: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    durations: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Errand:
    """One call as its adapter sees it.

    `attempt` is the id of the ProviderCall: adapters hand it to the provider wherever it takes a name of ours. `units`
    and `estimate` (USD) are what was reserved: never ask for more. `nth` counts the calls of this kind for the same
    subject at this provider, from 1. `seconds` is the length to ask for. `complaint` says what was wrong with the answer before, when this asks again.
    Long work asks `should_stop`.
    """

    attempt: uuid.UUID
    model: Card = Card()
    units: Decimal = Decimal(1)
    estimate: Decimal = Decimal(0)
    seconds: int = 0
    nth: int = 1
    complaint: str = ""
    should_stop: Callable[[], bool] = never
    on_progress: Callable[[int], None] = ignore


class Media(Protocol):
    """Where a result's file comes from."""

    @property
    def trusted(self) -> bool:
        """Made by this house: needs no decoding and re-encoding."""

    def bring(self, to: Path, *, should_stop: Callable[[], bool]) -> None:
        """Write the whole file to `to`. Raises `Expired` or `Later`; asking the task again leads on."""


@dataclass(frozen=True, slots=True)
class Bytes:
    """A file that came in the answer itself."""

    content: bytes
    trusted: bool = False

    def bring(self, to: Path, *, should_stop: Callable[[], bool]) -> None:  # noqa: ARG002  nothing here takes long
        to.write_bytes(self.content)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has the task. `poll_in` seconds until the first question; `quote` the most it may charge, in USD."""

    task_id: str
    poll_in: float
    quote: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """Not done yet. `progress` 0..100, None when unknown; `queued` while the provider has not begun.

    `unknown` is the provider's word for the state when nobody here knows it: after an hour of it a person is asked, and
    `raw` is kept, the answer that holds it.
    """

    poll_in: float
    progress: int | None = None
    queued: bool = False
    unknown: str = ""
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Result:
    """Done. Pictures and clips carry `media`, text calls `data`.

    `cost` in USD; None: the answer names none. `is_estimated`: it was worked out from the answer, not named by it.
    """

    media: Media | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    cost: Decimal | None = None
    is_estimated: bool = False
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """Answer of a free test call: whether the key works, and what the provider says about itself."""

    ok: bool
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A task found at the provider that may be the one of an unclear call."""

    task_id: str
    created_at: str
    status: str
    matches: bool


class Adapter(Protocol):
    """One provider. Every method may block on the network; none retries what may be paid.

    `submit` raises `Refused` (surely not done; unpaid unless its cost says so) or `Unclear` (maybe paid); any other
    exception counts as unclear unless the adapter is `repeatable`. `poll` also raises `Later` (ask again, free).
    """

    repeatable: ClassVar[bool]  # its calls are free and may be made again by themselves
    needs_key: ClassVar[bool]
    kinds: ClassVar[frozenset[Kind]]
    tells_balance: ClassVar[bool]
    settings_kind: ClassVar["type[Common]"]  # what its settings may say
    home: ClassVar[str]  # its own address: a key from the environment is sent nowhere else
    send_limit: timedelta  # no submit takes longer

    def ready(self) -> None:
        """Raises `NotConfigured` or `KeyUnreadable` when it cannot be called as it is configured."""

    def check_request(self, request: Request, model: Card) -> None:
        """Raises `Refused` for what would never be sent. Asks neither the network nor the database; `submit` begins with it."""

    def used_fields(self, kind: Kind, model: Card) -> frozenset[str]:
        """The names of the request's fields that reach the provider. What is not among them changes no result."""

    def submit(self, request: Request, errand: Errand) -> Accepted | Result: ...

    def poll(self, task_id: str, request: Request, errand: Errand) -> Running | Result: ...

    def recover(self, raw: bytes, request: Request, errand: Errand) -> Accepted | Result:
        """What a kept answer that nobody understood holds after all, because a person says so. Raises `Invalid`. Asks nobody."""

    def cancel(self, task_id: str) -> bool:
        """Ask the provider to stop; True when it said it did. Promises nothing about money."""

    def balance(self) -> Decimal | None:
        """USD left at the provider; None when it cannot be asked."""

    def check(self) -> Health:
        """A free call that shows whether the key works."""

    def candidates(self, request: Request, errand: Errand, *, since: datetime) -> list[Candidate]:
        """Tasks made at the provider since then that may belong to this call; empty when it keeps no list. Raises `Later`."""
