"""The tables of a PDF page, by the lines around their cells, and the lines of text beside them.

Word processors draw a table as lines and text at places; nothing in the file says which text is in
which cell. Tables without lines are read as text.
"""

import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from .paragraphs import Document, Paragraph, spoken_column, table_paragraphs

LEAST_RULES, MOST_RULES = 6, 800  # of a page whose tables are looked for
MOST_SECONDS = 4.0  # of the processor, for one document; what comes after is read as text
SAME_PLACE = 2.0  # points by which the edges of one table differ on two pages
_RULE = re.compile(rb"\s(?:re|l)(?=\s)")

type Rows = list[list[str]]


class Cell(str):
    """The text of a cell, one line per line of the page."""

    __slots__ = ()


@dataclass
class Tables:
    """Reads the tables of a document's pages in order; one may go on over several pages."""

    document: Document = field(default_factory=Document)
    _last: tuple[list[str], float, float] | None = None  # header and edges, at the end of a page
    _until: float = field(default_factory=lambda: time.process_time() + MOST_SECONDS)

    def has_time(self) -> bool:
        return time.process_time() < self._until

    def lines(self, page: Any) -> list[str] | None:
        """The lines of a page of pdfplumber, each cell as a `Cell`.

        None if it has no table, or if a letter of the page would be missing.
        """
        found = [table for table in page.find_tables() if _is_table(table)]
        if not found or not _is_whole(page, found):
            self._last = None
            return None
        lines: list[str] = []
        top = page.bbox[1]
        for table in sorted(found, key=lambda one: one.bbox[1]):
            above = _text(page, top, table.bbox[1])
            lines += above
            if above:
                self._last = None
            lines += self._cells(table)
            top = max(top, table.bbox[3])
        below = _text(page, top, page.bbox[3])
        if len(below) > 1:  # more than the number of the page
            self._last = None
        return lines + below

    def _cells(self, table: Any) -> list[str]:
        rows: Rows = [[cell or "" for cell in row] for row in table.extract()]
        left, right = table.bbox[0], table.bbox[2]
        header = rows[0]
        if self._last is not None:
            before, *edges = self._last
            same = all(abs(a - b) < SAME_PLACE for a, b in zip(edges, (left, right), strict=True))
            if same and len(before) == len(header) and spoken_column(before) is not None:
                header = before
                rows = rows if rows[0] == before else [before, *rows]
        self._last = (header, left, right)
        parts = [[[Paragraph(cell)] for cell in row] for row in rows]
        return [Cell(part.text) for part in table_paragraphs(parts, self.document) if part.text]


def has_rules(content: bytes) -> bool:
    """Whether a page draws about as many lines as a table has."""
    return LEAST_RULES <= sum(1 for _rule in _RULE.finditer(content)) <= MOST_RULES


def _is_table(table: Any) -> bool:
    return len(table.rows) > 1 and max(len(row.cells) for row in table.rows) > 1


def _is_whole(page: Any, tables: list[Any]) -> bool:
    """Whether the cells and the text beside the tables have all letters of the page."""
    cells = [cell or "" for table in tables for row in table.extract() for cell in row]
    edges = [page.bbox[1]]
    for table in sorted(tables, key=lambda one: one.bbox[1]):
        edges += [table.bbox[1], max(edges[-1], table.bbox[3])]
    beside = zip(edges[::2], [*edges[1::2], page.bbox[3]], strict=True)
    found = [*cells, *(line for top, bottom in beside for line in _text(page, top, bottom))]
    return _letters(found) == _letters([page.extract_text()])


def _letters(texts: list[str]) -> Counter[str]:
    return Counter(char for text in texts for char in text if not char.isspace())


def _text(page: Any, top: float, bottom: float) -> list[str]:
    """The lines between two heights; a letter is where its middle is."""
    part = page.filter(
        lambda one: one["object_type"] != "char" or top <= (one["top"] + one["bottom"]) / 2 < bottom
    )
    return [line for line in part.extract_text().split("\n") if line.strip()]
