"""Changes the priority of jobs. A change takes effect at the next claim."""

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_noop

from core.clock import DatabaseNow
from core.localized_messages import LocalizedMessage, Value
from jobs.enums import OPEN
from jobs.errors import BadPriority, NoSuchJob, NotPossible
from jobs.models import Job, JobLog

FIRST, LAST = 1, 1000
STEP = 1  # offset of child jobs, so that work that is nearly done finishes first


def of_part(parent: Job) -> int:
    """Return the priority of a child job of `parent`."""
    return parent.priority + STEP


@transaction.atomic
def set_priority(job_id: str, *, priority: int, actor: Any = None, reason: str = "") -> Job:
    """Set the priority of an open job (1 is first) and adjust its open descendants.

    Each changed row gets a log line. Children created at the same moment are adjusted after the
    commit. The caller checks permission. Raises NoSuchJob, NotPossible for a job that has ended,
    BadPriority outside 1 to 1000.
    """
    if not FIRST <= priority <= LAST:
        raise BadPriority(
            gettext_noop("A priority is a whole number from %(first)s to %(last)s; 1 is first."),
            first=FIRST,
            last=LAST,
        )
    job = Job.objects.filter(pk=job_id).first()
    if job is None:
        raise NoSuchJob(gettext_noop("There is no job %(job)s."), job=job_id)
    _align(job, priority, actor=actor, reason=reason)
    job.refresh_from_db()
    if not job.is_open:
        raise NotPossible(gettext_noop("The job has ended already: %(status)s."), status=job.status)
    transaction.on_commit(partial(follow, job.pk, actor=actor, reason=reason))
    return job


@transaction.atomic
def follow(job_id: str, *, actor: Any = None, reason: str = "") -> None:
    """Adjust the open descendants of an open job to its current priority."""
    job = Job.objects.filter(pk=job_id, status__in=OPEN).first()
    if job is not None:
        _align(job, job.priority, actor=actor, reason=reason)


def _align(job: Job, priority: int, *, actor: Any, reason: str) -> None:
    levels: list[QuerySet[Job]] = [Job.objects.filter(pk=job.pk)]
    while ids := list(levels[-1].values_list("pk", flat=True)):
        levels.append(Job.objects.filter(parent__in=ids, status__in=OPEN))
    # Deepest level first, the job itself last: a child that ends takes its locks in the same order.
    for depth, level in reversed(list(enumerate(levels[:-1]))):
        _set(level, priority + depth * STEP, actor=actor, reason=reason)


def _set(level: QuerySet[Job], priority: int, *, actor: Any, reason: str) -> None:
    changing = list(
        level.filter(status__in=OPEN).exclude(priority=priority).select_for_update().order_by("-pk")
    )
    if not changing:
        return
    Job.objects.filter(pk__in=[job.pk for job in changing]).update(
        priority=priority, updated_at=DatabaseNow()
    )
    JobLog.objects.bulk_create(
        JobLog(job=job, message_data=_log_message(job.priority, priority, actor, reason).as_json())
        for job in changing
    )


def _log_message(before: int, after: int, actor: Any, reason: str) -> LocalizedMessage:
    values: dict[str, Value] = {
        "before": before,
        "after": after,
        "who": str(actor or ""),
        "reason": reason,
    }
    if actor:
        return LocalizedMessage(
            gettext_noop("%(who)s changed the priority from %(before)s to %(after)s. %(reason)s"),
            values,
        )
    return LocalizedMessage(
        gettext_noop("The priority was changed from %(before)s to %(after)s. %(reason)s"), values
    )
