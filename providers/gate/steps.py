"""Named points of a call's life. A drill may stop the process dead at any of them."""

import os
import signal
from itertools import count

KILL_AT = "GATE_KILL_AT_STEP"
TRACE = "GATE_TRACE_STEPS"
_passed = count(1)


def step(name: str) -> None:
    """Mark a point between two effects. Does nothing unless the environment asks for a drill.

    GATE_KILL_AT_STEP=n kills this process with SIGKILL at the n-th point that it passes; GATE_TRACE_STEPS=file
    appends the names of the points to the file, which is how a drill learns how many there are.
    """
    if trace := os.environ.get(TRACE):
        with open(trace, "a", encoding="utf-8") as file:  # noqa: PTH123  plain append, in a drill only
            file.write(f"{name}\n")
    if (wanted := os.environ.get(KILL_AT)) and next(_passed) == int(wanted):
        os.kill(os.getpid(), signal.SIGKILL)
