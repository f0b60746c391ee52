"""The adapter interface that every provider backend implements.

Adapters do not access the database; the call service does.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from core.localized_messages import LocalizedMessage

from .enums import Kind
from .requests import Request
from .settings_schema import Common


def never() -> bool:
    return False


def ignore(percent: int) -> None:
    """Ignore the progress."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """What an adapter needs to know about a model.

    It is built from the `ProviderModel` row; without a row only the name is set. `ratios` maps our
    aspect ratios to the provider's. `options` holds everything else that is specific to this
    provider's models. `durations` lists the clip lengths the model supports, in whole seconds
    (empty: any). `references` says how many reference sheets of which role it takes.
    `capabilities` says what else the model takes and makes, such as `seed`, `negative` and `audio`;
    what a row does not say is as the adapter knows it. `audio` is `none`, `switch` (clips are made
    without sound) or `on` (clips are made with it, at the price of the row).
    """

    name: str = ""
    endpoint: str = ""
    ratios: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    durations: tuple[int, ...] = ()
    references: Mapping[str, int] = field(default_factory=dict)
    capabilities: Mapping[str, Any] = field(default_factory=dict)

    @property
    def called(self) -> str:
        """The provider's name of the model. Rows of one model differ in what is bought of it."""
        return str(self.options.get("called") or self.name)


@dataclass(frozen=True, slots=True)
class CallContext:
    """One call as its adapter sees it.

    `attempt` is the id of the `ProviderCall`; adapters send it to the provider wherever a client
    reference is accepted. `units` and `estimate` (USD) are what was reserved; an adapter must never
    request more. `nth` counts the calls of this kind for the same subject at this provider, from 1.
    `subject` names the story. `seconds` is the clip length to request. `validation_error` describes
    what was wrong with the previous answer when this call is a retry. Long work checks
    `should_stop`.
    """

    attempt: uuid.UUID
    model: ModelSpec = ModelSpec()
    subject: str = ""
    units: Decimal = Decimal(1)
    estimate: Decimal = Decimal(0)
    seconds: int = 0
    nth: int = 1
    validation_error: str = ""
    should_stop: Callable[[], bool] = never
    on_progress: Callable[[int], None] = ignore


class Media(Protocol):
    """The source of a result's file."""

    @property
    def trusted(self) -> bool:
        """Whether the file was made by this application and needs no decoding and re-encoding."""

    def download(self, to: Path, *, should_stop: Callable[[], bool]) -> None:
        """Write the whole file to `to`.

        Raises `Expired` or `Later`; in both cases the caller polls the task again.
        """


