"""The tables of drills for the documentation: which fault of which service, what was promised, what was seen."""

import platform
from collections.abc import Iterable
from datetime import date

from .drill import Seen
from .faults import FAULTS, KINDS

INTRODUCTION = """# Failure drills

Made by `make drills` on {day} ({machine}). Each line is one drill on real servers (PostgreSQL 18, Valkey 9.1, SeaweedFS 4.48), with the
web and two groups of workers as separate processes. While {stories} stories run, whose pictures come from a provider that charges
for each, and a client writes new stories, something is broken for {seconds:g} to 20 seconds and mended. Always promised, and checked
after each drill: every job is done, every picture was paid for once (unless a person decided
otherwise on a call whose sender was killed), every file is whole, every story that a client was told
is written stands once, and no answer was an error without words.

"""
DETAILS = """
A dash: it has no such fault, or it is the same as another. PostgreSQL and the workers get a small disk of their own, which is filled.
The store is marked as one that takes no more writes, as SeaweedFS does itself over a bucket's quota. Slow means that a
line between it and the studio holds each block back: {slow}. An emptied database or store is no drill: that is what a
backup is for ([keeping](keeping.md)).

| Fault | Promised besides | Held | Seen | Last film after mending |
| --- | --- | --- | --- | --- |
"""


def written(results: Iterable[Seen], *, stories: int, seconds: float, slow: str) -> str:
    """Markdown."""
    found = {seen.fault: seen for seen in results}
    machine = f"{platform.system()}, {platform.machine()}"
    parts = [INTRODUCTION.format(day=date.today().isoformat(), machine=machine, stories=stories, seconds=seconds)]  # noqa: DTZ011  the day of the person who runs it
    parts += [*_grid(found), DETAILS.format(slow=slow), *map(_line, found.values())]
    return "".join(parts)


def _grid(found: dict[str, Seen]) -> Iterable[str]:
    """Service by fault: yes, **no**, `not tried`, or a dash where there is no such fault."""
    yield f"| | {' | '.join(KINDS)} |\n|{' --- |' * (len(KINDS) + 1)}\n"
    for service in dict.fromkeys(fault.service for fault in FAULTS):
        names = {fault.kind: fault.name for fault in FAULTS if fault.service == service}
        cells = ("–" if kind not in names else _held(found[names[kind]]) if names[kind] in found else "not tried" for kind in KINDS)
        yield f"| {service} | {' | '.join(cells)} |\n"


def _held(seen: Seen) -> str:
    return "yes" if seen.ok else "**no**"


def _line(seen: Seen) -> str:
    said = "; ".join([*(f"**{wrong}**" for wrong in seen.wrong), *seen.facts]).replace("|", "\\|").replace("\n", " ")
    return f"| {seen.fault} | {seen.promise} | {_held(seen)} | {said} | {seen.seconds:.0f} s |\n"
