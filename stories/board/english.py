"""The dialog that puts prompts into English: which scenes, what it costs, and what is in the way, before anything is spent."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from ground.sentence import SaidError
from providers.models import AIProviderConfig
from stories.domain.approvals import ask_for_english, outlook
from stories.domain.english import plan_english
from stories.domain.launch import put_into_english
from stories.domain.permissions import is_story_owner
from stories.errors import ApprovalNeeded, Forbidden
from stories.models import Story
from web.admin_parts import money

from . import frame
from .answers import News, board_url, fresh, is_live, saying, status_of, told
from .making import chosen, confirmed


@require_http_methods(["GET", "POST"])
@saying
def english(request: HttpRequest, story: Story) -> HttpResponse:
    """Ask on GET; start on POST what was shown at its price, or show what it is now."""
    scene_ids = chosen(request)
    replace = bool((request.POST if request.method == "POST" else request.GET).get("replace"))
    error, status = "", HTTPStatus.OK
    if request.method == "POST":
        wanted: dict[str, Any] = {"scene_ids": scene_ids, "replace": replace, "ask_again": "ask_again" in request.POST}
        try:
            jobs, plan = put_into_english(story.pk, actor=request.user, confirm_total=confirmed(request), **wanted)
        except Forbidden:
            raise
        except SaidError as failure:
            if isinstance(failure, ApprovalNeeded) and failure.new:
                return told(request, story, News(said=str(failure), tone="ask"))
            error, status = str(failure), status_of(failure)
        else:
            said = ngettext(
                "%(count)s prompt is being put into English for %(price)s.",
                "%(count)s prompts are being put into English for %(price)s.",
                len(jobs),
            )
            said %= {"count": len(jobs), "price": money(plan.total)}
            return told(request, story, fresh(request, story, [item.scene.pk for item in plan.todo], said=said))
    values = _shown(request, story, scene_ids, replace=replace) | {"error": error}
    name = "board/english.html#dialog" if is_live(request) else "board/english.html"
    return render(request, name, values if is_live(request) else frame.context(request, story, **values), status=status)


def _shown(request: HttpRequest, story: Story, scene_ids: list[UUID] | None, *, replace: bool) -> dict[str, Any]:
    plan = plan_english(story, scene_ids, replace=replace)
    provider = AIProviderConfig.objects.filter(provider=plan.provider).values_list("name", flat=True).first()
    why_not = "" if plan.todo else _("There is nothing to put into English.")
    if not is_story_owner(request.user, story):
        why_not = _("Only the owner of “%(title)s” or a manager may change it.") % {"title": story.title}
    return {
        "story": story,
        "title": _("Put prompts into English"),
        "plan": plan,
        "scene_ids": scene_ids or [],
        "owned": any(item.state == "own" for item in plan.items),
        "provider": provider or plan.provider,
        "why_not": why_not,
        "outlook": outlook(ask_for_english(plan), request.user),
        "back": board_url(story.pk),
    }
