"""Celery with Redis as its broker. BENCH_RESULTS says where it stores results, if anywhere:
`redis`, or `database` for the studio's own, with late acknowledgement.
"""

import os

from celery import Celery

from benchmarks.jobs_app.starts import started as write_start

app = Celery("bench", broker=os.environ["REDIS_URL"])
results = os.environ.get("BENCH_RESULTS")
if results == "redis":
    app.conf.result_backend = os.environ["REDIS_URL"]
elif results == "database":
    # Celery's Django fix-up takes DJANGO_SETTINGS_MODULE from the environment.
    app.conf.update(
        result_backend="django-db",
        result_extended=True,  # with name, arguments and worker, as a job's row has them
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_track_started=True,
    )


@app.task
def started(number: int) -> None:
    write_start(number)
