"""The sound of a film: which takes are heard when, their captions, and the mix."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate
from math import ceil
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage
from media.audio.mix import MIXER, Levels, Mixed, MusicBed, Placed, mix
from media.audio.mux import add_audio
from media.audio.tempo import faster
from media.audio.tracks import OFF
from media.captions import CaptionSpan, layout
from media.errors import MediaError
from stories.enums import FilmKind, LoudnessPreset, Mood
from stories.models import Line, Scene, SceneSound, SoundTake, Story, StorySound, Take
from stories.models.story_sound import SILENT_DB
from stories.services.effects import effects_of
from stories.services.fingerprints import frame_rate, frame_size
from stories.services.lines import mapped
from stories.services.recordings import recordings_of, usable
from stories.services.sound import scene_sounds_of, settings_of
from stories.services.sound_plan import in_order, lines_of_film
from stories.services.speech_timing import SceneTiming, timing, too_long

BEFORE, AFTER = 2, 6  # frames by which a caption is shown before and after its speech
OUTLINE = 600  # values of the drawn outline
SHORTEST_CAPTION = Fraction(5, 6)  # seconds
TARGETS = {
    LoudnessPreset.WEB: (-14.0, -1.0),
    LoudnessPreset.EBU: (-23.0, -1.0),
    LoudnessPreset.ATSC: (-24.0, -2.0),
}
SILENT = gettext_noop("The film has speech or music, and its sound is silent. Listen to its takes.")


@dataclass(frozen=True, slots=True)
class Cue:
    """A line's take in the film, from a frame of the scene on."""

    line: Line
    take: SoundTake
    start: int  # frame of the scene
    speed: Fraction

    def frame_at(self, ms: float, fps: int) -> int:
        return self.start + round(Fraction(round(ms)) * fps / 1000 / self.speed)


@dataclass(frozen=True, slots=True)
class Heard:
    """A take from a frame of the film on, for so many frames at most."""

    take: SoundTake | Take
    start: int
    frames: int
    gain_db: float = 0.0

    def placed(self, path: Path) -> Placed:
        return Placed(path, self.start, self.frames, self.gain_db)

    def manifest(self, track_db: float) -> dict[str, Any]:
        return {
            "take": str(self.take.pk),
            "take_sha256": self.take.sha256,
            "start_frame": self.start,
            "end_frame": self.start + self.frames,
            "gain_db": self.gain_db + track_db,
        }


@dataclass(frozen=True, slots=True)
class Bed:
    """Music from a frame of the film up to another: of a scene, or of the film (no scene)."""

    take: SoundTake
    start: int
    end: int
    scene: UUID | None = None

    def manifest(self, settings: StorySound) -> dict[str, Any]:
        return {
            "take": str(self.take.pk),
            "take_sha256": self.take.sha256,
            "provider": self.take.provider,
            "model": self.take.model,
            "start_frame": self.start,
            "end_frame": self.end,
            "gain_db": settings.music_db,
            "duck_db": settings.duck_db,
        }


