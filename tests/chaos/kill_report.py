"""The page of the random kills: one row for each database, replaced by its newest run."""

import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

PAGE = "docs/operation/random-kills.md"
COLUMNS = (
    "Database",
    "Day, machine",
    "Command",
    "SIGKILL / SIGTERM / SIGSTOP",
    "Stories that became films",
    "Pieces of work paid / calls",
    "Answers that went wrong / decisions",
    "Bill / ledger (USD)",
    "Paid twice or unordered / lost / left over / other amount",
    "Crashes",
)
# How a line of the judge begins, in the order of the column.
MONEY = (("twice", "unordered"), ("lost",), ("stuck",), ("ledger",))
HEADING = f"""# Random kills: the last runs

`make kills WRITE=1` writes this page. [Fault tests](fault-tests.md) describe which processes are
killed, what people do meanwhile and what is compared. Each row is the newest run on its database.
The last two columns are faults: work that was paid for twice or without an order, lost charges,
calls, jobs and stories that do not end, amounts that differ from the bill; and errors without an
explanation that a person of the run met. The ledger may be above the bill by the costs that a
language model did not report.

| {" | ".join(COLUMNS)} |
{"| --- " * len(COLUMNS)}|
"""


def row(database: str, facts: Mapping[str, Any], wrong: Sequence[str], *, command: str) -> str:
    """One line of the table."""
    faults = facts.get("faults", {})
    found = Counter(line.partition(":")[0].split()[0] for line in wrong)
    machine = f"{platform.system()}, {platform.machine()}"
    cells = [
        database,
        f"{date.today().isoformat()} ({machine})",  # noqa: DTZ011  the day of the person who runs it
        f"`{command}`",
        " / ".join(str(faults.get(name, 0)) for name in ("SIGKILL", "SIGTERM", "SIGSTOP")),
        f"{facts.get('completed', 0)} of {facts.get('stories', 0)}",
        f"{facts.get('pieces of work paid', 0)} / {facts.get('calls', 0)}",
        f"{facts.get('answers that went wrong', 0)} / {facts.get('decisions on unclear calls', 0)}",
        f"{facts.get('bill')} / {facts.get('ledger')}",
        " / ".join(str(sum(found[kind] for kind in kinds)) for kinds in MONEY),
        str(found["crash"]),
    ]
    return f"| {' | '.join(cells)} |\n"


def with_row(page: str, new: str) -> str:
    """The page with this row in place of the one of the same database."""
    database = new.split(" | ", maxsplit=1)[0]
    rows = [
        line + "\n"
        for line in page.splitlines()
        if line.startswith("| ") and not line.startswith(("| Database", "| ---", database + " |"))
    ]
    return HEADING + "".join(sorted([*rows, new]))


def write(root: Path, new: str) -> None:
    page = root / PAGE
    known = page.read_text(encoding="utf-8") if page.exists() else ""
    page.write_text(with_row(known, new), encoding="utf-8")
