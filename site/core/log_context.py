"""The request or job that the current code runs for. Log lines include it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
job_id: ContextVar[str] = ContextVar("job_id", default="")


@contextmanager
def log_context(variable: ContextVar[str], value: str) -> Iterator[None]:
    """Set the context variable to this value within the block."""
    before = variable.set(value)
    try:
        yield
    finally:
        variable.reset(before)
