"""The audit of the locked packages: weaknesses fail, and what could not be asked is said and never taken for well."""

import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.services import free_ports
from tools import audit

FLAW = {"id": "PYSEC-2026-1", "fix_versions": ["1.1"], "aliases": [], "description": ""}
FINE = {"name": "django", "version": "6.1.3", "vulns": []}
WEAK = {"name": "pillow", "version": "1.0", "vulns": [FLAW, {**FLAW, "id": "PYSEC-2026-2", "fix_versions": []}]}
UNKNOWN = {"name": "redis", "skip_reason": "Dependency not found on PyPI"}


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What each service answers; those that are not named cannot be reached."""
    answers: dict[str, Any] = {}

    def ask(service: str) -> Any:
        if isinstance(answers[service], Exception):
            raise answers[service]
        return answers[service]

    monkeypatch.setattr(audit, "reachable", lambda address: any(address == audit.SERVICES[name] for name in answers))
    monkeypatch.setattr(audit, "ask", ask)
    return answers


def test_weakness_fails_and_is_named(services: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    services["pypi"] = [FINE, WEAK, UNKNOWN]
    assert audit.main([]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "pillow 1.0: PYSEC-2026-1 (mended in: 1.1)",
        "pillow 1.0: PYSEC-2026-2 (mended in: no release yet)",
        "audit: 2 locked packages asked for at pypi, 2 known weaknesses; 1 are not known there",
    ]


def test_no_weakness_passes(services: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    services["pypi"] = [FINE]
    assert audit.main(["--required"]) == 0
    assert capsys.readouterr().out == "audit: 1 locked packages asked for at pypi, 0 known weaknesses\n"


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({}, "no advisory service (pypi.org, osv.dev) can be reached from here"),
        ({"pypi": [UNKNOWN]}, "pypi knows none of the packages"),
        ({"osv": subprocess.TimeoutExpired("pip-audit", 1)}, "osv did not answer all questions"),
        ({"pypi": ValueError("no JSON")}, "pypi did not answer all questions"),
    ],
)
def test_what_could_not_be_asked_is_said(services: dict[str, Any], capsys: pytest.CaptureFixture[str], answers: dict[str, Any], why: str) -> None:
    services.update(answers)
    assert (audit.main([]), audit.main(["--required"])) == (0, 2)
    assert capsys.readouterr().out == 2 * f"audit: NOT AUDITED, {why}\n"


def test_second_service_is_asked_when_the_first_knows_nothing(services: dict[str, Any]) -> None:
    services.update({"pypi": [UNKNOWN], "osv": [WEAK]})
    assert audit.main([]) == 1


class Mirror(BaseHTTPRequestHandler):
    """An index that has the packages and no advisories."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/good" else 404)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def test_only_an_address_that_answers_well_is_reachable() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Mirror) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        assert [audit.reachable(f"{address}/{path}") for path in ("good", "pypi/pip/json")] == [True, False]
        server.shutdown()
    assert not audit.reachable(f"http://127.0.0.1:{free_ports(1)[0]}/")


def test_program_is_asked_about_the_lock_and_its_answer_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "pip-audit"
    program.write_text('#!/bin/sh\necho "$@" > asked\necho \'{"dependencies": [{"name": "a", "version": "1", "vulns": []}], "fixes": []}\'\n')
    program.chmod(0o755)
    monkeypatch.setattr(audit.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(audit, "ROOT", tmp_path)
    assert audit.ask("osv") == [{"name": "a", "version": "1", "vulns": []}]
    asked = (tmp_path / "asked").read_text()
    assert "-r requirements.txt" in asked
    assert asked.endswith("-s osv\n")
    program.write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(ValueError, match="Expecting value"):
        audit.ask("osv")
