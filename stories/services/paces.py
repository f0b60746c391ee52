"""How fast a story's voices speak, from what they have spoken, to estimate what they have not."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from media.audio.timing import speech_ms
from stories.enums import SoundKind, TakeSource
from stories.models import SpeechPrediction

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
    predicted: dict[str, int] = field(default_factory=dict)  # ms, by input hash

    @classmethod
    def of(cls, story: "Story", items: "Iterable[SoundItem]") -> "Paces":
        """Measure the voices by the speech that is up to date. One query if another provider than
        the local one speaks.
        """
        items = list(items)
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
            _predictions(story, items),
        )

    def estimated_ms(self, item: "SoundItem") -> int:
        """How long a voice will about take to speak a line."""
        if item.kind != SoundKind.SPEECH:
            return 0
        if item.input_hash in self.predicted:
            return self.predicted[item.input_hash]
        usual = LOCAL.get(self.language, 1.0) if item.provider == "local" else 1.0
        pace = self.measured.get(_voice(item), usual)
        speed = float(item.request.speed)
        return round(speech_ms(item.request.text, self.language) * pace / speed)


def _predictions(story: "Story", items: "Iterable[SoundItem]") -> dict[str, int]:
    """What the providers of voices have predicted for the story's lines."""
    if not any(item.kind == SoundKind.SPEECH and item.provider != "local" for item in items):
        return {}
    rows = SpeechPrediction.objects.filter(story=story, duration_ms__isnull=False)
    return {text: ms for text, ms in rows.values_list("input_hash", "duration_ms") if ms}


def _voice(item: "SoundItem") -> VoiceKey:
    return item.provider, item.request.voice, item.request.model
