"""Each placeholder of a message gets a value where the message is made."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("jobs", "providers", "stories", "site")
PLACEHOLDER = re.compile(r"%\((\w+)\)")
MARKS = {"gettext_noop", "ngettext_noop", "pgettext_noop"}


def constants(tree: ast.Module) -> dict[str, str]:
    """The messages that the module names."""
    return {
        target.id: text
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and (text := message(node.value, {})) is not None
    }


def message(node: ast.expr, named: dict[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return named.get(node.id)
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in MARKS
        and isinstance(node.args[-1], ast.Constant)
    ):
        return str(node.args[-1].value)
    return None


def values(call: ast.Call) -> set[str] | None:
    """The names that the call gives values to. None: they are not known before it runs."""
    given: set[str] = set()
    for keyword in call.keywords:
        if keyword.arg is None:
            return None
        given.add(keyword.arg)
    for argument in call.args[1:]:
        if not isinstance(argument, ast.Dict):
            return None
        for key in argument.keys:
            if not isinstance(key, ast.Constant):
                return None
            given.add(str(key.value))
    return given


def missing(path: Path, text: str) -> Iterator[str]:
    tree = ast.parse(text)
    named = constants(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        if isinstance(node.func, ast.Name) and node.func.id in MARKS:
            continue
        template = message(node.args[0], named)
        if template is None or (given := values(node)) is None:
            continue
        for name in sorted(set(PLACEHOLDER.findall(template)) - given):
            yield f"{path}:{node.lineno}: {name}"


@pytest.mark.moderate
def test_every_placeholder_of_a_message_has_a_value():
    found = [
        gap
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        for gap in missing(path.relative_to(ROOT), path.read_text(encoding="utf-8"))
    ]

    assert found == []


def test_a_missing_value_is_found():
    code = 'raise Invalid(gettext_noop("“%(verdict)s” is not one."), review_status=1, field="x")'

    assert list(missing(Path("one.py"), code)) == ["one.py:1: verdict"]


def test_a_missing_value_of_a_named_message_is_found():
    code = 'TEXT = gettext_noop("%(a)s and %(b)s")\nLocalizedMessage(TEXT, {"a": 1})'

    assert list(missing(Path("one.py"), code)) == ["one.py:2: b"]
