"""The audit of the locked packages: a vulnerability fails it, and packages that nobody could judge
never pass as clean.
"""

import subprocess
from typing import Any

import pytest

from tools import audit

FLAW = {"id": "PYSEC-2026-1", "fix_versions": ["1.1"], "aliases": [], "description": ""}
CLEAN = {"name": "django", "version": "6.1.3", "vulns": []}
VULNERABLE = {
    "name": "pillow",
    "version": "1.0",
    "vulns": [FLAW, {**FLAW, "id": "PYSEC-2026-2", "fix_versions": []}],
}
UNKNOWN = {"name": "redis", "skip_reason": "Dependency not found on PyPI"}


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What each service answers; those that are not named give no report."""
    answers: dict[str, Any] = {}

    def ask(service: str) -> Any:
        answer = answers.get(service, ValueError("no JSON"))
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(audit, "ask", ask)
    return answers


def test_vulnerability_fails_and_is_named(
    services: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    services["pypi"] = [CLEAN, VULNERABLE, UNKNOWN]
    assert audit.main([]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "pillow 1.0: PYSEC-2026-1 (fixed in: 1.1)",
        "pillow 1.0: PYSEC-2026-2 (fixed in: no release yet)",
        (
            "audit: pypi answered for 2 locked packages, 2 known vulnerabilities; 1 packages "
            "are unknown to it"
        ),
    ]


def test_clean_packages_pass(services: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    services["pypi"] = [CLEAN]
    assert audit.main(["--required"]) == 0
    assert (
        capsys.readouterr().out
        == "audit: pypi answered for 1 locked packages, 0 known vulnerabilities\n"
    )


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({}, "pypi did not answer; osv did not answer"),
        ({"pypi": [UNKNOWN]}, "pypi knows none of the packages; osv did not answer"),
        (
            {"osv": subprocess.TimeoutExpired("pip-audit", 1)},
            "pypi did not answer; osv did not answer",
        ),
    ],
)
def test_packages_that_could_not_be_audited_are_reported(
    services: dict[str, Any], capsys: pytest.CaptureFixture[str], answers: dict[str, Any], why: str
) -> None:
    services.update(answers)
    assert (audit.main([]), audit.main(["--required"])) == (0, 2)
    assert capsys.readouterr().out == 2 * f"audit: NOT AUDITED ({why})\n"


def test_second_service_is_asked_when_the_first_knows_nothing(services: dict[str, Any]) -> None:
    services.update({"pypi": [UNKNOWN], "osv": [VULNERABLE]})
    assert audit.main([]) == 1
