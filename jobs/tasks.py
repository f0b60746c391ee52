"""The one task that django-q2 carries: work until nothing is due."""

from .work import member


def drain() -> None:
    member.drain()
