"""Retry of a job that failed, was cancelled or is unclear: a paid start like any other."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from jobs.models import Job
from jobs.services import queue
from stories.enums import JobName, StoryStatus
from stories.errors import ApprovalNeeded, GuardRefused
from stories.models import Story

from . import job_data
from .approvals import authorize_spend
from .confirmations import bind
from .english import plan_english
from .generation import OPEN_TO, WAYS, Start, enqueue_plan
from .locking import CLOSED
from .permissions import require_job_owner
from .plan import Plan, confirm_amount, plan_generation
from .spend_requests import (
    SpendRequest,
    ask_for_english,
    ask_for_plan,
    ask_for_planning,
    ask_for_retry,
)

LEFT = gettext_noop(
    "The story has left the step that this job belongs to. Begin that step again from the story."
)


def retry_job(job_id: str, *, actor: Any, confirm_total: Decimal | None = None) -> Start:
    """Queue a failed, cancelled or unclear job again.

    Its possible cost is compared with the person's limit, as with any start.

    Raises NoSuchJob, NotPossible, AlreadyOpen, Forbidden, GuardRefused (the story has left the
    status that the job belongs to), PlanChanged, NoPrice or NotConfigured.
    """
    with transaction.atomic():
        # Locks its row before the story's, as when a job ends.
        job = queue.locked_for_retry(job_id)
        require_job_owner(actor, job)
        story = (
            Story.objects.select_for_update().filter(pk=job.subject).first()
            if job.name in JobName
            else None
        )
        ask, plan = (None, None) if story is None else _what_is_retried(story, job)
        confirmation = None
        if story is not None and ask is not None:
            confirm_amount(ask.total, confirm_total)
            spend = authorize_spend(story, ask, actor=actor, besides=job.pk)
            if isinstance(spend, ApprovalNeeded):
                return Start(total=ask.total, stopped=spend)
            confirmation = spend
        job = queue.retry(job_id, actor=actor)
        if confirmation is not None and plan is not None:
            bind(confirmation, job)
            enqueue_plan(plan.story, plan, actor=actor, parent=job)
    return Start([job])


def _what_is_retried(story: Story, job: Job) -> tuple[SpendRequest | None, Plan | None]:
    """What the job may spend again, and for a story's own job what it makes.

    Raises GuardRefused.
    """
    may_spend = job.pk in job_data.may_spend([job])
    if is_closed_to_retry(job, story.status, may_spend=may_spend):
        raise GuardRefused(LEFT)
    kind = job_data.STORY_KIND.get(JobName(job.name))
    if job.name == JobName.SCENE_ENGLISH:
        english = plan_english(story, [UUID(job.item)], replace=True)
        priced = [item for item in english.items if item.price]
        return (ask_for_english(english) if priced or not english.items else None), None
    if job.name == JobName.STORY_PLANNING:
        again = ask_for_planning(story, replace=bool(job.data["parameters"].get("replace")))
        # The price binds the next attempts.
        return (again if again is not None and again.total else None), None
    if kind is None:
        return (ask_for_retry(story, job) if may_spend else None), None
    asked = job.data["parameters"]
    plan = plan_generation(
        story, kind, mode=asked.get("mode", "missing"), as_is=bool(asked.get("override_reason"))
    )
    return ask_for_plan(plan), plan


def is_closed_to_retry(job: Job, status: str, *, may_spend: bool) -> bool:
    """Whether a story in this status does not allow the job's work to start again.

    `may_spend`: as `job_data.may_spend` says. Work that is paid for is continued in any status.
    """
    status = StoryStatus(status)
    if job.name == JobName.STORY_PLANNING:
        return status != StoryStatus.PLANNING
    if (kind := job_data.STORY_KIND.get(JobName(job.name))) is not None:
        return status not in OPEN_TO[kind] or (kind, status) in WAYS
    if not may_spend:
        return False
    if job.name == JobName.SCENE_ENGLISH:
        return status in CLOSED
    kind = job_data.TAKE_KIND.get(JobName(job.name))
    return status == StoryStatus.ARCHIVED or (kind is not None and status not in OPEN_TO[kind])
