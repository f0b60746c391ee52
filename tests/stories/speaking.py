"""A provider that speaks and plays, without models: a tone for each word, with the times of the
clauses.
"""

import io
import re
import wave
from typing import Any, ClassVar

import numpy as np

from providers import registry
from providers.adapters import Bytes, CallContext, Result
from providers.backends.local.adapter import LocalAdapter
from providers.enums import Kind, Refusal
from providers.errors import Refused
from providers.requests import MusicRequest, Request, SoundRequest, SpeechRequest

RATE = 48_000
WORD_MS, PAUSE_MS = 300, 120


class SpeakingAdapter(LocalAdapter):
    """`refused`: words that it does not speak. `asked`: what it was asked for."""

    kinds: ClassVar[frozenset[Kind]] = frozenset(
        {Kind.TEXT, Kind.IMAGE, Kind.CLIP, Kind.SPEECH, Kind.MUSIC, Kind.SOUND}
    )
    refused: ClassVar[set[str]] = set()
    asked: ClassVar[list[Request]] = []

    def _made(self, request: Request, call_context: CallContext) -> Result:
        if isinstance(request, SpeechRequest):
            self.asked.append(request)
            if any(word in request.text for word in self.refused):
                raise Refused("This is not spoken.", kind=Refusal.MODERATED)
            marks, ms = marks_of(request.text)
            return Result(
                media=Bytes(tone(ms, 220), trusted=True), data={"marks": marks}, cost=None
            )
        if isinstance(request, MusicRequest):
            self.asked.append(request)
            return Result(media=Bytes(tone(request.duration_ms, 330), trusted=True), cost=None)
        if isinstance(request, SoundRequest):
            self.asked.append(request)
            if any(word in request.prompt for word in self.refused):
                raise Refused("This is not played.", kind=Refusal.MODERATED)
            return Result(media=Bytes(tone(request.duration_ms, 440), trusted=True), cost=None)
        return super()._made(request, call_context)


def marks_of(text: str) -> tuple[list[dict[str, Any]], int]:
    at, marks = 0, []
    for clause in re.findall(r"[^.,!?…]+[.,!?…]*", text):
        if words := clause.split():
            marks.append(
                {"text": " ".join(words), "start_ms": at, "end_ms": at + WORD_MS * len(words)}
            )
            at = marks[-1]["end_ms"] + PAUSE_MS
    return marks, max(at - PAUSE_MS, WORD_MS)


def tone(ms: int, hertz: int) -> bytes:
    time = np.arange(ms * RATE // 1000) / RATE
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes((np.sin(2 * np.pi * hertz * time) * 8000).astype("<i2").tobytes())
    return file.getvalue()


def speak_with(patch: Any) -> type[SpeakingAdapter]:
    """Let the local provider speak for one test."""
    patch.setitem(registry.ADAPTERS, "local", f"{__name__}.SpeakingAdapter")
    SpeakingAdapter.refused.clear()
    SpeakingAdapter.asked.clear()
    return SpeakingAdapter
