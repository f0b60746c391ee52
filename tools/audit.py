"""Looks for known weaknesses in the locked packages; 1 if there are any. Says so when no advisory service can be asked.

`--required`: 2 if nothing could be audited.
"""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCK = "requirements.txt"
# By pip-audit's names: an address that answers only where the service can really be asked; an index's copy has no advisories.
SERVICES = {"pypi": "https://pypi.org/pypi/pip/json", "osv": "https://api.osv.dev/v1/vulns/PYSEC-2021-421"}
PROBE_SECONDS, SOCKET_SECONDS, ALL_SECONDS = 4, 10, 120


def reachable(address: str) -> bool:
    """Whether it answers well and soon."""
    try:
        with urllib.request.urlopen(address, timeout=PROBE_SECONDS) as answer:  # noqa: S310  fixed addresses
            return bool(answer.status == 200)  # noqa: PLR2004  OK
    except (urllib.error.URLError, OSError, ValueError):
        return False


def ask(service: str) -> list[dict[str, Any]]:
    """pip-audit's findings on every locked package. Raises TimeoutExpired, or ValueError when it ended without an answer."""
    program = Path(sys.executable).with_name("pip-audit")
    options = ("--disable-pip", "--require-hashes", "-r", LOCK, "--format", "json", "--progress-spinner", "off", "--timeout", str(SOCKET_SECONDS))
    done = subprocess.run([program, *options, "-s", service], cwd=ROOT, capture_output=True, text=True, timeout=ALL_SECONDS, check=False)
    found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    return found


def report(found: list[dict[str, Any]], service: str) -> int:
    """Says what was found, one line each; 1 for a weakness."""
    audited = [package for package in found if "skip_reason" not in package]
    weak = [(package, flaw) for package in audited for flaw in package["vulns"]]
    for package, flaw in weak:
        mended = ", ".join(flaw["fix_versions"]) or "no release yet"
        sys.stdout.write(f"{package['name']} {package['version']}: {flaw['id']} (mended in: {mended})\n")
    left = f"; {len(found) - len(audited)} are not known there" if len(audited) < len(found) else ""
    sys.stdout.write(f"audit: {len(audited)} locked packages asked for at {service}, {len(weak)} known weaknesses{left}\n")
    return int(bool(weak))


def main(arguments: list[str]) -> int:
    why = "no advisory service (pypi.org, osv.dev) can be reached from here"
    for service in (name for name, address in SERVICES.items() if reachable(address)):
        try:
            found = ask(service)
        except (subprocess.TimeoutExpired, ValueError, KeyError):
            why = f"{service} did not answer all questions"
            continue
        if any("skip_reason" not in package for package in found):
            return report(found, service)
        why = f"{service} knows none of the packages"
    sys.stdout.write(f"audit: NOT AUDITED, {why}\n")
    return 2 if "--required" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
