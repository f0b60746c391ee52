"""Locks pyproject.toml into requirements*.txt, with hashes and without index URLs. `--upgrade`
takes newer releases.

The benchmarks have a lock of their own, because MoviePy, the comparison for films, requires an
older Pillow.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OPTIONS = (
    *("--quiet", "--universal", "--python-version", "3.12", "--generate-hashes"),
    *("--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--no-header"),
)
LOCKS = {
    "requirements.txt": (),
    "requirements-dev.txt": ("--extra", "dev", "-c", "requirements.txt"),
    "requirements-bench.txt": ("--extra", "bench"),
}


def main(extra: list[str]) -> int:
    for name, options in LOCKS.items():
        command = [
            sys.executable,
            "-m",
            "uv",
            "pip",
            "compile",
            *OPTIONS,
            *options,
            *extra,
            "pyproject.toml",
            "-o",
            name,
        ]
        if code := subprocess.run(command, cwd=ROOT, check=False).returncode:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
