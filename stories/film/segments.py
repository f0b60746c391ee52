"""A scene's segment: its inputs, their hash, and its encoding unless storage already has it."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db.models import Q
from django.utils.translation import gettext_noop

from media.captions import CaptionSpan, layout
from media.clip_segment import encode_clip
from media.codec import CRF
from media.crop import Crop
from media.errors import MediaError
from media.image_segment import encode_still
from media.logo import Logo
from media.transitions import NO_FADES, WINDOW_CRF, Fades, Part, cross_fade
from providers import store
from providers.store import FileMissing
from stories.enums import Boundary, FilmKind
from stories.models import Scene, Story, Take
from stories.services.crops import shown_part
from stories.services.fingerprints import frame_rate, frame_size

from .cards import END, TITLE, Card
from .names import digest, stored
from .sound import FilmSound

LOST_FILE = gettext_noop(
    "The file of take %(take)s of scene %(position)s is missing in the store: %(name)s. "
    "It goes on when the file is restored from the backup, or another take is chosen."
)
LOST_LOGO = gettext_noop(
    "The file of the logo is missing in the store: %(name)s. It goes on when the file is restored "
    "from the backup, or the logo is removed or uploaded again."
)
BROKEN_FILE = gettext_noop(
    "The file of take %(take)s of scene %(position)s cannot be read: it is damaged. Choose "
    "or upload another take."
)
ENCODER = 2  # increment when the same inputs would give another picture


class Edges(NamedTuple):
    """Frames at the beginning and the end of a scene that belong to its transitions.

    `lead` and `trail` are shown by cross-fades, `up` and `down` come from and go to black.
    """

    lead: int = 0
    trail: int = 0
    up: int = 0
    down: int = 0


PLAIN = Edges()


class LogoPlace(NamedTuple):
    """The story's logo: its name in the media storage, and where and how it is shown."""

    file: str
    corner: str
    width: int
    opacity: int


def logo_of(story: Story) -> LogoPlace | None:
    """The logo that the story's pictures have, if any."""
    if not story.logo:
        return None
    return LogoPlace(story.logo, story.logo_corner, story.logo_width, story.logo_opacity)


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
    edges: Edges = PLAIN
    logo: LogoPlace | None = None

    @property
    def hash(self) -> str:
        """SHA-256 over everything that determines the bytes of the segment."""
        burnt = [[span.start_frame, span.end_frame, span.text] for span in self.burnt]
        edges = [] if self.edges == PLAIN else [*self.edges]
        return digest([*self.shown, burnt, self.crop.parts if self.crop else None, *edges])

    @property
    def shown(self) -> list[Any]:
        """What a segment and a cross-fade of this scene have in common."""
        camera = self.camera if self.still else ""
        logo = [list(self.logo)] if self.logo else []
        size = [*self.size, camera, *logo]
        return [ENCODER, self.take.sha256, self.still, self.frames, self.fps, *size]

    @property
    def name(self) -> str:
        """Name in the media storage."""
        return stored(self.hash)

    @property
    def length(self) -> int:
        """Frames of the segment: those of the scene that no cross-fade takes."""
        return self.frames - self.edges.lead - self.edges.trail

    @property
    def burnt(self) -> list[CaptionSpan]:
        """The captions in the picture, in frames of the segment. A cross-fade has none."""
        lead = self.edges.lead
        spans = [
            replace(
                span,
                start_frame=max(span.start_frame - lead, 0),
                end_frame=min(span.end_frame - lead, self.length),
            )
            for span in self.captions
        ]
        return [span for span in spans if span.end_frame > span.start_frame]

    @property
    def windows(self) -> tuple[int, int]:
        """Frames of the move before and after the scene, which cross-fades show."""
        return self.edges.lead, self.edges.trail

    def part(self, first: int) -> Part:
        """A part of the move from a frame of the scene on; negative before its beginning."""
        lead, trail = self.windows
        return Part(lead + self.frames + trail, lead + first, lead)

    def encode(
        self, folder: Path, *, should_stop: Callable[[], bool], on_progress: Callable[[int], None]
    ) -> Path:
        """Encode the segment into the folder. Raises MediaError."""
        edges = self.edges
        return self.encode_part(
            folder / f"{self.hash}.mp4",
            self.length,
            part=self.part(edges.lead) if edges.lead or edges.trail else None,
            captions=self.burnt,
            fades=Fades(edges.up, edges.down),
            should_stop=should_stop,
            on_progress=on_progress,
        )

    def encode_part(
        self,
        out: Path,
        frames: int,
        *,
        part: Part | None,
        captions: Sequence[CaptionSpan] = (),
        fades: Fades = NO_FADES,
        crf: int = CRF,
        should_stop: Callable[[], bool],
        on_progress: Callable[[int], None],
    ) -> Path:
        source = fetch(self.take.file, out.parent)
        common: dict[str, Any] = {
            "frames": frames,
            "size": self.size,
            "fps": self.fps,
            "captions": captions,
            "crop": self.crop,
            "part": part,
            "fades": fades,
            "logo": self.logo and Logo(fetch(self.logo.file, out.parent), *self.logo[1:]),
            "crf": crf,
            "should_stop": should_stop,
            "on_progress": on_progress,
        }
        if self.still:
            encode_still(source, out, camera=self.camera, **common)
        else:
            encode_clip(source, out, **common)
        return out


