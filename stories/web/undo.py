"""Undo actions beside a message, on an open page or on the next page without JavaScript."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.http import HttpRequest

from stories.models import Story

KEPT = "board_offer"  # session key


@dataclass(frozen=True, slots=True)
class UndoAction:
    """A button beside a message, such as “Undo”. It posts these fields to a URL."""

    label: str
    url: str
    fields: Sequence[tuple[str, str]] = ()


def keep(request: HttpRequest, story: Story, offer: UndoAction, *, said: str) -> None:
    """Keep the action for the next page of this story that the user sees."""
    request.session[KEPT] = {"story": str(story.pk), "said": said, **asdict(offer)}


def offered(request: HttpRequest, story: Story) -> dict[str, Any] | None:
    """The last message with an undo action, shown once on a newly loaded page."""
    found: dict[str, Any] | None = request.session.get(KEPT)
    if found is None or found["story"] != str(story.pk):
        return None
    del request.session[KEPT]
    return found
