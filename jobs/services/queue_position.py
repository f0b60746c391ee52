"""Explains why a queued job is not claimed yet: its position, a pause, or no live worker."""

from collections.abc import Iterable

from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage
from jobs.enums import JobStatus
from jobs.models import Job, Pause

from .pause import EVERYTHING
from .statistics import live_workers

COUNTED = 500  # positions that are counted exactly


def queue_position(jobs: Iterable[Job]) -> dict[str, LocalizedMessage]:
    """Return a localized message for each queued job, by id.

    Runs three queries, or none if no job is queued.
    """
    queued = [job for job in jobs if job.status == JobStatus.QUEUED]
    if not queued:
        return {}
    paused = set(Pause.objects.values_list("name", flat=True))
    manned = bool(live_workers())
    # Same order as the claim.
    due = (
        Job.objects.filter(status=JobStatus.QUEUED)
        .exclude(name__in=paused)
        .order_by("priority", "run_at", "pk")
    )
    places = {pk: place for place, pk in enumerate(due.values_list("pk", flat=True)[:COUNTED])}
    return {job.pk: _why(job, paused, places.get(job.pk), manned=manned) for job in queued}


def _why(job: Job, paused: set[str], before: int | None, *, manned: bool) -> LocalizedMessage:
    if EVERYTHING in paused:
        return LocalizedMessage(gettext_noop("The queue is paused."))
    if job.name in paused:
        return LocalizedMessage(gettext_noop("Jobs of this kind are paused."))
    if not manned:
        return LocalizedMessage(gettext_noop("No worker is running."))
    if before is None:
        return LocalizedMessage(
            gettext_noop("More than %(n)s jobs are taken before it."), {"n": COUNTED}
        )
    few = {
        0: gettext_noop("It is next: the first free worker takes it."),
        1: gettext_noop("One job is taken before it."),
    }
    return LocalizedMessage(
        few.get(before, gettext_noop("%(n)s jobs are taken before it.")), {"n": before}
    )