@dataclass(frozen=True, slots=True)
class FilmSound:
    """Everything that is heard, from the current rows.

    `too_long` says which scenes are too short.
    """

    settings: StorySound
    fps: int
    frames: Mapping[UUID, int]  # of each scene, in their order
    cues: Mapping[UUID, tuple[Cue, ...]]
    captions: Mapping[UUID, tuple[CaptionSpan, ...]]  # of scenes whose lines are all spoken
    too_long: tuple[LocalizedMessage, ...]
    recordings: tuple[Heard, ...] = ()  # in place of the voices
    effects: tuple[Heard, ...] = ()
    clips: tuple[Heard, ...] = ()  # those known to be silent are not among them
    cards: tuple[int, int] = (0, 0)  # frames of the title card and of the end card
    # What is heard in place of the film's music, in the scenes where that is silent.
    own_music: Mapping[UUID, SoundTake | None] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Frames of the film: its scenes and its cards."""
        return sum(self.frames.values()) + sum(self.cards)

    @property
    def music(self) -> SoundTake | None:
        """The film's music. None if it has none, or if nobody would hear it.

        On the cards alone, with scenes that all have their own music or none, it is not heard.
        """
        if self.settings.mood == Mood.NONE or self.own_music.keys() >= self.frames.keys():
            return None
        return self.settings.music_take if self._audible() else None

    @property
    def music_frames(self) -> tuple[int, int]:
        """The first frame with music, and the frame where it ends."""
        total, until = self.total, self.settings.music_until
        end = total if until is None else min(total, round(until * self.fps))
        return round(self.settings.music_from * self.fps), end

    @property
    def music_gaps(self) -> list[tuple[int, int]]:
        """The frames in which the film's music is silent, because scenes have their own or none."""
        found: list[tuple[int, int]] = []
        for key, first, end in self._scenes():
            if key in self.own_music:
                joined = found and found[-1][1] == first
                found.append((found.pop()[0] if joined else first, end))
        return found

    def _scenes(self) -> Iterator[tuple[UUID, int, int]]:
        """Each scene with its first frame of the film, and the frame where it ends."""
        first = self.cards[0]
        for key, frames in self.frames.items():
            yield key, first, first + frames
            first += frames

    def _audible(self) -> list[tuple[int, int]]:
        """The frames in which the film's music would be heard."""
        first, end = self.music_frames
        found = []
        for begin, over in [*self.music_gaps, (end, end)]:
            if first < min(begin, end):
                found.append((first, min(begin, end)))
            first = max(first, over)
        return found

    @property
    def scene_beds(self) -> list[Bed]:
        """The music of the scenes that have their own, each in its scene."""
        return [
            Bed(take, first, end, key)
            for key, first, end in self._scenes()
            if (take := self.own_music.get(key)) is not None
        ]

    @property
    def beds(self) -> list[Bed]:
        """All music in the order in which it is heard. That of the film goes on after a gap."""
        music = self.music
        film = [Bed(music, *frames) for frames in self._audible()] if music else []
        return sorted([*film, *self.scene_beds], key=lambda bed: bed.start)

    @property
    def levels(self) -> Levels:
        base, settings = Levels(), self.settings
        target, peak = TARGETS[LoudnessPreset(settings.loudness)]
        alone = _level(base.music_alone, settings.music_db)
        return Levels(
            speech=_level(base.speech, settings.speech_db),
            music=alone - settings.duck_db,
            music_alone=alone,
            clip=_level(base.clip, settings.clips_db),
            sound=_level(base.sound, settings.effects_db),
            duck_db=settings.duck_db if alone > OFF else 0.0,
            target=target,
            peak=peak,
        )

    def placed(self) -> list[tuple[Cue, int]]:
        """Each cue with its frame of the film."""
        first, found = self.cards[0], []
        for key, frames in self.frames.items():
            found += [(cue, first + cue.start) for cue in self.cues.get(key, ())]
            first += frames
        return found

    @property
    def should_be_heard(self) -> bool:
        levels = self.levels
        voices = any(self.cues.values()) or self.recordings
        return bool(
            (voices and levels.speech != OFF)
            or (self.effects and levels.sound != OFF)
            or (self.beds and levels.music_alone != OFF)
        )

    def manifest(self) -> dict[str, Any]:
        """What the sound is made of; a change makes another film."""
        levels, music, settings = self.levels, self.music, self.settings
        others = {
            "recordings": [one.manifest(settings.speech_db) for one in self.recordings],
            "effects": [one.manifest(settings.effects_db) for one in self.effects],
            "clips": [one.manifest(settings.clips_db) for one in self.clips],
            # A film that only has the film's music is the same as before scenes could have theirs.
            "beds": [
                {"scene": str(bed.scene or "") or None} | bed.manifest(settings)
                for bed in self.beds
                if self.own_music
            ],
        }
        return {name: rows for name, rows in others.items() if rows} | {
            "mixer": MIXER,
            "speech": [
                {
                    "line": cue.line.key,
                    "take": str(cue.take.pk),
                    "take_sha256": cue.take.sha256,
                    "provider": cue.take.provider,
                    "model": cue.take.model,
                    "start_frame": frame,
                    "speed": float(round(cue.speed, 4)),
                    "gain_db": settings.speech_db,
                }
                for cue, frame in self.placed()
            ],
            "music": music and Bed(music, *self.music_frames).manifest(settings),
            "target_lufs": levels.target,
            "peak_dbtp": levels.peak,
        }


def _level(base: float, change: float) -> float:
    return OFF if change <= SILENT_DB else base + change


