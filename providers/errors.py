"""Expected failures of provider calls, each with a stable code and a localized message."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Protocol

from core.localized_messages import DomainError, LocalizedMessage, Value

from .enums import Refusal

type WaitReason = Literal["rate_limit", "budget", "provider"]


class FailedCall(Protocol):
    """The row of a call that failed: a `ProviderCall`, whose model uses these errors itself."""

    pk: Any
    state: Any


class ProviderError(DomainError):
    code = "provider_error"


class NotConfigured(ProviderError):
    """The provider is unknown, not set up, without a key, or does not support this kind."""

    code = "provider_not_configured"


class NoPrice(ProviderError):
    """No price is configured; no call is made without a price."""

    code = "no_price"


class PriceAboveConfirmed(ProviderError):
    """The work now costs more than a person confirmed; a new confirmation is needed.

    `amount` and `limit` are in USD. `call` is set when the provider itself quoted the higher price,
    after the request was sent.
    """

    code = "price_above_confirmed"

    def __init__(
        self,
        template: str,
        /,
        *,
        amount: Decimal,
        limit: Decimal,
        call: FailedCall | None = None,
        **values: Value,
    ) -> None:
        super().__init__(
            template, amount=f"{amount.normalize():f}", limit=f"{limit.normalize():f}", **values
        )
        self.amount = amount
        self.limit = limit
        self.call = call


class KeyReused(ProviderError):
    """The key belongs to work of another kind, subject or item."""

    code = "call_key_reused"


class KeyUnreadable(ProviderError):
    """A stored provider key cannot be decrypted with the secrets of this installation."""

    code = "provider_key_unreadable"


class Forbidden(ProviderError):
    """The user may not do this (403)."""

    code = "forbidden"


class Conflict(ProviderError):
    """Another user, or a late response of the provider, was first; nothing was written (409)."""

    code = "conflict"


class Invalid(ProviderError):
    """Invalid value (422). `field` names it."""

    code = "invalid"

    def __init__(self, template: str, /, *, field: str = "", **values: Value) -> None:
        super().__init__(template, **values)
        self.field = field


class OutdatedRequest(ProviderError):
    """The work is to be made from something else by now. Nothing was sent; ask for it anew."""

    code = "outdated_request"


class NotNow(ProviderError):
    """Nothing was sent or written; try again at `until`. `wait` is the reason."""

    code = "not_now"

    def __init__(
        self, template: str, /, *, until: datetime, wait: WaitReason, **values: Value
    ) -> None:
        super().__init__(template, **values)
        self.until = until
        self.wait = wait

    @classmethod
    def of(cls, sentence: LocalizedMessage, *, until: datetime, wait: WaitReason) -> "NotNow":
        """Create the error from an existing message."""
        error = cls(sentence.template, until=until, wait=wait)
        error.sentence = sentence
        return error


class Refused(ProviderError):
    """The provider did not do the work. Unpaid unless `cost` says otherwise.

    Adapters raise it without `call`; the call service updates the row and raises it with `call`.
    `until` belongs to the kind LIMIT: when the provider allows the next call. `validation_error`
    describes an invalid answer that a model may correct when it receives the description. It is a
    paid refusal, which the call service follows up with a new call, a bounded number of times.
    """

    code = "provider_refused"

    def __init__(
        self,
        template: str,
        /,
        *,
        kind: Refusal,
        cost: Decimal = Decimal(0),
        until: datetime | None = None,
        call: FailedCall | None = None,
        validation_error: str = "",
        **values: Value,
    ) -> None:
        super().__init__(template, **values)
        self.kind = kind
        self.cost = cost
        self.validation_error = validation_error
        self.until = until
        self.call = call

    @classmethod
    def of(
        cls,
        sentence: LocalizedMessage,
        *,
        kind: Refusal,
        cost: Decimal = Decimal(0),
        until: datetime | None = None,
        call: FailedCall | None = None,
    ) -> "Refused":
        """Create the error from an existing message."""
        error = cls(sentence.template, kind=kind, cost=cost, until=until, call=call)
        error.sentence = sentence
        return error


class Unclear(ProviderError):
    """The work may have been done and paid for; only a person may decide what happens next.

    `raw` is the provider's response as far as it arrived. It is stored so that a person can still
    recover the result.
    """

    code = "provider_unclear"

    def __init__(
        self,
        template: str,
        /,
        *,
        call: FailedCall | None = None,
        raw: bytes = b"",
        **values: Value,
    ) -> None:
        super().__init__(template, **values)
        self.call = call
        self.raw = raw

    @classmethod
    def of(
        cls, sentence: LocalizedMessage, *, call: FailedCall | None = None, raw: bytes = b""
    ) -> "Unclear":
        error = cls(sentence.template, call=call, raw=raw)
        error.sentence = sentence
        return error


class Later(ProviderError):
    """Polling an accepted task or fetching its result failed this time; trying again is free."""

    code = "provider_later"


class Unreadable(Later):
    """The provider's response about the task cannot be parsed.

    After an hour of this a person has to decide.
    """

    def __init__(self, template: str, /, *, raw: bytes = b"", **values: Value) -> None:
        super().__init__(template, **values)
        self.raw = raw


class Incomplete(Unreadable):
    """The result file arrived truncated, too short or of a wrong type.

    It is fetched again a few times; then a person has to decide.
    """


class KeyRefused(Later):
    """The provider no longer accepts the key.

    The provider is paused and a person is notified; the task stays at the provider.
    """


class Expired(Later):
    """The link to the result has expired; polling the task again returns a new one."""

    code = "provider_link_expired"
