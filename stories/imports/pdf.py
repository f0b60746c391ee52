"""Reader for PDF files with text. Scans without text are reported as such."""

import io
import logging
import re
import unicodedata
from collections import Counter

import pdfplumber
from pdfplumber.utils.exceptions import PdfminerException
from pypdf import PageObject, PdfReader
from pypdf.errors import PyPdfError

from .errors import Unreadable
from .headings import is_heading
from .pdf_tables import Cell, Tables, has_rules

MOST_PAGES = 400
MOST_CHARACTERS = 400_000
FULL = 0.72  # a line at least this share of the widest was broken by the layout, not by the author
_PAGE_NUMBER = re.compile(
    r"^[-–—\s]*(?:page\s*)?\d{1,4}[.\s]*(?:[-–—/]|of|쪽|페이지)?\s*\d{0,4}[-–—\s]*$", re.IGNORECASE
)
_ENDED = re.compile(r"[.!?…。！？:：]['\"”’」』)\]]*$")
_BULLET = re.compile(r"^(?:[-•·*▪◦‣–—]|\d{1,3}[.)]|[가-하][.)])\s")


# pypdf and pdfplumber raise many kinds of errors for a broken file.
BROKEN = (
    PyPdfError,
    PdfminerException,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    RecursionError,
    OverflowError,
    NotImplementedError,
)


def read(data: bytes) -> tuple[str, str, set[str]]:
    """Title, text with one paragraph per line, and what is left out. Raises Unreadable."""
    for name in ("pypdf", "pdfminer", "pdfplumber"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    tables = Tables()
    try:
        title, pages = _pages(data, tables)
    except BROKEN as error:
        raise Unreadable("broken") from error
    if not any(char.isalnum() for lines in pages for line in lines for char in line):
        raise Unreadable("scan")
    text = _joined([line for lines in _without_margins(pages) for line in [*lines, ""]])
    return _title(title), text, tables.document.left_out


def _pages(data: bytes, tables: Tables) -> tuple[str, list[list[str]]]:
    """The title, and the lines of each page."""
    reader = PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted and not reader.decrypt(""):
        raise Unreadable("encrypted")
    if len(reader.pages) > MOST_PAGES:
        raise Unreadable("too_large")
    title = str(reader.metadata.title or "") if reader.metadata else ""
    pages: list[list[str]] = []
    total = 0
    for number, page in enumerate(reader.pages):
        lines = _lines_with_tables(data, number, page, tables)
        if lines is None:
            lines = [line.rstrip() for line in page.extract_text().split("\n")]
        total += sum(map(len, lines))
        if total > MOST_CHARACTERS:
            raise Unreadable("too_large")
        pages.append(lines)
    return title.strip(), pages


def _lines_with_tables(
    data: bytes, number: int, page: PageObject, tables: Tables
) -> list[str] | None:
    """The lines of a page with tables. None if it has none, or pdfplumber cannot read it."""
    contents = page.get_contents() if tables.has_time() else None
    if contents is None or not has_rules(contents.get_data()):
        return None
    try:
        with pdfplumber.open(io.BytesIO(data), pages=[number + 1]) as found:
            return tables.lines(found.pages[0])
    except BROKEN:
        return None


def _title(title: str) -> str:
    """The title, unless it is a file name or a program's default."""
    return (
        ""
        if re.search(
            r"\.(?:docx?|hwpx?|odt|txt|pdf|html?)$|^untitled|^제목 ?없음|^microsoft word",
            title,
            re.IGNORECASE,
        )
        else title
    )


def _without_margins(pages: list[list[str]]) -> list[list[str]]:
    """The pages without page numbers and without repeated headers and footers."""
    bodies = [
        [line for line in lines if line.strip() and not isinstance(line, Cell)] for lines in pages
    ]
    edges = Counter(line for body in bodies for line in {*body[:1], *body[-1:]})
    repeated = {line for line, count in edges.items() if len(pages) > 2 and 2 * count > len(pages)}  # noqa: PLR2004
    kept = []
    for lines in pages:
        full = [number for number, line in enumerate(lines) if line.strip()]
        margin = {
            number
            for number in (*full[:1], *full[-1:])
            if not isinstance(lines[number], Cell)
            and (lines[number] in repeated or _PAGE_NUMBER.match(lines[number].strip()))
        }
        kept.append([line for number, line in enumerate(lines) if number not in margin])
    return kept


def _width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)


def _joined(lines: list[str]) -> str:
    """Join the lines that the layout has broken."""
    widest = max((_width(line.strip()) for line in lines if not isinstance(line, Cell)), default=0)
    found: list[str] = []
    broken = False  # whether the last line continues
    for raw in lines:
        if isinstance(raw, Cell):
            # Joined by its own width. The blank lines keep one cell from the next.
            found += ["", *_joined(raw.split("\n")).split("\n"), ""]
            broken = False
            continue
        line = " ".join(raw.split())
        if not line:
            # The end of a page or paragraph. A sentence may still continue on the next page.
            if not broken:
                found.append("")
            continue
        starts = (
            is_heading(line) or bool(_BULLET.match(line)) or line == line.upper() != line.lower()
        )
        if broken and found and found[-1] and not starts:
            found[-1] = (
                f"{found[-1]} {line}" if not found[-1].endswith("-") else f"{found[-1][:-1]}{line}"
            )
        else:
            found.append(line)
        broken = _width(line) >= FULL * widest and not _ENDED.search(line) and not is_heading(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(found)).strip()
