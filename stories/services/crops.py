"""Which part of a take of another aspect ratio a film shows.

Takes are never cropped silently.
"""

import json
from typing import Any, NamedTuple

from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage
from media.crop import SAME, Crop, differs, placed
from stories.models import Story

from .fingerprints import frame_size

CUT = gettext_noop(
    "The take has another format than the film (%(take)s, not %(film)s): the film shows "
    "the middle of it."
)
CUT_AS_CHOSEN = gettext_noop(
    "The take has another format than the film (%(take)s, not %(film)s): the film shows "
    "the part that was chosen."
)


class Shown(NamedTuple):
    """The part of a take that the film shows.

    `x` and `y`: the position along each side, from 0 to 1. `chosen`: selected by a person.
    """

    crop: Crop
    x: float
    y: float
    chosen: bool


def shown_part(story: Story, take: Any) -> Shown | None:
    """The part of the take that the story's film shows.

    None if the aspect ratios match and all of it is visible.

    A part that was selected for another aspect ratio of the story keeps its centre.
    """
    size, frame = (take.width, take.height), frame_size(story)
    if not all(size) or not differs(size, frame):
        return None
    x = y = 0.5
    # Board rows have JSON as text.
    parts = json.loads(take.crop) if isinstance(take.crop, str) else take.crop
    if parts:
        chosen = Crop.of(parts)
        whole = placed(size, frame)
        x = _along(chosen.left + chosen.width / 2, whole.width)
        y = _along(chosen.top + chosen.height / 2, whole.height)
    return Shown(placed(size, frame, x=x, y=y), x, y, bool(parts))


def _along(middle: float, length: float) -> float:
    """The position, from 0 to 1, that centres a part of this length here as closely as possible."""
    room = 1 - length
    return min(1.0, max(0.0, (middle - length / 2) / room)) if room > SAME else 0.5


def format_warning(story: Story, take: Any) -> LocalizedMessage | None:
    """A warning that the film crops the take, for whoever plans or views the scene."""
    shown = shown_part(story, take)
    if shown is None:
        return None
    return LocalizedMessage(
        CUT_AS_CHOSEN if shown.chosen else CUT,
        {"take": f"{take.width} x {take.height}", "film": story.aspect_ratio},
    )
