"""The only django-q2 task: run jobs until none is due."""

from .worker import bootstrap


def drain() -> None:
    bootstrap.drain()
