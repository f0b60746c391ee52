"""Collects every translatable message of the studio and updates the .po file."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from babel.messages import Catalog
from django.utils.translation.template import templatize

from api.openapi import texts
from stories.api.routes import api

SOURCES = ("jobs", "providers", "stories", "site", "tools", "templates")
PLAIN = frozenset({"_", "gettext", "gettext_lazy", "gettext_noop"})
PLURAL = frozenset({"ngettext", "ngettext_lazy"})
CONTEXT = frozenset({"pgettext", "pgettext_lazy"})
NAMES = PLAIN | PLURAL | CONTEXT
TEXT = r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
IN_TEMPLATE = re.compile(rf"\b(n?p?gettext|_)\(\s*u?({TEXT})(?:\s*,\s*u?({TEXT}))?")
WIDTH = 100
# Without a date, so that a run without new messages changes nothing.
HEAD = (
    "Project-Id-Version: VideoPlanet Studio\n"
    "Language: {language}\n"
    "MIME-Version: 1.0\n"
    "Content-Type: text/plain; charset=UTF-8\n"
    "Content-Transfer-Encoding: 8bit\n"
    "Plural-Forms: {plurals}\n"
)

# Texts of Unfold's interface that the studio shows and Unfold does not translate.
FROM_UNFOLD = (
    "Search apps and models...",
    "Type to search",
    "Filters",
    "Apply Filters",
    "Reset filters",
    "Clear all filters",
    "No results found",
    "This page yielded into no results.",
    "Light",
    "Dark",
    "System",
    "General",
    "Loading...",
    "Choose file to upload",
    "Select record",
    "Select action",
    "Record picture",
    "Shortcuts",
    "Save and view",
    "All",
    "Reset",
    "Run",
    "Select value",
    "Select action to run",
    "Run the selected action",
    "Click here to select the objects across all pages",
    "Value",
    "From",
    "To",
    "Date from",
    "Date to",
    "True",
    "False",
    "Welcome",
    "Welcome back to",
    "Return to site",
    "Go back",
    "Submit",
    "Image preview",
    "Click to download",
    "Toggle password visibility",
    "This item will be deleted.",
    "Click to cancel",
    "Available shortcuts",
    "Global shortcuts",
    "Open command tool",
    "Open shortcuts list",
    "Toggle sidebar",
    "Toggle dark/light mode",
    "Changelist shortcuts",
    "Toggle filter",
    "Create new record",
    "Command tool shortcuts",
    "Navigate",
    "Open selection",
    "Open selection in new tab",
    "You have been successfully logged out from the administration",
    (
        "Deleting the %(object_name)s '%(escaped_object)s' would result in deleting related "
        "objects, but your account doesn't have permission to delete the following types of "
        "objects:"
    ),
    (
        "Deleting the %(object_name)s '%(escaped_object)s' would require deleting the following "
        "protected related objects:"
    ),
    (
        'Are you sure you want to delete the %(object_name)s "%(escaped_object)s"? All of the '
        "following related items will be deleted:"
    ),
)

# Names of kinds of objects of other packages, which the audit log shows.
FROM_PACKAGES = (
    "authenticator",
    "user session",
    "Successful task",
    "Failed task",
    "Scheduled task",
    "Queued task",
)


@dataclass
class Message:
    """One entry of the catalog: its location and its name there."""

    msgid: str
    plural: str = ""
    context: str = ""
    places: list[str] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str]:
        return self.context, self.msgid


def collect(root: Path) -> dict[tuple[str, str], Message]:
    """Returns every message of our code and templates under `root`, of the API document and of
    Unfold's interface, by context and text.
    """
    found: dict[tuple[str, str], Message] = {}
    for file in _files(root):
        text = file.read_text(encoding="utf-8")
        for message in _in_python(text) if file.suffix == ".py" else _in_template(text):
            kept = found.setdefault(message.key, message)
            kept.plural = kept.plural or message.plural
            kept.places.append(file.relative_to(root).as_posix())
    for place, sentences in (
        ("openapi.json", texts(api)),
        ("unfold", FROM_UNFOLD),
        ("packages", FROM_PACKAGES),
    ):
        for words in sentences:
            found.setdefault(("", words), Message(words)).places.append(place)
    return found


def _files(root: Path) -> Iterator[Path]:
    for source in SOURCES:
        yield from sorted(
            path
            for path in (root / source).rglob("*")
            if path.suffix in {".py", ".html", ".txt"}
            and "migrations" not in path.parts
            and _is_ours(path)
        )


def _is_ours(path: Path) -> bool:
    return path.suffix != ".txt" or "templates" in path.parts


def _in_python(text: str) -> Iterator[Message]:
    nodes = list(ast.walk(ast.parse(text)))
    imports = [
        node
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
    ]
    other_names = {name.asname: name.name for node in imports for name in node.names if name.asname}
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        called = (
            node.func.id
            if isinstance(node.func, ast.Name)
            else node.func.attr
            if isinstance(node.func, ast.Attribute)
            else ""
        )
        name = other_names.get(called, called)
        given = [
            arg.value if isinstance(arg, ast.Constant) and isinstance(arg.value, str) else None
            for arg in node.args[:2]
        ]
        if name in NAMES and given and given[0]:
            yield from _message(name, given[0], given[1] if len(given) > 1 else None)


def _in_template(text: str) -> Iterator[Message]:
    for name, first, second in IN_TEMPLATE.findall(templatize(text)):
        yield from _message(
            name, ast.literal_eval(first), ast.literal_eval(second) if second else None
        )


def _message(name: str, first: str, second: str | None) -> Iterator[Message]:
    if name in CONTEXT:
        if second:
            yield Message(second, context=first)
    elif name in PLURAL:
        yield Message(first, plural=second or "")
    else:
        yield Message(first)


def written(messages: Iterable[Message], before: Catalog) -> str:
    """Returns the new catalog. Messages keep their translation; unused ones are removed."""
    head = HEAD.format(language=before.locale_identifier, plurals=before.plural_forms)
    parts = ["msgid " + _quoted("") + "\nmsgstr " + _quoted(head)]
    for message in sorted(messages, key=lambda one: (one.places[0], one.msgid)):
        entry = before.get(message.msgid, context=message.context or None)
        translation = entry.string if entry else ""
        lines = [f"#: {' '.join(dict.fromkeys(message.places))}"]
        if re.search(r"%\(\w+\)s", message.msgid):
            lines.append("#, python-format")
        if message.context:
            lines.append("msgctxt " + _quoted(message.context))
        lines.append("msgid " + _quoted(message.msgid))
        if message.plural:
            lines.append("msgid_plural " + _quoted(message.plural))
            forms = translation if isinstance(translation, tuple) else [""] * before.num_plurals
            lines += [f"msgstr[{number}] " + _quoted(form) for number, form in enumerate(forms)]
        else:
            lines.append("msgstr " + _quoted(str(translation or "")))
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _quoted(text: str) -> str:
    def quote(part: str) -> str:
        return (
            '"'
            + part.replace("\\", "\\\\")
            .replace('"', '\\"')
            .replace("\n", "\\n")
            .replace("\t", "\\t")
            + '"'
        )

    pieces = text.splitlines(keepends=True)
    if len(pieces) < 2 and len(text) <= WIDTH:  # noqa: PLR2004  one line
        return quote(text)
    return "\n".join(['""', *(quote(piece) for piece in pieces)])
