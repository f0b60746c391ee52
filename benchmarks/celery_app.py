"""Celery as it comes, with Redis as its broker. With BENCH_RESULTS it stores each result."""

import os

from celery import Celery

from benchmarks.jobs_app.starts import started as write_start

app = Celery("bench", broker=os.environ["REDIS_URL"])
if os.environ.get("BENCH_RESULTS"):
    app.conf.result_backend = os.environ["REDIS_URL"]


@app.task
def started(number: int) -> None:
    write_start(number)
