"""Undo actions beside a message, on an open page or on the next page without JavaScript."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.http import HttpRequest

from stories.models import Story

UNDO_KEY = "board_offer"  # session key


@dataclass(frozen=True, slots=True)
class UndoAction:
    """A button beside a message, such as “Undo”. It posts these fields to a URL."""

    label: str
    url: str
    fields: Sequence[tuple[str, str]] = ()


def keep(request: HttpRequest, story: Story, offer: UndoAction, *, message: str) -> None:
    """Keep the action for the next page of this story that the user sees."""
    request.session[UNDO_KEY] = {"story": str(story.pk), "message": message, **asdict(offer)}


def offered(request: HttpRequest, story: Story) -> dict[str, Any] | None:
    """The last message with an undo action, shown once on a newly loaded page."""
    found: dict[str, Any] | None = request.session.get(UNDO_KEY)
    if found is None or found["story"] != str(story.pk):
        return None
    del request.session[UNDO_KEY]
    return found
