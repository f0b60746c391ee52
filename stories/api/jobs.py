"""Job endpoints: list, detail with log, retry, cancel and statistics."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext_noop
from msgspec import UNSET, Meta, UnsetType

from api.components import Body, Query
from api.controllers import ApiController, Call, operation
from api.inputs import Strict
from api.paging import NEWEST_FIRST, Page, in_utc, page
from api.problems import FieldError, invalid
from core.cached_values import cached
from core.clock import database_now
from core.localized_messages import LocalizedMessage
from jobs.enums import JobStatus
from jobs.models import Job
from jobs.services import queue
from jobs.services.statistics import mark, statistics
from providers import ledger
from stories.api.inputs.jobs import JobFilter, RetryIn
from stories.api.inputs.parts import CancelIn, WaitQuery, confirmed_total
from stories.services import retry
from stories.services.permissions import jobs_for, sees_all

from .base import JOBS, api
from .lookups import job_of, steerable_job
from .outputs.jobs import JobDetail, JobOut, envelope_out, job_out, log_line
from .outputs.parts import Moment, Money, money

LOG_LINES = 100
SPAN = timedelta(days=30)


@api.at("jobs/")
class JobsController(ApiController):
    tags = (JOBS,)

    @operation("list_jobs", summary="List jobs")
    def get(self, query: Query[JobFilter]) -> Page[JobOut]:
        """The newest first, unless `sort` says otherwise."""
        rows = jobs_for(self.user)
        if query.story is not UNSET:
            rows = rows.filter(subject=str(query.story))
        if query.scene is not UNSET:
            rows = rows.filter(item=str(query.scene))
        if query.status:
            rows = rows.filter(status__in=query.status)
        if query.name is not UNSET:
            rows = rows.filter(name=query.name)
        keyset = query.keyset(NEWEST_FIRST)
        return page(
            query.narrowed(rows),
            query,
            out=lambda found: [job_out(job) for job in found],
            key=lambda job: (getattr(job, keyset.first), job.pk),
            keyset=keyset,
        )


class SpanQuery(Strict):
    """The span is [since, until); without it the last 30 days."""

    since: Annotated[datetime, Meta(tz=True)] | UnsetType = UNSET
    until: Annotated[datetime, Meta(tz=True)] | UnsetType = UNSET


class ProviderCost(msgspec.Struct):
    provider: str
    calls: int
    cost: Money
    at_risk: Annotated[str, Meta(description="USD of calls that may have been paid.")]


class StatisticsOut(msgspec.Struct):
    since: Moment
    until: Moment
    counts: Annotated[
        dict[str, int], Meta(description="Jobs made in the span, by their status now.")
    ]
    succeeded: int
    failed: int
    cancelled: int
    success_rate: Annotated[
        float | None,
        Meta(
            description=(
                "Of the jobs that ended in the span: succeeded / (succeeded + failed); "
                "null: none ended."
            )
        ),
    ]
    mean_generation_time: Annotated[
        float | None, Meta(description="Seconds of work of a job that succeeded.")
    ]
    mean_queue_wait: Annotated[
        float | None, Meta(description="Seconds that a job was due and no worker was free.")
    ]
    cost_today: Money
    cost_this_month: Money
    cost: Annotated[str, Meta(description="USD in the span.")]
    cost_by_provider: list[ProviderCost]


@api.at("jobs/statistics/")
class JobsStatisticsController(ApiController):
    tags = (JOBS,)

    @operation("job_statistics", summary="How well the queue does, and what it cost")
    def get(self, query: Query[SpanQuery]) -> StatisticsOut:
        """Over the jobs that you may see; who sees only their own stories sees their own calls'
        costs.

        At most five seconds old, and counted anew as soon as a job has ended or a provider was
        called.
        """
        whose = "all" if sees_all(self.user) else self.user.pk
        return cached(
            "statistics",
            whose,
            query.since,
            query.until,
            timezone.localdate(),
            mark(),
            ledger.mark(),
            make=lambda: _counted(self, query),
        )


def _counted(call: Call, query: SpanQuery) -> StatisticsOut:
    now = database_now()
    until = now if query.until is UNSET else in_utc(query.until)
    since = _before(until) if query.since is UNSET else in_utc(query.since)
    if since >= until:
        raise invalid(
            [
                FieldError(
                    detail=str(
                        LocalizedMessage(gettext_noop("The period must begin before it ends."))
                    ),
                    parameter="since",
                )
            ]
        )
    jobs = jobs_for(call.user)
    found = statistics(since=since, until=until, jobs=jobs)
    counted = (
        jobs.filter(created_at__gte=since, created_at__lt=until)
        .order_by()
        .values_list("status")
        .annotate(Count("pk"))
    )
    counts = defaultdict(int, {str(status): n for status, n in counted})
    mine = {} if sees_all(call.user) else {"actor": call.user}
    by_provider = ledger.breakdown("provider", since=since, before=until, **mine)
    return StatisticsOut(
        since=since,
        until=until,
        counts={str(status): counts[str(status)] for status in JobStatus},
        succeeded=found.succeeded,
        failed=found.failed,
        cancelled=found.cancelled,
        success_rate=found.success_rate,
        mean_generation_time=found.mean_generation_time,
        mean_queue_wait=found.mean_queue_wait,
        cost_today=money(
            ledger.totals(
                since=timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0),
                **mine,
            ).actual
        ),
        cost_this_month=money(ledger.totals(since=ledger.month_start(), **mine).actual),
        cost=money(sum((sums.actual for sums in by_provider.values()), ledger.exact(0))),
        cost_by_provider=[
            ProviderCost(name, sums.calls, money(sums.actual), money(sums.at_risk))
            for name, sums in by_provider.items()
        ],
    )


def _before(until: datetime) -> datetime:
    try:
        return until - SPAN
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


@api.at("jobs/<slug:job_id>/")
class JobController(ApiController):
    tags = (JOBS,)

    @operation("get_job", summary="Show a job")
    # Long polling is handled by `Api`
    def get(self, job_id: str, query: Query[WaitQuery]) -> JobDetail:  # noqa: ARG002
        """With `wait` the answer comes when the job's status, progress or log changes."""
        return _detail(job_of(self, job_id))


@api.at("jobs/<slug:job_id>/retry/")
class JobRetryController(ApiController):
    tags = (JOBS,)

    @operation("retry_job", summary="Try a job again")
    def post(self, job_id: str, body: Body[RetryIn]) -> JobOut:
        """IsJobOwner. A failed, cancelled or unclear job is queued anew. What it may send is
        compared with what you may start alone, and needs `confirm_total` if it costs money.
        """
        steerable_job(self, job_id)
        confirmed = confirmed_total(body.confirm_total)
        start = retry.retry_job(job_id, actor=self.user, confirm_total=confirmed)
        (job,) = start.require().jobs
        return job_out(job)


@api.at("jobs/<slug:job_id>/cancel/")
class JobCancelController(ApiController):
    tags = (JOBS,)

    @operation("cancel_job", summary="Cancel a job")
    def post(self, job_id: str, body: Body[CancelIn]) -> JobOut:
        """IsJobOwner. What runs is told to stop; what may have been paid still becomes a take."""
        steerable_job(self, job_id)
        return job_out(queue.cancel(job_id, actor=self.user, reason=body.reason))


def _detail(job: Job) -> JobDetail:
    lines = list(job.log.order_by("-id")[:LOG_LINES])
    return JobDetail(job_out(job), envelope_out(job), [log_line(line) for line in reversed(lines)])
