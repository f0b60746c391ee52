"""The dialog that translates prompts into English.

It shows the affected scenes, costs and blockers before anything is spent.
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
from stories.services.english import EnglishPlan, plan_english
from stories.services.generation import put_into_english
from stories.services.permissions import is_story_owner
from stories.services.spend_requests import ask_for_english

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
def english(request: HttpRequest, story: Story) -> HttpResponse:
    """GET shows the dialog.

    POST starts what was shown at its price, or shows the current state if it has changed.
    """
    scene_ids = chosen(request)
    replace = bool((request.POST if request.method == "POST" else request.GET).get("replace"))
    error, status = "", HTTPStatus.OK
    if request.method == "POST":
        wanted: dict[str, Any] = {
            "scene_ids": scene_ids,
            "replace": replace,
            "ask_again": "ask_again" in request.POST,
        }
        try:
            start, plan = put_into_english(
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
    values = _shown(request, story, scene_ids, replace=replace) | {"error": error}
    name = "board/english.html#dialog" if is_live(request) else "board/english.html"
    return render(
        request,
        name,
        values if is_live(request) else layout.context(request, story, **values),
        status=status,
    )


def _started(request: HttpRequest, story: Story, plan: EnglishPlan, count: int) -> HttpResponse:
    message = ngettext(
        "%(count)s prompt is being put into English for %(price)s.",
        "%(count)s prompts are being put into English for %(price)s.",
        count,
    )
    message %= {"count": count, "price": money(plan.total)}
    scenes = [item.scene.pk for item in plan.todo]
    return respond(request, story, updated_cards(request, story, scenes, message=message))


def _shown(
    request: HttpRequest, story: Story, scene_ids: list[UUID] | None, *, replace: bool
) -> dict[str, Any]:
    plan = plan_english(story, scene_ids, replace=replace)
    provider = (
        AIProviderConfig.objects.filter(provider=plan.provider)
        .values_list("name", flat=True)
        .first()
    )
    why_not = "" if plan.todo else _("There is nothing to put into English.")
    if not is_story_owner(request.user, story):
        why_not = _("Only the owner of “%(title)s” or a manager may change it.") % {
            "title": story.title
        }
    return {
        "story": story,
        "title": _("Put prompts into English"),
        "plan": plan,
        "scene_ids": scene_ids or [],
        "owned": any(item.state == "own" for item in plan.items),
        "provider": provider or plan.provider,
        "why_not": why_not,
        "outlook": approval_preview(ask_for_english(plan), request.user),
        "back": board_url(story.pk),
    }
