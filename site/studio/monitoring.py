"""What the machinery does (B18): workers and what they hold, the queue by name, how long work waits, and what is not well."""

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

from ground.clock import DatabaseNow, database_now
from jobs.domain.statistics import Statistics, depth, mark, oldest_due, statistics
from jobs.enums import OPEN, JobStatus
from jobs.models import Job, Pause, Worker
from providers import ledger
from stories.admin.pages import site
from stories.enums import JobName
from web.kept import kept

from . import health

PERMISSION = "jobs.view_worker"
POLL_SECONDS = 5
LATE = timedelta(seconds=60)  # a job that has been due for longer says that workers are missing


@dataclass(frozen=True, slots=True)
class Crew:
    """One worker process, and the job whose lease it holds."""

    worker: Worker
    alive: bool
    job: Job | None

    @property
    def label(self) -> str:
        return job_label(self.job.name) if self.job else ""

    @property
    def skew(self) -> str:
        """How far the clock of its host is ahead of the database's."""
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
    oldest: datetime | None  # since when the one that waits longest for a worker is due

    @property
    def label(self) -> str:
        return job_label(self.name)


def job_label(name: str) -> str:
    """What jobs of this name do, in words."""
    return str(JobName(name).label) if name in JobName.values else name


def lease() -> timedelta:
    return timedelta(seconds=settings.JOB_LEASE_SECONDS)


def crew() -> list[Crew]:
    """The workers of all machines that were seen within the last hour; two queries."""
    now = database_now()
    held = {job.worker: job for job in Job.objects.filter(status=JobStatus.RUNNING)}
    return [Crew(worker, worker.seen_at > now - lease(), held.get(worker.name)) for worker in Worker.objects.order_by("host", "role", "name")]


def expired_leases() -> int:
    """Running jobs whose worker said nothing for a whole lease and that nobody has taken back yet."""
    return Job.objects.filter(status=JobStatus.RUNNING, lease_until__lt=DatabaseNow()).count()


def queue() -> list[Line]:
    """One query."""
    counts: Any = {str(status): Count("pk", filter=Q(status=status)) for status in (JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.WAITING, JobStatus.UNCLEAR)}
    found: Any = Job.objects.filter(status__in=OPEN).order_by("name").values("name").annotate(oldest=Min("run_at", filter=Q(status=JobStatus.QUEUED)), **counts)
    return [Line(**row) for row in found]


def last_day() -> Statistics:
    now = database_now()
    return kept("last_day", mark(), make=lambda: statistics(since=now - timedelta(days=1), until=now))


def cost_today() -> ledger.Totals:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return kept("cost_of_a_day", midnight, ledger.mark(), make=lambda: ledger.totals(since=midnight))


def context() -> dict[str, Any]:
    workers, oldest = crew(), oldest_due()
    findings = health.examine()
    return {
        "crew": workers,
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
        "well": all(finding.ok for finding in findings),
        "poll": POLL_SECONDS,
    }


def page(request: HttpRequest) -> HttpResponse:
    """For those who may see workers; the part that changes asks for itself every few seconds."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    whole = site().page_context(request, title=_("Monitoring"), **context())
    return TemplateResponse(request, "studio/monitoring.html#now" if "HX-Request" in request.headers else "studio/monitoring.html", whole)
