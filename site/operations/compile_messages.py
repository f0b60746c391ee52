"""Compiles translations (.po) to .mo files without GNU gettext, which a new machine may lack."""

import io
import os
from collections.abc import Iterable
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po


class CatalogError(ValueError):
    """A .po file cannot be read. The message names the file and the line."""


def read(source: Path) -> Catalog:
    """Returns the messages of a .po file without obsolete ones. Raises CatalogError."""
    with source.open("rb") as lines:
        try:
            return read_po(lines, ignore_obsolete=True, abort_invalid=True)
        except PoFileError as error:
            why = str(error).removesuffix(f" on {error.lineno}")
            raise CatalogError(f"{source.name}, line {error.lineno + 1}: {why}") from error


def is_translated(message: Message) -> bool:
    """Returns whether the message has all its forms, and none of them is a guess."""
    forms = message.string if isinstance(message.string, tuple) else (message.string,)
    return all(forms) and not message.fuzzy


def compiled(source: Path) -> bytes:
    """Returns the .mo content, without fuzzy and untranslated messages. Raises CatalogError."""
    content = io.BytesIO()
    write_mo(content, read(source))
    return content.getvalue()


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
