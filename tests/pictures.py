"""Pictures for tests."""

import io
from typing import Any

from PIL import Image


def picture(
    colour: str | tuple[int, int, int] = "teal",
    size: tuple[int, int] = (64, 36),
    *,
    form: str = "PNG",
    **options: Any,
) -> bytes:
    """A file of this form, all in one colour. `options`: what Pillow takes when it saves."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, form, **options)
    return out.getvalue()
