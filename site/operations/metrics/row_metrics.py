"""Metrics computed from database rows: equal on every machine and correct right after a restart."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Q, Sum
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from core.clock import DatabaseNow, database_now
from jobs.enums import JobStatus
from jobs.models import Job, Worker
from jobs.services.statistics import oldest_due
from providers import ledger
from providers.models import ProviderCall
from stories.models import Film, Story

from .histograms import buckets

WAIT_BOUNDS = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0)
RUN_BOUNDS = (0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)


class RowCollector(Collector):
    """Raises django.db.Error while the database is unavailable."""

    def collect(self) -> Iterator[Metric]:
        yield from (*_jobs(), *_workers(), *_calls(), *_stories())


def _jobs() -> list[Metric]:
    jobs = GaugeMetricFamily(
        "videoplanet_jobs", "Jobs by name and status.", labels=("name", "status")
    )
    for name, status, count in (
        Job.objects.order_by().values_list("name", "status").annotate(Count("pk"))
    ):
        jobs.add_metric((name, status), count)
    due = oldest_due()
    oldest = GaugeMetricFamily(
        "videoplanet_job_oldest_due_seconds",
        "How long the job that waits longest for a worker has been due.",
        value=max(0.0, (database_now() - due).total_seconds()) if due else 0,
    )
    waited = _histogram(
        "videoplanet_job_wait_seconds",
        "Time that jobs which succeeded were due and no worker was free.",
        "queue_wait",
        WAIT_BOUNDS,
    )
    worked = _histogram(
        "videoplanet_job_run_seconds",
        "Generation time of jobs which succeeded.",
        "worked",
        RUN_BOUNDS,
    )
    return [jobs, oldest, waited, worked]


def _histogram(name: str, help_text: str, field: str, bounds: Sequence[float]) -> Metric:
    """Builds a histogram of the succeeded jobs.

    They never leave that state, so counts only grow.
    """
    metric = HistogramMetricFamily(name, help_text, labels=("name",))
    edges = [timedelta(seconds=bound) for bound in bounds]
    within: dict[str, Any] = {
        f"to_{place}": Count("pk", filter=Q(**{f"{field}__lte": edge}))
        for place, edge in enumerate(edges)
    }
    done = Job.objects.filter(status=JobStatus.SUCCEEDED).order_by().values("name")
    rows: Any = done.annotate(total=Count("pk"), sum=Sum(F(field)), **within).order_by("name")
    for row in rows:
        upto = [row[f"to_{place}"] for place in range(len(edges))] + [row["total"]]
        counts = [after - before for before, after in zip([0, *upto], upto, strict=False)]
        metric.add_metric((row["name"],), buckets(bounds, counts), row["sum"].total_seconds())
    return metric


def _workers() -> list[Metric]:
    alive = GaugeMetricFamily(
        "videoplanet_workers",
        "Worker processes seen alive within one lease, by role.",
        labels=("role",),
    )
    recently = DatabaseNow(-timedelta(seconds=settings.JOB_LEASE_SECONDS))
    counted = dict(
        Worker.objects.filter(seen_at__gte=recently)
        .order_by()
        .values_list("role")
        .annotate(Count("pk"))
    )
    for role in ("worker", "ticker"):
        alive.add_metric((role,), counted.get(role, 0))
    expired = GaugeMetricFamily(
        "videoplanet_leases_expired",
        "Running jobs whose lease ran out and that nobody has taken back yet.",
        value=Job.objects.filter(status=JobStatus.RUNNING, lease_until__lt=DatabaseNow()).count(),
    )
    return [alive, expired]


def _calls() -> list[Metric]:
    calls = GaugeMetricFamily(
        "videoplanet_provider_calls",
        "Calls to providers by state.",
        labels=("provider", "kind", "state"),
    )
    cost = CounterMetricFamily(
        "videoplanet_provider_cost_usd_total",
        "What was paid, in USD.",
        labels=("provider", "kind"),
    )
    risk = GaugeMetricFamily(
        "videoplanet_provider_at_risk_usd",
        "What calls whose outcome is not known yet may cost, in USD.",
        labels=("provider", "kind"),
    )
    rows = (
        ProviderCall.objects.order_by()
        .values_list("provider_id", "kind", "state")
        .annotate(
            count=Count("pk"),
            actual=ledger.SUMS["sum_actual"],
            at_risk=ledger.SUMS["sum_at_risk"],
        )
    )
    paid: dict[tuple[str, str], float] = {}
    open_: dict[tuple[str, str], float] = {}
    for provider, kind, state, count, spent, at_risk in sorted(rows, key=lambda row: row[:3]):
        calls.add_metric((provider, kind, state), count)
        paid[provider, kind] = paid.get((provider, kind), 0.0) + float(ledger.exact(spent))
        open_[provider, kind] = open_.get((provider, kind), 0.0) + float(ledger.exact(at_risk))
    for key, value in paid.items():
        cost.add_metric(key, value)
    for key, value in open_.items():
        risk.add_metric(key, value)
    return [calls, cost, risk]


def _stories() -> list[Metric]:
    stories = GaugeMetricFamily("videoplanet_stories", "Stories by status.", labels=("status",))
    for status, count in Story.objects.order_by().values_list("status").annotate(Count("pk")):
        stories.add_metric((status,), count)
    films = CounterMetricFamily(
        "videoplanet_films_total", "Films that were made, by kind.", labels=("kind",)
    )
    for kind, count in Film.objects.order_by().values_list("kind").annotate(Count("pk")):
        films.add_metric((kind,), count)
    return [stories, films]
