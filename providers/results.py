"""A provider's result on its way into the storage: fetched, looked at, cleaned, kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_noop

from ground.sentence import Sentence, sentence_of

from .adapters import Media, Result
from .errors import Incomplete, Later, Unclear
from .media import clips, pictures
from .media.errors import MediaError
from .media.ffmpeg import probe
from .raw_answers import MOST_BYTES
from .requests import ClipRequest, ImageRequest, Request
from .store import Stored, keep

LOST_PICTURE = gettext_noop("What the provider sent is not a picture that can be read: %(reason)s")
LOST_CLIP = gettext_noop("What the provider sent is not a clip that can be read: %(reason)s")
BROKEN_OFF = gettext_noop("The clip that the provider sent is broken off.")
TOO_SHORT = gettext_noop("The clip that the provider sent is %(length)s s long; %(ordered)s s were ordered.")
PATIENCE = 600.0  # seconds for which a paid file waits until one of the limited processes is free
SHORTER = 250  # ms by which an honest clip may miss the length that was ordered
BOX_HEAD, WIDE_HEAD = 8, 16
BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"uuid", b"moof", b"mfra", b"meta", b"sidx", b"styp", b"pnot", b"pdin"}


def take_in(result: Result, request: Request, folder: Path, *, should_stop: Callable[[], bool], ordered_ms: int = 0, as_is: bool = False) -> dict[str, Any]:
    """The result as the call keeps it: for text its data; for pictures and clips file, sha256, mime, width, height, duration_ms, seed, and
    `original`, the file as it came (file, sha256).

    `ordered_ms` is the length that was paid for; `as_is` takes a clip that is shorter, because a person says so. Raises
    `Later` or `Expired` when the file cannot be fetched now, `Incomplete` when it is not whole and can be fetched again,
    `Unclear` when what came is not what was asked for.
    """
    if not isinstance(request, ImageRequest | ClipRequest):
        return dict(result.data)
    if result.media is None:
        raise Unclear(gettext_noop("The provider says that it is done and gives no file."))
    file = folder / "result"
    result.media.bring(file, should_stop=should_stop)
    trusted = result.media.trusted
    try:
        if isinstance(request, ImageRequest):
            stored, original, facts = _picture(file, trusted=trusted)
        else:
            # What came within the answer itself cannot be had again: it is looked at even while the worker ends.
            stop = should_stop if getattr(result.media, "again", False) else None
            stored, original, facts = _clip(file, trusted=trusted, should_stop=stop)
            if not (trusted or as_is):
                _require_length(facts["duration_ms"], request, ordered_ms)
    except MediaError as error:
        if error.code == "stopped":
            raise Later(gettext_noop("Fetching the result was stopped.")) from error
        template = LOST_PICTURE if isinstance(request, ImageRequest) else LOST_CLIP
        raise _lost(result.media, file, template, reason=sentence_of(error)) from error
    except _ShortError as short:
        raise _lost(result.media, file, short.template, **short.values) from short
    kept = {"file": stored.name, "sha256": stored.sha256, "seed": request.seed if result.seed is None else result.seed, **facts}
    return kept if trusted else {**kept, "original": {"file": original.name, "sha256": original.sha256}}


class _ShortError(Exception):
    """The clip is not all that was ordered."""

    def __init__(self, template: str, **values: str) -> None:
        super().__init__(template)
        self.template, self.values = template, values


def _lost(media: Media, file: Path, template: str, **values: Any) -> Incomplete | Unclear:
    """For a file that can be fetched once more that is tried first. What came is kept for a person."""
    with file.open("rb") as opened:
        raw = opened.read(MOST_BYTES + 1)
    if getattr(media, "again", False):
        return Incomplete(template, raw=raw, **values)
    return Unclear.of(Sentence(template, {**values}), raw=raw)


def _picture(file: Path, *, trusted: bool) -> tuple[Stored, Stored, dict[str, Any]]:
    """A stranger's picture is decoded in a limited process and written anew, which leaves behind whatever was not picture. The original
    is kept beside it."""
    if trusted:
        data = file.read_bytes()
        stored = original = keep(file, _extension(pictures.mime_of(data)))
        mime, (width, height) = pictures.mime_of(data), pictures.decode(data).size
    else:
        taken = pictures.taken_in(file, file.with_name("clean"), wait_seconds=PATIENCE)
        mime, (width, height) = taken.mime, taken.size
        stored, original = keep(taken.path, _extension(mime)), keep(file, _extension(pictures.mime_of(file.read_bytes())))
    return stored, original, {"mime": mime, "width": width, "height": height, "duration_ms": 0}


def _extension(mime: str) -> str:
    return mime.removeprefix("image/").replace("jpeg", "jpg")


def _clip(file: Path, *, trusted: bool, should_stop: Callable[[], bool] | None) -> tuple[Stored, Stored, dict[str, Any]]:
    """As `_picture`: a stranger's clip is decoded to its end and kept in a form that every browser plays."""
    if _is_broken_off(file):
        raise _ShortError(BROKEN_OFF)
    if trusted:
        found = probe(file)
        if not found.frames or not found.duration_ms:
            raise _ShortError(gettext_noop("The clip that the provider sent is empty."))
        stored = keep(file, "mp4")
        return stored, stored, {"mime": "video/mp4", "width": found.width, "height": found.height, "duration_ms": found.duration_ms}
    taken = clips.taken_in(file, file.with_name("clean"), wait_seconds=PATIENCE, should_stop=should_stop)
    width, height = taken.size
    stored, original = keep(taken.path, taken.extension), keep(file, clips.container(file))
    facts = {"mime": taken.mime, "width": width, "height": height, "duration_ms": taken.duration_ms}
    return stored, original, {**facts, "notes": [note.as_json() for note in taken.notes]}


def _require_length(duration_ms: int, request: ClipRequest, ordered_ms: int) -> None:
    """A clip that is shorter than what was ordered, or than what the scene needs of it, is not whole."""
    if not ordered_ms:
        return
    needed = min(request.duration_ms, ordered_ms) - 1000 // request.fps
    if duration_ms < needed or duration_ms < ordered_ms - SHORTER:
        raise _ShortError(TOO_SHORT, length=f"{duration_ms / 1000:g}", ordered=f"{ordered_ms / 1000:g}")


def _is_broken_off(file: Path) -> bool:
    """Whether an MP4 or QuickTime file ends before its last box does; players show what is there and say nothing."""
    size = file.stat().st_size
    at = 0
    with file.open("rb") as opened:
        while at + BOX_HEAD <= size:
            opened.seek(at)
            head = opened.read(WIDE_HEAD)
            if head[4:8] not in BOXES:
                return False  # not such a file, or what follows the film is none of our business
            length = int.from_bytes(head[:4])
            if length == 0:  # up to the end of the file, wherever that is
                return False
            if length == 1:
                length = int.from_bytes(head[8:16])
            if length < BOX_HEAD:
                return False
            at += length
    return at > size
