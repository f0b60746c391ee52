"""Editing a scene's lines: who says what, in which order."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from core import visible
from core.unicode_normalization import composed
from stories.enums import LineKind
from stories.errors import Conflict, Invalid
from stories.models import MAX_SCRIPT, Line, LineText, Scene
from stories.models.line import MAX_DIRECTION, MAX_SPEAKER

from . import waking
from .lines import Spoken, narration_of, of, say, settle
from .locking import locked_for_words
from .speech_prediction_jobs import predict_on_commit

MAX_LINES = 200  # of one scene


def set_lines(
    scene_id: UUID | str, *, actor: Any, lines: Sequence[Spoken], expected: Any = None
) -> Scene:
    """Give the scene exactly these lines, in this order. A line with an id keeps its takes.

    Raises Scene.DoesNotExist, Forbidden, GuardRefused, Conflict or Invalid, with the index in
    `field`.
    """
    wanted = [_checked(spoken, index) for index, spoken in enumerate(lines)]
    if len(wanted) > MAX_LINES:
        raise Invalid(
            gettext_noop("A scene has at most %(most)s lines."), most=MAX_LINES, field="lines"
        )
    narration = narration_of(spoken.text for spoken in wanted)
    if len(narration) > MAX_SCRIPT:
        raise Invalid(gettext_noop("At most %(most)s characters."), most=MAX_SCRIPT, field="lines")
    with transaction.atomic():
        story, scene = locked_for_words(scene_id, actor)
        if expected is not None and scene.updated_at != expected:
            raise Conflict(
                gettext_noop("Somebody else has changed this scene since you opened it.")
            )
        existing = {line.pk: line for line in of(scene)}
        found: list[Line] = []
        for index, spoken in enumerate(wanted):
            line = existing.pop(spoken.id, None) if spoken.id else None
            if spoken.id and line is None:
                raise Invalid(gettext_noop("The scene has no such line."), field=f"{index}/id")
            values = {
                "kind": spoken.line_kind,
                "speaker": spoken.speaker,
                "direction": spoken.direction,
            }
            if line is None:
                text = LineText.objects.create(text=spoken.text, **values)
                line = Line.objects.create(scene=scene, position=len(found) + 1, current=text)
            else:
                say(line, spoken.text, **values)
            found.append(line)
        for line in existing.values():
            say(line, "")
        settle(scene, found)
        if narration.split() != scene.narration.split():
            scene.narration = narration
        scene.save()
        waking.wake_story_jobs_on_commit(story.pk)
        predict_on_commit(story.pk)
    return scene


def _checked(spoken: Spoken, index: int) -> Spoken:
    text, speaker, direction = (
        composed(visible.stripped(value))
        for value in (spoken.text, spoken.speaker, spoken.direction)
    )
    if not visible.is_visible(text):
        raise Invalid(gettext_noop("A line needs words."), field=f"{index}/text")
    for name, value, most in (
        ("speaker", speaker, MAX_SPEAKER),
        ("direction", direction, MAX_DIRECTION),
    ):
        if len(value) > most:
            raise Invalid(
                gettext_noop("At most %(most)s characters."), most=most, field=f"{index}/{name}"
            )
    kind = spoken.line_kind
    if kind not in LineKind.values:
        raise Invalid(
            gettext_noop("“%(kind)s” is not a kind of line."), kind=kind, field=f"{index}/kind"
        )
    return Spoken(text, speaker, direction, kind, spoken.id)
