"""The only way to change a story's status.

Permission, guard, write, event row and what follows happen in one transaction.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage
from jobs.enums import OPEN
from jobs.models import Job
from jobs.services import queue
from stories.errors import NotAllowed
from stories.models import Scene, Story

from . import collecting, locking
from .generation import start_generation, start_planning
from .permissions import require_story_owner
from .planning import planning_price
from .status_changes import (
    BY_THE_STUDIO,
    GUARDS,
    LABELS,
    SPENDS,
    change_status,
    require_permission,
    require_possible,
    wrong_state,
)

ENDS_JOBS = frozenset({"stop_planning", "fail"})


def apply_transition(
    story_id: UUID | str,
    name: str,
    *,
    actor: Any,
    reason: str | LocalizedMessage = "",
    job_id: str = "",
    replace: bool = False,
    confirm_total: Decimal | None = None,
    ask_again: bool = False,
) -> Story:
    """Make the named change and return the story as it is now.

    `actor` is the person, or None for the system itself. For a change that starts paid work,
    `confirm_total` is the price that the person saw, in USD, and `ask_again` renews a request that
    was refused; `replace` lets planning write existing scenes anew. Raises Story.DoesNotExist,
    Forbidden, NotAllowed (wrong state; lists what is allowed), GuardRefused, PlanChanged, or
    ApprovalNeeded.
    """
    if name not in LABELS:
        raise NotAllowed(gettext_noop("There is no change of state named “%(name)s”."), name=name)
    paid: dict[str, Any] = {
        "actor": actor,
        "reason": reason,
        "confirm_total": confirm_total,
        "ask_again": ask_again,
    }
    if name in SPENDS:
        start, _plan = start_generation(story_id, SPENDS[name], advance="always", **paid)
        start.require()
        return Story.objects.get(pk=story_id)
    if name == "start_planning":
        start_planning(story_id, replace=replace, **paid).require()
        return Story.objects.get(pk=story_id)
    with transaction.atomic():
        if name in ENDS_JOBS:
            locking.lock_jobs(story_id)
        story = Story.objects.select_for_update().get(pk=story_id)
        require_permission(story, name, actor)
        _change(story, name, actor=actor, reason=reason, job_id=job_id)
    return story


def _change(
    story: Story, name: str, *, actor: Any, reason: str | LocalizedMessage, job_id: str = ""
) -> None:
    require_possible(story, name)
    change_status(story, name, actor=actor, reason=reason, job_id=job_id)
    if name in ENDS_JOBS:
        _cancel_jobs(story, actor, reason)


def _cancel_jobs(story: Story, actor: Any, reason: str | LocalizedMessage) -> None:
    """Cancel all open jobs of the story except those that only collect paid results."""
    jobs = Job.objects.filter(subject=str(story.pk), parent=None, status__in=OPEN)
    for job_id in collecting.but_collectors(jobs).values_list("pk", flat=True):
        queue.cancel(job_id, actor=actor, reason=reason)


def give_up(story_id: UUID | str, *, actor: Any, reason: str = "") -> Story:
    """Cancel the story's running work and mark the story failed.

    Takes and calls are kept. Raises as `apply_transition`.
    """
    with transaction.atomic():
        locking.lock_jobs(story_id)
        story = Story.objects.select_for_update().get(pk=story_id)
        require_story_owner(actor, story)
        _change(story, "fail", actor=actor, reason=reason)
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
        raise wrong_state(story)
    if ways[0] == "fail" and actor is not None:
        give_up(story.pk, actor=actor, reason=reason)
    else:
        apply_transition(story.pk, ways[0], actor=actor, reason=reason, confirm_total=confirm_total)
    story.refresh_from_db()


Story.make_transition = staticmethod(transition_to)


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
