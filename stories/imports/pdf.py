"""Reader for PDF files with text. Scans without text are reported as such."""

import io
import logging
import re
import unicodedata
from collections import Counter

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from .errors import Unreadable
from .headings import is_heading

MOST_PAGES = 400
MOST_CHARACTERS = 400_000
FULL = 0.72  # a line at least this share of the widest was broken by the layout, not by the author
_PAGE_NUMBER = re.compile(
    r"^[-–—\s]*(?:page\s*)?\d{1,4}[.\s]*(?:[-–—/]|of|쪽|페이지)?\s*\d{0,4}[-–—\s]*$", re.IGNORECASE
)
_ENDED = re.compile(r"[.!?…。！？:：]['\"”’」』)\]]*$")
_BULLET = re.compile(r"^(?:[-•·*▪◦‣–—]|\d{1,3}[.)]|[가-하][.)])\s")


def read(data: bytes) -> tuple[str, str]:
    """Title and text, one paragraph per line. Raises Unreadable."""
    logging.getLogger("pypdf").setLevel(logging.ERROR)
    try:
        title, pages = _pages(data)
    except (
        PyPdfError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        RecursionError,
        OverflowError,
        NotImplementedError,
    ) as error:
        # pypdf raises many kinds of errors for a broken file.
        raise Unreadable("broken") from error
    if not any(char.isalnum() for lines in pages for line in lines for char in line):
        raise Unreadable("scan")
    return _title(title), _joined(
        [line for lines in _without_margins(pages) for line in [*lines, ""]]
    )


def _pages(data: bytes) -> tuple[str, list[list[str]]]:
    """The title, and the lines of each page."""
    reader = PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted and not reader.decrypt(""):
        raise Unreadable("encrypted")
    if len(reader.pages) > MOST_PAGES:
        raise Unreadable("too_large")
    title = str(reader.metadata.title or "") if reader.metadata else ""
    pages: list[list[str]] = []
    total = 0
    for page in reader.pages:
        lines = [line.rstrip() for line in page.extract_text().split("\n")]
        total += sum(map(len, lines))
        if total > MOST_CHARACTERS:
            raise Unreadable("too_large")
        pages.append(lines)
    return title.strip(), pages


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
    bodies = [[line for line in lines if line.strip()] for lines in pages]
    edges = Counter(line for body in bodies for line in {*body[:1], *body[-1:]})
    repeated = {line for line, count in edges.items() if len(pages) > 2 and 2 * count > len(pages)}  # noqa: PLR2004
    kept = []
    for lines in pages:
        full = [number for number, line in enumerate(lines) if line.strip()]
        margin = {
            number
            for number in (*full[:1], *full[-1:])
            if lines[number] in repeated or _PAGE_NUMBER.match(lines[number].strip())
        }
        kept.append([line for number, line in enumerate(lines) if number not in margin])
    return kept


def _width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)


def _joined(lines: list[str]) -> str:
    """Join the lines that the layout has broken."""
    widest = max((_width(line.strip()) for line in lines), default=0)
    found: list[str] = []
    broken = False  # whether the last line continues
    for raw in lines:
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
