"""The title card, the end card and the logo, on the film page."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST

from core.numbers import whole_number
from stories.enums import Corner
from stories.errors import Invalid
from stories.models import Story
from stories.models.story import (
    FAINTEST_LOGO,
    LONGEST_CARD,
    MAX_CARD_TEXT,
    NARROWEST_LOGO,
    SHORTEST_CARD,
    WIDEST_LOGO,
)
from stories.services import cards as domain
from stories.services.card_pictures import picture_mark
from stories.services.locking import why_locked
from stories.services.permissions import is_story_owner

from .responses import errors_as_responses
from .sound_takes import number

if TYPE_CHECKING:
    from .story_state import StoryState


@dataclass(frozen=True, slots=True)
class ShownCard:
    """A card with its fields, and the address of its picture if it has a text."""

    name: str
    label: str
    text: str
    seconds: float
    picture: str


def section(state: "StoryState") -> dict[str, Any]:
    """What `studio/story/cards.html` shows. No query."""
    story = state.story
    return {
        "story": story,
        "cards": [
            ShownCard(
                "title_card",
                _("Title card"),
                story.title_card,
                story.title_card_seconds,
                _picture(story, "title"),
            ),
            ShownCard(
                "end_card",
                _("End card"),
                story.end_card,
                story.end_card_seconds,
                _picture(story, "end"),
            ),
        ],
        "logo": _picture(story, "logo"),
        "corners": Corner.choices,
        "most_text": MAX_CARD_TEXT,
        "shortest": SHORTEST_CARD,
        "longest": LONGEST_CARD,
        "narrowest": NARROWEST_LOGO,
        "widest": WIDEST_LOGO,
        "faintest": FAINTEST_LOGO,
        "may_change": is_story_owner(state.user, story) and why_locked(story) is None,
    }


def _picture(story: Story, place: str) -> str:
    mark = picture_mark(story, place)
    return reverse("stories:card_picture", args=[story.pk, place, mark]) if mark else ""


@require_POST
@errors_as_responses
def change(request: HttpRequest, story: Story) -> HttpResponse:
    """Save the cards and how the logo is shown. `remove` names a card that the film has no more."""
    sent = request.POST
    values: dict[str, Any] = {name: sent[name] for name in domain.TEXTS if name in sent}
    for name in ("title_card_seconds", "end_card_seconds"):
        if name in sent:
            values[name] = number(sent[name], name)
    for name in ("logo_width", "logo_opacity"):
        if name in sent:
            values[name] = _whole(sent[name], name)
    if "logo_corner" in sent:
        values["logo_corner"] = sent["logo_corner"]
    if (removed := sent.get("remove", "")) in domain.TEXTS:
        values = {removed: ""}
    domain.change_cards(story.pk, actor=request.user, **values)
    return _back(request, story, _("The cards are saved. The next film has them."))


@require_POST
@errors_as_responses
def logo(request: HttpRequest, story: Story) -> HttpResponse:
    """Upload a logo, or with `remove` show none any more."""
    if "remove" in request.POST:
        domain.set_logo(story.pk, None, actor=request.user)
        return _back(request, story, _("The logo is removed. The next film has none."))
    file = request.FILES.get("file")
    if file is None:
        raise Invalid(gettext_noop("Choose a file first."), field="file")
    stored = domain.read_logo(story.pk, file=file, actor=request.user)
    domain.set_logo(story.pk, stored, actor=request.user)
    return _back(request, story, _("The logo is saved. The next film has it."))


def _whole(text: str, field: str) -> int:
    found = whole_number(text)
    if found is None:
        raise Invalid(gettext_noop("Enter a number."), field=field)
    return found


def _back(request: HttpRequest, story: Story, message: str) -> HttpResponse:
    messages.success(request, message)
    return HttpResponseRedirect(reverse("admin:stories_story_film", args=[story.pk]) + "#cards")
