"""The plan dialog: what would be made, reused or blocked, and the price, before any cost."""

from http import HTTPStatus
from typing import Any, get_args
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.http import require_GET, require_http_methods

from core import visible
from core.admin.display import money
from core.localized_messages import DomainError
from providers.models import AIProviderConfig
from stories.enums import TakeKind
from stories.errors import Forbidden, Invalid
from stories.models import Scene, Story
from stories.services.approvals import approval_preview
from stories.services.generation import start_generation, why_closed
from stories.services.locking import CLOSED
from stories.services.permissions import is_story_owner
from stories.services.plan import Mode, Plan, load_scenes, plan_generation, why_nothing
from stories.services.spend_requests import ask_for_plan

from . import layout
from .form_values import confirmed_price
from .responses import (
    BoardUpdate,
    board_url,
    errors_as_responses,
    is_live,
    respond,
    status_of,
    updated_cards,
)

LONGEST_REASON = 500
MODES: tuple[Mode, ...] = get_args(Mode)
TITLES = {
    ("image", "missing"): gettext_noop("Make the missing pictures"),
    ("image", "stale"): gettext_noop("Redo the pictures that are out of date"),
    ("image", "failed"): gettext_noop("Try the failed pictures again"),
    ("clip", "missing"): gettext_noop("Make the missing clips"),
    ("clip", "stale"): gettext_noop("Redo the clips that are out of date"),
    ("clip", "failed"): gettext_noop("Try the failed clips again"),
}


def chosen(request: HttpRequest) -> list[UUID] | None:
    """The selected scenes, or None for all."""
    values = (request.POST if request.method == "POST" else request.GET).getlist("scene")
    try:
        return [UUID(value) for value in values] or None
    except ValueError:
        raise Invalid(gettext_noop("There is no such scene."), field="scene") from None


@require_http_methods(["GET", "POST"])
@errors_as_responses
def plan(request: HttpRequest, story: Story, kind: str, mode: str) -> HttpResponse:
    """GET shows the dialog.

    POST starts exactly what was shown, or shows the current plan if it has changed.
    """
    if kind not in TakeKind.values or mode not in MODES:
        raise Http404
    scene_ids = chosen(request)
    as_is = (
        bool((request.POST if request.method == "POST" else request.GET).get("as_is"))
        and scene_ids is None
    )
    error = ""
    status = HTTPStatus.OK
    if request.method == "POST":
        try:
            start, made = start_generation(
                story.pk,
                kind,
                actor=request.user,
                confirm_total=confirmed_price(request),
                plan_hash=request.POST.get("plan"),
                mode=mode,
                scene_ids=scene_ids,
                override_reason=_reason(request) if as_is else "",
                ask_again="ask_again" in request.POST,
                may_be_empty=False,
            )
        except Forbidden:
            raise
        except DomainError as failure:
            error, status = str(failure), status_of(failure)
        else:
            if start.stopped is None:
                cards = [item.scene_id for item in made.todo]
                update = updated_cards(request, story, cards, message=_message(kind, made))
                return respond(request, story, update)
            if start.stopped.new:
                return respond(request, story, BoardUpdate(message=str(start.stopped), tone="ask"))
            error, status = str(start.stopped), HTTPStatus.CONFLICT
    values = _shown(request, story, kind, mode, scene_ids, as_is=as_is) | {"error": error}
    name = "board/plan.html#dialog" if is_live(request) else "board/plan.html"
    return render(
        request,
        name,
        values if is_live(request) else layout.context(request, story, **values),
        status=status,
    )


@require_GET
@errors_as_responses
def retry(request: HttpRequest, story: Story) -> HttpResponse:
    """Open the dialog for the failed takes of the selected scenes.

    Pictures come first, because clips are made from them.
    """
    scenes = load_scenes(story, chosen(request))
    failed = (
        kind
        for kind in TakeKind.values
        if plan_generation(story, kind, mode="failed", scenes=scenes).todo
    )
    address = reverse("admin:board_plan", args=[story.pk, next(failed, TakeKind.IMAGE), "failed"])
    return HttpResponseRedirect(f"{address}?{request.GET.urlencode()}")


def _reason(request: HttpRequest) -> str:
    """Why stale or rejected takes go into the film.

    Raises Invalid if it is missing: the reason is stored with the film.
    """
    reason = visible.stripped(request.POST.get("override_reason", ""))
    if not reason:
        raise Invalid(
            gettext_noop("Say why they go into the film as they are."), field="override_reason"
        )
    if len(reason) > LONGEST_REASON:
        raise Invalid(
            gettext_noop("At most %(most)s characters."),
            most=LONGEST_REASON,
            field="override_reason",
        )
    return reason


def _message(kind: str, made: Plan) -> str:
    count = len(made.todo)
    if made.as_is and not count:
        return _("The film is being made with the takes as they are.")
    pictures = ngettext(
        "%(count)s picture is being made for %(price)s.",
        "%(count)s pictures are being made for %(price)s.",
        count,
    )
    clips = ngettext(
        "%(count)s clip is being made for %(price)s.",
        "%(count)s clips are being made for %(price)s.",
        count,
    )
    return (pictures if kind == TakeKind.IMAGE else clips) % {
        "count": count,
        "price": money(made.total),
    }


def _shown(
    request: HttpRequest,
    story: Story,
    kind: str,
    mode: Any,
    scene_ids: list[UUID] | None,
    *,
    as_is: bool,
) -> dict[str, Any]:
    scenes = load_scenes(story, scene_ids)
    made = plan_generation(
        story, kind, mode=mode, scenes=scenes, as_is=as_is, sound=scene_ids is None
    )
    closed = why_closed(story, kind)
    names = dict(AIProviderConfig.objects.values_list("provider", "name"))
    return {
        "story": story,
        "kind": kind,
        "mode": mode,
        "plan": made,
        "title": _("Make the film with the takes as they are") if as_is else _(TITLES[kind, mode]),
        "scene_ids": scene_ids or [],
        "provider": names.get(made.provider, made.provider),
        "provider_names": names,
        "is_closed": story.status in CLOSED,
        "why_not": _why_not(request, story, made, closed),
        "as_is": as_is,
        "override_reason": request.POST.get("override_reason", ""),
        "override_url": _override_url(story, kind, scenes)
        if scene_ids is None and not as_is
        else "",
        "outlook": approval_preview(ask_for_plan(made, scene_ids), request.user),
        "back": board_url(story.pk),
    }


def _override_url(story: Story, kind: str, scenes: list[Scene]) -> str:
    """The URL of the dialog that asks why stale and rejected takes go into the film unchanged.

    Empty if there are none.
    """
    doubtful = plan_generation(story, kind, scenes=scenes, as_is=True).doubtful
    return (
        reverse("admin:board_plan", args=[story.pk, kind, "missing"]) + "?as_is=1"
        if doubtful
        else ""
    )


def _why_not(request: HttpRequest, story: Story, made: Plan, closed: DomainError | None) -> str:
    if not is_story_owner(request.user, story):
        return _("Only the owner of “%(title)s” or a manager may change it.") % {
            "title": story.title
        }
    if closed is not None:
        return str(closed)
    if nothing := why_nothing(made):
        return str(nothing)
    return (
        ""
        if not made.makes_nothing or (made.as_is and made.doubtful)
        else _("There is nothing to make.")
    )