@dataclass(frozen=True, slots=True)
class CrossFade:
    """The frames around a boundary, in which a scene gives way to the next one."""

    left: Segment
    right: Segment

    @property
    def length(self) -> int:
        return 2 * self.left.edges.trail

    @property
    def hash(self) -> str:
        sides = [
            [*side.shown, side.crop.parts if side.crop else None, *side.windows]
            for side in (self.left, self.right)
        ]
        return digest(["cross-fade", *sides])

    @property
    def name(self) -> str:
        """Name in the media storage."""
        return stored(self.hash)

    @property
    def scene(self) -> Scene:
        """The scene whose boundary it is."""
        return self.left.scene

    def encode(
        self, folder: Path, *, should_stop: Callable[[], bool], on_progress: Callable[[int], None]
    ) -> Path:
        """Encode the window into the folder. Raises MediaError."""
        half, out = self.left.edges.trail, folder / f"{self.hash}.mp4"
        sides = [
            side.encode_part(
                folder / f"{self.hash}-{number}.mp4",
                self.length,
                part=side.part(first),
                crf=WINDOW_CRF,
                should_stop=should_stop,
                on_progress=partial(_half, number, on_progress),
            )
            for number, (side, first) in enumerate(
                [(self.left, self.left.frames - half), (self.right, -half)]
            )
        ]
        cross_fade(
            sides[0],
            sides[1],
            out,
            frames=self.length,
            fps=self.left.fps,
            should_stop=should_stop,
        )
        return out


type Piece = Segment | CrossFade | Card


def pieces_of(segments: Sequence[Segment], cards: Sequence[Card] = ()) -> list[Piece]:
    """Everything that is joined, in order: the title card, the segments with the cross-fades
    between them, and the end card.
    """
    found: list[Piece] = [card for card in cards if card.place == TITLE]
    for number, segment in enumerate(segments):
        found.append(segment)
        if segment.edges.trail and number + 1 < len(segments):
            found.append(CrossFade(segment, segments[number + 1]))
    return [*found, *(card for card in cards if card.place == END)]


def edges_of(story: Story, scenes: Sequence[Scene]) -> dict[UUID, Edges]:
    """What the transitions take of each scene. `scenes` are all of the film, in order."""
    fps = frame_rate(story)
    found = {scene.pk: PLAIN for scene in scenes}
    for number, scene in enumerate(scenes):
        after = scenes[number + 1] if number + 1 < len(scenes) else None
        lengths = [one.frames(fps) for one in (scene, after) if one is not None]
        if scene.boundary == Boundary.DIP_TO_BLACK:
            half = min(fps // 2, min(lengths) // 3)
            found[scene.pk] = found[scene.pk]._replace(down=half)
            if after is not None:
                found[after.pk] = found[after.pk]._replace(up=half)
        elif scene.boundary == Boundary.CROSS_FADE and after is not None:
            half = min(fps // 4, min(lengths) // 4)
            found[scene.pk] = found[scene.pk]._replace(trail=half)
            found[after.pk] = found[after.pk]._replace(lead=half)
    return found


def _half(number: int, on_progress: Callable[[int], None], percent: int) -> None:
    on_progress(45 * number + 45 * percent // 100)


def segments_of(
    story: Story,
    scenes: list[Scene],
    kind: str,
    sound: FilmSound | None = None,
    *,
    film: Sequence[Scene] | None = None,
) -> list[Segment]:
    """The segments of the film in order. Each scene must have a selected take.

    `sound`: that of the same scenes; where it has the times of the words, captions follow them.
    `film`: all scenes of the film, if these are only some of them.
    """
    edges = edges_of(story, scenes if film is None else film)
    fps, size, logo = frame_rate(story), frame_size(story), logo_of(story)
    found = []
    for scene in scenes:
        take = scene.image_take if kind == FilmKind.PREVIEW else scene.clip_take
        assert take is not None  # `cut_of` has checked this
        frames = scene.frames(fps)
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
                edges[scene.pk],
                logo,
            )
        )
    return found


def captions_of(scene: Scene, size: tuple[int, int], fps: int) -> tuple[CaptionSpan, ...]:
    """The captions of a scene whose words have no times of their own."""
    return _captions(scene.narration, size, scene.frames(fps), fps)


@lru_cache(maxsize=4096)
def _captions(
    narration: str, size: tuple[int, int], frames: int, fps: int
) -> tuple[CaptionSpan, ...]:
    """Cached: pages check for every scene whether a film still shows it unchanged."""
    return tuple(layout(narration, size=size, frames=frames, fps=fps))


@contextmanager
def work_folder() -> Iterator[Path]:
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
    piece: Piece,
    folder: Path,
    *,
    should_stop: Callable[[], bool],
    on_progress: Callable[[int], None],
) -> Path:
    """Encode the piece into the folder. Raises MediaError."""
    return piece.encode(folder, should_stop=should_stop, on_progress=on_progress)


@contextmanager
def naming(piece: Piece) -> Iterator[None]:
    """Add the file's scene and take to an error, so that a person knows which file to replace."""
    if isinstance(piece, Card):  # made of no file
        yield
        return
    segment = piece.left if isinstance(piece, CrossFade) else piece
    try:
        yield
    except FileMissing as error:
        if segment.logo and error.sentence.values.get("name") == segment.logo.file:
            raise FileMissing(LOST_LOGO, name=segment.logo.file) from error
        raise FileMissing(LOST_FILE, **_named(segment), name=segment.take.file) from error
    except MediaError as error:
        if error.code != "broken_input":
            raise
        raise MediaError(
            BROKEN_FILE, code=error.code, detail=error.detail, **_named(segment)
        ) from error


def _named(segment: Segment) -> dict[str, int]:
    """The scene's position and the take's number as shown on the scene's page."""
    take = segment.take
    same = Take.objects.filter(scene=take.scene_id, kind=take.kind)
    older = same.filter(
        Q(created_at__lt=take.created_at) | Q(created_at=take.created_at, pk__lt=take.pk)
    )
    return {"position": segment.scene.position, "take": older.count() + 1}
