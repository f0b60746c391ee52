"""The only way to change a story's status.

Permission, guard, write, event row and effects happen in one transaction.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop, pgettext_lazy
from django_fsm import ConcurrentTransition, can_proceed, has_transition_perm

from core.localized_messages import LocalizedMessage
from jobs.enums import OPEN
from jobs.models import Job
from jobs.services import queue
from stories.enums import JobName, ReviewStatus, TakeKind
from stories.errors import Forbidden, GuardRefused, NotAllowed
from stories.models import Confirmation, Scene, Story, StoryStateTransition

from . import enqueue
from .approvals import approval_transaction, ask_for_plan, ask_for_planning, authorize_spend, bind
from .permissions import require_story_owner
from .plan import confirm, confirm_amount, plan_generation, require_some
from .planning import planning_price, why_not_planned

SPENDS = {"generate_preview": TakeKind.IMAGE, "render_final": TakeKind.CLIP}
BY_THE_STUDIO = frozenset({"finish_planning", "finish_rendering", "fail"})
REASON_LENGTH = 500  # characters, the size of the column
ENDS_JOBS = frozenset({"stop_planning", "fail"})

LABELS = {
    "start_planning": pgettext_lazy("transition", "Start planning"),
    "finish_planning": pgettext_lazy("transition", "Planning finished"),
    "stop_planning": pgettext_lazy("transition", "Stop planning"),
    "generate_preview": pgettext_lazy("transition", "Make the preview"),
    "render_final": pgettext_lazy("transition", "Render the film"),
    "finish_rendering": pgettext_lazy("transition", "Film finished"),
    "fail": pgettext_lazy("transition", "Failed"),
    "retry": pgettext_lazy("transition", "Take it up again"),
    "archive": pgettext_lazy("transition", "Archive"),
    "restore": pgettext_lazy("transition", "Restore"),
}


# Guards: return a message that says what is missing, or None.


def _can_be_planned(story: Story) -> LocalizedMessage | None:
    """A story with scenes passes, because the provider is called only if they are replaced.

    `ask_for_planning` checks that case.
    """
    if Scene.live.filter(story=story).exists():
        return None
    if not story.script.strip():
        return LocalizedMessage(gettext_noop("There is no script yet. Write or paste one first."))
    return why_not_planned(story)


def _has_scenes(story: Story) -> LocalizedMessage | None:
    if Scene.live.filter(story=story).exists():
        return None
    return LocalizedMessage(
        gettext_noop("The story has no scenes yet. Plan it or add scenes first.")
    )


def _has_pictures(story: Story) -> LocalizedMessage | None:
    scenes = list(Scene.live.filter(story=story).select_related("image_take"))
    if not scenes:
        return _has_scenes(story)
    without = sum(1 for scene in scenes if scene.image_take is None)
    if without:
        return LocalizedMessage(
            gettext_noop("%(without)s of %(total)s scenes have no picture."),
            {"without": without, "total": len(scenes)},
        )
    rejected = sum(
        1
        for scene in scenes
        if scene.image_take and scene.image_take.review_status == ReviewStatus.REJECTED
    )
    if rejected:
        return LocalizedMessage(
            gettext_noop("The pictures of %(rejected)s of %(total)s scenes are rejected."),
            {"rejected": rejected, "total": len(scenes)},
        )
    if Job.objects.filter(
        subject=str(story.pk), name=JobName.STORY_PREVIEW, status__in=OPEN
    ).exists():
        return LocalizedMessage(gettext_noop("The preview is still being made."))
    return None


GUARDS: dict[str, Callable[[Story], LocalizedMessage | None]] = {
    "start_planning": _can_be_planned,
    "generate_preview": _has_scenes,
    "render_final": _has_pictures,
}


# Effects: what follows a change, in the same transaction. Wake-ups for enqueued jobs are sent only
# after the commit.


def _cancel_jobs(story: Story, actor: Any, reason: str | LocalizedMessage) -> None:
    """Cancel all open jobs of the story except those that only collect paid results."""
    jobs = Job.objects.filter(subject=str(story.pk), parent=None, status__in=OPEN)
    for job_id in enqueue.but_collectors(jobs).values_list("pk", flat=True):
        queue.cancel(job_id, actor=actor, reason=reason)


def _effects(
    story: Story,
    name: str,
    *,
    actor: Any,
    reason: str | LocalizedMessage,
    parameters: dict[str, Any],
    confirmation: Confirmation | None,
) -> None:
    if name == "start_planning":
        enqueue.enqueue_planning(
            story,
            actor=actor,
            replace=bool(parameters.get("replace")),
            price=parameters.get("price"),
        )
    elif name in SPENDS:
        job = enqueue.enqueue_story(story, SPENDS[name], actor=actor, parameters=parameters)
        if confirmation is not None:
            bind(confirmation, job)
    elif name in ENDS_JOBS:
        _cancel_jobs(story, actor, reason)


def _move(
    story: Story,
    name: str,
    *,
    actor: Any,
    reason: str | LocalizedMessage,
    job_id: str,
    parameters: dict[str, Any] | None = None,
    confirm_total: Decimal | None = None,
    ask_again: bool = False,
) -> None:
    """Write the change. The caller holds the transaction and has checked the permission."""
    method = getattr(story, name)
    if not can_proceed(method):
        raise _wrong_state(story)
    if (guard := GUARDS.get(name)) and (why := guard(story)):
        raise GuardRefused(why.template, **why.values)
    asked = dict(parameters or {})
    as_is = bool(asked.get("override_reason"))
    confirmation = None
    if name in SPENDS:
        plan = plan_generation(story, SPENDS[name], mode=asked.get("mode", "missing"), as_is=as_is)
        confirm(plan, total=confirm_total)
        require_some(plan)
        confirmation = authorize_spend(story, ask_for_plan(plan), actor=actor, ask_again=ask_again)
    elif name == "start_planning" and (
        ask := ask_for_planning(story, replace=bool(asked.get("replace")))
    ):
        confirm_amount(ask.total, confirm_total)
        if ask.total:
            authorize_spend(story, ask, actor=actor, ask_again=ask_again)
        asked["price"] = ask.total
    before = story.status
    method()
    try:
        # Savepoint: the status can still be read if another writer was first.
        with transaction.atomic():
            story.save()
    except ConcurrentTransition:
        story.refresh_from_db()
        raise _wrong_state(story) from None
    reason_fields: dict[str, Any] = {"reason": reason}
    if isinstance(reason, LocalizedMessage):
        reason_fields = {"reason": reason.english[:REASON_LENGTH], "reason_data": reason.as_json()}
    StoryStateTransition.objects.create(
        story=story,
        from_status=before,
        to_status=story.status,
        name=name,
        actor=actor,
        job_id=job_id,
        **reason_fields,
    )
    _effects(story, name, actor=actor, reason=reason, parameters=asked, confirmation=confirmation)


def _wrong_state(story: Story) -> NotAllowed:
    allowed = tuple(sorted({str(t.target) for t in story.get_available_status_transitions()}))  # type: ignore[attr-defined]  # added by FSMField
    return NotAllowed(
        gettext_noop("This cannot be done now: it is now “%(now)s”."),
        status=story.status,
        allowed=allowed,
        now=story.status,
    )


def apply_transition(
    story_id: UUID | str,
    name: str,
    *,
    actor: Any,
    reason: str | LocalizedMessage = "",
    job_id: str = "",
    parameters: dict[str, Any] | None = None,
    confirm_total: Decimal | None = None,
    ask_again: bool = False,
) -> Story:
    """Make the named change and return the story as it is now.

    `actor` is the person, or None for the system itself. `parameters` go to the job that the change
    starts. `confirm_total` is the price that the person saw, in USD. Raises Story.DoesNotExist,
    Forbidden, NotAllowed (wrong state; lists what is allowed), GuardRefused, PlanChanged, or
    ApprovalNeeded (`ask_again` renews a request that was refused).
    """
    if name not in LABELS:
        raise NotAllowed(gettext_noop("There is no change of state named “%(name)s”."), name=name)
    with approval_transaction():
        if name in ENDS_JOBS:
            enqueue.lock_jobs(story_id)
        story = Story.objects.select_for_update().get(pk=story_id)
        if actor is not None:
            _require_permission(story, name, actor)
        wanted: dict[str, Any] = {
            "parameters": parameters,
            "confirm_total": confirm_total,
            "ask_again": ask_again,
        }
        _move(story, name, actor=actor, reason=reason, job_id=job_id, **wanted)
    return story


def _require_permission(story: Story, name: str, actor: Any) -> None:
    """CanTransitionStory."""
    if name in BY_THE_STUDIO:
        raise Forbidden(gettext_noop("Only the studio itself does this, when the work is done."))
    if not has_transition_perm(getattr(story, name), actor) and not _lacks_only_state(
        story, name, actor
    ):
        raise Forbidden(gettext_noop("You may not do this with “%(title)s”."), title=story.title)


def _lacks_only_state(story: Story, name: str, actor: Any) -> bool:
    """Whether only the state prevents the change.

    `has_transition_perm` is also False in a wrong state, so the permission is checked alone.
    """
    known = story.get_all_status_transitions()  # type: ignore[attr-defined]  # added by FSMField
    return any(t.name == name and t.has_perm(story, actor) for t in known)


def give_up(story_id: UUID | str, *, actor: Any, reason: str = "") -> Story:
    """Cancel the story's running work and mark the story failed.

    Takes and calls are kept. Raises as `apply_transition`.
    """
    with transaction.atomic():
        enqueue.lock_jobs(story_id)
        story = Story.objects.select_for_update().get(pk=story_id)
        require_story_owner(actor, story)
        _move(story, "fail", actor=actor, reason=reason, job_id="")
    return story


def transition_to(
    story: Story,
    status: str,
    *,
    actor: Any = None,
    reason: str = "",
    confirm_total: Decimal | None = None,
) -> None:
    """Make the single transition from the current status to this one, and refresh the object."""
    ways = [t.name for t in story.get_available_status_transitions() if t.target == status]  # type: ignore[attr-defined]  # added by FSMField
    if not ways:
        raise _wrong_state(story)
    if ways[0] == "fail" and actor is not None:
        give_up(story.pk, actor=actor, reason=reason)
    else:
        apply_transition(story.pk, ways[0], actor=actor, reason=reason, confirm_total=confirm_total)
    story.refresh_from_db()


@dataclass(frozen=True, slots=True)
class Choice:
    """One action of a story: what it does, the status it leads to, and why it is not available now.

    `price` in USD is that of the planning call. None if there is no call, or if a plan gives the
    price.
    """

    name: str
    label: str
    target: str
    why_not: LocalizedMessage | None
    price: Decimal | None = None


def choices(story: Story, user: Any) -> list[Choice]:
    """The changes that this person may make from the current status, in the order of the table."""
    available = story.get_available_status_transitions()  # type: ignore[attr-defined]  # as above
    ways = [t for t in available if t.name not in BY_THE_STUDIO and t.has_perm(story, user)]
    order = list(LABELS)
    found = []
    for way in sorted(ways, key=lambda t: order.index(t.name)):
        guard = GUARDS.get(way.name)
        why_not = guard(story) if guard else None
        calls = (
            way.name == "start_planning"
            and why_not is None
            and not Scene.live.filter(story=story).exists()
        )
        price = planning_price(story) if calls else None
        found.append(Choice(way.name, str(LABELS[way.name]), str(way.target), why_not, price))
    return found
