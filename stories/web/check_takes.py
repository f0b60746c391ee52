"""The dialog that has takes checked by a model.

It shows the takes, costs and blockers before anything is spent.
"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from core.admin.display import money
from core.localized_messages import DomainError
from providers.models import AIProviderConfig
from stories.errors import Forbidden
from stories.models import Story
from stories.services.approvals import approval_preview
from stories.services.generation import start_vision_checks
from stories.services.permissions import is_story_owner
from stories.services.spend_requests import ask_for_vision_checks
from stories.services.vision_checks import VisionPlan, plan_vision_checks

from . import layout
from .generation_dialog import chosen, confirmed
from .responses import (
    BoardUpdate,
    board_url,
    errors_as_responses,
    is_live,
    respond,
    status_of,
    updated_cards,
)


@require_http_methods(["GET", "POST"])
@errors_as_responses
def check_takes(request: HttpRequest, story: Story) -> HttpResponse:
    """GET shows the dialog.

    POST starts what was shown at its price, or shows the current state if it has changed.
    """
    scene_ids = chosen(request)
    error, status = "", HTTPStatus.OK
    if request.method == "POST":
        wanted: dict[str, Any] = {
            "scene_ids": scene_ids,
            "ask_again": "ask_again" in request.POST,
        }
        try:
            start, plan = start_vision_checks(
                story.pk, actor=request.user, confirm_total=confirmed(request), **wanted
            )
        except Forbidden:
            raise
        except DomainError as failure:
            error, status = str(failure), status_of(failure)
        else:
            if start.stopped is None:
                return _started(request, story, plan, len(start.jobs))
            if start.stopped.new:
                return respond(request, story, BoardUpdate(message=str(start.stopped), tone="ask"))
            error, status = str(start.stopped), HTTPStatus.CONFLICT
    values = _shown(request, story, scene_ids) | {"error": error}
    name = "board/check_takes.html#dialog" if is_live(request) else "board/check_takes.html"
    return render(
        request,
        name,
        values if is_live(request) else layout.context(request, story, **values),
        status=status,
    )


def _started(request: HttpRequest, story: Story, plan: VisionPlan, count: int) -> HttpResponse:
    message = ngettext(
        "%(count)s take is being checked for %(price)s.",
        "%(count)s takes are being checked for %(price)s.",
        count,
    )
    message %= {"count": count, "price": money(plan.total)}
    scenes = [item.take.scene_id for item in plan.todo]
    return respond(request, story, updated_cards(request, story, scenes, message=message))


def _shown(request: HttpRequest, story: Story, scene_ids: list[UUID] | None) -> dict[str, Any]:
    plan = plan_vision_checks(story, scene_ids)
    provider = (
        AIProviderConfig.objects.filter(provider=plan.provider)
        .values_list("name", flat=True)
        .first()
    )
    why_not = "" if plan.todo else _("There is no take to check.")
    if not is_story_owner(request.user, story):
        why_not = _("Only the owner of “%(title)s” or a manager may change it.") % {
            "title": story.title
        }
    return {
        "story": story,
        "title": _("Check takes with a model"),
        "plan": plan,
        "scene_ids": scene_ids or [],
        "provider": provider or plan.provider,
        "why_not": why_not,
        "outlook": approval_preview(ask_for_vision_checks(plan), request.user),
        "back": board_url(story.pk),
    }
