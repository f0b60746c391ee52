"""Statistics of the queue over a period of time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Avg, Count, Q, QuerySet

from core.clock import DatabaseNow
from jobs.enums import JobStatus
from jobs.lease import lease
from jobs.models import Job, Worker


@dataclass(frozen=True, slots=True)
class Statistics:
    """Rates are 0 to 1, times are in seconds. None if no job ended in the period."""

    succeeded: int
    failed: int
    cancelled: int
    success_rate: float | None  # succeeded / (succeeded + failed): cancelled jobs do not count
    mean_generation_time: (
        float | None
    )  # succeeded jobs: time in handlers, at the provider and waiting for children
    mean_queue_wait: float | None  # time due without a free worker, over all attempts of a job


def statistics(
    *, since: datetime, until: datetime, jobs: QuerySet[Job] | None = None
) -> Statistics:
    """Return statistics of the jobs that ended in [since, until). Runs one query."""
    jobs = Job.objects.all() if jobs is None else jobs
    succeeded, failed = Q(status=JobStatus.SUCCEEDED), Q(status=JobStatus.FAILED)
    found = jobs.filter(finished_at__gte=since, finished_at__lt=until).aggregate(
        succeeded=Count("pk", filter=succeeded),
        failed=Count("pk", filter=failed),
        cancelled=Count("pk", filter=Q(status=JobStatus.CANCELLED)),
        generation=Avg("worked", filter=succeeded),
        wait=Avg("queue_wait", filter=Q(started_at__isnull=False)),
    )
    judged = found["succeeded"] + found["failed"]
    return Statistics(
        **{key: found[key] for key in ("succeeded", "failed", "cancelled")},
        success_rate=found["succeeded"] / judged if judged else None,
        mean_generation_time=_seconds(found["generation"]),
        mean_queue_wait=_seconds(found["wait"]),
    )


def mark() -> datetime | None:
    """Return when the last job ended. Statistics of ended jobs change only with this value.

    Runs one index lookup.
    """
    return ended_last().values_list("finished_at", flat=True).first()


def ended_last() -> QuerySet[Job]:
    """Return the job that ended last, for `mark` and for use in larger queries."""
    return Job.objects.filter(finished_at__isnull=False).order_by("-finished_at")[:1]


def _seconds(value: timedelta | None) -> float | None:
    return None if value is None else value.total_seconds()


def depth(jobs: QuerySet[Job] | None = None) -> dict[str, int]:
    """Return the number of open jobs in each state. Runs one query."""
    jobs = Job.objects.all() if jobs is None else jobs
    open_states = (JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.WAITING, JobStatus.UNCLEAR)
    counted = dict(
        jobs.filter(status__in=open_states).order_by().values_list("status").annotate(Count("pk"))
    )
    return {str(status): counted.get(status, 0) for status in open_states}


def live_workers() -> int:
    """Return how many worker processes sent a heartbeat within the last lease. Runs one query."""
    return alive_workers().count()


def alive_workers() -> QuerySet[Worker]:
    return Worker.objects.filter(role="worker", seen_at__gte=DatabaseNow(-lease()))


def oldest_due() -> datetime | None:
    """Return since when the longest overdue queued job is due."""
    return (
        Job.objects.filter(status=JobStatus.QUEUED)
        .order_by("run_at")
        .values_list("run_at", flat=True)
        .first()
    )