@dataclass(frozen=True, slots=True)
class Bytes:
    """A file that was part of the response itself."""

    content: bytes
    trusted: bool = False

    # Nothing here takes long
    def download(self, to: Path, *, should_stop: Callable[[], bool]) -> None:  # noqa: ARG002
        to.write_bytes(self.content)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has accepted the task.

    `poll_in` is the number of seconds until the first poll; `quote` is the most it may charge, in
    USD.
    """

    task_id: str
    poll_in: float
    quote: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """The task is not finished.

    `progress` is 0 to 100, or None when unknown; `queued` is true while the provider has not
    started. `unknown` is the provider's name for a state that we do not recognize, and `raw` is the
    response that contains it. After an hour in an unknown state the call needs a person's decision.
    """

    poll_in: float
    progress: int | None = None
    queued: bool = False
    unknown: str = ""
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Result:
    """The task is finished. Images and clips have `media`, text calls have `data`.

    `cost` is in USD; None means that the response names no cost. `is_estimated` means that the cost
    was calculated from the response instead of stated in it.
    """

    media: Media | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    cost: Decimal | None = None
    is_estimated: bool = False
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """Result of a free test call: whether the key works, and facts that the provider reports.

    `why` says in the reader's language why it does not work; without it the facts do.
    """

    ok: bool
    facts: Mapping[str, str] = field(default_factory=dict)
    why: LocalizedMessage | None = None


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice of a provider. `languages` are ISO 639-1 codes, as far as the provider names them.

    `sample_url` is a sample to hear; without one `sample_text` may be spoken as a sample.
    """

    id: str
    name: str
    languages: tuple[str, ...] = ()
    sample_text: str = ""
    sample_url: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A task found at the provider that may belong to an unclear call."""

    task_id: str
    created_at: str
    status: str
    matches: bool


@dataclass(frozen=True, slots=True)
class Used:
    """What the provider charged for a model on a day (UTC), in USD; below zero: refunds.

    `model` is the provider's name of it.
    """

    day: date
    model: str
    amount: Decimal


@runtime_checkable
class TellsUsage(Protocol):
    """An adapter whose provider reports its charges by model and day."""

    def usage(self, first: date, last: date) -> list[Used]:
        """Return what was charged on these days (UTC), both included; at most 90 days.

        Calls the provider, which is free. Raises `NotConfigured`, `KeyRefused` or `Later`.
        """


@runtime_checkable
class SpeaksSamples(Protocol):
    """An adapter that speaks a sample of a voice for nothing."""

    def sample(self, voice: Voice) -> bytes:
        """Return a sound file. Raises DomainError."""


class Adapter(Protocol):
    """One provider backend.

    Every method may block on the network; none retries a request that may be charged. `submit`
    raises `Refused` (certainly not done; unpaid unless its cost says otherwise) or `Unclear`
    (possibly paid). Any other exception counts as unclear unless the adapter is `repeatable`.
    `poll` also raises `Later` (poll again; free).
    """

    repeatable: ClassVar[bool]  # its calls are free and may be repeated automatically
    needs_key: ClassVar[bool]
    kinds: ClassVar[frozenset[Kind]]
    tells_balance: ClassVar[bool]
    settings_kind: ClassVar[type[Common]]  # the dataclass of its settings
    home: ClassVar[str]  # the provider's own address: a key from the environment is sent only there
    send_limit: timedelta  # no submit takes longer

    def ready(self) -> None:
        """Raise `NotConfigured` or `KeyUnreadable` if the provider is not set up to be called."""

    def check_request(self, request: Request, model: ModelSpec) -> None:
        """Raise `Refused` for a request that would never be sent.

        Uses neither the network nor the database. `submit` calls it first.
        """

    def used_fields(self, kind: Kind, model: ModelSpec) -> frozenset[str]:
        """Return the names of the request fields that reach the provider.

        Fields that are not listed do not affect the result.
        """

    # An adapter that takes a request without using all of it also has a method `unsent`, which
    # returns in words what of the request it leaves out. The plan shows it.

    def submit(self, request: Request, call_context: CallContext) -> Accepted | Result: ...

    def poll(
        self, task_id: str, request: Request, call_context: CallContext
    ) -> Running | Result: ...

    def recover(self, raw: bytes, request: Request, call_context: CallContext) -> Accepted | Result:
        """Extract the result from a stored response that could not be parsed before.

        Called when a person decides to recover it. Raises `Invalid`. Sends no request.
        """

    def cancel(self, task_id: str) -> bool:
        """Ask the provider to cancel the task; return whether it confirmed.

        This says nothing about charges.
        """

    def balance(self) -> Decimal | None:
        """Return the balance at the provider in USD; None if the provider does not report one."""

    def check(self) -> Health:
        """Make a free call that shows whether the key works."""

    def candidates(
        self, request: Request, call_context: CallContext, *, since: datetime
    ) -> list[Candidate]:
        """Return tasks created at the provider since `since` that may belong to this call.

        The list is empty if the provider keeps none. Raises `Later`.
        """

    def voices(self) -> list[Voice]:
        """Return the voices that speak; empty if the provider makes no speech.

        Calls the provider, which is free. Raises `Later`.
        """
