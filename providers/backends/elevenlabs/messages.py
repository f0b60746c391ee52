"""Messages of ElevenLabs' API, as far as they are used. Only the sound itself is required."""

from typing import Any

import msgspec

from providers.client import brief


class Alignment(msgspec.Struct):
    characters: list[Any] = []
    character_start_times_seconds: list[Any] = []
    character_end_times_seconds: list[Any] = []


class Spoken(msgspec.Struct):
    """Response of text-to-speech with timestamps; `alignment` is of the text as it was sent."""

    audio_base64: str
    alignment: Alignment | None = None


class Alignments(msgspec.Struct):
    alignment: Alignment | None = None


class HistoryItem(msgspec.Struct):
    """An item of the account's history; what it cost is the change of the character count."""

    history_item_id: str
    text: str = ""
    voice_id: str = ""
    model_id: str = ""
    date_unix: int = 0
    character_count_change_from: int | None = None
    character_count_change_to: int | None = None
    state: str = "created"
    alignments: Alignments | None = None

    @property
    def credits(self) -> int | None:
        before, after = self.character_count_change_from, self.character_count_change_to
        return None if before is None or after is None else after - before


class History(msgspec.Struct):
    history: list[HistoryItem] = []


class Subscription(msgspec.Struct):
    character_count: int
    character_limit: int
    tier: str = ""


class VerifiedLanguage(msgspec.Struct):
    language: str


class Voice(msgspec.Struct):
    voice_id: str
    name: str = ""
    labels: dict[str, str] = {}
    preview_url: str = ""
    verified_languages: list[VerifiedLanguage] = []


class Voices(msgspec.Struct):
    voices: list[Voice] = []
    has_more: bool = False
    next_page_token: str = ""


class Problem(msgspec.Struct):
    """An error: `status` names it; a rejected field has `msg` instead."""

    status: str = ""
    message: str = ""
    msg: str = ""
    loc: list[str] = []

    @property
    def words(self) -> str:
        place = ".".join(self.loc)
        words = f"{place}: {self.msg}" if place and self.msg else self.msg
        return brief(self.message or words or self.status)


class Problems(msgspec.Struct):
    detail: Any = None