def sound_of(story: Story, scenes: Sequence[Scene], kind: str) -> FilmSound | None:
    """The sound of a film of these scenes. None: the story has none. At most four queries."""
    settings = settings_of(story)
    if settings is None or not settings.enabled:
        return None
    fps, size = frame_rate(story), frame_size(story)
    frames = {scene.pk: scene.frames(fps) for scene in scenes}
    cues: dict[UUID, tuple[Cue, ...]] = {}
    captions: dict[UUID, tuple[CaptionSpan, ...]] = {}
    own = scene_sounds_of(story)
    recorded = recordings_of(settings, own)
    problems = [*recorded.too_long(scenes)]
    quiet: set[UUID] = set()  # scenes in which nobody speaks
    for scene, lines in lines_of_film(story, scenes):
        if (recording := recorded.of_scene(scene)) is not None:
            if recording is not recorded.film:
                spoken_frames = ceil(recording.duration_ms * fps / 1000)
                captions[scene.pk] = _spread(
                    scene.narration, size, min(spoken_frames, frames[scene.pk]), fps
                )
            continue
        if not lines:
            quiet.add(scene.pk)
        spoken = [(line, line.speech_take) for line in lines if line.speech_take is not None]
        lengths = [take.duration_ms for _line, take in spoken]
        found = timing(lengths, scene.duration_ms, last=scene is scenes[-1])
        if problem := too_long(scene, found, estimated=False):
            problems.append(problem)
        cues[scene.pk] = _cues(spoken, found, fps)
        if spoken and len(spoken) == len(lines):
            captions[scene.pk] = _captions(cues[scene.pk], frames[scene.pk], fps, size)
    cards = story.card_frames(fps) if scenes else (0, 0)
    starts = dict(zip(frames, accumulate([cards[0], *frames.values()]), strict=False))
    placed = [
        (scene, own.get(scene.pk) or SceneSound(scene=scene), starts[scene.pk]) for scene in scenes
    ]
    recordings = (
        [Heard(recorded.film, cards[0], sum(frames.values()))]
        if recorded.film
        else [
            Heard(recorded.scenes[scene.pk], start, frames[scene.pk])
            for scene, _row, start in placed
            if scene.pk in recorded.scenes
        ]
    )
    spans = {scene.pk: (start, frames[scene.pk]) for scene, _row, start in placed}
    film = (0, sum(frames.values()) + sum(cards))
    effects = [
        Heard(take, start + late, length - late, effect.level_db)
        for scene, found_there in in_order(effects_of(story), scenes)
        for start, length in (spans[scene.pk] if scene else film,)
        for effect in found_there
        if (take := usable(effect.take)) is not None
        and (late := round(effect.begins * fps)) < length
    ]
    clips = [
        Heard(scene.clip_take, start, frames[scene.pk])
        for scene, row, start in placed
        if kind == FilmKind.FINAL
        and scene.clip_take is not None
        and scene.clip_take.has_sound is not False
        and (scene.pk in quiet if row.clip_sound is None else row.clip_sound)
    ]
    return FilmSound(
        settings,
        fps,
        frames,
        cues,
        captions,
        tuple(problems),
        tuple(recordings),
        tuple(effects),
        tuple(clips),
        cards,
        {
            scene.pk: usable(row.music_take) if row.has_own_music else None
            for scene, row, _start in placed
            if row.mood
        },
    )


@lru_cache(maxsize=1024)
def _spread(
    narration: str, size: tuple[int, int], frames: int, fps: int
) -> tuple[CaptionSpan, ...]:
    """The captions of a recording, whose words have no times."""
    return tuple(layout(narration, size=size, frames=frames, fps=fps))


def _cues(
    spoken: Sequence[tuple[Line, SoundTake]], found: SceneTiming, fps: int
) -> tuple[Cue, ...]:
    places = zip(spoken, found.starts, strict=True)
    return tuple(
        Cue(line, take, round(start * fps / 1000), found.speed) for (line, take), start in places
    )


def _captions(
    cues: Sequence[Cue], frames: int, fps: int, size: tuple[int, int]
) -> tuple[CaptionSpan, ...]:
    """Captions by clause, each from shortly before its speech until shortly after it."""
    clauses = [clause for cue in cues for clause in _clauses(cue, fps)]
    groups = _grouped(clauses, ceil(SHORTEST_CAPTION * fps))
    spans: list[CaptionSpan] = []
    for at, (text, start, end) in enumerate(groups):
        first = max(start - BEFORE, 0)
        limit = max(groups[at + 1][1] - BEFORE, first + 1) if at + 1 < len(groups) else frames
        last = min(max(end + AFTER, first + ceil(SHORTEST_CAPTION * fps) + BEFORE), limit, frames)
        if last > first:
            spans += layout(text, size=size, frames=last - first, fps=fps, start_frame=first)
    return tuple(spans)


