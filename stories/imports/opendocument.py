"""Reader for OpenDocument texts, as LibreOffice, Google and Hancom write them."""

from collections.abc import Iterator
from dataclasses import replace

from .errors import Unreadable
from .packages import Element, Package, attribute, local
from .paragraphs import Document, Paragraph, columns, table_paragraphs

MOST_SPACES = 100
UNSEEN = frozenset(
    {
        "tracked-changes",
        "annotation",
        "annotation-end",
        "note",
        "ruby-text",
        "hidden-text",
        "hidden-paragraph",
        "table-of-content",
        "illustration-index",
        "alphabetical-index",
        "user-index",
        "bibliography",
        "forms",
        "event-listeners",
        "title",
        "desc",
        "sequence-decls",
        "variable-decls",
        "user-field-decls",
        "index-title",
        "dde-connection-decls",
        "script",
        "image",
        "object",
        "object-ole",
        "number",
        "shapes",
    }
)


class _Style:
    __slots__ = ("display", "hidden", "parent", "struck")

    def __init__(self, node: Element) -> None:
        self.parent = attribute(node, "parent-style-name")
        self.display = (
            attribute(node, "display-name") or attribute(node, "name").replace("_20_", " ")
        ).lower()
        properties = next((child for child in node if local(child) == "text-properties"), None)
        shown = attribute(properties, "display") if properties is not None else ""
        line = attribute(properties, "text-line-through-style") if properties is not None else ""
        kind = attribute(properties, "text-line-through-type") if properties is not None else ""
        self.hidden = None if not shown else shown == "none"
        self.struck = None if not (line or kind) else "none" not in {line, kind}


def read(data: bytes) -> Document:
    """The document's script. Raises Unreadable."""
    package = Package(data)
    root = package.xml("content.xml")
    text = next(
        (
            node
            for node in root.iter()
            if local(node) == "text" and local(node.getparent()) == "body"
        ),
        None,
    )
    if text is None:
        raise Unreadable("broken")
    reader = _Reader([root, package.optional("styles.xml")])
    reader.document.paragraphs = list(reader.blocks(text))
    return reader.document


class _Reader:
    def __init__(self, roots: list[Element | None]) -> None:
        self.document = Document()
        self.styles: dict[str, _Style] = {}
        for root in roots:
            for node in root.iter() if root is not None else ():
                if local(node) == "style":
                    self.styles.setdefault(attribute(node, "name"), _Style(node))

    def blocks(self, node: Element) -> Iterator[Paragraph]:
        for child in node:
            name = local(child)
            if name in {"p", "h"}:
                yield from self._paragraph(child, heading=name == "h")
            elif name == "table":
                rows = [list(self._cells(row)) for row in self._rows(child)]
                yield from table_paragraphs(rows, self.document)
            elif name == "list":
                yield from (replace(part, is_item=True) for part in self.blocks(child))
            elif name == "section" and attribute(child, "display") == "none":
                self.document.left_out.add("hidden")
            elif name not in UNSEEN:
                yield from self.blocks(child)

    def _rows(self, node: Element) -> Iterator[Element]:
        for child in node:
            if local(child) == "table-row":
                yield child
            elif local(child) in {"table-header-rows", "table-rows", "table-row-group"}:
                yield from self._rows(child)

    def _cells(self, row: Element) -> Iterator[list[Paragraph]]:
        for child in row:
            if local(child) == "table-cell":
                yield list(self.blocks(child))
            elif local(child) == "covered-table-cell":  # by a cell of several columns or rows
                yield from ([] for _ in range(columns(attribute(child, "number-columns-repeated"))))

    def _chain(self, name: str) -> Iterator[_Style]:
        seen: set[str] = set()
        while name in self.styles and name not in seen:
            seen.add(name)
            yield self.styles[name]
            name = self.styles[name].parent

    def _looks(self, name: str) -> tuple[bool | None, bool | None]:
        chain = list(self._chain(name))
        hidden = next((style.hidden for style in chain if style.hidden is not None), None)
        return hidden, next((style.struck for style in chain if style.struck is not None), None)

    def _paragraph(self, node: Element, *, heading: bool) -> Iterator[Paragraph]:
        style = attribute(node, "style-name")
        chain = [found.display for found in self._chain(style)]
        named = next(
            (name for name in chain if not (name[:1] == "p" and name[1:].isdecimal())),
            style.lower(),
        )
        level: int | None = None
        if heading:
            given = attribute(node, "outline-level")
            level = int(given[:2]) if given.isdecimal() and given.isascii() else 1
        if named in {"title", "제목"}:
            level = 0
        boxes: list[Paragraph] = []
        hidden, struck = self._looks(style)
        text = "".join(self._inline(node, boxes, hidden=bool(hidden), struck=bool(struck)))
        if level == 0 and not self.document.title:
            self.document.title = " ".join(text.split())
        yield Paragraph(text, level, named)
        yield from boxes

    def _inline(
        self, node: Element, boxes: list[Paragraph], *, hidden: bool, struck: bool
    ) -> Iterator[str]:
        """The text of a node and its descendants.

        White space is collapsed, as the standard requires.
        """
        if node.text:
            yield from self._visible_text(node.text, hidden=hidden, struck=struck)
        for child in node:
            name = local(child)
            if name == "s":
                count = attribute(child, "c")
                yield " " * min(
                    int(count[:3]) if count.isdecimal() and count.isascii() else 1, MOST_SPACES
                )
            elif name == "tab":
                yield "\t"
            elif name == "line-break":
                yield "\n"
            elif name in {"text-box", "custom-shape", "rect"}:
                boxes.extend(self.blocks(child))
            elif name and name not in UNSEEN:
                own_hidden, own_struck = (
                    self._looks(attribute(child, "style-name"))
                    if name in {"span", "a"}
                    else (None, None)
                )
                yield from self._inline(
                    child,
                    boxes,
                    hidden=hidden if own_hidden is None else own_hidden,
                    struck=struck if own_struck is None else own_struck,
                )
            if child.tail:
                yield from self._visible_text(child.tail, hidden=hidden, struck=struck)

    def _visible_text(self, text: str, *, hidden: bool, struck: bool) -> Iterator[str]:
        if hidden or struck:
            if text.strip():
                self.document.left_out.add("hidden" if hidden else "struck")
            return
        spaced = " ".join(text.split())
        before = " " if text[:1].isspace() else ""
        after = " " if spaced and text[-1:].isspace() else ""
        yield f"{before}{spaced}{after}"
