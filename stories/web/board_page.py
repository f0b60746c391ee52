"""The board page, further cards, and changes since the page last polled."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET, require_POST

from core import visible
from core.numbers import whole_number
from stories.enums import ViewPage
from stories.models import Film, Story

from . import layout
from .board_state import Board
from .card_rendering import drawn, tools
from .cards import CAST_KEY, Card
from .introduction import shows_notes
from .responses import BoardUpdate, errors_as_responses, respond
from .saved_views import ViewMenu

FIRST = 8  # complete cards in the first page, about one screen; the others load on scrolling
NEXT = 16  # placeholders after them; the page makes the others when it knows the timeline
WITHOUT_SCRIPTS = 24  # per further page; only requested without JavaScript
MOST = 60  # complete cards in one response
FILMS = 20  # versions that the player offers
STOP_POLLING = 286  # htmx stops polling on this status
LONGEST_QUERY = 200  # characters
VIEWS = {
    "cards": (_lazy("Cards"), "grid_view"),
    "list": (_lazy("List"), "view_list"),
    "state": (_lazy("By state"), "view_kanban"),
}
FILTERS = {
    "missing": _lazy("To make"),
    "running": _lazy("Being made"),
    "failed": _lazy("Failed"),
    "blocked": _lazy("Blocked"),
    "doubtful": _lazy("Doubtful"),
    "stale": _lazy("Out of date"),
    "rejected": _lazy("Rejected"),
    "review": _lazy("To review"),
    "approved": _lazy("Approved"),
}


@require_GET
@errors_as_responses
def board(request: HttpRequest, story: Story) -> HttpResponse:
    """All scenes in film order.

    `?state=review` filters, `?q=words` searches, and `?view=list` chooses how scenes are shown.
    Without JavaScript `?from=25` starts at that scene.
    """
    whole = Board(story, request.user)
    first, wanted = _number(request.GET.get("from", "")), request.GET.get("state", "")
    member = _member_name(whole, wanted)
    wanted = wanted if wanted in FILTERS or member else ""
    query = visible.stripped(request.GET.get("q", ""))[:LONGEST_QUERY]
    matching = [card for card in whole.cards if _is_wanted(card, wanted, query)]
    size = WITHOUT_SCRIPTS if "from" in request.GET else FIRST
    whole.complete(matching[first : first + size])
    last = max((n for n, card in enumerate(whole.cards, 1) if card.full), default=FIRST)
    beginning = whole.cards[: last + NEXT]
    shown = {card.scene.key for card in matching}
    for card in whole.cards:
        card.hidden = card.scene.key not in shown
    view = request.GET.get("view", "")
    values: dict[str, Any] = {
        "board": whole,
        "filters": [(name, FILTERS[name], whole.counts.get(name, 0)) for name in FILTERS],
        "wanted": wanted,
        "wanted_member": member,
        "query": query,
        "none_found": bool(query) and not matching,
        "view": view if view in VIEWS else "",
        "views": VIEWS.items(),
        "kept": {"state": wanted or None, "q": query or None},
        "cards": drawn(beginning, csrf_token=get_token(request)),
        "is_long": len(beginning) < len(whole.cards),
        "next": first + size + 1 if len(matching) > first + size else 0,
        "previous": max(1, first - WITHOUT_SCRIPTS + 1) if first else 0,
        "tools": tools(
            get_language() or "en",
            story.pk,
            may_act=whole.is_owner,
            has_model=bool(story.vision_provider),
        ),
        "bar": render_to_string("board/bar.html", {"board": whole, "story": story}),
        "films": list(
            Film.objects.filter(story=story)
            .order_by("-created_at")
            .only("kind", "number", "light_file")[:FILMS]
        ),
        "notes": shows_notes(request),
        "menu": ViewMenu.of(request, ViewPage.BOARD, story.pk),
        "is_fullwidth": "1",
    }
    return render(
        request, "board/page.html", layout.context(request, story, head=whole.head, **values)
    )


def _member_name(board: Board, wanted: str) -> str:
    """The name of the cast member that the filter asks for; empty if no scene shows it."""
    if not wanted.startswith(CAST_KEY):
        return ""
    shown = (pair for card in board.cards for pair in card.cast)
    return next((one.name for member, one in shown if f"{CAST_KEY}{member}" == wanted), "")


def _is_wanted(card: Card, state: str, query: str) -> bool:
    """Whether the scene is in this state and has all words of the query."""
    if state and state not in card.keys.split():
        return False
    if not query:
        return True
    scene = card.scene
    text = f"{scene.position} {scene.title} {scene.narration} {scene.prompt.text}".casefold()
    return all(word in text for word in query.casefold().split())


def _number(text: str) -> int:
    number = whole_number(text)
    # Pages
    return max(0, number - 1) if number is not None and number < 10_000 else 0  # noqa: PLR2004


def _ids(values: list[str]) -> set[str]:
    return {value for text in values for value in text.split(",")}


@require_GET
@errors_as_responses
def cards(request: HttpRequest, story: Story) -> HttpResponse:
    """The complete cards of these scenes, for a page that shows placeholders or has new scenes."""
    wanted = _ids(request.GET.getlist("ids"))
    whole = Board(story, request.user)
    found = [card for card in whole.cards if card.scene.key in wanted][:MOST]
    whole.complete(found)
    return respond(request, story, BoardUpdate(cards=found, board=whole, version=whole.version))


@require_POST
@errors_as_responses
def live(request: HttpRequest, story: Story) -> HttpResponse:
    """The changes since the page was last updated.

    The page sends the version of each card, with `~` before that of a placeholder.

    204 if nothing has changed. 286 with the last update if nothing is running any more; htmx then
    stops polling.
    """
    whole = Board(story, request.user)
    known = dict(
        pair.split(":", 1) for pair in request.POST.get("marks", "").split(",") if ":" in pair
    )
    marks = {card.scene.key: known.get(short(card.scene.key), "~") for card in whole.cards}
    whole.complete([card for card in whole.cards if not marks[card.scene.key].startswith("~")])
    changed = [card for card in whole.cards if marks[card.scene.key].removeprefix("~") != card.mark]
    full = [card for card in changed if card.full]
    shells = [card for card in changed if not card.full]
    moved = request.POST.get("version") != whole.version
    bar = request.POST.get("bar") != whole.bar_mark
    status = HTTPStatus.OK if whole.is_moving else STOP_POLLING
    if not (full or shells or moved or bar):
        return HttpResponse(status=HTTPStatus.NO_CONTENT if whole.is_moving else STOP_POLLING)
    ids = [card.scene.pk for card in whole.cards] if moved else None
    update = BoardUpdate(
        cards=[*full[:MOST], *shells],
        board=whole,
        ids=ids,
        version=whole.version,
        bar=bar,
        more=len(full) > MOST,
    )
    return respond(request, story, update, status=status)


def short(key: str) -> str:
    """The first digits of an id, enough to distinguish the scenes of one story."""
    return key[:8] + key[9:13]
