"""Parses the bytes of a document into a script.

Pure functions: they run in a limited subprocess without Django's setup, for a bounded time. Results
are plain data, so that they can cross the process boundary.
"""

import re
import unicodedata
from importlib import import_module
from pathlib import PurePath
from typing import Any

from .encodings import CHOICES, decode
from .errors import Unreadable
from .fountain import title_page
from .languages import language_of
from .paragraphs import script_text
from .script import Format
from .text import as_screenplay, format_of, normalised, understand

TEXTS = frozenset({".txt", ".md", ".markdown", ".fountain", ".spmd", ".srt", ".vtt"})
ENDINGS = (".txt", ".md", ".fountain", ".fdx", ".docx", ".odt", ".hwpx", ".pdf", ".srt", ".vtt")
MOST_BYTES = 8 * 1024 * 1024
MOST_TEXT_BYTES = 2 * 1024 * 1024
MOST_CHARACTERS = 400_000
FIRST_LINES = 5
LONGEST_TITLE = 200
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHER_MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:\{\\rtf\d|<!doctype html|<html[\s>])", re.IGNORECASE
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ufeff\ufffe\uffff\ud800-\udfff]")


def parse(name: str, data: bytes, encoding: str = "") -> dict[str, Any]:
    """`{"script": {...}}`, or `{"error": {"reason", "values"}}`.

    The reasons are those of `stories.imports.reading`.
    """
    try:
        return {"script": _read(name, data, encoding)}
    except Unreadable as error:
        return {"error": {"reason": error.reason, "values": error.values}}


def _read(name: str, data: bytes, encoding: str) -> dict[str, Any]:
    ending = _ending(name, data)
    if len(data) > (MOST_TEXT_BYTES if ending in TEXTS else MOST_BYTES):
        raise Unreadable("too_large")
    left_out: set[str] = set()
    wanted: Format | None = None
    used = ""
    if ending in TEXTS:
        title, text, wanted, used = _text(ending, data, encoding, left_out)
    elif ending == ".fdx":
        title, blocks = _reader("finaldraft")(data)
        text, wanted = as_screenplay(blocks), Format.SCREENPLAY
    elif ending == ".pdf":
        title, text, left_out = _reader("pdf")(data)
    else:
        document = _reader({".docx": "word", ".odt": "opendocument", ".hwpx": "hancom"}[ending])(
            data
        )
        title, text, wanted = script_text(document)
        left_out |= document.left_out
    text = clean(text)
    if len(text) > MOST_CHARACTERS:
        raise Unreadable("too_large")
    found = understand(text, wanted)
    if not found.has_words:
        raise Unreadable("no_words")
    if found.format == Format.SCREENPLAY:
        text = _without_title_page(text, found.title or name)
    stem = unicodedata.normalize(
        "NFC", PurePath(name.replace("\\", "/")).stem.partition(".")[0].replace("_", " ")
    ).strip()
    title = _one_line(title) or _one_line(found.title) or _one_line(stem)
    return {
        "title": title[:LONGEST_TITLE],
        "text": text,
        "language": language_of(found.spoken),
        "encoding": used,
        "format": found.format.value,
        "left_out": sorted(left_out),
    }


def _reader(module: str) -> Any:
    """The `read` function of a format.

    Imported on demand, because the process reads only one file.
    """
    return import_module(f".{module}", __package__).read


def _text(
    ending: str, data: bytes, encoding: str, left_out: set[str]
) -> tuple[str, str, Format | None, str]:
    if encoding and encoding not in CHOICES:
        raise Unreadable("encoding")
    try:
        text, used = decode(data, encoding)
    except UnicodeError as error:
        raise Unreadable("encoding") from error
    text = clean(text)
    if ending in {".md", ".markdown"}:
        document = _reader("markdown")(text)
        left_out |= document.left_out
        return *script_text(document), used
    if ending in {".fountain", ".spmd"}:
        return "", text, Format.SCREENPLAY, used
    return "", text, Format.SUBTITLES if ending in {".srt", ".vtt"} else None, used


def _without_title_page(text: str, title: str) -> str:
    """The text without its title page. The title is kept; author and contact details are dropped.

    A screenplay that is recognizable only by its title page keeps the title, so that it is read as
    a screenplay again.
    """
    body = title_page(text, any_key=True)[1].strip()
    return body if format_of(body) == Format.SCREENPLAY else f"Title: {_one_line(title)}\n\n{body}"


def clean(text: str) -> str:
    """Normalize the text: NFC, LF line endings, no control characters, no outer white space."""
    text = _CONTROLS.sub("", normalised(text).replace("\x0c", "\n"))
    return re.sub(r"\n{4,}", "\n\n\n", unicodedata.normalize("NFC", text)).strip()


def _one_line(text: str) -> str:
    return " ".join(_CONTROLS.sub("", unicodedata.normalize("NFC", text)).split())


def _ending(name: str, data: bytes) -> str:
    """The file type, by content where possible, else by name. Raises Unreadable."""
    ending = PurePath(name).suffix.lower()
    if not ending or (ending not in ENDINGS and ending not in TEXTS):
        raise Unreadable(
            "old_office" if ending in {".doc", ".hwp"} and data.startswith(_OLD_OFFICE) else "kind"
        )
    if not data.strip(b"\x00 \t\r\n"):
        raise Unreadable("no_words")
    if data.startswith(_OLD_OFFICE):
        raise Unreadable("encrypted" if ending == ".docx" else "old_office")
    if data.startswith(b"PK\x03\x04") and len(data) <= MOST_BYTES:
        parts = import_module(".packages", __package__).Package(data).parts
        if "content.xml" in parts:
            return ".odt"
        if any(part.startswith("Contents/section") for part in parts):
            return ".hwpx"
        return ".docx"
    if data[:1024].lstrip().startswith(b"%PDF"):
        return ".pdf"
    if ending in {".docx", ".odt", ".hwpx", ".pdf"}:
        raise Unreadable("broken")
    return _ending_of_text(data) if ending == ".txt" else ending


def _ending_of_text(data: bytes) -> str:
    if b"<FinalDraft" in data[:2000]:
        return ".fdx"
    if _OTHER_MARKUP.match(data[:1000]):
        raise Unreadable("kind")
    return ".txt"
