"""Compiles translations (.po) to .mo files without GNU gettext, which a new machine may lack."""

import ast
import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

MAGIC = 0x950412DE
HEADER_BYTES = 7 * 4
CONTEXT_END = "\x04"
FORM_END = "\x00"


class CatalogError(ValueError):
    """A .po file cannot be read. The message names the file and the line."""


@dataclass
class Entry:
    """One message of a .po file.

    `fields` has `msgid`, `msgstr` or `msgstr[0]`…, and optionally `msgctxt` and `msgid_plural`.
    """

    fuzzy: bool = False
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        context = self.fields.get("msgctxt")
        plural = self.fields.get("msgid_plural")
        return (
            (f"{context}{CONTEXT_END}" if context is not None else "")
            + self.fields["msgid"]
            + (f"{FORM_END}{plural}" if plural is not None else "")
        )

    @property
    def value(self) -> str:
        """Returns the translation with all plural forms, or an empty string."""
        if "msgid_plural" not in self.fields:
            return self.fields.get("msgstr", "")
        forms = [text for name, text in sorted(self.fields.items()) if name.startswith("msgstr[")]
        return FORM_END.join(forms) if all(forms) else ""


def entries(lines: Iterable[str], *, name: str) -> Iterator[Entry]:
    """Returns the messages of a .po file without obsolete ones. Raises CatalogError."""
    entry, current = Entry(), ""
    for number, raw in enumerate(lines, start=1):
        line = raw.strip()
        if line.startswith("#"):
            if "msgid" in entry.fields and current.startswith("msgstr"):
                yield entry
                entry, current = Entry(), ""
            entry.fuzzy |= line.startswith("#,") and "fuzzy" in line
            continue
        if not line:
            continue
        keyword, text = (
            ("", line)
            if line.startswith('"')
            else (line.partition(" ")[0], line.partition(" ")[2].strip())
        )
        if keyword in {"msgctxt", "msgid"} and current.startswith("msgstr"):
            yield entry
            entry = Entry()
        current = keyword or current
        if not current:
            raise CatalogError(f"{name}, line {number}: a text that belongs to no message.")
        entry.fields[current] = entry.fields.get(current, "") + _unquoted(
            text, where=f"{name}, line {number}"
        )
    if "msgid" in entry.fields:
        yield entry


def _unquoted(text: str, *, where: str) -> str:
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError) as error:
        raise CatalogError(f"{where}: not a quoted text.") from error
    if not isinstance(value, str):
        raise CatalogError(f"{where}: not a quoted text.")
    return value


def compiled(source: Path) -> bytes:
    """Returns the .mo content: sorted, without fuzzy and untranslated messages. Raises
    CatalogError.
    """
    with source.open(encoding="utf-8") as lines:
        found = {
            entry.key: entry.value
            for entry in entries(lines, name=source.name)
            if entry.value and (not entry.fuzzy or not entry.fields["msgid"])
        }
    pairs = sorted((key.encode(), value.encode()) for key, value in found.items())
    table, texts = bytearray(), bytearray()
    for text in [*(key for key, _ in pairs), *(value for _, value in pairs)]:
        table += struct.pack("<2I", len(text), HEADER_BYTES + len(pairs) * 16 + len(texts))
        texts += text + b"\x00"
    return (
        struct.pack("<7I", MAGIC, 0, len(pairs), HEADER_BYTES, HEADER_BYTES + len(pairs) * 8, 0, 0)
        + table
        + texts
    )


def compile_all(folders: Iterable[Path]) -> list[Path]:
    """Compiles each .mo that is missing or older than its .po and returns those written.

    Raises CatalogError.
    """
    written = []
    for folder in folders:
        for source in sorted(Path(folder).glob("*/LC_MESSAGES/*.po")):
            target = source.with_suffix(".mo")
            if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
                continue
            unfinished = target.with_name(f".{target.name}.{os.getpid()}")
            unfinished.write_bytes(compiled(source))
            unfinished.replace(target)
            written.append(target)
    return written
