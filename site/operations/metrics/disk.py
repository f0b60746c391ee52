"""Disk metrics of this machine. They work without the database."""

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from providers.calls import spool


class SpoolCollector(Collector):
    def collect(self) -> list[Metric]:
        found = spool.contents()
        return [
            GaugeMetricFamily(
                "videoplanet_spool_answers",
                "Paid answers on this machine's disk that database or store have not taken yet.",
                value=found.count,
            ),
            GaugeMetricFamily(
                "videoplanet_spool_oldest_seconds",
                "How long the oldest of them has waited.",
                value=round(found.oldest_seconds, 3),
            ),
        ]