def _clauses(cue: Cue, fps: int) -> list[tuple[str, int, int]]:
    """Text, first and last frame of each clause. The text is the line's own, not the spoken one."""
    marks = cue.take.marks or [
        {"text": cue.line.current.text, "start_ms": 0, "end_ms": cue.take.duration_ms}
    ]
    texts = mapped([str(mark.get("text", "")) for mark in marks], cue.line.current.text)
    timed = (
        (text, cue.frame_at(mark["start_ms"], fps), cue.frame_at(mark["end_ms"], fps))
        for text, mark in zip(texts, marks, strict=True)
    )
    return [clause for clause in timed if clause[0].strip()]


def _grouped(clauses: Sequence[tuple[str, int, int]], shortest: int) -> list[tuple[str, int, int]]:
    """Clauses that are spoken too quickly to be read alone are shown with the next one."""
    groups: list[tuple[str, int, int]] = []
    for text, start, end in clauses:
        if groups and start - groups[-1][1] < shortest:
            before, first, _last = groups[-1]
            groups[-1] = (f"{before} {text}", first, end)
        else:
            groups.append((text, start, end))
    return groups


def speaking(sound: FilmSound) -> list[tuple[float, float]]:
    """When someone speaks, in seconds of the film: start and end of each line or recording."""
    spans = [
        (frame / sound.fps, frame / sound.fps + cue.take.seconds / float(cue.speed))
        for cue, frame in sound.placed()
    ]
    spans += [
        (one.start / sound.fps, (one.start + one.frames) / sound.fps) for one in sound.recordings
    ]
    return sorted((round(start, 3), round(end, 3)) for start, end in spans)


def _fetched(
    takes: Sequence[Heard], folder: Path, fetch: Callable[[str, Path], Path]
) -> list[Placed]:
    return [one.placed(fetch(one.take.file, folder)) for one in takes]


def add_sound(
    sound: FilmSound,
    video: Path,
    out: Path,
    *,
    folder: Path,
    fetch: Callable[[str, Path], Path],
    should_stop: Callable[[], bool],
    on_progress: Callable[[float], None],
) -> tuple[Mixed, list[int]]:
    """Mix one track for the whole film and put it beside its picture, which is copied.

    Returns the measured result, and the outline of the sound to be drawn.

    Raises MediaError, also if the film should be heard and is silent.
    """
    track = folder / "sound.m4a"
    wanted = tracks_of(sound, folder, fetch=fetch, should_stop=should_stop)
    mixed = mix(
        track,
        **wanted,
        levels=sound.levels,
        outline=OUTLINE,
        should_stop=should_stop,
        on_progress=on_progress,
    )
    if mixed.silent and sound.should_be_heard:
        raise MediaError(SILENT, code="silent")
    add_audio(video, track, out, should_stop=should_stop)
    return mixed, list(mixed.outline)


def tracks_of(
    sound: FilmSound,
    folder: Path,
    *,
    fetch: Callable[[str, Path], Path],
    should_stop: Callable[[], bool],
) -> dict[str, Any]:
    """What the mixer is given: the files in their places, and the folder to work in."""
    speech = []
    for number, (cue, frame) in enumerate(sound.placed()):
        path = fetch(cue.take.file, folder)
        if cue.speed > 1:
            quick = folder / f"line-{number}.flac"
            faster(path, quick, speed=float(cue.speed), should_stop=should_stop)
            path = quick
        speech.append(Placed(path, frame))
    music = [
        MusicBed(fetch(bed.take.file, folder), bed.start, bed.end, is_part=True)
        for bed in sound.scene_beds
    ]
    if sound.music:
        path, (first, last) = fetch(sound.music.file, folder), sound.music_frames
        music.insert(0, MusicBed(path, first, last, gaps=tuple(sound.music_gaps)))
    return {
        "frames": sound.total,
        "fps": sound.fps,
        "speech": speech + _fetched(sound.recordings, folder, fetch),
        "clips": _fetched(sound.clips, folder, fetch),
        "sounds": _fetched(sound.effects, folder, fetch),
        "music": music,
        "folder": folder,
    }
