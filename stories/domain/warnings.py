"""What is not in the way of a scene's takes, but a person would want to know before anything is paid."""

from typing import Any

from django.utils.translation import gettext_noop

from ground.sentence import Sentence
from providers.media.captions import cannot_draw
from stories.models import Story

from .crops import format_warning

MOST_NAMED = 12
NO_LETTERS = gettext_noop("No font of the studio has these characters of the narration, so the captions in the picture leave them out: %(characters)s")


def warnings_of(story: Story, scene: Any, kind: str) -> tuple[Sentence, ...]:
    """About the scene's chosen take of this kind and about its captions."""
    found = []
    take = scene.take(kind)
    if take is not None and (warning := format_warning(story, take)):
        found.append(warning)
    if story.burn_captions and (characters := cannot_draw(scene.narration)):
        named = " ".join(characters[:MOST_NAMED]) + (" …" if len(characters) > MOST_NAMED else "")
        found.append(Sentence(NO_LETTERS, {"characters": named}))
    return tuple(found)
