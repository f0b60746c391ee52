"""Tries each test with two writers once more without each row lock that it reaches (`make locks`).

A plugin of pytest. The run fails if there is a `select_for_update` in the product without which no
test fails.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from django.db.models import QuerySet

ROOT = Path(__file__).parent.parent
NOT_PRODUCT = {"tests", "migrations", "benchmarks", "node_modules"}


def all_locks() -> Iterator[str]:
    """Each `select_for_update` of the product, as "path:line"."""
    for path in sorted(ROOT.rglob("*.py")):
        place = path.relative_to(ROOT)
        if NOT_PRODUCT & set(place.parts) or place.parts[0].startswith("."):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == "select_for_update":
                yield f"{place}:{node.end_lineno}"


class WithoutLocks:
    """`missed`: the tests that fail without each lock."""

    def __init__(self) -> None:
        self.left_out = ""
        self.reached: set[str] = set()
        self.missed: dict[str, list[str]] = defaultdict(list)

    def patch(self) -> None:
        lock = QuerySet.select_for_update

        def select_for_update(rows: Any, *args: Any, **kwargs: Any) -> Any:
            place = _place()
            self.reached.add(place)
            return rows.all() if place == self.left_out else lock(rows, *args, **kwargs)

        QuerySet.select_for_update = select_for_update  # type: ignore[method-assign]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: Any, nextitem: Any) -> bool:
        self.reached.clear()
        reports = self._run(item)
        if all(report.passed for report in reports):
            reports = self._run(
                item
            )  # a test that fails when it is run again says nothing of locks
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        if all(report.passed for report in reports):
            for place in sorted(self.reached):
                self.left_out = place
                if any(report.failed for report in self._run(item)):
                    self.missed[place].append(item.nodeid)
            self.left_out = ""
        item.session._setupstate.teardown_exact(nextitem)
        return True

    def _run(self, item: Any) -> Any:
        item._initrequest()
        # The fixtures of its file stay for the next run.
        return runtestprotocol(item, nextitem=item.parent, log=False)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        for place in all_locks():
            tests = self.missed.get(place, [])
            terminalreporter.write_line(f"{len(tests):3} tests fail without the lock of {place}")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not session.exitstatus and not set(all_locks()) <= self.missed.keys():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _place() -> str:
    """The line of the product, or of a test, that asks for the lock."""
    frame = sys._getframe(2)
    while frame.f_back and ".venv" in frame.f_code.co_filename:
        frame = frame.f_back
    path = Path(frame.f_code.co_filename)
    return f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}:{frame.f_lineno}"


def pytest_configure(config: pytest.Config) -> None:
    plugin = WithoutLocks()
    plugin.patch()
    config.pluginmanager.register(plugin)
