"""Converts the paragraphs of a word processor document to a script."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .headings import is_heading
from .script import Block, BlockKind, Format
from .text import as_screenplay, understand

# Style names of screenplay templates, in lower case.
STYLES = {
    "scene heading": BlockKind.HEADING,
    "slugline": BlockKind.HEADING,
    "slug line": BlockKind.HEADING,
    "shot": BlockKind.HEADING,
    "씬 제목": BlockKind.HEADING,
    "장면 제목": BlockKind.HEADING,
    "action": BlockKind.ACTION,
    "지문": BlockKind.ACTION,
    "character": BlockKind.CUE,
    "등장인물": BlockKind.CUE,
    "인물": BlockKind.CUE,
    "dialogue": BlockKind.DIALOGUE,
    "대사": BlockKind.DIALOGUE,
    "parenthetical": BlockKind.PARENTHETICAL,
    "transition": BlockKind.TRANSITION,
    "lyrics": BlockKind.LYRICS,
}
MOST_COLUMNS = 64  # of a cell; Word has no more in a table
_SPOKEN_COLUMN = re.compile(
    r"^(내레이션|나레이션|narration|대사|멘트|오디오|audio|vo|v\.o\.|voice[- ]?over|voice|음성)\b",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Paragraph:
    """`level` is the heading level, 0 for a title, None otherwise.

    `style` is the lower-case style name. `is_item`: an item of a list.
    """

    text: str
    level: int | None = None
    style: str = ""
    is_item: bool = False


@dataclass(slots=True)
class Document:
    """The paragraphs in reading order, and the parts that are left out of the narration."""

    paragraphs: list[Paragraph] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)
    title: str = ""


def columns(span: str) -> int:
    """How many columns a cell covers, by the attribute of its format."""
    return min(max(int(span[:3]), 1), MOST_COLUMNS) if span.isascii() and span.isdecimal() else 1


def spoken_column(header: Sequence[str]) -> int | None:
    """The table column that is narrated, if its header says so.

    Commercial scripts use such tables: picture | narration.
    """
    found = [number for number, cell in enumerate(header) if _SPOKEN_COLUMN.match(cell.strip())]
    return found[0] if len(header) > 1 and len(found) == 1 else None


def table_paragraphs(
    rows: Sequence[Sequence[list[Paragraph]]], document: Document
) -> Iterable[Paragraph]:
    """Add the table's cells row by row, or only the narrated column."""
    header = [" ".join(part.text for part in cell) for cell in rows[0]] if rows else []
    column = spoken_column(header)
    if column is None:
        for row in rows:
            for cell in row:
                yield from cell
        return
    document.left_out.add("table")
    for row in rows[1:]:
        if column < len(row):
            yield from row[column]


def script_text(document: Document) -> tuple[str, str, Format | None]:
    """The title and text of the document, and its format if the styles determine it."""
    kinds = [STYLES.get(part.style) for part in document.paragraphs]
    if BlockKind.CUE in kinds or BlockKind.HEADING in kinds:
        blocks = []
        for part, kind in zip(document.paragraphs, kinds, strict=True):
            known = kind or (BlockKind.SECTION if part.level is not None else BlockKind.ACTION)
            if part.text.strip():
                blocks.append(Block(known, part.text.strip()))
        return document.title, as_screenplay(blocks), Format.SCREENPLAY
    lines: list[str] = []
    for part in document.paragraphs:
        text = part.text.strip()
        if not text:
            lines.append("")
        elif part.level is not None or is_heading(text):
            one = " ".join(text.split())
            lines += ["", one if is_heading(one) else f"# {one}", ""]
        elif part.is_item:
            lines += [
                "",
                text,
                "",
            ]  # not together with the next: two short lines would be a speaker's name and words
        else:
            lines.append(text)
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return document.title or understand(text).title, text, None
