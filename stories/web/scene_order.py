"""The action that reorders scenes, by drag, key or button, and its undo."""

from http import HTTPStatus
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.http import require_POST

from stories.errors import Invalid
from stories.models import Story
from stories.services import scene_order
from stories.services.scene_order import Move

from .responses import BoardUpdate, errors_as_responses, move_fields, respond, updated_cards
from .undo import UndoAction

MOST = 500


def moves_of(values: list[str]) -> list[Move]:
    """The moves from values of the form `scene:neighbour`.

    Without a neighbour the scene goes to the beginning. Raises Invalid.
    """
    try:
        pairs = [value.split(":", 1) for value in values[:MOST]]
        return [Move(UUID(scene), UUID(after) if after else None) for scene, after in pairs]
    except ValueError:
        raise Invalid(
            gettext_noop("Choose the scene to move and the scene that it follows."), field="move"
        ) from None


@require_POST
@errors_as_responses
def reorder(request: HttpRequest, story: Story) -> HttpResponse:
    """Apply the moves.

    An undo can be redone, and a move that came too late can be repeated on the new order.
    """
    moves, seen = moves_of(request.POST.getlist("move")), request.POST.get("version") or None
    here = reverse("admin:board_order", args=[story.pk])
    try:
        made = scene_order.reorder(story.pk, actor=request.user, moves=moves, version=seen)
    except scene_order.OrderChanged as error:
        again = UndoAction(
            _("Move it anyway"), here, move_fields(moves, scene_order.version_of(error.ids))
        )
        return respond(
            request,
            story,
            updated_cards(
                request, story, [], with_order=True, message=str(error), tone="ask", offer=again
            ),
            status=HTTPStatus.CONFLICT,
        )
    is_undo = request.POST.get("undo") == "1"
    message = (
        _("The move is undone.")
        if is_undo
        else ngettext("Scene moved.", "%(count)s scenes moved.", len(moves)) % {"count": len(moves)}
    )
    fields = move_fields(made.back, made.version)
    back = (
        UndoAction(_("Redo"), here, fields)
        if is_undo
        else UndoAction(_("Undo"), here, [*fields, ("undo", "1")])
    )
    focus = str(moves[0].scene_id) if moves else ""
    ids = made.ids if request.POST.get("whole") or not request.POST.get("shown") else None
    return respond(
        request,
        story,
        BoardUpdate(message=message, offer=back, version=made.version, ids=ids, focus=focus),
    )
