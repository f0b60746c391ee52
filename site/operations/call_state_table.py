"""Generates the tables of a call's states and transitions for docs/operation/calls.md."""

from providers.calls.states import COUNTS, TRANSITIONS
from providers.enums import CallState

BEGIN, END = "<!-- states:begin (make diagram) -->\n", "<!-- states:end -->"
TICK = {True: "yes", False: "no"}


def table() -> str:
    """Returns both tables as Markdown."""
    lines = ["| Change | From | To | When |", "| --- | --- | --- | --- |"]
    for change in TRANSITIONS:
        sources = ", ".join(str(source.value) for source in change.sources) or "–"
        lines.append(f"| {change.name} | {sources} | {change.target.value} | {change.when} |")
    lines += [
        "",
        "| State | Running | Rules out a second call | Holds a place | At risk | Budgets count |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for state in CallState:
        counts = COUNTS[state]
        ticks = (counts.running, counts.undecided, counts.holds_place, counts.at_risk)
        lines.append(
            f"| {state.value} | {' | '.join(TICK[tick] for tick in ticks)} | {counts.money} |"
        )
    return "\n".join(lines) + "\n"


def written(document: str) -> str:
    """Returns the document with the tables between its markers."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"
