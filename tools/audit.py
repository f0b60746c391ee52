"""Audits the locked packages with pip-audit. Exit code 1 when a known vulnerability is found.

If no advisory service answers, prints "NOT AUDITED" and exits with 0, or with 2 when called with
`--required`.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCK = "requirements.txt"
SERVICES = ("pypi", "osv")  # the names that pip-audit knows, in the order in which they are asked
SOCKET_SECONDS, ALL_SECONDS = 5, 120


def ask(service: str) -> list[dict[str, Any]]:
    """pip-audit's finding for each locked package.

    Raises TimeoutExpired, or ValueError when pip-audit ended without a report.
    """
    program = str(Path(sys.executable).with_name("pip-audit"))
    command = [program, "--disable-pip", "--require-hashes", "-r", LOCK, "-s", service]
    options = ["--format", "json", "--progress-spinner", "off", "--timeout", str(SOCKET_SECONDS)]
    done = subprocess.run(
        [*command, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=ALL_SECONDS,
        check=False,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    return found


def report(found: list[dict[str, Any]], service: str) -> int:
    """Prints one line for each vulnerability and a summary. Returns 1 if there is any."""
    audited = [package for package in found if "skip_reason" not in package]
    vulnerable = [(package, flaw) for package in audited for flaw in package["vulns"]]
    for package, flaw in vulnerable:
        fixed = ", ".join(flaw["fix_versions"]) or "no release yet"
        sys.stdout.write(
            f"{package['name']} {package['version']}: {flaw['id']} (fixed in: {fixed})\n"
        )
    unknown = len(found) - len(audited)
    left = f"; {unknown} packages are unknown to it" if unknown else ""
    sys.stdout.write(
        f"audit: {service} answered for {len(audited)} locked packages, {len(vulnerable)} "
        f"known vulnerabilities{left}\n"
    )
    return int(bool(vulnerable))


def main(arguments: list[str]) -> int:
    reasons = []
    for service in SERVICES:
        try:
            found = ask(service)
        except (subprocess.TimeoutExpired, ValueError, KeyError):
            reasons.append(f"{service} did not answer")
            continue
        if any("skip_reason" not in package for package in found):
            return report(found, service)
        # A mirror of the package index has the packages and no advisories.
        reasons.append(f"{service} knows none of the packages")
    sys.stdout.write(f"audit: NOT AUDITED ({'; '.join(reasons)})\n")
    return 2 if "--required" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
