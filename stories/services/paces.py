"""How fast a story's voices speak, from what they have spoken, to estimate what they have not."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from media.audio.timing import speech_ms
from stories.enums import SoundKind, TakeSource

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stories.models import Story

    from .sound_items import SoundItem

# The part of the general estimate that the local voices take: 10 sample sentences, read by each.
LOCAL = {"en": 0.72, "ko": 0.75}
ENOUGH_MS = 4_000  # of estimated speech, before a voice's own pace counts
SLOWEST, FASTEST = 1.6, 0.5

type VoiceKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Paces:
    """Spoken length over estimated length, by voice."""

    language: str
    measured: dict[VoiceKey, float]

    @classmethod
    def of(cls, story: "Story", items: "Iterable[SoundItem]") -> "Paces":
        """Measure the voices by the speech that is up to date."""
        spoken: dict[VoiceKey, tuple[float, float]] = {}
        for item in items:
            take = item.take
            if item.kind != SoundKind.SPEECH or item.state != "done" or take is None:
                continue
            if take.source == TakeSource.UPLOADED:
                continue
            took, guessed = spoken.get(_voice(item), (0.0, 0.0))
            spoken[_voice(item)] = (
                took + take.duration_ms * item.request.speed,
                guessed + speech_ms(item.request.text, story.language),
            )
        return cls(
            story.language,
            {
                voice: min(SLOWEST, max(FASTEST, took / guessed))
                for voice, (took, guessed) in spoken.items()
                if guessed >= ENOUGH_MS
            },
        )

    def estimated_ms(self, item: "SoundItem") -> int:
        """How long a voice will about take to speak a line."""
        if item.kind != SoundKind.SPEECH:
            return 0
        usual = LOCAL.get(self.language, 1.0) if item.provider == "local" else 1.0
        pace = self.measured.get(_voice(item), usual)
        speed = float(item.request.speed)
        return round(speech_ms(item.request.text, self.language) * pace / speed)


def _voice(item: "SoundItem") -> VoiceKey:
    return item.provider, item.request.voice, item.request.model
