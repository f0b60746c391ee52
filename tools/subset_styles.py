"""Makes `static/unfold/css/styles.css` of Unfold's style sheet, of which the pages use a third.

It keeps every rule whose classes are named in a template, a script or the Python of the studio, of
Unfold or of Django's admin. The file lies where Unfold's lies and is found before it.

    python tools/subset_styles.py

Run it after a class of Unfold's is used for the first time and after Unfold is updated;
`tests/operations/test_styles.py` says when that is due.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import django
import unfold

ROOT = Path(__file__).resolve().parents[1]
UNFOLD = Path(unfold.__file__).parent
ADMIN = Path(django.__file__).parent / "contrib/admin"
NAME = "unfold/css/styles.css"
SOURCE, TARGET = UNFOLD / "static" / NAME, ROOT / "static" / NAME
FOLDERS = ("templates", "static", "stories", "jobs", "providers", "site")
# Parts of Unfold that the studio does not have: other packages' pages, and an editor of JSON.
NOT_USED = ("contrib", "unfold_crispy", "jedison", "chart")
USED = ("contrib/filters",)
# Select2, htmx and the forms of Unfold put their classes together from parts.
KEPT = ("select2", "htmx-", "group/formset-", "group-[.empty]/formset-")
# Of a text editor that no form of the studio has.
UNUSED = ("prose",)
GROUPS = ("@layer", "@media", "@supports", "@container")
NEGATION = re.compile(r":not\((?:[^()]|\([^()]*\))*\)")
CLASS = re.compile(r"\.((?:\\[0-9a-f]{1,6}\s?|\\.|[\w-])+)")
ESCAPE = re.compile(r"\\([0-9a-f]{1,6})\s?|\\(.)")
QUOTED = re.compile(r"[\s\"'`\\]+")
WORD = re.compile(r"[\s\"'`=<>{}%|;,\\]+")


class Rule(NamedTuple):
    """What stands before the braces, and what in them; None for a statement without braces."""

    head: str
    body: str | None


def rules(css: str) -> Iterator[Rule]:
    """The rules of a style sheet, or of what is in the braces of one."""
    begin = depth = opened = 0
    parts = re.compile(r"/\*.*?\*/|\\.|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[{};]", re.DOTALL)
    for match in parts.finditer(css):
        part, at = match[0], match.start()
        if part == "{":
            opened = at if depth == 0 else opened
            depth += 1
        elif part == "}":
            depth -= 1
            if depth == 0:
                yield Rule(css[begin:opened], css[opened + 1 : at])
                begin = match.end()
        elif part == ";" and depth == 0:
            yield Rule(css[begin:at], None)
            begin = match.end()
        elif part.startswith("/*") and depth == 0 and not css[begin:at].strip():
            begin = match.end()


def classes(selector: str) -> set[str]:
    """The classes that an element has to have for the selector, or its parents."""
    named = CLASS.findall(NEGATION.sub("", selector))
    return {ESCAPE.sub(lambda one: chr(int(one[1], 16)) if one[1] else one[2], n) for n in named}


def alternatives(selectors: str) -> list[str]:
    """The selectors between the commas of a list."""
    found, begin, depth = [], 0, 0
    for match in re.finditer(r"\\.|[(),\[\]]", selectors):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(match[0], 0)
        if match[0] == "," and depth == 0:
            found.append(selectors[begin : match.start()])
            begin = match.end()
    return [*found, selectors[begin:]]


def sources() -> Iterator[Path]:
    """Files in which a class may be named."""
    for folder in FOLDERS:
        for kind in ("html", "js", "py"):
            yield from (ROOT / folder).rglob(f"*.{kind}")
    for package in (UNFOLD, ADMIN):
        for kind in ("html", "js", "py"):
            for file in package.rglob(f"*.{kind}"):
                inside = file.relative_to(package)
                is_used = any(inside.is_relative_to(used) for used in USED)
                if is_used or not set(inside.parts) & set(NOT_USED):
                    yield file


def words() -> set[str]:
    """All that may be the name of a class in the sources: at least every one that is used."""
    found: set[str] = set()
    for file in sources():
        text = file.read_text(encoding="utf-8")
        found.update(QUOTED.split(text), WORD.split(text))
    return found


def known(css: str) -> set[str]:
    """All classes of a style sheet."""
    found: set[str] = set()
    for rule in rules(css):
        if rule.head.strip().startswith(GROUPS):
            found |= known(rule.body or "")
        elif not rule.head.strip().startswith("@"):
            found |= classes(rule.head)
    return found


def subset(css: str, names: set[str]) -> str:
    """The style sheet without the rules for classes that are not named."""
    kept = []
    for head, body in rules(css):
        if body is None:
            kept.append(f"{head};")
        elif head.strip().startswith(GROUPS):
            inside = subset(body, names)
            # An empty layer still has its place in the order of layers.
            if inside or head.strip().startswith("@layer"):
                kept.append(f"{head}{{{inside}}}")
        elif head.strip().startswith("@"):
            kept.append(f"{head}{{{body}}}")
        elif found := [
            one
            for one in alternatives(head)
            if all(name in names or name.startswith(KEPT) for name in classes(one))
        ]:
            kept.append(f"{','.join(found)}{{{body}}}")
    return "".join(kept)


def made() -> str:
    """The style sheet as it is written."""
    css = SOURCE.read_text(encoding="utf-8")
    notice = css[: css.index("*/") + 2]
    names = {word for word in words() if not word.startswith(UNUSED)}
    return f"{notice}\n{subset(css, names)}\n"


def main() -> None:
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(made(), encoding="utf-8")


if __name__ == "__main__":
    main()
