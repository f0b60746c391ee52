"""A provider's result on its way into the storage: fetched, looked at, cleaned, kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_noop

from .adapters import Result
from .errors import Unclear
from .media import pictures
from .media.errors import MediaError
from .media.ffmpeg import probe
from .requests import ClipRequest, ImageRequest, Request
from .store import Stored, keep

LOST_PICTURE = gettext_noop("What the provider sent is not a picture that can be read: %(reason)s")
LOST_CLIP = gettext_noop("What the provider sent is not a clip that can be read: %(reason)s")


def take_in(result: Result, request: Request, folder: Path, *, should_stop: Callable[[], bool]) -> dict[str, Any]:
    """The result as the call keeps it: for pictures and clips file, sha256, mime, width, height, duration_ms, seed; for text its data.

    Raises `Later` or `Expired` when the file cannot be fetched now, `Unclear` when what came is not what was asked for.
    """
    if not isinstance(request, ImageRequest | ClipRequest):
        return dict(result.data)
    if result.media is None:
        raise Unclear(gettext_noop("The provider says that it is done and gives no file."))
    file = folder / "result"
    result.media.bring(file, should_stop=should_stop)
    look_at = _picture if isinstance(request, ImageRequest) else _clip
    stored, facts = look_at(file, trusted=result.media.trusted)
    return {"file": stored.name, "sha256": stored.sha256, "seed": request.seed if result.seed is None else result.seed, **facts}


def _picture(file: Path, *, trusted: bool) -> tuple[Stored, dict[str, Any]]:
    """Decoded in full; a stranger's picture is written anew, which leaves behind whatever was not picture."""
    data = file.read_bytes()
    try:
        content, mime, (width, height) = (data, pictures.mime_of(data), pictures.decode(data).size) if trusted else pictures.clean(data)
    except MediaError as error:
        raise Unclear(LOST_PICTURE, reason=str(error)) from error
    file.write_bytes(content)
    return keep(file, mime.removeprefix("image/").replace("jpeg", "jpg")), {"mime": mime, "width": width, "height": height, "duration_ms": 0}


def _clip(file: Path, *, trusted: bool) -> tuple[Stored, dict[str, Any]]:  # noqa: ARG001  the same signature as for pictures
    """Probed only: the film decodes and encodes every clip itself."""
    try:
        facts = probe(file)
    except MediaError as error:
        raise Unclear(LOST_CLIP, reason=str(error)) from error
    if not facts.frames or not facts.duration_ms:
        raise Unclear(gettext_noop("The clip that the provider sent is empty."))
    return keep(file, "mp4"), {"mime": "video/mp4", "width": facts.width, "height": facts.height, "duration_ms": facts.duration_ms}
