"""What is offered beside what was said, such as “Undo”: at once to a page that is open, or on the next page of a browser without scripts."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.http import HttpRequest

from stories.models import Story

KEPT = "board_offer"  # in the session


@dataclass(frozen=True, slots=True)
class Offer:
    """A button beside what was said, such as “Undo”: it posts these fields to an address."""

    label: str
    url: str
    fields: Sequence[tuple[str, str]] = ()


def keep(request: HttpRequest, story: Story, offer: Offer, *, said: str) -> None:
    """For the next page of this story that the person sees."""
    request.session[KEPT] = {"story": str(story.pk), "said": said, **asdict(offer)}


def offered(request: HttpRequest, story: Story) -> dict[str, Any] | None:
    """What was said last with a way back, once, for a page that was loaded anew."""
    found: dict[str, Any] | None = request.session.get(KEPT)
    if found is None or found["story"] != str(story.pk):
        return None
    del request.session[KEPT]
    return found
