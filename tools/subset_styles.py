"""Makes `static/unfold/css/styles.css` of Unfold's style sheet, of which the pages use a third.

It keeps every rule whose classes are named in a template, a script or the Python of the studio, of
Unfold or of Django's admin. The file lies where Unfold's lies and is found before it.

The board, which is to be seen soon on slow connections, has none of Unfold's forms and lists:
`static/unfold/css/frame.css` beside it has only what the studio itself and the frame around a page
name.

    python tools/subset_styles.py

Run it after a class of Unfold's is used for the first time and after Unfold is updated;
`tests/operations/test_styles.py` says when that is due.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import django
import tinycss2
import unfold
from tinycss2.ast import Node

ROOT = Path(__file__).resolve().parents[1]
UNFOLD = Path(unfold.__file__).parent
ADMIN = Path(django.__file__).parent / "contrib/admin"
NAME = "unfold/css/styles.css"
SOURCE, TARGET = UNFOLD / "static" / NAME, ROOT / "static" / NAME
FRAME = TARGET.with_name("frame.css")
FOLDERS = ("templates", "static", "stories", "jobs", "providers", "site")
# Parts of Unfold that the studio does not have: other packages' pages, and an editor of JSON.
NOT_USED = ("contrib", "unfold_crispy", "jedison", "chart")
USED = ("contrib/filters",)
# Select2, htmx and the forms of Unfold put their classes together from parts.
KEPT = ("select2", "htmx-", "group/formset-", "group-[.empty]/formset-")
KEPT_IN_FRAME = ("htmx-",)
# Helpers of Unfold that stand in its forms and lists and not in the frame.
NOT_IN_FRAME = (
    *("change_list", "actions_row", "add_link", "app_list_default", "boolean", "dashboard"),
    *("dataset", "delete_", "display_", "edit_inline", "empty_results", "field", "form_"),
    *("help_text", "history", "inline_", "pagination", "unauthenticated", "welcomemsg"),
)
# Of a text editor that no form of the studio has.
UNUSED = ("prose",)
GROUPS = ("layer", "media", "supports", "container")
# "Within what has": whenever an element gets or loses a child, browsers compute the styles of all
# elements around it anew for a rule that ends in `*`. Written the other way round it costs nothing.
WITHIN = re.compile(r"(?P<own>.+):is\((?P<around>:where\(.+\):has\(.+\)) \*\)")
QUOTED = re.compile(r"[\s\"'`\\]+")
WORD = re.compile(r"[\s\"'`=<>{}%|;,\\]+")


def is_group(rule: Node) -> bool:
    """Whether the rule holds others, as `@media` does."""
    return rule.type == "at-rule" and rule.lower_at_keyword in GROUPS and rule.content is not None


def parsed(css: str | list[Node]) -> list[Node]:
    """The rules of a style sheet, or of what is in the braces of one."""
    return list(tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True))


def classes(selector: Iterable[Node]) -> set[str]:
    """The classes that an element has to have for the selector, or its parents."""
    found: set[str] = set()
    before = None
    for token in selector:
        if token.type == "ident" and before == ".":
            found.add(token.value)
        elif token.type == "function" and token.lower_name != "not":
            found |= classes(token.arguments)
        elif token.type.endswith(" block"):
            found |= classes(token.content)
        before = token
    return found


def alternatives(selectors: Iterable[Node]) -> list[list[Node]]:
    """The selectors between the commas of a list."""
    found: list[list[Node]] = [[]]
    for part in selectors:
        if part == ",":
            found.append([])
        else:
            found[-1].append(part)
    return found


def quick(selector: str) -> str:
    """The same selector, ending in the class itself and not in `*`."""
    found = WITHIN.fullmatch(selector)
    return f"{found['around']} {found['own']}" if found else selector


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


def frame_sources() -> Iterator[Path]:
    """Files in which a class of a page without forms and lists of Unfold may be named."""
    for folder in FOLDERS:
        for kind in ("html", "js", "py"):
            yield from (ROOT / folder).rglob(f"*.{kind}")
    helpers = UNFOLD / "templates/unfold/helpers"
    for file in helpers.rglob("*.html"):
        if not str(file.relative_to(helpers)).startswith(NOT_IN_FRAME):
            yield file
    yield UNFOLD / "templates/admin/nav_sidebar.html"
    yield UNFOLD / "static/unfold/js/app.js"


def words(files: Iterable[Path]) -> set[str]:
    """All that may be the name of a class in the files: at least every one that is used."""
    found: set[str] = set()
    for file in files:
        text = file.read_text(encoding="utf-8")
        found.update(QUOTED.split(text), WORD.split(text))
    return found


def subset(css: str | list[Node], names: set[str], kept_names: tuple[str, ...] = KEPT) -> str:
    """The style sheet without the rules for classes that are not named."""
    kept = []
    for rule in parsed(css):
        if is_group(rule):
            inside = subset(rule.content, names, kept_names)
            # An empty layer still has its place in the order of layers.
            if inside or rule.lower_at_keyword == "layer":
                head = f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}"
                kept.append(f"{head}{{{inside}}}")
        elif rule.type != "qualified-rule":
            kept.append(rule.serialize())
        elif found := [
            quick(tinycss2.serialize(one))
            for one in alternatives(rule.prelude)
            if all(name in names or name.startswith(kept_names) for name in classes(one))
        ]:
            kept.append(f"{','.join(found)}{{{tinycss2.serialize(rule.content)}}}")
    return "".join(kept)


def made(target: Path = TARGET) -> str:
    """The style sheet as it is written."""
    css = SOURCE.read_text(encoding="utf-8")
    notice = css[: css.index("*/") + 2]
    files, kept = (frame_sources(), KEPT_IN_FRAME) if target == FRAME else (sources(), KEPT)
    names = {word for word in words(files) if not word.startswith(UNUSED)}
    return f"{notice}\n{subset(css, names, kept)}\n"


def main() -> None:
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    for target in (TARGET, FRAME):
        target.write_text(made(target), encoding="utf-8")


if __name__ == "__main__":
    main()
