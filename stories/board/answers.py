"""How the board answers: small news for a page that is open, or a message and the board itself for a browser without scripts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from ground.sentence import SaidError
from providers.media.errors import MediaError
from stories.domain.order import Move
from stories.domain.permissions import stories_for
from stories.errors import Conflict, Forbidden, Invalid
from stories.models import Scene, Story

from .cards import Card
from .drawing import drawn
from .offers import Offer, keep
from .state import Board

type View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class News:
    """What a page is told. `cards` are put in the place of those it has, or added; `ids` is the order of all of them."""

    said: str = ""
    tone: str = "good"
    offer: Offer | None = None
    cards: Sequence[Card] = ()
    board: Board | None = None
    ids: Sequence[UUID] | None = None
    version: str = ""
    focus: str = ""
    bar: bool = False
    more: bool = False

    @property
    def drawn(self) -> SafeString:
        """The markup of the cards."""
        return drawn(self.cards)


def is_live(request: HttpRequest) -> bool:
    """Whether the page itself asks, and not a person who follows a link or sends a form."""
    return bool(getattr(request, "htmx", False))


def story_or_404(request: HttpRequest, story_id: UUID) -> Story:
    return get_object_or_404(stories_for(request.user), pk=story_id)


def scene_or_404(story: Story, scene_id: UUID) -> Scene:
    """A scene of this story, deleted or not."""
    return get_object_or_404(Scene.objects.select_related("prompt", "image_take", "clip_take"), pk=scene_id, story=story)


def board_url(story_id: UUID, scene_id: Any = "") -> str:
    return reverse("admin:stories_story_board", args=[story_id]) + (f"#scene-{scene_id}" if scene_id else "")


def told(request: HttpRequest, story: Story, news: News, *, status: int = HTTPStatus.OK, back: str = "") -> HttpResponse:
    """The news, or for a browser without scripts the board with a message."""
    if is_live(request):
        return HttpResponse(render_to_string("board/news.html", {"news": news, "story": story, "board": news.board}, request=request), status=status)
    if news.said and news.offer:
        keep(request, story, news.offer, said=news.said)
    elif news.said:
        messages.add_message(request, messages.SUCCESS if status < HTTPStatus.BAD_REQUEST else messages.ERROR, news.said)
    return HttpResponseRedirect(back or board_url(story.pk, news.focus))


def status_of(error: SaidError) -> HTTPStatus:
    if isinstance(error, Forbidden):
        return HTTPStatus.FORBIDDEN
    if isinstance(error, Invalid | MediaError):
        return HTTPStatus.UNPROCESSABLE_ENTITY
    return HTTPStatus.CONFLICT


def saying(view: View) -> View:
    """Gives the view its story instead of the id, and tells the person of an expected failure; what is gone is 404."""

    @wraps(view)
    def answer(request: HttpRequest, story_id: UUID, **values: Any) -> HttpResponse:
        story = story_or_404(request, story_id)
        try:
            return view(request, story, **values)
        except Scene.DoesNotExist:
            raise Http404 from None
        except SaidError as error:
            return told(request, story, News(said=str(error), tone="ask" if isinstance(error, Conflict) else "bad"), status=status_of(error))

    return answer


def fresh(request: HttpRequest, story: Story, ids: Sequence[Any], *, with_order: bool = False, **news: Any) -> News:
    """News with these cards and the bar as they are now, and the order if scenes came or went."""
    board = Board(Story.objects.get(pk=story.pk), request.user)
    wanted = {str(pk) for pk in ids}
    cards = [card for card in board.cards if card.scene.key in wanted]
    board.complete(cards)
    order = [card.scene.pk for card in board.cards] if with_order else None
    return News(cards=cards, board=board, bar=True, ids=order, version=board.version, **news)


def move_fields(moves: Sequence[Move], version: str) -> list[tuple[str, str]]:
    """The moves as the fields of a form, for `order.reorder`."""
    return [*(("move", f"{move.scene_id}:{move.after or ''}") for move in moves), ("version", version)]
