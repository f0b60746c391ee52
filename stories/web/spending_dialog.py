"""A dialog that lists what is made of chosen scenes and its price, and starts it when confirmed.

It shows the affected scenes, costs and blockers before anything is spent.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from http import HTTPStatus
from typing import Any, NamedTuple
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from core.localized_messages import DomainError
from providers.models import AIProviderConfig
from stories.errors import Forbidden
from stories.models import Story
from stories.services.approvals import approval_preview
from stories.services.generation import Start
from stories.services.permissions import is_story_owner
from stories.services.spend_requests import SpendRequest

from . import layout
from .form_values import confirmed_price
from .generation_dialog import chosen
from .responses import BoardUpdate, board_url, is_live, respond, status_of, updated_cards

TEMPLATE = "board/spending_dialog.html"


class Line(NamedTuple):
    """A scene in the dialog: what is made of it and for how much in USD, or why nothing is."""

    position: int
    text: str
    price: Decimal | None = None


class Shown(NamedTuple):
    """What the dialog shows. `ask` is what a second person may have to approve."""

    title: str
    text: str
    button: str
    nothing: str  # said if there is nothing to make
    lines: Sequence[Line]
    blocked: Sequence[Line]
    total: Decimal
    provider: str
    ask: SpendRequest
    more: dict[str, Any] = {}


class Started(NamedTuple):
    """What has been started, and the words that say so."""

    start: Start
    scenes: Sequence[UUID]
    message: str


type StartWork = Callable[[list[UUID] | None, Decimal, bool], Started]


def answer(
    request: HttpRequest,
    story: Story,
    *,
    start: StartWork,
    shown: Callable[[list[UUID] | None], Shown],
) -> HttpResponse:
    """GET shows the dialog.

    POST starts what was shown at its price, or shows the current state if it has changed. `start`
    is called with the chosen scenes, the confirmed price, and whether to ask for approval again.
    """
    scene_ids = chosen(request)
    error, status = "", HTTPStatus.OK
    if request.method == "POST":
        try:
            started = start(scene_ids, confirmed_price(request), "ask_again" in request.POST)
        except Forbidden:
            raise
        except DomainError as failure:
            error, status = str(failure), status_of(failure)
        else:
            stopped = started.start.stopped
            if stopped is None:
                update = updated_cards(request, story, started.scenes, message=started.message)
                return respond(request, story, update)
            if stopped.new:
                return respond(request, story, BoardUpdate(message=str(stopped), tone="ask"))
            error, status = str(stopped), HTTPStatus.CONFLICT
    values = _context(request, story, scene_ids, shown(scene_ids)) | {"error": error}
    if is_live(request):
        return render(request, f"{TEMPLATE}#dialog", values, status=status)
    return render(request, TEMPLATE, layout.context(request, story, **values), status=status)


def _context(
    request: HttpRequest, story: Story, scene_ids: list[UUID] | None, shown: Shown
) -> dict[str, Any]:
    name = AIProviderConfig.objects.filter(provider=shown.provider).values_list("name", flat=True)
    why_not = "" if shown.lines else shown.nothing
    if not is_story_owner(request.user, story):
        why_not = _("Only the owner of “%(title)s” or a manager may change it.") % {
            "title": story.title
        }
    return {
        "story": story,
        "title": shown.title,
        "text": shown.text,
        "button": shown.button,
        "lines": shown.lines,
        "blocked": shown.blocked,
        "total": shown.total,
        "scene_ids": scene_ids or [],
        "provider": name.first() or shown.provider,
        "why_not": why_not,
        "outlook": approval_preview(shown.ask, request.user),
        "back": board_url(story.pk),
        **shown.more,
    }
