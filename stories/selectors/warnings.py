"""Warnings that do not block a scene's takes, but that a person should see before paying."""

from typing import Any

from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage
from core.reading_speed import reading_speed
from media.captions import cannot_draw
from stories.models import Story
from stories.services.crops import format_warning
from stories.services.fingerprints import is_english_outdated

MOST_NAMED = 12
ENGLISH_OUTDATED = gettext_noop(
    "The English prompt is older than the prompt, so it is not sent. Put it into English "
    "again, or save it again if it fits."
)
NO_LETTERS = gettext_noop(
    "No font of the studio has these characters of the narration, so the captions in the "
    "picture leave them out: %(characters)s"
)


TOO_FAST = gettext_noop(
    "Too much text for %(seconds)s s: %(speed)s characters a second, and viewers read %(limit)s. "
    "Make the scene %(needed)s s long, or shorten the text to %(fit)s characters."
)


def too_fast(narration: str, seconds: float) -> LocalizedMessage | None:
    """What is wrong if a scene's words cannot be read in its time, with a remedy."""
    if not narration.strip():
        return None
    speed = reading_speed(narration, seconds)
    if not speed.too_fast:
        return None
    values = {
        "seconds": f"{seconds:g}",
        "speed": f"{speed.per_second:g}",
        "limit": f"{speed.limit:g}",
    }
    return LocalizedMessage(
        TOO_FAST, {**values, "needed": speed.seconds_needed, "fit": speed.characters_fit}
    )


def warnings_of(story: Story, scene: Any, kind: str) -> tuple[LocalizedMessage, ...]:
    """Warnings about the scene's selected take of this kind and about its captions."""
    found = []
    take = scene.take(kind)
    if take is not None and (warning := format_warning(story, take)):
        found.append(warning)
    if story.burn_captions and (characters := cannot_draw(scene.narration)):
        named = " ".join(characters[:MOST_NAMED]) + (" …" if len(characters) > MOST_NAMED else "")
        found.append(LocalizedMessage(NO_LETTERS, {"characters": named}))
    if is_english_outdated(scene.prompt):
        found.append(LocalizedMessage(ENGLISH_OUTDATED))
    if warning := too_fast(scene.narration, scene.duration_seconds):
        found.append(warning)
    return tuple(found)
