"""Ingests a provider's result: fetches, checks, cleans and stores it."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage, sentence_of
from media import audio_import, clip_import, image_import
from media.audio.decode import RATE
from media.errors import MediaError
from media.ffmpeg import probe
from media.measures import measures_of

from .adapters import Media, Result
from .enums import Refusal
from .errors import Incomplete, Later, Refused, Unclear
from .marks import within
from .raw_answer_store import MOST_BYTES
from .requests import ClipRequest, ImageRequest, Request, SpeechRequest, TextRequest
from .store import Stored, save

LOST_PICTURE = gettext_noop("What the provider sent is not a picture that can be read: %(reason)s")
LOST_CLIP = gettext_noop("What the provider sent is not a clip that can be read: %(reason)s")
LOST_SOUND = gettext_noop("What the provider sent is not a sound that can be read: %(reason)s")
EMPTY_SOUND = gettext_noop("The provider sent a sound in which nothing can be heard.")
BROKEN_OFF = gettext_noop("The clip that the provider sent is broken off.")
TOO_SHORT = gettext_noop(
    "The clip that the provider sent is %(length)s s long; %(ordered)s s were ordered."
)
WAIT_TIMEOUT = (
    600.0  # seconds for which a paid file waits until one of the limited processes is free
)
MEASURE_WAIT = 60.0  # seconds for which its measuring waits for one
SHORTER = 250  # ms by which a valid clip may be shorter than ordered
BOX_HEAD, WIDE_HEAD = 8, 16
BOXES = {
    b"ftyp",
    b"moov",
    b"mdat",
    b"free",
    b"skip",
    b"wide",
    b"uuid",
    b"moof",
    b"mfra",
    b"meta",
    b"sidx",
    b"styp",
    b"pnot",
    b"pdin",
}


def ingest(
    result: Result,
    request: Request,
    folder: Path,
    *,
    should_stop: Callable[[], bool],
    ordered_ms: int = 0,
    as_is: bool = False,
    cost: Decimal = Decimal(0),
) -> dict[str, Any]:
    """Return the result as the call stores it.

    For text it is the data. For images and clips it is file, sha256, mime, width, height,
    duration_ms, seed, `measures` (see `media.measures`), and `original`, the file as it arrived
    (file, sha256). For sound it is the
    same with samples (of one channel, at 48 kHz), rate and channels in place of the size, and for
    speech `marks`: when each part of the text is heard, as far as the provider says.

    `ordered_ms` is the length that was paid for. `as_is` accepts a shorter clip, because a person
    decided so. Raises `Later` or `Expired` if the file cannot be fetched now, `Incomplete` if it is
    incomplete and can be fetched again, `Unclear` if it is not what was requested, and `Refused`
    with `cost`, which was paid, if nothing can be heard.
    """
    if isinstance(request, TextRequest):
        return dict(result.data)
    if result.media is None:
        raise Unclear(gettext_noop("The provider says that it is done and gives no file."))
    file = folder / "result"
    result.media.download(file, should_stop=should_stop)
    trusted = result.media.trusted
    # A file that was part of the response cannot be fetched again: it is checked even while the
    # worker is stopping.
    stop = should_stop if getattr(result.media, "again", False) else None
    try:
        match request:
            case ImageRequest():
                stored, original, facts = _picture(file, trusted=trusted)
            case ClipRequest():
                stored, original, facts = _clip(file, trusted=trusted, should_stop=stop)
                if not (trusted or as_is):
                    _require_length(facts["duration_ms"], request, ordered_ms)
            case _:
                stored, original, facts = _sound(file, request, result, should_stop=stop)
    except MediaError as error:
        if error.code == "stopped":
            raise Later(gettext_noop("Fetching the result was stopped.")) from error
        raise _lost(result.media, file, _lost_words(request), reason=sentence_of(error)) from error
    except _SilentError as silent:
        raise Refused(EMPTY_SOUND, kind=Refusal.FAILED, cost=cost) from silent
    except _ShortError as short:
        raise _lost(result.media, file, short.template, **short.values) from short
    kept = {
        "file": stored.name,
        "sha256": stored.sha256,
        "seed": request.seed if result.seed is None else result.seed,
        **facts,
    }
    return (
        kept
        if trusted
        else {**kept, "original": {"file": original.name, "sha256": original.sha256}}
    )


def _lost_words(request: Request) -> str:
    if isinstance(request, ImageRequest):
        return LOST_PICTURE
    return LOST_CLIP if isinstance(request, ClipRequest) else LOST_SOUND


class _SilentError(Exception):
    """Nothing can be heard in the sound."""


class _ShortError(Exception):
    """The clip is shorter than ordered."""

    def __init__(self, template: str, **values: str) -> None:
        super().__init__(template)
        self.template, self.values = template, values


def _lost(media: Media, file: Path, template: str, **values: Any) -> Incomplete | Unclear:
    """Return the error for an unusable file; a file that can be fetched again is retried first.

    The file is stored for a person.
    """
    with file.open("rb") as opened:
        raw = opened.read(MOST_BYTES + 1)
    if getattr(media, "again", False):
        return Incomplete(template, raw=raw, **values)
    return Unclear.of(LocalizedMessage(template, {**values}), raw=raw)


def _picture(file: Path, *, trusted: bool) -> tuple[Stored, Stored, dict[str, Any]]:
    """Store an image.

    An untrusted image is decoded in a limited process and encoded again, which removes everything
    that is not image data. The original is stored beside it.
    """
    if trusted:
        data, kept = file.read_bytes(), file
        stored = original = save(file, _extension(image_import.mime_of(data)))
        mime, (width, height) = image_import.mime_of(data), image_import.decode(data).size
    else:
        taken = image_import.ingested(file, file.with_name("clean"), wait_seconds=WAIT_TIMEOUT)
        mime, (width, height), kept = taken.mime, taken.size, taken.path
        stored, original = (
            save(taken.path, _extension(mime)),
            save(file, _extension(image_import.mime_of(file.read_bytes()))),
        )
    facts = {"mime": mime, "width": width, "height": height, "duration_ms": 0}
    return stored, original, {**facts, "measures": _measures(kept, is_clip=False)}


def _measures(file: Path, *, is_clip: bool) -> dict[str, Any]:
    """What is measured of the stored file. A paid result is kept whether or not this works."""
    return measures_of(file, is_clip=is_clip, wait_seconds=MEASURE_WAIT)


def _extension(mime: str) -> str:
    return mime.removeprefix("image/").replace("jpeg", "jpg")


def _clip(
    file: Path, *, trusted: bool, should_stop: Callable[[], bool] | None
) -> tuple[Stored, Stored, dict[str, Any]]:
    """Store a clip.

    An untrusted clip is decoded to its end and stored in a format that every browser plays.
    """
    if _is_broken_off(file):
        raise _ShortError(BROKEN_OFF)
    if trusted:
        found = probe(file)
        if not found.frames or not found.duration_ms:
            raise _ShortError(gettext_noop("The clip that the provider sent is empty."))
        stored = save(file, "mp4")
        return (
            stored,
            stored,
            {
                "mime": "video/mp4",
                "width": found.width,
                "height": found.height,
                "duration_ms": found.duration_ms,
                "has_sound": found.has_audio,
                "measures": _measures(file, is_clip=True),
            },
        )
    taken = clip_import.ingested(
        file, file.with_name("clean"), wait_seconds=WAIT_TIMEOUT, should_stop=should_stop
    )
    width, height = taken.size
    stored, original = save(taken.path, taken.extension), save(file, clip_import.container(file))
    facts: dict[str, Any] = {"mime": taken.mime, "width": width, "height": height}
    facts["duration_ms"] = taken.duration_ms
    facts["has_sound"] = taken.has_sound
    facts["measures"] = _measures(taken.path, is_clip=True)
    return stored, original, {**facts, "notes": [note.as_json() for note in taken.notes]}


def _sound(
    file: Path, request: Request, result: Result, *, should_stop: Callable[[], bool] | None
) -> tuple[Stored, Stored, dict[str, Any]]:
    """Store a sound: speech in one channel, music and effects in two.

    Raises `_SilentError` if nothing can be heard.

    An untrusted sound is decoded to its end in a limited process. The original is stored beside it.
    """
    trusted = result.media is not None and result.media.trusted
    channels = 1 if isinstance(request, SpeechRequest) else 2
    clean = file.with_name("clean.flac")
    if trusted:
        taken = audio_import.trusted(file, clean, channels=channels)
    else:
        taken = audio_import.ingested(
            file, clean, channels=channels, wait_seconds=WAIT_TIMEOUT, should_stop=should_stop
        )
    if taken.is_silent:
        raise _SilentError
    stored = save(clean, "flac")
    original = stored if trusted else save(file, audio_import.extension(file))
    facts: dict[str, Any] = {
        "mime": "audio/flac",
        "samples": taken.samples,
        "rate": RATE,
        "channels": channels,
        "duration_ms": taken.duration_ms,
    }
    if isinstance(request, SpeechRequest):
        facts["marks"] = within(result.data.get("marks"), taken.duration_ms)
    return stored, original, facts


def _require_length(duration_ms: int, request: ClipRequest, ordered_ms: int) -> None:
    """Raise if the clip is shorter than ordered, or than the part that the scene needs."""
    if not ordered_ms:
        return
    needed = min(request.duration_ms, ordered_ms) - 1000 // request.fps
    if duration_ms < needed or duration_ms < ordered_ms - SHORTER:
        raise _ShortError(
            TOO_SHORT, length=f"{duration_ms / 1000:g}", ordered=f"{ordered_ms / 1000:g}"
        )


def _is_broken_off(file: Path) -> bool:
    """Return whether an MP4 or QuickTime file ends before its last box.

    Players play such a file without reporting an error.
    """
    size = file.stat().st_size
    at = 0
    with file.open("rb") as opened:
        while at + BOX_HEAD <= size:
            opened.seek(at)
            head = opened.read(WIDE_HEAD)
            if head[4:8] not in BOXES:
                return False  # not such a file, or trailing data that does not matter
            length = int.from_bytes(head[:4])
            if length == 0:  # up to the end of the file, wherever that is
                return False
            if length == 1:
                length = int.from_bytes(head[8:16])
            if length < BOX_HEAD:
                return False
            at += length
    return at > size
