"""Runs the benches one after the other, prints what they print, and writes it to docs/benchmarks.md
with the date and the machine.

usage: bench.py [film] [jobs] [api] [board]      all of them without a name
"""

import datetime as dt
import os
import platform
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- bench:begin (make bench) -->", "<!-- bench:end -->"
BENCHES = ("film", "jobs", "api", "board")


PARTS = ("benchmarks", "jobs", "providers", "site", "stories", "tests")


def run(name: str) -> str:
    """Runs the benchmark and returns its output, which is also shown. Raises CalledProcessError."""
    env = os.environ | {
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'site'}",
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    lines = []
    with subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.{name}"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as bench:
        assert bench.stdout is not None
        for line in bench.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            lines.append(line.rstrip())
    if bench.returncode:
        raise subprocess.CalledProcessError(bench.returncode, bench.args)
    return "\n".join(lines).strip()


def kept(document: str, found: dict[str, str]) -> str:
    """Returns the document with these results between its markers."""
    today = dt.datetime.now(tz=dt.UTC).date()
    head = (
        f"{today:%Y-%m-%d}, {os.cpu_count()} cores, {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}."
    )
    blocks = [f"```\n{text}\n```" for text in found.values()]
    part = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if not part.search(document):
        raise ValueError(f"The document has no place for the results: {BEGIN} ... {END}")
    return part.sub(lambda _match: "\n\n".join([BEGIN, head, *blocks, END]), document)


def main(names: list[str]) -> int:
    if unknown := sorted(set(names) - set(BENCHES)):
        sys.stderr.write(
            f"bench: there is no bench {', '.join(unknown)}; there are: {', '.join(BENCHES)}.\n"
        )
        return 2
    # Packages are installed uncompiled; otherwise the first process to start would pay for it.
    subprocess.run(
        [
            sys.executable,
            "-m",
            "compileall",
            "-q",
            "-j",
            "0",
            sysconfig.get_path("purelib"),
            *PARTS,
        ],
        cwd=ROOT,
        check=False,
    )
    found = {}
    for name in names or BENCHES:
        try:
            found[name] = run(name)
        except subprocess.CalledProcessError as error:
            sys.stderr.write(
                f"bench: {name} ended with exit code {error.returncode}; docs/benchmarks.md "
                f"is unchanged.\n"
            )
            return 1
    if not names:
        PAGE.write_text(kept(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
