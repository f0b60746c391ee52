"""Edits of a take: change, upscale, extend and finish; what a row declares of them, and the mask.

A row names what its model does in its capabilities, such as `{"tasks": ["make", "change"]}`:

- `make`: pictures or clips from words. A row without `tasks` does this alone.
- `change`: a picture, as an instruction says.
- `mask`: a part of a picture that is drawn.
- `upscale`: a picture or a clip.
- `extend`: a clip.
- `finish`: a draft, which is a clip that a row of the same connection with `"draft": true` made.

`most_pixels` and `most_seconds` say how large and long a take may be. What a model does not do is
refused in words before anything is paid.
"""

import io
import math
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_noop
from PIL import Image, ImageDraw

from media import image_import
from media.errors import MediaError

from .adapters import ModelSpec
from .enums import Refusal
from .errors import Refused
from .requests import ClipRequest, Edit, ImageRequest, MaskShape, Request
from .store import opened

MAKE, CHANGE, MASK, UPSCALE, EXTEND = "make", "change", "mask", "upscale", "extend"
FINISH = "finish"
PARTS = 1000  # of a picture's width and height, in which a mask is given
MEGA = 1_000_000
CANNOT = {
    MAKE: gettext_noop(
        "%(provider)s's model %(model)s only edits takes that exist. Choose another model."
    ),
    CHANGE: gettext_noop(
        "%(provider)s's model %(model)s does not change a picture. Choose another model."
    ),
    MASK: gettext_noop(
        "%(provider)s's model %(model)s takes no mask: it changes the whole picture. Choose "
        "another model, or leave the mask out."
    ),
    UPSCALE: gettext_noop("%(provider)s's model %(model)s does not upscale. Choose another model."),
    EXTEND: gettext_noop(
        "%(provider)s's model %(model)s does not extend clips. Choose another model."
    ),
    FINISH: gettext_noop(
        "%(provider)s's model %(model)s does not finish drafts. Choose another model."
    ),
}
NEEDS_MASK = gettext_noop(
    "%(provider)s's model %(model)s changes only a part that is drawn: draw a mask, or choose "
    "another model."
)
TOO_MANY_PIXELS = gettext_noop(
    "The take has %(pixels)s million pixels and %(provider)s's model %(model)s takes at most "
    "%(most)s million. Choose another model."
)
TOO_LONG = gettext_noop(
    "The clip is %(length)s s long and %(provider)s's model %(model)s takes at most %(most)s s. "
    "Choose another model."
)


NO_DRAFT = gettext_noop("The clip is not a draft of %(provider)s.")
DRAFT_EXPIRED = gettext_noop(
    "The draft is more than %(days)s days old, and %(provider)s finishes no older one. Make a new "
    "draft."
)


def edit_of(request: Request) -> Edit | None:
    return request.edit if isinstance(request, ImageRequest | ClipRequest) else None


def tasks_of(
    capabilities: Mapping[str, Any], *, known: Collection[str] = (MAKE,)
) -> frozenset[str]:
    """Return what the row's model does; `known` if it does not say."""
    tasks = capabilities.get("tasks")
    return frozenset(str(task) for task in tasks) if isinstance(tasks, list) else frozenset(known)


def needed(edit: Edit | None) -> str:
    """Return the task that the model has to do."""
    if edit is None:
        return MAKE
    return MASK if edit.mask else edit.task


def require(
    request: ImageRequest | ClipRequest,
    model: ModelSpec,
    *,
    provider: str,
    can: Collection[str] = (MAKE,),
    known: Collection[str] = (MAKE,),
) -> None:
    """Raise `Refused` (invalid) unless the model does what is asked for.

    `can` is what the adapter itself sends; `known` is what a row does that does not say.
    """
    does = tasks_of(model.capabilities, known=known) & frozenset(can)
    edit = request.edit
    task = needed(edit)
    values: dict[str, Any] = {"provider": provider, "model": model.name or provider}
    if task not in does:
        only_masked = task == CHANGE and MASK in does
        raise Refused(NEEDS_MASK if only_masked else CANNOT[task], kind=Refusal.INVALID, **values)
    if edit is None:
        return
    pixels, most = edit.width * edit.height, model.capabilities.get("most_pixels")
    if isinstance(most, int) and pixels > most:
        raise Refused(
            TOO_MANY_PIXELS,
            kind=Refusal.INVALID,
            pixels=f"{pixels / MEGA:.2f}",
            most=f"{most / MEGA:.2f}",
            **values,
        )
    seconds = model.capabilities.get("most_seconds")
    if isinstance(seconds, int) and edit.duration_ms > seconds * 1000:
        raise Refused(
            TOO_LONG,
            kind=Refusal.INVALID,
            length=f"{edit.duration_ms / 1000:g}",
            most=seconds,
            **values,
        )


def require_draft(edit: Edit, *, provider: str, days: int) -> None:
    """Raise `Refused` (invalid) unless the edit names a draft that is at most `days` old."""
    if not (edit.draft and edit.drafted_at):
        raise Refused(NO_DRAFT, kind=Refusal.INVALID, provider=provider)
    if timezone.now() - datetime.fromisoformat(edit.drafted_at) >= timedelta(days=days):
        raise Refused(DRAFT_EXPIRED, kind=Refusal.INVALID, provider=provider, days=days)


def makes_drafts(capabilities: Mapping[str, Any]) -> bool:
    return bool(capabilities.get("draft"))


def picture_of(edit: Edit) -> tuple[bytes, str]:
    """Return the picture and its MIME type. Raises `FileMissing`, or `Refused` (invalid)."""
    with opened(edit.file) as file:
        content = file.read()
    try:
        return content, image_import.mime_of(content)
    except MediaError as error:
        raise Refused.of(error.sentence, kind=Refusal.INVALID) from error


def mask_over(picture: bytes, shapes: Collection[MaskShape]) -> Image.Image:
    """Return the mask in the size of the picture: white changes, black stays."""
    try:
        size = image_import.decode(picture).size
    except MediaError as error:
        raise Refused.of(error.sentence, kind=Refusal.INVALID) from error
    return drawn(shapes, size)


def drawn(shapes: Collection[MaskShape], size: tuple[int, int]) -> Image.Image:
    """Return the shapes in white on black, in this size."""
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    for shape in shapes:
        points = [(x * size[0] / PARTS, y * size[1] / PARTS) for x, y in shape.points]
        if not shape.brush:
            (left, top), (right, bottom) = points
            first = min(int(min(left, right)), size[0] - 1), min(int(min(top, bottom)), size[1] - 1)
            # The last pixel is part of what Pillow draws. A small rectangle has one pixel.
            last = math.ceil(max(left, right)) - 1, math.ceil(max(top, bottom)) - 1
            draw.rectangle((*first, max(first[0], last[0]), max(first[1], last[1])), fill=255)
            continue
        radius = max(0.5, shape.brush * size[0] / PARTS / 2)
        draw.line(points, fill=255, width=max(1, round(2 * radius)))
        for x, y in points:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return mask


def as_png(mask: Image.Image) -> bytes:
    out = io.BytesIO()
    mask.save(out, "PNG")
    return out.getvalue()


def as_clear_png(mask: Image.Image) -> bytes:
    """Return the mask as a picture that is clear where it changes and black where it stays."""
    whole = Image.new("RGBA", mask.size, (0, 0, 0, 255))
    whole.putalpha(mask.point(lambda value: 255 - value))
    return as_png(whole)
