"""Messages of Replicate's API, as far as they are used. Only a prediction's id is required."""

from typing import Any

import msgspec


class Prediction(msgspec.Struct):
    """A prediction in any state; an unrecognized status counts as running.

    Only the id is required.
    """

    id: str
    status: str = "starting"
    model: str = ""
    input: dict[str, Any] | None = None
    output: Any = None
    error: Any = None
    logs: str = ""
    metrics: dict[str, Any] = {}
    data_removed: bool = False
    created_at: str = ""
    webhook: str | None = None


class Page(msgspec.Struct):
    results: list[Prediction]
    next: str | None = None


class FileUrls(msgspec.Struct):
    get: str


class File(msgspec.Struct):
    id: str
    urls: FileUrls


class Account(msgspec.Struct):
    username: str = ""
    type: str = ""


class Secret(msgspec.Struct):
    key: str


class Problem(msgspec.Struct):
    title: str = ""
    detail: str = ""
