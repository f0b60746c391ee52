"""What is not in the way of a scene's takes, but a person would want to know before anything is paid."""

from typing import Any

from django.utils.translation import gettext_noop

from ground.reading_speed import reading_speed
from ground.sentence import Sentence
from providers.media.captions import cannot_draw
from stories.models import Story

from .crops import format_warning
from .inputs import is_english_outdated

MOST_NAMED = 12
ENGLISH_OUTDATED = gettext_noop("The English prompt is older than the prompt, so it is not sent. Put it into English again, or save it again if it fits.")
NO_LETTERS = gettext_noop("No font of the studio has these characters of the narration, so the captions in the picture leave them out: %(characters)s")


TOO_FAST = gettext_noop(
    "Too much text for %(seconds)s s: %(speed)s characters a second, and viewers read %(limit)s. "
    "Make the scene %(needed)s s long, or shorten the text to %(fit)s characters."
)


def too_fast(narration: str, seconds: float) -> Sentence | None:
    """What is wrong with a scene whose words cannot be read in its time, and what would help."""
    if not narration.strip():
        return None
    speed = reading_speed(narration, seconds)
    if not speed.too_fast:
        return None
    values = {"seconds": f"{seconds:g}", "speed": f"{speed.per_second:g}", "limit": f"{speed.limit:g}"}
    return Sentence(TOO_FAST, {**values, "needed": speed.seconds_needed, "fit": speed.characters_fit})


def warnings_of(story: Story, scene: Any, kind: str) -> tuple[Sentence, ...]:
    """About the scene's chosen take of this kind and about its captions."""
    found = []
    take = scene.take(kind)
    if take is not None and (warning := format_warning(story, take)):
        found.append(warning)
    if story.burn_captions and (characters := cannot_draw(scene.narration)):
        named = " ".join(characters[:MOST_NAMED]) + (" …" if len(characters) > MOST_NAMED else "")
        found.append(Sentence(NO_LETTERS, {"characters": named}))
    if is_english_outdated(scene.prompt):
        found.append(Sentence(ENGLISH_OUTDATED))
    if warning := too_fast(scene.narration, scene.duration_seconds):
        found.append(warning)
    return tuple(found)
