"""What a film shows of a take of another format, and choosing it: a take is never cut silently."""

import json
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from ground.sentence import Sentence
from providers.media.crop import SAME, Crop, differs, placed
from stories.errors import Invalid
from stories.models import Scene, Story, Take

from .inputs import frame_size
from .permissions import require_story_owner

CUT = gettext_noop("The take has another format than the film (%(take)s, not %(film)s): the film shows the middle of it.")
CUT_AS_CHOSEN = gettext_noop("The take has another format than the film (%(take)s, not %(film)s): the film shows the part that was chosen.")


class Shown(NamedTuple):
    """The part of a take that the film shows. `x` and `y`: where along each side, from 0 to 1; `chosen` by a person."""

    crop: Crop
    x: float
    y: float
    chosen: bool


def shown_part(story: Story, take: Any) -> Shown | None:
    """What the story's film shows of the take; None where the formats are alike and all of it is seen.

    A part that was chosen for another format of the story keeps its middle.
    """
    size, frame = (take.width, take.height), frame_size(story)
    if not all(size) or not differs(size, frame):
        return None
    x = y = 0.5
    parts = json.loads(take.crop) if isinstance(take.crop, str) else take.crop  # a board's rows have JSON as text
    if parts:
        chosen = Crop.of(parts)
        whole = placed(size, frame)
        x = _along(chosen.left + chosen.width / 2, whole.width)
        y = _along(chosen.top + chosen.height / 2, whole.height)
    return Shown(placed(size, frame, x=x, y=y), x, y, bool(parts))


def _along(middle: float, length: float) -> float:
    """Where a part of this length lies, from 0 to 1, so that its middle is here or as near as it can be."""
    room = 1 - length
    return min(1.0, max(0.0, (middle - length / 2) / room)) if room > SAME else 0.5


def format_warning(story: Story, take: Any) -> Sentence | None:
    """That the film cuts the take, for whoever plans or looks at the scene."""
    shown = shown_part(story, take)
    if shown is None:
        return None
    return Sentence(CUT_AS_CHOSEN if shown.chosen else CUT, {"take": f"{take.width} x {take.height}", "film": story.aspect_ratio})


def choose_crop(take_id: UUID | str, *, x: float, y: float, actor: Any) -> Take:
    """Let films show this part of the take: 0 is as far left (up) as it goes, 1 as far right (down).

    Raises Take.DoesNotExist, Forbidden, or Invalid where there is nothing to choose.
    """
    for name, value in (("x", x), ("y", y)):
        if not 0 <= value <= 1:
            raise Invalid(gettext_noop("Give a number from 0 to 1."), field=name)
    with transaction.atomic():
        take = Take.objects.select_related("scene__story").get(pk=take_id)
        scene = Scene.objects.select_for_update(of=("self",)).select_related("story").get(pk=take.scene_id)
        require_story_owner(actor, scene.story)
        take.refresh_from_db(fields=["crop"])
        if shown_part(scene.story, take) is None:
            raise Invalid(gettext_noop("The take has the film's format: all of it is shown."), field="x")
        take.crop = placed((take.width, take.height), frame_size(scene.story), x=x, y=y).parts
        take.save(update_fields=["crop"])
    return take
