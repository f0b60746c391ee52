"""When each line of a film is spoken, and which scenes are too short for their lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any

from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage
from media.audio.tempo import FASTEST
from media.audio.timing import LEAD_MS, TAIL_MS
from stories.models import tenths

BETWEEN_MS = 300  # between two lines of a scene
BEFORE_NEXT_MS = 100  # at least, between a line that runs on and the first line of the next scene
# Left at the end of a film: a line begins with the nearest frame, up to 21 ms late, and ffmpeg's
# atempo makes it up to 21 ms longer than asked for.
END_MS = 50
TOO_LONG = gettext_noop(
    "Scene %(position)s is %(seconds)s s long and its lines need %(needed)s s. Make it "
    "%(needed)s s long, shorten the text, or choose a faster voice."
)
MAY_BE_TOO_LONG = gettext_noop(
    "Scene %(position)s is %(seconds)s s long and its lines need about %(needed)s s, as "
    "far as can be told before they are spoken. "
    "Make it %(needed)s s long, or shorten the text."
)


@dataclass(frozen=True, slots=True)
class SceneTiming:
    """The lines of one scene: when each starts, in ms from the scene's start, and their speed.

    `needed` is the scene's length in seconds, to a tenth, with which they fit at their own speed.
    `fits`: they are spoken within the scene, or run on into the silence before the next scene's
    first line.
    """

    starts: tuple[Fraction, ...]
    speed: Fraction
    needed: float
    fits: bool


def timing(lengths_ms: Sequence[int], scene_ms: int, *, last: bool) -> SceneTiming:
    """Place lines of these lengths one after the other in a scene."""
    total = sum(lengths_ms) + BETWEEN_MS * max(len(lengths_ms) - 1, 0)
    room = scene_ms - LEAD_MS - TAIL_MS
    if total > room * FASTEST:
        room = scene_ms - (LEAD_MS + END_MS if last else BEFORE_NEXT_MS)
    speed = max(Fraction(1), Fraction(total, room)) if room > 0 else Fraction(FASTEST) + 1
    fits = not total or speed <= Fraction(str(FASTEST))
    starts, at = [], Fraction(LEAD_MS)
    for length in lengths_ms:
        starts.append(at)
        at += Fraction(length + BETWEEN_MS) / speed
    return SceneTiming(
        tuple(starts), speed, tenths(ceil(Fraction(LEAD_MS + total + TAIL_MS, 100)) / 10), fits
    )


def too_long(scene: Any, found: SceneTiming, *, estimated: bool) -> LocalizedMessage | None:
    """What is wrong if the lines do not fit, with a remedy."""
    if found.fits:
        return None
    template = MAY_BE_TOO_LONG if estimated else TOO_LONG
    return LocalizedMessage(
        template,
        {"position": scene.position, "seconds": scene.duration_seconds, "needed": found.needed},
    )
