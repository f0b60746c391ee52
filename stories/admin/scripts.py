"""The text of a script file that a person brings: plain text, Markdown, Fountain, or a Word document."""

import io
import re
import zipfile
from pathlib import PurePath
from xml.etree import ElementTree as ET

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

ENDINGS = (".txt", ".md", ".fountain", ".docx")
MOST_BYTES = 2 * 1024 * 1024
MOST_XML = 16 * 1024 * 1024  # of a document, unpacked
ENCODINGS = ("utf-8-sig", "cp949")
WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def text_of(name: str, data: bytes) -> str:
    """The words of the file, a paragraph on each line. Raises ValidationError with a sentence for a person."""
    ending = PurePath(name).suffix.lower()
    if ending not in ENDINGS:
        raise ValidationError(_("This kind of file cannot be read: TXT, MD, FOUNTAIN and DOCX are."))
    if len(data) > MOST_BYTES:
        raise ValidationError(_("The file is too large."))
    text = _word(data) if ending == ".docx" else _decoded(data)
    text = _markdown(text) if ending == ".md" else _fountain(text) if ending == ".fountain" else text
    return re.sub(r"\n{3,}", "\n\n", text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")).strip()


def _decoded(data: bytes) -> str:
    for encoding in ("utf-16", *ENCODINGS) if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ValidationError(_("The text of the file cannot be read; save it as UTF-8."))


def _word(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if archive.getinfo("word/document.xml").file_size > MOST_XML:
                raise ValidationError(_("The file is too large."))
            # expat limits how far entities grow; the size is limited above.
            root = ET.fromstring(archive.read("word/document.xml"))  # noqa: S314
    except (zipfile.BadZipFile, KeyError, ET.ParseError, OSError, RuntimeError, NotImplementedError) as error:
        raise ValidationError(_("This is not a Word document that can be read.")) from error
    return "\n".join(_paragraph(paragraph) for paragraph in root.iter(f"{WORD}p"))


def _paragraph(paragraph: ET.Element) -> str:
    parts = []
    for node in paragraph.iter():
        if node.tag == f"{WORD}t":
            parts.append(node.text or "")
        elif node.tag in {f"{WORD}br", f"{WORD}cr"}:
            parts.append("\n")
        elif node.tag == f"{WORD}tab":
            parts.append(" ")
    return "".join(parts)


def _markdown(text: str) -> str:
    """The words without the marks that are not said."""
    text = re.sub(r"!\[([^\]]*)\]\([^)]*\)", "", text)
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"^[ \t]*(?:[-*_][ \t]*){3,}$", "", text, flags=re.MULTILINE)
    text = re.sub(r"^[ \t]{0,3}(?:#{1,6}[ \t]+|>[ \t]?|[-*+][ \t]+|\d+\.[ \t]+)", "", text, flags=re.MULTILINE)
    return re.sub(r"(\*\*|__|\*|`)(?=\S)(.+?)(?<=\S)\1", r"\2", text)


def _fountain(text: str) -> str:
    """The screenplay without its title page, its notes and what is struck out."""
    text = re.sub(r"/\*.*?\*/|\[\[.*?\]\]", "", text, flags=re.DOTALL)
    head, blank, body = text.partition("\n\n")
    has_title_page = bool(re.match(r"(?i)\s*(title|credit|author|authors|source|draft date|contact)\s*:", head))
    return body if has_title_page and blank else text
