"""Prometheus' text format, version 0.0.4."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

type Labels = tuple[tuple[str, str], ...]


@dataclass
class Metric:
    """One metric with its samples: (suffix of the name, labels, value)."""

    name: str
    kind: str
    help: str
    samples: list[tuple[str, Labels, float]] = field(default_factory=list)

    def add(self, value: float, suffix: str = "", **labels: str) -> None:
        self.samples.append((suffix, tuple(labels.items()), float(value)))

    def add_histogram(self, bounds: Sequence[float], counts: Sequence[int], total: float, **labels: str) -> None:
        """`counts[i]` values were at most `bounds[i]` (not yet counted by an earlier bound); the last count is of the rest."""
        running = 0
        for bound, count in zip([*bounds, float("inf")], counts, strict=True):
            running += count
            self.add(running, "_bucket", **labels, le=number(bound))
        self.add(total, "_sum", **labels)
        self.add(running, "_count", **labels)


def number(value: float) -> str:
    """As Prometheus writes numbers."""
    if value == float("inf"):
        return "+Inf"
    return str(int(value)) if value == int(value) else repr(value)


def escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def bucket(bounds: Sequence[float], value: float) -> int:
    """Index of the bucket that a value falls into; len(bounds) above all of them."""
    return bisect_left(bounds, value)


def rendered(metrics: Iterable[Metric]) -> str:
    lines = []
    for metric in metrics:
        lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}"]
        for suffix, labels, value in metric.samples:
            inside = ",".join(f'{name}="{escaped(text)}"' for name, text in labels)
            lines.append(f"{metric.name}{suffix}{{{inside}}} {number(value)}" if inside else f"{metric.name}{suffix} {number(value)}")
    return "\n".join(lines) + "\n"
