"""The monitoring page (B18): workers and their jobs, the queue by job name, waiting times and
failed health checks.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Min, Q
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.cached_values import cached
from core.clock import DatabaseNow, database_now
from jobs.enums import OPEN, JobStatus
from jobs.models import Job, Pause, Worker
from jobs.services.statistics import Statistics, depth, mark, oldest_due, statistics
from providers import ledger
from stories.enums import JobName
from stories.web.story_pages import site

from . import health

PERMISSION = "jobs.view_worker"
POLL_SECONDS = 5
LATE = timedelta(seconds=60)  # a job due for longer indicates missing workers


@dataclass(frozen=True, slots=True)
class WorkerGroup:
    """One worker process and the job it holds."""

    worker: Worker
    alive: bool
    job: Job | None

    @property
    def label(self) -> str:
        return job_label(self.job.name) if self.job else ""

    @property
    def skew(self) -> str:
        """Returns how far the host's clock is ahead of the database's."""
        return f"{self.worker.clock_ahead:+.1f} s"

    @property
    def skewed(self) -> bool:
        return abs(self.worker.clock_ahead) > settings.CLOCK_SKEW_SECONDS


@dataclass(frozen=True, slots=True)
class Line:
    """The open jobs of one name."""

    name: str
    queued: int
    running: int
    waiting: int
    unclear: int
    oldest: datetime | None  # when the longest waiting job became due

    @property
    def label(self) -> str:
        return job_label(self.name)


def job_label(name: str) -> str:
    """Returns a description of the jobs of this name."""
    return str(JobName(name).label) if name in JobName.values else name


def lease() -> timedelta:
    return timedelta(seconds=settings.JOB_LEASE_SECONDS)


def worker_groups() -> list[WorkerGroup]:
    """Returns the workers of all machines seen within the last hour. Two queries."""
    now = database_now()
    held = {job.worker: job for job in Job.objects.filter(status=JobStatus.RUNNING)}
    return [
        WorkerGroup(worker, worker.seen_at > now - lease(), held.get(worker.name))
        for worker in Worker.objects.order_by("host", "role", "name")
    ]


def expired_leases() -> int:
    """Returns running jobs whose lease has expired and which have not been reclaimed."""
    return Job.objects.filter(status=JobStatus.RUNNING, lease_until__lt=DatabaseNow()).count()


def queue() -> list[Line]:
    """Returns the queue. One query."""
    counts: Any = {
        str(status): Count("pk", filter=Q(status=status))
        for status in (JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.WAITING, JobStatus.UNCLEAR)
    }
    found: Any = (
        Job.objects.filter(status__in=OPEN)
        .order_by("name")
        .values("name")
        .annotate(oldest=Min("run_at", filter=Q(status=JobStatus.QUEUED)), **counts)
    )
    return [Line(**row) for row in found]


def last_day() -> Statistics:
    now = database_now()
    return cached(
        "last_day", mark(), make=lambda: statistics(since=now - timedelta(days=1), until=now)
    )


def cost_today() -> ledger.Totals:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return cached(
        "cost_of_a_day", midnight, ledger.mark(), make=lambda: ledger.totals(since=midnight)
    )


def context() -> dict[str, Any]:
    workers, oldest = worker_groups(), oldest_due()
    findings = health.examine()
    return {
        "worker_groups": workers,
        "alive": sum(one.alive and one.worker.role == "worker" for one in workers),
        "expired": expired_leases(),
        "depth": depth(),
        "oldest": oldest,
        "late": oldest is not None and oldest < database_now() - LATE,
        "queue": queue(),
        "pauses": list(Pause.objects.select_related("actor")),
        "day": last_day(),
        "today": cost_today(),
        "findings": findings,
        "all_pass": all(finding.ok for finding in findings),
        "poll": POLL_SECONDS,
    }


def page(request: HttpRequest) -> HttpResponse:
    """Renders the page for users who may see workers. Its changing part polls every few seconds."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    whole = site().page_context(request, title=_("Monitoring"), **context())
    return TemplateResponse(
        request,
        "studio/monitoring.html#now"
        if "HX-Request" in request.headers
        else "studio/monitoring.html",
        whole,
    )
