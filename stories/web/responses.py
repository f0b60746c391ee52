"""Responses of the board: partial updates for an open page, or a redirect with a message."""

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

from core.localized_messages import DomainError
from media.errors import MediaError
from stories.errors import Conflict, Forbidden, Invalid
from stories.models import Scene, Story
from stories.services.permissions import stories_for
from stories.services.scene_cast import with_cast
from stories.services.scene_order import Move

from .board_state import Board
from .card_rendering import drawn
from .cards import Card
from .undo import UndoAction, keep

type View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class BoardUpdate:
    """An update for a page.

    `cards` replace or extend the cards of the page; `ids` is the order of all cards.
    """

    message: str = ""
    tone: str = "good"
    offer: UndoAction | None = None
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
    """Whether the request comes from htmx rather than from a link or a plain form."""
    return bool(getattr(request, "htmx", False))


def story_or_404(request: HttpRequest, story_id: UUID) -> Story:
    return get_object_or_404(stories_for(request.user), pk=story_id)


def scene_or_404(story: Story, scene_id: UUID) -> Scene:
    """A scene of this story, deleted or not."""
    return get_object_or_404(
        Scene.objects.select_related(
            "prompt", "image_take", "clip_take", "assignee"
        ).prefetch_related(with_cast()),
        pk=scene_id,
        story=story,
    )


def board_url(story_id: UUID, scene_id: Any = "") -> str:
    return reverse("admin:stories_story_board", args=[story_id]) + (
        f"#scene-{scene_id}" if scene_id else ""
    )


def respond(
    request: HttpRequest,
    story: Story,
    update: BoardUpdate,
    *,
    status: int = HTTPStatus.OK,
    back: str = "",
) -> HttpResponse:
    """Respond with the update, or without JavaScript with a redirect to the board and a message."""
    if is_live(request):
        return HttpResponse(
            render_to_string(
                "board/news.html",
                {"news": update, "story": story, "board": update.board},
                request=request,
            ),
            status=status,
        )
    if update.message and update.offer:
        keep(request, story, update.offer, message=update.message)
    elif update.message:
        messages.add_message(
            request,
            messages.SUCCESS if status < HTTPStatus.BAD_REQUEST else messages.ERROR,
            update.message,
        )
    return HttpResponseRedirect(back or board_url(story.pk, update.focus))


def status_of(error: DomainError) -> HTTPStatus:
    if isinstance(error, Forbidden):
        return HTTPStatus.FORBIDDEN
    if isinstance(error, Invalid | MediaError):
        return HTTPStatus.UNPROCESSABLE_ENTITY
    return HTTPStatus.CONFLICT


def errors_as_responses(view: View) -> View:
    """Decorator: passes the story instead of its id, and reports expected failures to the user.

    A missing scene gives 404.
    """

    @wraps(view)
    def answer(request: HttpRequest, story_id: UUID, **values: Any) -> HttpResponse:
        story = story_or_404(request, story_id)
        try:
            return view(request, story, **values)
        except Scene.DoesNotExist:
            raise Http404 from None
        except DomainError as error:
            return respond(
                request,
                story,
                BoardUpdate(
                    message=str(error), tone="ask" if isinstance(error, Conflict) else "bad"
                ),
                status=status_of(error),
            )

    return answer


def updated_cards(
    request: HttpRequest,
    story: Story,
    ids: Sequence[Any],
    *,
    with_order: bool = False,
    **update: Any,
) -> BoardUpdate:
    """An update with the current state of these cards and the bar.

    Includes the order if scenes were added or removed.
    """
    board = Board(Story.objects.get(pk=story.pk), request.user)
    wanted = {str(pk) for pk in ids}
    cards = [card for card in board.cards if card.scene.key in wanted]
    board.complete(cards)
    order = [card.scene.pk for card in board.cards] if with_order else None
    return BoardUpdate(
        cards=cards, board=board, bar=True, ids=order, version=board.version, **update
    )


def move_fields(moves: Sequence[Move], version: str) -> list[tuple[str, str]]:
    """The moves as form fields for `scene_order.reorder`."""
    return [
        *(("move", f"{move.scene_id}:{move.after or ''}") for move in moves),
        ("version", version),
    ]
