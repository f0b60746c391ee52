"""A scene's segment: its inputs, their hash, and its encoding unless storage already has it."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.files.storage import FileSystemStorage

from media.captions import CaptionSpan, layout
from media.clip_segment import encode_clip
from media.crop import Crop
from media.image_segment import encode_still
from providers import store
from stories.enums import FilmKind
from stories.models import Scene, Story, Take
from stories.services.crops import shown_part
from stories.services.fingerprints import frame_rate, frame_size

from .sound import FilmSound

if TYPE_CHECKING:
    from collections.abc import Iterator

ENCODER = 2  # increment when the same inputs would give another picture


@dataclass(frozen=True, slots=True)
class Segment:
    """One scene as it appears in the film."""

    scene: Scene
    take: Take
    still: bool
    frames: int
    fps: int
    size: tuple[int, int]
    camera: str
    captions: tuple[CaptionSpan, ...]
    crop: Crop | None = None
    # The captions of the film's subtitle files, in frames of the scene.
    subtitles: tuple[CaptionSpan, ...] = ()

    @property
    def hash(self) -> str:
        """SHA-256 over everything that determines the bytes of the segment."""
        burnt = [[span.start_frame, span.end_frame, span.text] for span in self.captions]
        camera = self.camera if self.still else ""
        parts = [
            ENCODER,
            self.take.sha256,
            self.still,
            self.frames,
            self.fps,
            *self.size,
            camera,
            burnt,
            self.crop.parts if self.crop else None,
        ]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()

    @property
    def name(self) -> str:
        """Name in the media storage."""
        return f"segments/{self.hash[:2]}/{self.hash}.mp4"


def segments_of(
    story: Story, scenes: list[Scene], kind: str, sound: FilmSound | None = None
) -> list[Segment]:
    """The segments of the film in order. Each scene must have a selected take.

    `sound`: that of the same scenes; where it has the times of the words, captions follow them.
    """
    fps, size = frame_rate(story), frame_size(story)
    found = []
    for scene in scenes:
        take = scene.image_take if kind == FilmKind.PREVIEW else scene.clip_take
        assert take is not None  # film.build has checked this
        frames = scene.duration_seconds * fps
        spoken = sound.captions.get(scene.pk) if sound else None
        subtitles = _captions(scene.narration, size, frames, fps) if spoken is None else spoken
        spans = subtitles if story.burn_captions else ()
        shown = shown_part(story, take)
        crop = shown.crop if shown else None
        found.append(
            Segment(
                scene,
                take,
                kind == FilmKind.PREVIEW,
                frames,
                fps,
                size,
                scene.prompt.camera,
                spans,
                crop,
                subtitles,
            )
        )
    return found


@lru_cache(maxsize=4096)
def _captions(
    narration: str, size: tuple[int, int], frames: int, fps: int
) -> tuple[CaptionSpan, ...]:
    """Cached: pages check for every scene whether a film still shows it unchanged."""
    return tuple(layout(narration, size=size, frames=frames, fps=fps))


@contextmanager
def work_folder() -> "Iterator[Path]":
    """A temporary folder for incomplete files. Always removed at the end."""
    settings.WORK_DIR.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=settings.WORK_DIR))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fetch(name: str, folder: Path) -> Path:
    """Provide a stored file at a path in the folder, for reading only.

    Links the file if both are on one disk, else copies it. It stays available until the folder is
    removed, even if storage changes. Raises `FileMissing`.
    """
    target, storage = folder / Path(name).name, store.media()
    # Two scenes may show one picture; never open for writing what may be storage's own file.
    if target.exists():
        return target
    if isinstance(storage, FileSystemStorage):
        with suppress(OSError):  # another disk, or one without links: copy instead
            target.hardlink_to(storage.path(name))
            return target
    with store.opened(name) as source, target.open("xb") as sink:
        shutil.copyfileobj(source, sink, 1 << 20)
    return target


def encode(
    segment: Segment,
    folder: Path,
    *,
    should_stop: Callable[[], bool],
    on_progress: Callable[[int], None],
) -> Path:
    """Encode the segment into the folder. Raises MediaError."""
    source, out = fetch(segment.take.file, folder), folder / f"{segment.hash}.mp4"
    if segment.still:
        encode_still(
            source,
            out,
            frames=segment.frames,
            size=segment.size,
            fps=segment.fps,
            camera=segment.camera,
            captions=segment.captions,
            crop=segment.crop,
            should_stop=should_stop,
            on_progress=on_progress,
        )
    else:
        encode_clip(
            source,
            out,
            frames=segment.frames,
            size=segment.size,
            fps=segment.fps,
            captions=segment.captions,
            crop=segment.crop,
            should_stop=should_stop,
            on_progress=on_progress,
        )
    return out
