"""Whether the process that was sending a call may still live, judged by the processes that there
are and not by the time that has passed.
"""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from jobs.worker.linux_processes import state

MARK = "VP_CHAOS_RUN"  # in the environment of the groups of a run, and so in that of all they start
# The system counts the beginning of a process in ticks of 10 ms; the rest is for the moment between
# reading two clocks.
SLACK = timedelta(milliseconds=200)


def may_live(run: str, since: datetime) -> bool:
    """Whether a process of this run that had begun by then has not ended.

    A process whose parent was killed counts, and so does one that is stopped.
    """
    return any(
        _is_of(folder, run) and state(int(folder.name)) not in {"", "Z", "X"}
        for folder in Path("/proc").iterdir()
        if folder.name.isdigit() and _began_by(folder, since + SLACK)
    )


def _is_of(folder: Path, run: str) -> bool:
    try:
        environment = (folder / "environ").read_bytes()
    except OSError:  # it has ended
        return False
    return f"{MARK}={run}".encode() in environment.split(b"\0")


def _began_by(folder: Path, moment: datetime) -> bool:
    try:
        ticks = int((folder / "stat").read_text().rpartition(")")[2].split()[19])
    except OSError:
        return False
    booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    began = booted + ticks / os.sysconf("SC_CLK_TCK")
    return datetime.fromtimestamp(began, UTC) <= moment
