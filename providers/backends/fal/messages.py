"""Messages of fal's API, as far as they are used. Only a request's id is required."""

from typing import Any

import msgspec


class Submitted(msgspec.Struct):
    request_id: str
    response_url: str = ""


class Token(msgspec.Struct):
    """What allows to put files."""

    token: str
    token_type: str = "Bearer"  # noqa: S105  how it is sent


class Uploaded(msgspec.Struct):
    access_url: str


class Status(msgspec.Struct):
    """The state of a request. A failed or cancelled one is `COMPLETED` too."""

    status: str
    error: Any = None
    error_type: str = ""
    logs: list[dict[str, Any]] = []


class Made(msgspec.Struct):
    """What a model has made; each model has fields of its own."""

    video: Any = None
    videos: Any = None
    image: Any = None
    images: Any = None
    seed: Any = None
    has_nsfw_concepts: list[bool] = []


class Problem(msgspec.Struct):
    """An error: of a model with a list of details, of the queue with one and its type."""

    detail: Any = None
    error_type: str = ""
    message: str = ""
    error: Any = None


class Entry(msgspec.Struct):
    """A request in fal's list."""

    request_id: str
    sent_at: str = ""
    started_at: str = ""
    status_code: int | None = None
    json_input: dict[str, Any] | None = None


class Page(msgspec.Struct):
    items: list[Entry]


class Balance(msgspec.Struct):
    current_balance: Any = None
    currency: str = "USD"


class Billing(msgspec.Struct):
    username: str = ""
    credits: Balance | None = None


class Price(msgspec.Struct):
    endpoint_id: str
    unit_price: Any = None
    unit: str = ""
    currency: str = "USD"


class Prices(msgspec.Struct):
    prices: list[Price]
