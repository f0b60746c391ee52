"""Expected failures of the providers' floor, each with a stable code and a sentence for a person."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from ground.sentence import SaidError, Sentence, Value

from .enums import Refusal

if TYPE_CHECKING:
    from .models import ProviderCall

type WaitReason = Literal["rate_limit", "budget", "provider"]


class ProviderError(SaidError):
    code = "provider_error"


class NotConfigured(ProviderError):
    """The provider is unknown, inactive, without a key, or does not make this kind of thing."""

    code = "provider_not_configured"


class NoPrice(ProviderError):
    """Nobody has said what it costs; no price, no call."""

    code = "no_price"


class PriceAboveConfirmed(ProviderError):
    """It costs more now than a person confirmed for this piece of work: a person is asked again.

    `amount` and `limit` are USD. `call` is given when it was the provider itself that named the higher
    price, after the work was sent.
    """

    code = "price_above_confirmed"

    def __init__(self, template: str, /, *, amount: Decimal, limit: Decimal, call: "ProviderCall | None" = None, **values: Value) -> None:
        super().__init__(template, amount=f"{amount.normalize():f}", limit=f"{limit.normalize():f}", **values)
        self.amount = amount
        self.limit = limit
        self.call = call


class KeyReused(ProviderError):
    """The key names a piece of work of another kind, subject or item."""

    code = "call_key_reused"


class KeyUnreadable(ProviderError):
    """A stored provider key cannot be decrypted with the secrets of this installation."""

    code = "provider_key_unreadable"


class Forbidden(ProviderError):
    """The person may not do this (403)."""

    code = "forbidden"


class Conflict(ProviderError):
    """Somebody else, or the provider's own late answer, was first; nothing was written (409)."""

    code = "conflict"


class Invalid(ProviderError):
    """A value that cannot be (422). `field` names it."""

    code = "invalid"

    def __init__(self, template: str, /, *, field: str = "", **values: Value) -> None:
        super().__init__(template, **values)
        self.field = field


class NotNow(ProviderError):
    """Nothing was sent and nothing written: ask again at `until`. `wait` says what for."""

    code = "not_now"

    def __init__(self, template: str, /, *, until: datetime, wait: WaitReason, **values: Value) -> None:
        super().__init__(template, **values)
        self.until = until
        self.wait = wait

    @classmethod
    def of(cls, sentence: Sentence, *, until: datetime, wait: WaitReason) -> "NotNow":
        """With a sentence that is there already."""
        error = cls(sentence.template, until=until, wait=wait)
        error.sentence = sentence
        return error


class Refused(ProviderError):
    """The provider did not do it. Unpaid unless `cost` says otherwise.

    Adapters raise it without `call`; the gate writes the row and raises it with `call`. `until` goes with the kind
    LIMIT: the provider's own word on when to come back. `complaint` says what was wrong with an answer that a model
    may get right when it is told (a paid refusal that the gate follows up with a new call, a bounded number of times).
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
        call: "ProviderCall | None" = None,
        complaint: str = "",
        **values: Value,
    ) -> None:
        super().__init__(template, **values)
        self.kind = kind
        self.cost = cost
        self.complaint = complaint
        self.until = until
        self.call = call

    @classmethod
    def of(
        cls, sentence: Sentence, *, kind: Refusal, cost: Decimal = Decimal(0), until: datetime | None = None, call: "ProviderCall | None" = None
    ) -> "Refused":
        """With a sentence that is there already."""
        error = cls(sentence.template, kind=kind, cost=cost, until=until, call=call)
        error.sentence = sentence
        return error


class Unclear(ProviderError):
    """It may have been done and paid for; only a person may decide what happens next.

    `raw` is what the provider answered, as far as it came: it is kept, so that a person can still make something of it.
    """

    code = "provider_unclear"

    def __init__(self, template: str, /, *, call: "ProviderCall | None" = None, raw: bytes = b"", **values: Value) -> None:
        super().__init__(template, **values)
        self.call = call
        self.raw = raw

    @classmethod
    def of(cls, sentence: Sentence, *, call: "ProviderCall | None" = None, raw: bytes = b"") -> "Unclear":
        error = cls(sentence.template, call=call, raw=raw)
        error.sentence = sentence
        return error


class Later(ProviderError):
    """Asking for news of an accepted task or fetching its result did not work this time; asking again costs nothing."""

    code = "provider_later"


class Unreadable(Later):
    """The provider answered about the task, and the answer cannot be understood. After an hour of this a person is asked."""

    def __init__(self, template: str, /, *, raw: bytes = b"", **values: Value) -> None:
        super().__init__(template, **values)
        self.raw = raw


class Incomplete(Unreadable):
    """The result's file came, and is broken off, too short or no such file. It is fetched again a few times, then a person is asked."""


class KeyRefused(Later):
    """The provider does not take the key any more. It is paused and a person is told; the task waits there meanwhile."""


class Expired(Later):
    """The link to the result has run out; asking for the task again gives a new one."""

    code = "provider_link_expired"
