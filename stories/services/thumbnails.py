"""Thumbnails of takes and films: made once, stored in the media storage by content hash."""

import hashlib
import re
from pathlib import Path

from django.core.files.storage import storages

from media import ffmpeg, image_import
from providers import store
from stories.enums import TakeKind
from stories.models import Film, LibraryLook, SheetTake, Take

WIDTHS = (320, 640, 1280)
HASH = re.compile(r"[0-9a-f]{64}")

type Picture = Take | SheetTake | LibraryLook


def thumb_name(take: Picture, width: int) -> str:
    return f"thumbs/{take.sha256[:2]}/{take.sha256}-{width}.webp"


def thumb(take: Picture, width: int) -> str:
    """The storage name of the take's thumbnail at this width; for a clip its first frame.

    Raises MediaError or OSError.
    """
    name = thumb_name(take, width)
    if storages["media"].exists(name):
        return name
    with store.workplace() as folder:
        small = folder / "thumb.webp"
        small.write_bytes(image_import.thumbnail(_picture(take, folder), width=width))
        return store.save_as(small, name)


def _picture(take: Picture, folder: Path) -> bytes:
    with store.local_copy(take.file, folder) as source:
        if not isinstance(take, Take) or take.kind == TakeKind.IMAGE:
            return source.read_bytes()
        return _first_frame(source, folder)


def film_mark(film: Film) -> str:
    """Identifies the content of a film, for its URL and the name of its poster."""
    return hashlib.sha256(f"{film.pk}{film.manifest_hash}{film.file}".encode()).hexdigest()


def poster(film: Film, width: int) -> str:
    """The storage name of a frame of this film, independent of its scenes' current state.

    Raises MediaError, FileMissing or OSError.
    """
    mark = film_mark(film)
    name = f"thumbs/{mark[:2]}/{mark}-{width}.webp"
    if storages["media"].exists(name):
        return name
    file = _beginning(film)
    # A title card begins black.
    at = film.opening_frames / film.fps if file == film.file else 0.0
    with store.workplace() as folder, store.local_copy(file, folder) as source:
        small = folder / "poster.webp"
        small.write_bytes(image_import.thumbnail(_first_frame(source, folder, at), width=width))
        return store.save_as(small, name)


def _beginning(film: Film) -> str:
    """The film's first segment, which is small, while storage has it; else the film itself."""
    rows = film.manifest.get("segments") or [{}]
    digest = str(rows[0].get("hash", ""))
    segment = f"segments/{digest[:2]}/{digest}.mp4"
    return segment if HASH.fullmatch(digest) and storages["media"].exists(segment) else film.file


def _first_frame(source: Path, folder: Path, at: float = 0.0) -> bytes:
    frame = folder / "frame.png"
    seek = ("-ss", f"{at:.3f}") if at else ()
    one = ("-map", "0:v:0", "-frames:v", "1", "-f", "image2", "-update", "1", "-c:v", "png")
    ffmpeg.run(
        [*ffmpeg.INPUT_GUARD, *seek, "-i", f"file:{source}", *one], out=frame, limit_seconds=30
    )
    return frame.read_bytes()
