"""The door for a new order of the scenes: by drag, by key, by button, and back again."""

from http import HTTPStatus
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.http import require_POST

from stories.domain import order
from stories.domain.order import Move
from stories.errors import Invalid
from stories.models import Story

from .answers import News, fresh, move_fields, saying, told
from .offers import Offer

MOST = 500


def moves_of(values: list[str]) -> list[Move]:
    """`scene:neighbour` each; without a neighbour the scene goes to the beginning. Raises Invalid."""
    try:
        pairs = [value.split(":", 1) for value in values[:MOST]]
        return [Move(UUID(scene), UUID(after) if after else None) for scene, after in pairs]
    except ValueError:
        raise Invalid(gettext_noop("Say which scene goes behind which."), field="move") from None


@require_POST
@saying
def reorder(request: HttpRequest, story: Story) -> HttpResponse:
    """Make the moves. What was undone can be done again, and a move that came too late can be made on the new order."""
    moves, seen = moves_of(request.POST.getlist("move")), request.POST.get("version") or None
    here = reverse("admin:board_order", args=[story.pk])
    try:
        made = order.reorder(story.pk, actor=request.user, moves=moves, version=seen)
    except order.OrderChanged as error:
        again = Offer(_("Move it anyway"), here, move_fields(moves, order.version_of(error.ids)))
        return told(request, story, fresh(request, story, [], with_order=True, said=str(error), tone="ask", offer=again), status=HTTPStatus.CONFLICT)
    said = ngettext("Scene moved.", "%(count)s scenes moved.", len(moves)) % {"count": len(moves)}
    back = Offer(_("Undo"), here, move_fields(made.back, made.version))
    focus = str(moves[0].scene_id) if moves else ""
    ids = made.ids if request.POST.get("whole") or not request.POST.get("shown") else None
    return told(request, story, News(said=said, offer=back, version=made.version, ids=ids, focus=focus))
