"""What speech, music and effects are made from, and the hash of it.

Position is not content: reordering scenes makes no speech stale, and music of the film only for
people, who hear whether it still fits.
"""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, cast
from uuid import UUID

from providers.models import AIProviderConfig
from providers.preflight import used_fields_of
from providers.requests import MusicRequest, SoundRequest, SpeechRequest, from_json
from stories.enums import SoundKind
from stories.models import Effect, LineText, Scene, SceneSound, SoundTake, Story, StorySound, Voice
from stories.models.sound_take import SAMPLE_RATE

from .fingerprints import CANONICAL, text_digest

if TYPE_CHECKING:
    from .sound import Cast

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


def speech_hash(
    story: Story, text: LineText, voice: Voice, spoken: str, *, direction: str | None = None
) -> str:
    """SHA-256 over the inputs of a line's speech: its words as they are spoken, and its voice.

    `direction`: in place of the line's own.
    """
    return _hash(
        {
            "kind": "speech",
            "text": text_digest(spoken),
            "direction": text.direction if direction is None else direction,
            "language": story.language,
            "provider": voice.provider,
            "voice": voice.voice,
            "model": voice.model,
            "speed": voice.speed,
        }
    )


def music_ms(seconds: float) -> int:
    """How much music a film or a scene of this length asks for."""
    return min(round(seconds * 1000), LONGEST_MUSIC_MS)


def music_request(
    story: Story, sound: StorySound, seconds: float, *, own: SceneSound | None = None
) -> MusicRequest:
    """`own`: the settings of the scene that the music is for; None: the film."""
    mood = own.mood if own else sound.mood
    return MusicRequest(
        prompt=", ".join(filter(None, (mood, story.style))),
        mood=mood,
        duration_ms=music_ms(seconds),
        seed=_seed(own.scene_id if own else story.pk),
        model=sound.music_model,
    )


def music_hash(story: Story, sound: StorySound, *, own: SceneSound | None = None) -> str:
    """SHA-256 over the inputs of the music, without its length: what is shorter uses a part of it.

    `own`: the settings of the scene that the music is for; None: the film.
    """
    return _hash(
        {
            "kind": "music",
            "mood": own.mood if own else sound.mood,
            "style": story.style,
            "provider": sound.music_provider,
            # Nothing for the usual model, so that earlier hashes stay as they are.
            **({"model": sound.music_model} if sound.music_model else {}),
        }
    )


def effect_request(effect: Effect) -> SoundRequest:
    return SoundRequest(
        prompt=effect.prompt,
        duration_ms=round(effect.seconds * 1000),
        seed=_seed(effect.pk),
    )


def effect_hash(effect: Effect, sound: StorySound) -> str:
    """SHA-256 over the inputs of an effect. Its place and its level change nothing."""
    return _hash(
        {
            "kind": "sound",
            "text": text_digest(effect.prompt),
            "duration_ms": round(effect.seconds * 1000),
            "provider": sound.effects_provider,
        }
    )


def is_speech_stale(
    take: SoundTake, story: Story, text: LineText, speakers: "Cast", config: AIProviderConfig | None
) -> bool:
    """Whether the line's words or its voice have changed since the take was made.

    A direction that the provider never received changes nothing. `config`: the voice's provider,
    with its models.
    """
    voice, spoken = speakers.speaking(text), speakers.spoken(text)
    if not take.input_hash or take.input_hash == speech_hash(story, text, voice, spoken):
        return False
    then = take.text
    if then is None or then.direction == text.direction or config is None:
        return True
    if "direction" in used_fields_of(config, SoundKind.SPEECH, take.model):
        return True
    return take.input_hash != speech_hash(story, text, voice, spoken, direction=then.direction)


def is_music_stale(
    take: SoundTake, wanted: str, seconds: float, *, tolerated_ms: int = 1000
) -> bool:
    """Whether the music's inputs have changed, or what it is for needs more than was ordered.

    Music that is shorter than its order is repeated. It would be as short when ordered again.
    """
    needed = music_ms(seconds) - tolerated_ms
    if take.samples < needed * SAMPLE_RATE // 1000 and _ordered_ms(take) < needed:
        return True
    return bool(take.input_hash) and take.input_hash != wanted


def is_for_another_order(take: SoundTake, scenes: Sequence[Scene]) -> bool:
    """Whether the scenes that the film's music was made for stand in another order by now.

    Scenes that were added or deleted since change nothing.
    """
    now = [scene.key for scene in scenes]
    live, known = set(now), set(take.scene_order)
    return [key for key in take.scene_order if key in live] != [key for key in now if key in known]


def _ordered_ms(take: SoundTake) -> int:
    """The length that was ordered. A take that was not ordered is as long as it is meant to be."""
    if take.call is None:
        return LONGEST_MUSIC_MS
    return cast("MusicRequest", from_json(take.call.request)).duration_ms


def _seed(pk: UUID) -> int:
    return int.from_bytes(hashlib.sha256(str(pk).encode()).digest()[:4])


def _hash(values: dict[str, Any]) -> str:
    return hashlib.sha256(CANONICAL.encode(values)).hexdigest()
