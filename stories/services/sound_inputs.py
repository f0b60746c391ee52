"""What speech and music are made from, and the hash of it.

Position is not content: reordering scenes makes no speech stale.
"""

import hashlib
from typing import Any, Literal, cast

from providers.requests import MusicRequest, SpeechRequest
from stories.models import LineText, SoundTake, Story, StorySound, Voice
from stories.models.sound_take import SAMPLE_RATE

from .fingerprints import CANONICAL, text_digest

# A longer film repeats its music.
LONGEST_MUSIC_MS = 120_000


def speech_request(story: Story, text: LineText, voice: Voice, spoken: str) -> SpeechRequest:
    """`spoken`: the words of the text as they are pronounced."""
    return SpeechRequest(
        text=spoken,
        language=cast("Literal['ko', 'en']", story.language),
        voice=voice.voice,
        direction=text.direction,
        speed=voice.speed,
        model=voice.model,
    )


def speech_hash(story: Story, text: LineText, voice: Voice, spoken: str) -> str:
    """SHA-256 over the inputs of a line's speech: its words as they are spoken, and its voice."""
    return _hash(
        {
            "kind": "speech",
            "text": text_digest(spoken),
            "direction": text.direction,
            "language": story.language,
            "provider": voice.provider,
            "voice": voice.voice,
            "model": voice.model,
            "speed": voice.speed,
        }
    )


def music_ms(film_seconds: int) -> int:
    """How much music a film of this length asks for."""
    return min(film_seconds * 1000, LONGEST_MUSIC_MS)


def music_request(story: Story, sound: StorySound, film_seconds: int) -> MusicRequest:
    return MusicRequest(
        prompt=", ".join(filter(None, (sound.mood, story.style))),
        mood=sound.mood,
        duration_ms=music_ms(film_seconds),
        seed=int.from_bytes(hashlib.sha256(str(story.pk).encode()).digest()[:4]),
    )


def music_hash(story: Story, sound: StorySound) -> str:
    """SHA-256 over the inputs of the music, without its length: shorter films use a part of it."""
    return _hash(
        {
            "kind": "music",
            "mood": sound.mood,
            "style": story.style,
            "provider": sound.music_provider,
        }
    )


def is_music_stale(take: SoundTake, wanted: str, film_seconds: int) -> bool:
    if take.samples < (music_ms(film_seconds) - 1000) * SAMPLE_RATE // 1000:
        return True
    return bool(take.input_hash) and take.input_hash != wanted


def _hash(values: dict[str, Any]) -> str:
    return hashlib.sha256(CANONICAL.encode(values)).hexdigest()
