"""Actions that change a story's state or spend money.

GET shows a confirm dialog with the price, POST acts.
"""

from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods

from core import visible
from core.admin.confirm_dialog import WhileRunning, ask
from core.localized_messages import LocalizedMessage
from providers.models import AIProviderConfig
from stories.enums import TakeKind
from stories.errors import Forbidden, GuardRefused, Invalid
from stories.models import Scene, Story
from stories.services import transitions
from stories.services.approvals import approval_preview
from stories.services.generation import Start, start_generation, start_planning
from stories.services.permissions import is_story_owner, require_story_owner
from stories.services.plan import Mode, Plan, plan_generation, why_nothing
from stories.services.planning import scene_count
from stories.services.spend_requests import ask_for_plan, ask_for_planning
from stories.services.status_changes import SPENDS

from . import story_pages
from .form_values import confirmed_price

MODES: tuple[Mode, ...] = ("missing", "stale", "failed")
REASON = 500  # characters of a reason

WORDS: dict[str, tuple[str, str, str]] = {
    # name: what the dialog announces, its button, the message when done
    "start_planning": (
        gettext_noop(
            "The script is cut into scenes, each with a narration, a prompt and a camera move."
        ),
        gettext_noop("Start planning"),
        gettext_noop("Planning has started."),
    ),
    "stop_planning": (
        gettext_noop(
            "Planning stops and the story is a draft again. Nothing that was written is lost."
        ),
        gettext_noop("Stop planning"),
        gettext_noop("Planning has been stopped."),
    ),
    "generate_preview": (
        gettext_noop("A picture is made for each scene, then an animatic of all of them."),
        gettext_noop("Make the preview"),
        gettext_noop("The preview is being made."),
    ),
    "render_final": (
        gettext_noop("A clip is made for each scene from its picture, then the final film."),
        gettext_noop("Render the film"),
        gettext_noop("The film is being rendered."),
    ),
    "retry": (
        gettext_noop(
            "The story is a draft again. Its scenes and takes stay, so only what is "
            "missing will be made."
        ),
        gettext_noop("Take it up again"),
        gettext_noop("The story is a draft again."),
    ),
    "archive": (
        gettext_noop(
            "The story leaves the daily lists. Everything is kept, and it can be restored."
        ),
        gettext_noop("Archive"),
        gettext_noop("The story is in the archive."),
    ),
    "restore": (
        gettext_noop("The story comes back as a draft, with its scenes and takes."),
        gettext_noop("Restore"),
        gettext_noop("The story is a draft again."),
    ),
}
ASKS_REASON = {"archive", "stop_planning"}


def _reason(request: HttpRequest) -> str:
    return visible.stripped(request.POST.get("reason", ""))[:REASON]


@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, story_id: Any, name: str) -> HttpResponse:
    """Confirm and make a status transition, by its name."""
    if name not in WORDS:
        raise Http404
    story = story_pages.story_or_404(request, story_id)
    back = reverse("admin:stories_story_board", args=[story.pk])
    text, button, done = (_(word) for word in WORDS[name])

    def context() -> dict[str, Any]:
        now = story_pages.story_or_404(request, story_id)
        shown = {
            "name": name,
            "text": text,
            "button": button,
            "asks_reason": name in ASKS_REASON,
            "why_not": why_not(now, name, request.user),
        }
        if name in SPENDS:
            plan = plan_generation(now, SPENDS[name])
            shown |= plan_context(plan) | {
                "outlook": approval_preview(ask_for_plan(plan), request.user)
            }
            shown["why_not"] = shown["why_not"] or why_nothing(plan)
        if name == "start_planning":
            shown |= {
                "scenes_now": Scene.live.filter(story=now).count(),
                "scenes_planned": scene_count(now.duration_seconds),
            }
            shown |= _planning(now, request.user)
        return _context(request, now, button, **shown)

    act = partial(_make_change, story, name, request, done)
    return ask(request, template="studio/story/do.html", context=context, act=act, back=back)


def _planning(story: Story, user: Any) -> dict[str, Any]:
    """The price of the call that plans the story again, or why it cannot be made.

    If the story has scenes, the price applies only if they are replaced.
    """
    replaces = Scene.live.filter(story=story).exists()
    try:
        asked = ask_for_planning(story, replace=replaces)
    except GuardRefused as why:
        return {"why_not_replaced": why.sentence}
    if asked is None or not asked.total:
        return {}
    name = AIProviderConfig.objects.get(provider=asked.provider).name
    return {"planning_price": asked.total, "provider": name} | (
        {} if replaces else {"outlook": approval_preview(asked, user)}
    )


def _make_change(story: Story, name: str, request: HttpRequest, done: str) -> str:
    """Make the transition at the confirmed price, and return the message for the person.

    Raises what `apply_transition` raises.
    """
    wanted: dict[str, Any] = {"actor": request.user, "reason": _reason(request)}
    again = "ask_again" in request.POST
    if name in SPENDS:
        start, _plan = start_generation(
            story.pk,
            SPENDS[name],
            advance="always",
            confirm_total=confirmed_price(request),
            plan_hash=request.POST.get("plan"),
            ask_again=again,
            **wanted,
        )
        return done_or_asked(done, start)
    if name == "start_planning":
        replace = bool(request.POST.get("replace"))
        asked = ask_for_planning(story, replace=replace)
        seen = confirmed_price(request) if asked is not None and asked.total else None
        start = start_planning(
            story.pk, replace=replace, confirm_total=seen, ask_again=again, **wanted
        )
        return done_or_asked(done, start)
    transitions.apply_transition(story.pk, name, **wanted)
    return done


