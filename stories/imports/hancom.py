"""Reader for Hancom documents in the open format (HWPX, KS X 6101)."""

import re
from collections.abc import Iterator

from .errors import Unreadable
from .packages import Element, Package, attribute, local
from .paragraphs import Document, Paragraph, columns, table_paragraphs

_SECTION = re.compile(r"(?:^|/)section(\d{1,4})\.xml$", re.IGNORECASE)
# Controls contain headers, footers, notes, hidden comments and page numbers.
UNSEEN = frozenset(
    {
        "ctrl",
        "secPr",
        "linesegarray",
        "script",
        "shapeComment",
        "subText",
        "metaTag",
        "parameterset",
        "comment",
    }
)
UNSEEN |= {"shapeObject", "fieldBegin", "fieldEnd", "parameters", "caption"}
SPACES = {
    "nbSpace": "\u00a0",
    "fwSpace": "\u3000",
    "tab": "\t",
    "lineBreak": "\n",
    "hyphen": "\u2011",
}
_OUTLINE = re.compile(r"^(?:개요|outline)\s*(\d{1,2})$")


def read(data: bytes) -> Document:
    """The document's script. Raises Unreadable."""
    package = Package(data)
    sections = sorted(
        (int(found[1]), name) for name in package.parts if (found := _SECTION.search(name))
    )
    if not sections:
        raise Unreadable("broken")
    reader = _Reader(package.optional("Contents/header.xml"))
    for _number, name in sections:
        reader.document.paragraphs += reader.blocks(package.xml(name))
    return reader.document


class _Reader:
    def __init__(self, header: Element | None) -> None:
        self.document = Document()
        self.styles = {
            attribute(node, "id"): (attribute(node, "name") or attribute(node, "engName"))
            .strip()
            .lower()
            for node in (header.iter() if header is not None else ())
            if local(node) == "style"
        }
        self.items = {
            attribute(node, "id")
            for node in (header.iter() if header is not None else ())
            if local(node) == "paraPr"
            and any(
                local(part) == "heading" and attribute(part, "type") in {"BULLET", "NUMBER"}
                for part in node
            )
        }
        self.deleted = 0  # number of open tracked deletions

    def blocks(self, node: Element) -> Iterator[Paragraph]:
        for child in node:
            name = local(child)
            if name == "p":
                yield from self._paragraph(child)
            elif name == "tbl":
                yield from self._table(child)
            elif name not in UNSEEN:
                yield from self.blocks(self._chosen(child))

    def _chosen(self, node: Element) -> Element:
        """Exactly one case of a switch. Any other element is returned itself."""
        if local(node) != "switch":
            return node
        return next((child for child in node if local(child) in {"case", "default"}), node)

    def _table(self, node: Element) -> Iterator[Paragraph]:
        rows = [list(self._cells(row)) for row in node if local(row) == "tr"]
        yield from table_paragraphs(rows, self.document)

    def _cells(self, row: Element) -> Iterator[list[Paragraph]]:
        """The paragraphs of each column; a cell of several columns stands in the first of them.

        A row leaves out the columns that a cell of an earlier row covers; its cells say where.
        """
        at = 0
        for cell in row:
            if local(cell) != "tc":
                continue
            place = next((part for part in cell if local(part) == "cellAddr"), None)
            given = attribute(place, "colAddr")
            column = columns(given) if given not in {"", "0"} else 0 if given else at
            yield from ([] for _ in range(column - at))
            yield list(self.blocks(cell))
            at = max(at, column) + 1

    def _paragraph(self, node: Element) -> Iterator[Paragraph]:
        style = self.styles.get(attribute(node, "styleIDRef"), "")
        outline = _OUTLINE.match(style)
        level = int(outline[1]) if outline else 0 if style in {"제목", "title"} else None
        objects: list[Paragraph] = []
        text = "".join(self._inline(node, objects))
        if level == 0 and not self.document.title:
            self.document.title = " ".join(text.split())
        # A paragraph that only anchors a table or a box has no text.
        if text.strip() or not objects:
            yield Paragraph(
                text, level, style, is_item=attribute(node, "paraPrIDRef") in self.items
            )
        yield from objects

    def _inline(self, node: Element, objects: list[Paragraph]) -> Iterator[str]:
        for child in node:
            name = local(child)
            if name in {"t", "mainText"}:  # of ruby text, the base
                yield from self._text(child)
            elif name == "compose":  # overlaid characters, such as a number in a circle
                yield "" if self.deleted else attribute(child, "composeText")
            elif name == "tbl":
                objects.extend(self._table(child))
            elif name == "subList":
                objects.extend(self.blocks(child))
            elif name not in UNSEEN:
                yield from self._inline(self._chosen(child), objects)

    def _text(self, node: Element) -> Iterator[str]:
        """Mixed content, without the text between the marks of a tracked deletion."""
        if node.text and not self.deleted:
            yield node.text
        for child in node:
            name = local(child)
            if name == "deleteBegin":
                self.deleted += 1
            elif name == "deleteEnd":
                self.deleted = max(0, self.deleted - 1)
            elif name in SPACES and not self.deleted:
                yield SPACES[name]
            if child.tail and not self.deleted:
                yield child.tail
