"""Requests: how many, how they ended, and how long they took, by method and route."""

from . import kept
from .text import Metric, bucket

BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
REQUESTS, SECONDS, SUM = "http", "http_bucket", "http_sum"


def count(method: str, route: str, status: int, seconds: float) -> None:
    """One answered request. `route` is the pattern of its address; empty for one that nobody knows."""
    method = method if method in METHODS else "OTHER"
    route = route or "unknown"
    place = str(bucket(BOUNDS, seconds))
    kept.add(((REQUESTS, method, route, str(status)), 1), ((SECONDS, route, place), 1), ((SUM, route), seconds))


def metrics() -> list[Metric]:
    requests = Metric("videoplanet_http_requests_total", "counter", "Requests answered by this machine.")
    seconds = Metric("videoplanet_http_request_seconds", "histogram", "Time to answer, by route.")
    buckets: dict[str, list[int]] = {}
    sums: dict[str, float] = {}
    for key, value in sorted(kept.totals().items()):
        match key:
            case ("http", method, route, status):
                requests.add(value, method=method, route=route, status=status)
            case ("http_bucket", route, place) if int(place) <= len(BOUNDS):
                buckets.setdefault(route, [0] * (len(BOUNDS) + 1))[int(place)] += int(value)
            case ("http_sum", route):
                sums[route] = value
    for route, counts in buckets.items():
        seconds.add_histogram(BOUNDS, counts, sums.get(route, 0.0), route=route)
    return [requests, seconds]
