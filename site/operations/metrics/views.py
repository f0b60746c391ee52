"""/metrics, open to bearers of METRICS_TOKEN and to the networks in METRICS_NETWORKS."""

import hmac
import ipaddress
import logging
import time
from http import HTTPStatus
from threading import Lock

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from core.client_address import client_address

from .disk import SpoolCollector
from .http import RequestCollector
from .row_metrics import RowCollector

logger = logging.getLogger("ai_video.metrics")

FINDING_MAX_AGE = (
    5.0  # limits the database load of several Prometheus servers or a short scrape interval
)


class _Rows:
    """The last row metrics."""

    lock = Lock()
    at = 0.0
    text = b""


class _DatabaseUp(Collector):
    def __init__(self, *, up: bool) -> None:
        self.up = up

    def collect(self) -> list[Metric]:
        name = "videoplanet_database_up"
        return [GaugeMetricFamily(name, "Whether the database answered.", value=int(self.up))]


def _text(*collectors: Collector) -> bytes:
    # A separate registry: the library's default one only covers the responding process.
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    return generate_latest(registry)


def metrics(request: HttpRequest) -> HttpResponse:
    """Returns the metrics, or 404 to clients without access."""
    if not may_read(request):
        return HttpResponse(
            "There is no such page.\n", status=HTTPStatus.NOT_FOUND, content_type="text/plain"
        )
    text = _text(RequestCollector(), SpoolCollector()) + _of_rows()
    return HttpResponse(text, content_type=CONTENT_TYPE_PLAIN_0_0_4)


def may_read(request: HttpRequest) -> bool:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if (
        settings.METRICS_TOKEN
        and scheme.lower() == "bearer"
        and hmac.compare_digest(token.strip().encode(), settings.METRICS_TOKEN.encode())
    ):
        return True
    if "X-Forwarded-For" in request.headers and not settings.TRUSTED_PROXIES:
        return False  # behind an unconfigured proxy the remote address does not identify the client
    try:
        address = ipaddress.ip_address(client_address(request).partition("/")[0])
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network) for network in settings.METRICS_NETWORKS)


def _of_rows() -> bytes:
    """Returns row metrics, cached for some seconds.

    While the database is unavailable only `videoplanet_database_up` is reported.
    """
    with _Rows.lock:
        if time.monotonic() < _Rows.at + FINDING_MAX_AGE and _Rows.text:
            return _Rows.text
        try:
            text = _text(_DatabaseUp(up=True), RowCollector())
        except Error as error:
            logger.warning("The metrics of the rows are missing: %s", type(error).__name__)
            return _text(_DatabaseUp(up=False))
        _Rows.text, _Rows.at = text, time.monotonic()
        return text


def forget() -> None:
    """Clears the cache, so that the next request reads the rows again."""
    with _Rows.lock:
        _Rows.text = b""
