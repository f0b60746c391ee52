"""One measurement from the side of the one who enqueues: idle waits, then a burst. Called by
benchmarks/jobs.py with everything in the environment.
"""

import json
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import django

from benchmarks.jobs import cpu_seconds, family

STARTS = Path(os.environ["BENCH_STARTS"])
ROWS = os.environ["BENCH_RESULTS"] == "database"  # Celery writes rows, too
PATIENCE = 120.0


def studio() -> tuple[Callable[[int], object], Callable[[int], bool]]:
    from jobs.models import Job
    from jobs.services.queue import enqueue

    def one(number: int) -> None:
        data = {"story_id": "bench", "action": "noop", "parameters": {"number": number}}
        enqueue("bench_noop", data=data, subject="bench")

    return one, lambda count: Job.objects.filter(status="succeeded").count() == count


def q2() -> tuple[Callable[[int], object], Callable[[int], bool]]:
    from django_q.tasks import async_task

    return lambda number: async_task(
        "benchmarks.jobs_app.handlers.started", number
    ), lambda _count: True


def celery() -> tuple[Callable[[int], object], Callable[[int], bool]]:
    from benchmarks.celery_app import started

    if not ROWS:
        return started.delay, lambda _count: True
    from django_celery_results.models import TaskResult

    return started.delay, lambda count: TaskResult.objects.filter(status="SUCCESS").count() == count


def starts(count: int) -> dict[int, float]:
    """When each job started, once so many have."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        text = STARTS.read_text() if STARTS.exists() else ""
        if text.count("\n") >= count:
            return {
                int(number): float(at)
                for number, at in (line.split() for line in text.splitlines())
            }
        time.sleep(0.002)
    raise SystemExit(f"Only {text.count(chr(10))} of {count} jobs started within {PATIENCE:.0f} s.")


def main(side: str, probes: int, burst: int) -> None:
    if side != "celery" or ROWS:
        django.setup()
    one, ended = {"studio": studio, "q2": q2, "celery": celery}[side]()
    one(0)
    starts(1)  # the workers are awake
    waits = []
    for number in range(1, probes + 1):
        time.sleep(random.uniform(0.1, 0.3))
        asked = time.monotonic()
        one(number)
        waits.append(1000 * (starts(number + 1)[number] - asked))
    time.sleep(0.5)
    workers = int(os.environ["BENCH_WORKERS"])
    used = {pid: cpu_seconds(pid) for pid in family(workers)}
    own = time.process_time()
    begun = time.monotonic()
    for number in range(burst):
        one(probes + 1 + number)
    enqueued = time.monotonic()
    own = time.process_time() - own
    done = starts(1 + probes + burst)
    while not ended(
        1 + probes + burst
    ):  # jobs that have rows must have ended, too, with their rows written
        time.sleep(0.002)
    last = time.monotonic() if side == "studio" or ROWS else max(done.values())
    spent = sum(max(cpu_seconds(pid) - used.get(pid, 0.0), 0.0) for pid in family(workers))
    print(
        json.dumps(
            {
                "waits": waits,
                "rate": burst / (last - begun),
                "enqueue_us": 1e6 * (enqueued - begun) / burst,
                "cpu_ms": 1e3 * (own + spent) / burst,
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
