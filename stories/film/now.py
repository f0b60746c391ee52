"""What can be played now, without rendering: when each scene's words and sounds are."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from stories.enums import FilmKind
from stories.models import Scene, SoundTake, Story, Take
from stories.services.fingerprints import frame_rate, frame_size

from .cards import Card, cards_of
from .segments import captions_of
from .sound import FilmSound, sound_of

MUTED_DB = -60.0


@dataclass(frozen=True, slots=True)
class Caption:
    """A caption, in seconds of its scene."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Sound:
    """A take that is heard, in seconds of the film, from `offset` seconds of its own on.

    `gain_db` is relative to speech. `is_speech`: music is lowered while it is heard.
    """

    take: SoundTake | Take
    start: float
    end: float
    gain_db: float
    speed: float = 1.0
    is_speech: bool = False
    is_music: bool = False
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class Playable:
    """The film as it would be if it were made of the current rows."""

    captions: dict[UUID, list[Caption]]
    sounds: list[Sound]
    duck_db: float
    cards: list[Card]


def playable(story: Story, scenes: Sequence[Scene]) -> Playable:
    """Captions and sounds of the live scenes, in their order. At most three queries."""
    fps, size = frame_rate(story), frame_size(story)
    sound = sound_of(story, scenes, FilmKind.FINAL) if scenes else None
    cards = cards_of(story, scenes)
    captions = {}
    for scene in scenes:
        spoken = sound.captions.get(scene.pk) if sound else None
        spans = captions_of(scene, size, fps) if spoken is None else spoken
        captions[scene.pk] = [
            Caption(round(span.start_frame / fps, 3), round(span.end_frame / fps, 3), span.text)
            for span in spans
        ]
    if sound is None:
        return Playable(captions, [], 0.0, cards)
    return Playable(captions, _sounds(sound), sound.levels.duck_depth, cards)


def _sounds(sound: FilmSound) -> list[Sound]:
    levels, settings, fps = sound.levels, sound.settings, sound.fps
    found = [
        Sound(
            cue.take,
            round(frame / fps, 3),
            round(frame / fps + cue.take.seconds / float(cue.speed), 3),
            settings.speech_db,
            round(float(cue.speed), 3),
            is_speech=True,
        )
        for cue, frame in sound.placed()
    ]
    for heard, level, is_speech in (
        (sound.recordings, levels.speech, True),
        (sound.effects, levels.sound, False),
        (sound.clips, levels.clip, False),
    ):
        found += [
            Sound(
                one.take,
                round(one.start / fps, 3),
                round((one.start + one.frames) / fps, 3),
                round(level - levels.speech + settings.speech_db + one.gain_db, 1),
                is_speech=is_speech,
            )
            for one in heard
        ]
    gain = round(levels.music_alone - levels.speech + settings.speech_db, 1)
    found += [
        Sound(
            bed.take,
            round(bed.start / fps, 3),
            round(bed.end / fps, 3),
            gain,
            is_music=True,
            offset=0.0 if bed.scene else round((bed.start - sound.music_frames[0]) / fps, 3),
        )
        for bed in sound.beds
    ]
    return [one for one in found if one.gain_db > MUTED_DB]
