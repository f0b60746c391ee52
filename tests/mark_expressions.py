"""Which test files can hold a test that `-m` chooses, told from their text.

Importing all test files takes a process several seconds, and each run has several processes: a run
of the fault-injection tests needs 20 of 300 files.
"""

import re
from collections.abc import Iterable
from itertools import product
from pathlib import Path

from _pytest.mark.expression import Expression

WORD = re.compile(r"\b(?!(?:and|or|not)\b)[a-z_]+\b")
MARK = re.compile(r"\bmark\.([a-z_]+)")
ONLY_ON_POSTGRESQL = frozenset({"postgresql", "row_locks"})
OF_ALL_TESTS = re.compile(r"^pytestmark = .*$", re.MULTILINE)


def may_hold_chosen_test(
    file: Path, expression: str, set_later: Iterable[str], *, given_to_all: Iterable[str] = ()
) -> bool:
    """Whether `expression` is true for any test that `file` can define.

    A mark that stands in the line of `pytestmark` has every test, one that is written elsewhere in
    the file any of them; those of `set_later` are given to some tests when they are collected,
    those of `given_to_all` to all of the file that are not `ONLY_ON_POSTGRESQL`. With `django_db` a
    test has the mark `database`.
    """
    text = file.read_text(encoding="utf-8")
    of_all = {mark for line in OF_ALL_TESTS.findall(text) for mark in MARK.findall(line)}
    of_some = {*MARK.findall(text), *set_later, *given_to_all}
    if not of_some & ONLY_ON_POSTGRESQL:
        of_all |= set(given_to_all)
    if "django_db" in of_all:
        of_all.add("database")
    names = sorted(set(WORD.findall(expression)))
    values = [
        (True,) if name in of_all else (True, False) if name in of_some else (False,)
        for name in names
    ]
    rule = Expression.compile(expression)
    return any(
        rule.evaluate(dict(zip(names, chosen, strict=True)).__getitem__)
        for chosen in product(*values)
    )
