"""Histogram buckets computed from counts instead of single observations."""

from collections.abc import Sequence
from itertools import accumulate

type Bucket = tuple[str, float]


def buckets(bounds: Sequence[float], counts: Sequence[int]) -> list[Bucket]:
    """Cumulative buckets, as Prometheus expects them.

    `counts[i]` values were at most `bounds[i]` and above `bounds[i - 1]`; the last count is of
    those above all bounds.
    """
    labels = [*(f"{bound:g}" for bound in bounds), "+Inf"]
    return list(zip(labels, map(float, accumulate(counts)), strict=True))
