"""What a worker answers: `{"success": true, "result": {"preview_url": …}, "error": null}`."""

from typing import Any

import msgspec


class Made(msgspec.Struct):
    preview_url: str = ""
    metadata: dict[str, Any] = {}
    generation_time: float | None = None


class Answer(msgspec.Struct):
    success: bool
    result: Made | None = None
    error: str | None = None
