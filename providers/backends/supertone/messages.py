"""Messages of Supertone's API, as far as they are used: a success is the sound itself."""

from typing import Any

import msgspec


class Problem(msgspec.Struct):
    message: Any = ""  # a text, or an object with a text of the same name


class Predicted(msgspec.Struct):
    duration: float  # seconds


class Balance(msgspec.Struct):
    balance: float | None = None


class Sample(msgspec.Struct):
    url: str = ""
    language: str = ""


class FoundVoice(msgspec.Struct):
    voice_id: str
    name: str = ""
    language: list[str] = []
    samples: list[Sample] = []


class Voices(msgspec.Struct):
    items: list[FoundVoice]
    next_page_token: str = ""
