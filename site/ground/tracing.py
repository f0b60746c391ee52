"""For whom something happens: the request or the job that this code runs for. Log lines carry it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
job_id: ContextVar[str] = ContextVar("job_id", default="")


@contextmanager
def traced(variable: ContextVar[str], value: str) -> Iterator[None]:
    """Within it the variable has this value, in this thread."""
    before = variable.set(value)
    try:
        yield
    finally:
        variable.reset(before)
