"""The studio's no-op job, and that of django-q2."""

from jobs.outcomes import Done
from jobs.registry import handler
from jobs.run import Run

from .starts import started

__all__ = ["bench_noop", "started"]


@handler("bench_noop")
def bench_noop(run: Run) -> Done:
    started(run.job.data["parameters"]["number"])
    return Done()