def done_or_asked(done: str, start: Start) -> str:
    """The message after a start: that it runs, or that a second person has been asked.

    Raises ApprovalNeeded if the person was asked before.
    """
    if start.stopped is not None and start.stopped.new:
        return str(start.stopped)
    start.require()
    return WhileRunning(done)


def why_not(story: Story, name: str, user: Any) -> LocalizedMessage | None:
    """Why the person cannot do this now, or None."""
    choice = next(
        (choice for choice in transitions.choices(story, user) if choice.name == name), None
    )
    if choice is not None:
        return choice.why_not
    if not is_story_owner(user, story):
        return LocalizedMessage(
            gettext_noop("Only the owner of “%(title)s” or a manager may change it."),
            {"title": story.title},
        )
    return LocalizedMessage(
        gettext_noop("This cannot be done while the story is “%(status)s”."),
        {"status": str(story.get_status_display())},
    )


def plan_context(plan: Plan) -> dict[str, Any]:
    """What a plan makes, reuses and cannot make, with its price."""
    name = (
        AIProviderConfig.objects.filter(provider=plan.provider)
        .values_list("name", flat=True)
        .first()
    )
    return {
        "plan": plan,
        "makes": len(plan.todo),
        "keeps": len(plan.kept),
        "stale": len(plan.stale_kept),
        "running": len(plan.running),
        "provider": name or plan.provider,
    }


def _context(request: HttpRequest, story: Story, title: str, **values: Any) -> dict[str, Any]:
    crumbs = [
        (_("Stories"), reverse("admin:stories_story_changelist")),
        (story.title, reverse("admin:stories_story_board", args=[story.pk])),
    ]
    return story_pages.site().page_context(
        request, title=title, crumbs=crumbs, story=story, **values
    )


@require_http_methods(["GET", "POST"])
def make(request: HttpRequest, story_id: Any, kind: str) -> HttpResponse:
    """Make missing takes, redo outdated ones, or retry failed ones, without a status transition."""
    if kind not in TakeKind.values:
        raise Http404
    story = story_pages.story_or_404(request, story_id)
    back = reverse("admin:stories_story_board", args=[story.pk])

    def act() -> str:
        mode = request.POST.get("mode", "")
        if mode not in MODES:
            raise Invalid(
                gettext_noop("“%(mode)s” is not a way to make takes."), mode=mode, field="mode"
            )
        wanted: dict[str, Any] = {
            "mode": mode,
            "confirm_total": confirmed_price(request),
            "plan_hash": request.POST.get("plan"),
            "ask_again": "ask_again" in request.POST,
        }
        start, _plan = start_generation(
            story.pk, kind, actor=request.user, advance="never", **wanted
        )
        return done_or_asked(_("It is being made."), start)

    def context() -> dict[str, Any]:
        now = story_pages.story_or_404(request, story_id)
        plans = {mode: plan_generation(now, kind, mode=mode) for mode in MODES}
        choices = [
            (mode, plan, approval_preview(ask_for_plan(plan), request.user))
            for mode, plan in plans.items()
        ]
        title = _("Make pictures") if kind == TakeKind.IMAGE else _("Make clips")
        blocked = plans["missing"].blocked
        nothing = (
            None if any(plan.todo for plan in plans.values()) else why_nothing(plans["missing"])
        )
        denied = nothing if is_story_owner(request.user, now) else why_not(now, "", request.user)
        return _context(
            request,
            now,
            title,
            kind=kind,
            choices=choices,
            blocked=blocked,
            missing=plans["missing"],
            why_not=denied,
            provider=plan_context(plans["missing"])["provider"],
        )

    return ask(request, template="studio/story/make.html", context=context, act=act, back=back)


@require_http_methods(["GET", "POST"])
def give_up(request: HttpRequest, story_id: Any) -> HttpResponse:
    """Cancel the running work and mark the story failed."""
    story = story_pages.story_or_404(request, story_id)
    back = reverse("admin:stories_story_board", args=[story.pk])

    def act() -> str:
        transitions.give_up(story.pk, actor=request.user, reason=_reason(request))
        return _("The story is marked as failed. Its scenes and takes are kept.")

    def context() -> dict[str, Any]:
        now = story_pages.story_or_404(request, story_id)
        text = _(
            "What is running stops and the story is marked as failed. Scenes, takes and "
            "what was paid for stay; it can be taken up again."
        )
        denied: LocalizedMessage | None = None
        try:
            require_story_owner(request.user, now)
        except Forbidden as error:
            denied = error.sentence
        shown = {
            "name": "give_up",
            "text": text,
            "button": _("Stop production"),
            "asks_reason": True,
            "danger": True,
            "why_not": denied,
        }
        return _context(request, now, _("Stop production"), **shown)

    return ask(request, template="studio/story/do.html", context=context, act=act, back=back)
