"""Sets up the WorkerProcess of the current process when a pool worker starts."""

import logging
import os
import signal
import threading
import time
from typing import Any

from django.db import connection

from core import outgoing_requests

from . import linux_processes
from .process import WorkerProcess, begin_name
from .shared_memory import Flag, ProcessRecord

logger = logging.getLogger("ai_video.jobs")

RETRY_SECONDS = 1.0
HEARTBEAT_SECONDS = 0.5


class _Here:
    """The values that the supervisor left for its workers, and the process's own WorkerProcess."""

    worker_group = ""
    stop: Flag | None = None
    record: ProcessRecord | None = None
    worker_process: WorkerProcess | None = None
    pid = 0


def prepare(*, worker_group: str, stop: Flag) -> None:
    """Store the values for workers. Called in the pool's main process before it forks workers."""
    _Here.worker_group, _Here.stop = worker_group, stop


def prepare_worker(record: ProcessRecord) -> None:
    """Assign a record to the next worker.

    Called in the pool's main process just before the fork.
    """
    _Here.record = record


def worker_process() -> WorkerProcess:
    """Return the WorkerProcess of this process. The first call in each process creates it."""
    if _Here.worker_process is None or _Here.pid != os.getpid():
        begin()
    assert _Here.worker_process is not None
    return _Here.worker_process


def begin(**_signal: Any) -> None:
    """Start a worker process: it dies with the pool, adopts orphans of its jobs, and sends
    heartbeats.
    """
    here = WorkerProcess(
        worker_group=_Here.worker_group or begin_name(os.getppid()),
        stop=_Here.stop or Flag(),
        record=_Here.record,
    )
    _Here.worker_process, _Here.pid = here, os.getpid()
    linux_processes.adopt_orphans()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, here.on_terminate)
    here.start_heartbeat()
    if record := _Here.record:
        record.write("pid", os.getpid())
        outgoing_requests.watch(lambda until: record.write("paid_until", until))
        threading.Thread(target=_show_life, args=(record,), name="heartbeat", daemon=True).start()


def _show_life(record: ProcessRecord) -> None:
    """Write a heartbeat to shared memory.

    Unlike the database heartbeat, it does not stop while the database is unreachable.
    """
    while True:
        record.write("heartbeat", time.monotonic())
        time.sleep(HEARTBEAT_SECONDS)


def drain() -> None:
    """Run jobs until none is due. A database error ends only this round."""
    try:
        worker_process().drain()
    except Exception:
        logger.exception("A worker could not go on; it tries again at the next wake-up.")
        connection.close()
        time.sleep(RETRY_SECONDS)
    if worker_process().terminated:
        raise SystemExit
