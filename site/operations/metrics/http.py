"""HTTP request metrics: count, status and duration by method and route."""

from bisect import bisect_left
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from . import counters
from .histograms import buckets

BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
REQUESTS, SECONDS, SUM = "http", "http_bucket", "http_sum"


def count(method: str, route: str, status: int, seconds: float) -> None:
    """Counts one request. `route` is its URL pattern, empty for an unknown path."""
    method = method if method in METHODS else "OTHER"
    route = route or "unknown"
    place = str(bisect_left(BOUNDS, seconds))
    counters.add(
        ((REQUESTS, method, route, str(status)), 1),
        ((SECONDS, route, place), 1),
        ((SUM, route), seconds),
    )


class RequestCollector(Collector):
    """Collects what the processes of this machine have counted."""

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "videoplanet_http_requests_total",
            "Requests answered by this machine.",
            labels=("method", "route", "status"),
        )
        seconds = HistogramMetricFamily(
            "videoplanet_http_request_seconds", "Time to answer, by route.", labels=("route",)
        )
        counts: dict[str, list[int]] = {}
        sums: dict[str, float] = {}
        for key, value in sorted(counters.totals().items()):
            match key:
                case ("http", method, route, status):
                    requests.add_metric((method, route, status), value)
                case ("http_bucket", route, place) if int(place) <= len(BOUNDS):
                    counts.setdefault(route, [0] * (len(BOUNDS) + 1))[int(place)] += int(value)
                case ("http_sum", route):
                    sums[route] = value
        for route, found in counts.items():
            seconds.add_metric((route,), buckets(BOUNDS, found), sums.get(route, 0.0))
        yield requests
        yield seconds
