"""Jobs to be killed, frozen and counted. What they tell goes into files under CHAOS_FOLDER, one
line a time.
"""

import os
import re
import signal
import subprocess
import time
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from pathlib import Path

from django.db import connection, transaction

from core.localized_messages import LocalizedMessage
from core.outgoing_requests import paid_request
from jobs.lease import Lease
from jobs.models import Job, JobLog, Pause
from jobs.outcomes import Done, JobStopped
from jobs.registry import handler, on_end, periodic_task
from jobs.run import Run
from jobs.worker.process import WorkerProcess
from media import ffmpeg

FOLDER = Path(os.environ["CHAOS_FOLDER"])
TIME_LIMIT = timedelta(seconds=float(os.environ.get("CHAOS_TIME_LIMIT", "600")))


def report(file: str, *words: object) -> None:
    """One line at the end of the file, in one write."""
    descriptor = os.open(FOLDER / file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, (" ".join(map(str, words)) + "\n").encode())
    finally:
        os.close(descriptor)


def sleep(run: Run, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if run.should_stop():
            raise JobStopped
        time.sleep(0.01)


@handler("chaos_work")
def chaos_work(run: Run) -> Done:
    """Works for so many seconds."""
    report("starts", run.job.pk, run.job.token, os.getpid(), run.job.priority)
    sleep(run, run.job.data["parameters"]["seconds"])
    return Done(metadata={"token": run.job.token})


@handler("chaos_last")
def chaos_last(run: Run) -> Done:
    """Its process is killed once it holds another job: see `end_here`."""
    report("starts", run.job.pk, run.job.token, os.getpid(), run.job.priority)
    return Done(metadata={"token": run.job.token})


@handler("chaos_unresponsive")
def chaos_unresponsive(run: Run) -> Done:
    """Works for so many seconds and never asks whether it should stop."""
    report("starts", run.job.pk, run.job.token, os.getpid(), run.job.priority)
    time.sleep(run.job.data["parameters"]["seconds"])
    return Done(metadata={"token": run.job.token})


@handler("chaos_stuck", time_limit=TIME_LIMIT)
def chaos_stuck(run: Run) -> Done:
    """The unresponsive one with a time limit."""
    return chaos_unresponsive(run)


@handler("chaos_paid")
def chaos_paid(run: Run) -> Done:
    """Waits so many seconds for an answer that is paid, as a provider's client does: nothing
    interrupts it.
    """
    with paid_request(60):
        return chaos_unresponsive(run)


@handler("chaos_regex", time_limit=TIME_LIMIT)
def chaos_regex(run: Run) -> Done:
    """Keeps the interpreter to itself for hours: no other thread of this process runs meanwhile."""
    report("starts", run.job.pk, run.job.token, os.getpid(), run.job.priority)
    re.fullmatch(r"(a|aa)+", "a" * 80 + "b")
    return Done()


@handler("chaos_child", time_limit=TIME_LIMIT)
def chaos_child(run: Run) -> Done:
    """Starts a process in a session of its own, as careless as can be, and works for so many
    seconds.
    """
    child = subprocess.Popen(["sh", "-c", "sleep 600 & sleep 600"], start_new_session=True)
    report("children", run.job.pk, os.getpid(), child.pid)
    sleep(run, run.job.data["parameters"]["seconds"])
    return Done()


@handler("chaos_ffmpeg")
def chaos_ffmpeg(run: Run) -> Done:
    """A film of so many seconds, made no faster than it plays, as the film of a story is made."""
    length = str(run.job.data["parameters"]["seconds"])
    ffmpeg.run(
        [
            "-re",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=320x180:rate=24",
            "-t",
            length,
            "-f",
            "matroska",
        ],
        out=FOLDER / f"{run.job.pk}.mkv",
        should_stop=run.should_stop,
        on_frame=lambda frames: report("frames", run.job.pk, os.getpid(), frames),
    )
    return Done()


@periodic_task(0.1)
def hold() -> None:
    """While there is a file `hold`, the ticker comes to no end in the middle of a write."""
    if (FOLDER / "hold").exists():
        with transaction.atomic():
            Pause.objects.create(name="nobody")
            report("held", os.getpid())
            time.sleep(600)


def effect(job: Job) -> None:
    """What a job leaves behind, written in its finishing transaction: there must be one for each
    job, whatever happens.
    """
    if job.status == "succeeded":
        JobLog.objects.create(job=job, message_data=LocalizedMessage("effect").as_json())


@on_end("chaos_last")
def end_here(_job: Job) -> None:
    """The process is killed as soon as the claim of the next job is committed, which has not begun:
    with the end of this one on PostgreSQL, after it on SQLite.
    """
    transaction.on_commit(die_between)
    if connection.vendor == "sqlite":
        WorkerProcess.holding = die_instead  # type: ignore[method-assign]


def die_instead(_worker: WorkerProcess, _lease: Lease) -> AbstractContextManager[None]:
    die_between()
    return nullcontext()


def die_between() -> None:
    if Job.objects.filter(status="running", worker__endswith=f"/{os.getpid()}").exists():
        report("deaths", os.getpid())
        os.kill(os.getpid(), signal.SIGKILL)


for name in (
    "chaos_last",
    "chaos_work",
    "chaos_unresponsive",
    "chaos_paid",
    "chaos_child",
    "chaos_ffmpeg",
):
    on_end(name)(effect)
