"""Named fault points in the life of a call. Fault injection can kill the process at any of them."""

import os
import signal
from itertools import count

KILL_AT = "GATE_KILL_AT_STEP"
STOP_AT = "GATE_STOP_AT_STEP"
TRACE = "GATE_TRACE_STEPS"
_passed = count(1)
_stopped: set[str] = set()


def hit(name: str) -> None:
    """Mark a fault point between two side effects.

    Does nothing unless fault injection is enabled by the environment. GATE_KILL_AT_STEP=n kills
    this process with SIGKILL at the n-th point that it reaches, GATE_KILL_AT_STEP=name at the first
    point of this name. GATE_STOP_AT_STEP stops it there once with SIGSTOP.
    GATE_TRACE_STEPS=file appends the names of the points to the file, so that a test can count
    them.
    """
    if trace := os.environ.get(TRACE):
        # Plain append for fault injection
        with open(trace, "a", encoding="utf-8") as file:  # noqa: PTH123
            file.write(f"{name}\n")
    kill, stop = os.environ.get(KILL_AT), os.environ.get(STOP_AT)
    if kill or stop:
        here = {name, str(next(_passed))}
        if kill in here:
            os.kill(os.getpid(), signal.SIGKILL)
        if stop in here and stop not in _stopped:
            _stopped.add(stop)
            os.kill(os.getpid(), signal.SIGSTOP)
