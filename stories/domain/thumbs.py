"""Small pictures of takes for boards and lists: made once, kept in the media storage under the hash of what they show."""

from pathlib import Path

from django.core.files.storage import storages

from providers import store
from providers.media import ffmpeg, pictures
from stories.enums import TakeKind
from stories.models import Take

WIDTHS = (320, 640, 1280)


def thumb_name(take: Take, width: int) -> str:
    return f"thumbs/{take.sha256[:2]}/{take.sha256}-{width}.webp"


def thumb(take: Take, width: int) -> str:
    """Name in the media storage of the take at this width; of a clip its first frame. Raises MediaError or OSError."""
    name = thumb_name(take, width)
    if storages["media"].exists(name):
        return name
    with store.workplace() as folder:
        small = folder / "thumb.webp"
        small.write_bytes(pictures.thumbnail(_picture(take, folder), width=width))
        return store.keep_as(small, name)


def _picture(take: Take, folder: Path) -> bytes:
    with store.local_copy(take.file, folder) as source:
        if take.kind == TakeKind.IMAGE:
            return source.read_bytes()
        frame = folder / "frame.png"
        one = ("-map", "0:v:0", "-frames:v", "1", "-f", "image2", "-update", "1", "-c:v", "png")
        ffmpeg.run([*ffmpeg.INPUT_GUARD, "-i", f"file:{source}", *one], out=frame, limit_seconds=30)
        return frame.read_bytes()
