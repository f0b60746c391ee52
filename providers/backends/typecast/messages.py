"""Messages of Typecast's API, as far as they are used."""

from typing import Any

import msgspec


class Word(msgspec.Struct):
    text: str
    start: float
    end: float


class Spoken(msgspec.Struct):
    """Speech with the time of each word, in seconds."""

    audio: str
    words: list[Word] | None = None


class Problem(msgspec.Struct):
    message: str = ""
    detail: Any = None


class VoiceName(msgspec.Struct):
    eng: str = ""
    kor: str = ""


class FoundVoice(msgspec.Struct):
    voice_id: str
    voice_name: VoiceName | None = None
    preview_url: str = ""


class Credits(msgspec.Struct):
    plan_credits: float
    used_credits: float


class Subscription(msgspec.Struct):
    credits: Credits
    plan: str = ""
