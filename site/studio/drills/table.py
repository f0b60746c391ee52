"""The table of drills for the documentation: fault × what was promised × what was seen."""

import platform
from collections.abc import Iterable
from datetime import date

from .drill import Seen

INTRODUCTION = """# Failure drills

Made by `make drills` on {day} ({machine}). Each line is one drill on real servers (PostgreSQL 18, Valkey 9.1, SeaweedFS 4.48), with the
web and two groups of workers as separate processes. While {stories} stories run, whose pictures come from a provider that charges
for each, and a client writes new stories, something is broken for {seconds:g} to 20 seconds and mended. Always promised, and checked
after each drill: every job is done, every picture was paid for once (unless a person decided
otherwise on a call whose sender was killed), every file is whole, every story that a client was told
is written stands once, and no answer was an error without words.

| Fault | Promised besides | Held | Seen | Last film after mending |
| --- | --- | --- | --- | --- |
"""


def written(results: Iterable[Seen], *, stories: int, seconds: float) -> str:
    """Markdown."""
    lines = [INTRODUCTION.format(day=date.today().isoformat(), machine=f"{platform.system()}, {platform.machine()}", stories=stories, seconds=seconds)]  # noqa: DTZ011  the day of the person who runs it
    for seen in results:
        said = "; ".join([*(f"**{wrong}**" for wrong in seen.wrong), *seen.facts]).replace("|", "\\|").replace("\n", " ")
        lines.append(f"| {seen.fault} | {seen.promise} | {'yes' if seen.ok else '**no**'} | {said} | {seen.seconds:.0f} s |\n")
    return "".join(lines)
