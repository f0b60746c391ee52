"""The tables of fault tests for the documentation: which fault of which service, what was
promised, what was seen.
"""

import os
import platform
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date

from .faults import FAULTS, KINDS
from .many_workers import Made
from .runner import Seen

INTRODUCTION = """# Fault tests

Made by `make fault-tests` on {day} ({machine}). Each line is one fault test on real servers \
(PostgreSQL 18, Valkey 9.1, SeaweedFS 4.48), with the
web and two groups of workers as separate processes. While {stories} stories run, whose pictures \
come from a provider that charges
for each, and a client writes new stories, something is broken for {seconds:g} to 20 seconds \
(one second for a restart) and repaired. Always promised, and checked
after each test: every job is done, every picture was paid for once (unless a person decided
otherwise on a call whose sender was killed), every file is whole, every story whose creation was \
confirmed to a client
exists exactly once, and every error answer has an explanation.

"""
DETAILS = """
A dash: it has no such fault, or it is the same as another. PostgreSQL and the workers get a small \
disk of their own, which is filled.
The store is marked as one that takes no more writes, as SeaweedFS does itself over a bucket's \
quota. Slow means that a
line between it and the studio holds each block back: {slow}.
A database that is lost altogether is no fault test: that is what a backup is for \
([keeping](keeping.md)).

| Fault | Promised besides | Held | Seen | Last film after mending |
| --- | --- | --- | --- | --- |
"""

MANY = """# Many workers

Made by `make many` on {day} ({machine}, {cores} cores shared with other work): one PostgreSQL 18, \
one Valkey 9.1 and one SeaweedFS 4.48, one web, and
{groups} groups of `manage.py work` with two workers each, on one machine. {stories} stories of \
{scenes} scenes are written over the API and
carried from draft to the final film: planned, a picture for each scene from one provider, the \
preview, a clip for each from
another, the film. Both providers charge for each work and count for themselves what they were \
paid for. When the films of half of the
stories are ordered, every group is replaced by a new one, one after the other, while the rest \
goes on. So that it ends in minutes, scenes are one
second long (720 × 720, 24 fps) and the providers' works are small and repeat
themselves, which is why there are fewer files than takes: the same content is kept once.

| | |
| --- | --- |
| Time | {minutes:.1f} min ({per_hour:.0f} stories an hour) |
| Groups replaced meanwhile | {replaced} |
| Jobs, all succeeded | {jobs} |
| Calls to providers, all settled; the providers' own count is the same | {calls} |
| Takes | {takes} |
| Films | {films} |
| Files in the store, each named by a row or made from one; all takes and films read again and \
whole | {files} |
| Doubles (takes, films, calls, jobs, steps of a story) | {doubles} |
"""


def many(made: Made) -> str:
    """Markdown."""
    values = asdict(made) | {
        "minutes": made.seconds / 60,
        "per_hour": made.stories / made.seconds * 3600,
    }
    return MANY.format(
        day=date.today().isoformat(),  # noqa: DTZ011  the day of the person who runs it
        machine=f"{platform.system()}, {platform.machine()}",
        cores=os.cpu_count(),
        **values,
    )


BY_HAND = "\n## Random kills"


def by_hand(page: str) -> str:
    """The last section of the page, which `make fault-tests` does not measure: it stays."""
    _made, heading, rest = page.partition(BY_HAND)
    return heading + rest


def written(results: Iterable[Seen], *, stories: int, seconds: float, slow: str) -> str:
    """Markdown."""
    found = {seen.fault: seen for seen in results}
    machine = f"{platform.system()}, {platform.machine()}"
    parts = [
        INTRODUCTION.format(
            day=date.today().isoformat(),  # noqa: DTZ011  the day of the person who runs it
            machine=machine,
            stories=stories,
            seconds=seconds,
        )
    ]
    parts += [*_grid(found), DETAILS.format(slow=slow), *map(_line, found.values())]
    return "".join(parts)


def _grid(found: dict[str, Seen]) -> Iterable[str]:
    """Service by fault: yes, **no**, `not tried`, or a dash where there is no such fault."""
    yield f"| | {' | '.join(KINDS)} |\n|{' --- |' * (len(KINDS) + 1)}\n"
    for service in dict.fromkeys(fault.service for fault in FAULTS):
        names = {fault.kind: fault.name for fault in FAULTS if fault.service == service}
        cells = (
            "–"
            if kind not in names
            else _held(found[names[kind]])
            if names[kind] in found
            else "not tried"
            for kind in KINDS
        )
        yield f"| {service} | {' | '.join(cells)} |\n"


def _held(seen: Seen) -> str:
    return "yes" if seen.ok else "**no**"


def _line(seen: Seen) -> str:
    message = (
        "; ".join([*(f"**{wrong}**" for wrong in seen.wrong), *seen.facts])
        .replace("|", "\\|")
        .replace("\n", " ")
    )
    return f"| {seen.fault} | {seen.promise} | {_held(seen)} | {message} | {seen.seconds:.0f} s |\n"
