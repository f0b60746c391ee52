"""What the cards and the logo of a story will look like, as pictures for the pages."""

import hashlib
import io

import numpy as np
from PIL import Image

from media import cards
from media.logo import Logo, placed
from providers import store
from stories.models import Story
from stories.services.fingerprints import frame_size

LONGER_SIDE = 640  # pixels
DARK, LIGHT = 24, 232  # of the ground on which a logo is shown
PLACES = ("title", "end", "logo")


def picture_mark(story: Story, place: str) -> str:
    """Identifies the picture, for its URL. Empty: there is none."""
    what: tuple[object, ...] = {
        "title": (story.title_card,),
        "end": (story.end_card,),
        "logo": (story.logo, story.logo_corner, story.logo_width, story.logo_opacity),
    }[place]
    if not what[0]:
        return ""
    text = repr((place, *what, frame_size(story)))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def drawn_picture(story: Story, place: str) -> bytes:
    """The card, or the logo in its corner of a frame that goes from dark to light, as WebP.

    Raises MediaError or FileMissing.
    """
    width, height = frame_size(story)
    share = LONGER_SIDE / max(width, height)
    size = (2 * round(width * share / 2), 2 * round(height * share / 2))
    if place == "logo":
        picture = _with_logo(story, size)
    else:
        picture = cards.picture(story.title_card if place == "title" else story.end_card, size)
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=85)
    return out.getvalue()


def _with_logo(story: Story, size: tuple[int, int]) -> Image.Image:
    with store.workplace() as folder, store.local_copy(story.logo, folder) as path:
        mark = placed(Logo(path, story.logo_corner, story.logo_width, story.logo_opacity), size)
    ground = np.tile(np.linspace(DARK, LIGHT, size[0]).astype(np.uint8), (size[1], 1))
    picture = Image.fromarray(ground).convert("RGBA")
    picture.alpha_composite(Image.fromarray(mark.rgba), (mark.left, mark.top))
    return picture.convert("RGB")
