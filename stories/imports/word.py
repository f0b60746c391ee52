"""Reader for Word documents: Office Open XML, transitional and strict.

Covers the output of Word, Word Online, LibreOffice, Google and Hancom. Each visible word is read
once: one of several alternative contents, moved text at its destination, the base of ruby text.

For the reasons not to use a library see docs/adr/0004-documents-by-lxml.md.
"""

from collections.abc import Iterator
from dataclasses import replace

from .errors import Unreadable
from .packages import Element, Package, attribute, local
from .paragraphs import Document, Paragraph, columns, table_paragraphs

OFFICE_DOCUMENT = "/relationships/officeDocument"
STYLES_PART = "/relationships/styles"
# Deleted, not yet accepted, or not meant for the reader.
UNSEEN = frozenset(
    {
        "del",
        "moveFrom",
        "delText",
        "instrText",
        "delInstrText",
        "rPr",
        "pPr",
        "tblPr",
        "trPr",
        "tcPr",
        "sectPr",
    }
)
UNSEEN |= {
    "sdtPr",
    "sdtEndPr",
    "rt",
    "rubyPr",
    "footnote",
    "endnote",
    "comment",
    "fldData",
    "ffData",
    "tblGrid",
    "tblPrEx",
}
OFF = frozenset({"0", "false", "off"})
MARKS = {"br": "\n", "cr": "\n", "tab": "\t", "ptab": " ", "noBreakHyphen": "\u2011"}


class _Style:
    __slots__ = ("based", "caps", "hidden", "is_item", "level", "name", "struck")

    def __init__(self, node: Element) -> None:
        self.name = (
            attribute(_child(node, "name"), "val").lower()
            if _child(node, "name") is not None
            else ""
        )
        self.based = (
            attribute(_child(node, "basedOn"), "val") if _child(node, "basedOn") is not None else ""
        )
        run, paragraph = _child(node, "rPr"), _child(node, "pPr")
        self.caps = _toggle(run, "caps")
        self.hidden = _toggle(run, "vanish")
        self.struck = _struck(run)
        self.level = _level(paragraph)
        self.is_item = _is_item(paragraph)


def read(data: bytes) -> Document:
    """The document's script. Raises Unreadable."""
    package = Package(data)
    name = _main_part(package)
    reader = _Reader(_styles(package, name))
    root = package.xml(name)
    body = next((node for node in root if local(node) == "body"), None)
    if body is None:
        raise Unreadable("broken")
    reader.document.paragraphs = list(reader.blocks(body))
    return reader.document


def _main_part(package: Package) -> str:
    """The name of the main part from the relationships. Word Online uses document2.xml."""
    relations = package.optional("_rels/.rels")
    for node in relations if relations is not None else ():
        if attribute(node, "Type").endswith(OFFICE_DOCUMENT):
            return attribute(node, "Target").lstrip("/")
    return "word/document.xml"


def _styles(package: Package, name: str) -> dict[str, _Style]:
    folder, _, file = name.rpartition("/")
    target = f"{folder}/styles.xml".lstrip("/")
    relations = package.optional(f"{folder}/_rels/{file}.rels".lstrip("/"))
    for node in relations if relations is not None else ():
        if attribute(node, "Type").endswith(STYLES_PART):
            named = attribute(node, "Target")
            target = named.lstrip("/") if named.startswith("/") else f"{folder}/{named}".lstrip("/")
    root = package.optional(target)
    return {
        attribute(node, "styleId"): _Style(node)
        for node in (root if root is not None else ())
        if local(node) == "style"
    }


def _child(node: Element | None, name: str) -> Element | None:
    return (
        next((child for child in node if local(child) == name), None) if node is not None else None
    )


def _toggle(properties: Element | None, name: str) -> bool | None:
    found = _child(properties, name)
    return None if found is None else attribute(found, "val").lower() not in OFF


def _struck(properties: Element | None) -> bool | None:
    flags = [on for name in ("strike", "dstrike") if (on := _toggle(properties, name)) is not None]
    return any(flags) if flags else None


def _level(properties: Element | None) -> int | None:
    found = _child(properties, "outlineLvl")
    value = attribute(found, "val") if found is not None else ""
    return int(value) + 1 if value.isdecimal() and value.isascii() and int(value[:3]) < 9 else None  # noqa: PLR2004  9 is body text


def _is_item(properties: Element | None) -> bool | None:
    """Whether the paragraph has a bullet or a number; `numId` 0 takes away that of its style."""
    number = _child(_child(properties, "numPr"), "numId")
    return None if number is None else attribute(number, "val") != "0"


class _Reader:
    def __init__(self, styles: dict[str, _Style]) -> None:
        self.styles = styles
        self.document = Document()

    def blocks(self, node: Element) -> Iterator[Paragraph]:
        """The paragraphs within a body, a cell, a text box or a content control."""
        joined: Paragraph | None = None  # its end is deleted, so that the next continues it
        for child in node:
            name = local(child)
            if joined and name in {"tbl", "sdt"}:
                yield joined
                joined = None
            if name != "p":
                yield from self._block(child, name)
                continue
            found = list(self._paragraph(child))
            if joined and found:
                found[0] = replace(joined, text=joined.text + found[0].text)
                joined = None
            if found and self._is_end_deleted(child):
                joined = found.pop(0)
            yield from found
        if joined:
            yield joined

    def _block(self, node: Element, name: str) -> Iterator[Paragraph]:
        if name == "tbl":
            rows = [list(self._cells(row)) for row in self._rows(node)]
            yield from table_paragraphs(rows, self.document)
        elif name == "AlternateContent":
            yield from self.blocks(self._chosen(node))
        elif name not in UNSEEN and not (name == "sdt" and self._is_contents(node)):
            yield from self.blocks(node)

    def _is_end_deleted(self, paragraph: Element) -> bool:
        return _child(_child(_child(paragraph, "pPr"), "rPr"), "del") is not None

    def _rows(self, node: Element) -> Iterator[Element]:
        for child in node:
            name = local(child)
            if name == "tr":
                deleted = _child(_child(child, "trPr"), "del") is not None
                if not deleted:
                    yield child
            elif name not in UNSEEN:
                yield from self._rows(child)

    def _cells(self, row: Element) -> Iterator[list[Paragraph]]:
        """The paragraphs of each column; a cell of several columns stands in the first of them."""
        for child in row:
            name = local(child)
            if name == "tc":
                properties = _child(child, "tcPr")
                if _child(properties, "cellDel") is None:
                    yield list(self.blocks(child))
                    span = attribute(_child(properties, "gridSpan"), "val")
                    yield from ([] for _ in range(columns(span) - 1))
            elif name not in UNSEEN:
                yield from self._cells(child)

    def _chosen(self, node: Element) -> Element:
        """One of several alternatives with the same content."""
        options = [child for child in node if local(child) in {"Choice", "Fallback"}]
        return options[0] if options else node

    def _is_contents(self, node: Element) -> bool:
        """Whether the node is a table of contents, or a placeholder that nobody has filled in."""
        properties = _child(node, "sdtPr")
        gallery = _child(_child(properties, "docPartObj"), "docPartGallery")
        return (
            gallery is not None and attribute(gallery, "val") == "Table of Contents"
        ) or _toggle(properties, "showingPlcHdr") is True

    def _paragraph(self, node: Element) -> Iterator[Paragraph]:
        properties = _child(node, "pPr")
        style_node = _child(properties, "pStyle")
        style_id = attribute(style_node, "val") if style_node is not None else ""
        chain = list(self._chain(style_id))
        name = chain[0].name if chain else style_id.lower()
        if name.startswith("toc ") and name[4:].isdecimal():
            return
        level = _level(properties)
        if level is None:
            level = next((style.level for style in chain if style.level is not None), None)
        if level is None and name.startswith("heading ") and name[8:].isdecimal():
            level = int(name[8:9])
        if name in {"title", "제목"} and style_id:
            level = 0
        boxes: list[Paragraph] = []
        text = "".join(self._inline(node, chain, boxes))
        if level == 0 and not self.document.title:
            self.document.title = " ".join(text.split())
        marked = [_is_item(properties), *(style.is_item for style in chain)]
        is_item = next((value for value in marked if value is not None), name.startswith("list "))
        yield Paragraph(text, level, name, is_item=is_item)
        yield from boxes

    def _chain(self, style_id: str) -> Iterator[_Style]:
        seen: set[str] = set()
        while style_id in self.styles and style_id not in seen:
            seen.add(style_id)
            yield self.styles[style_id]
            style_id = self.styles[style_id].based

    def _inline(self, node: Element, chain: list[_Style], boxes: list[Paragraph]) -> Iterator[str]:
        for child in node:
            name = local(child)
            if name == "t":
                yield child.text or ""
            elif name in MARKS:
                yield MARKS[name]
            elif name == "txbxContent":
                boxes.extend(self.blocks(child))
            elif name == "AlternateContent":
                yield from self._inline(self._chosen(child), chain, boxes)
            elif not (
                name in UNSEEN
                or (name == "r" and self._is_out(child, chain))
                or (name == "sdt" and self._is_contents(child))
            ):
                inner = self._inline(child, chain, boxes)
                if name == "r" and self._is_in_capitals(child, chain):
                    yield "".join(inner).upper()
                else:
                    yield from inner

    def _is_out(self, run: Element, chain: list[_Style]) -> bool:
        """Whether a run is hidden or struck out. Records struck-out text."""
        hidden, struck = self._looks(run, chain)
        if hidden or struck:
            self.document.left_out.add("hidden" if hidden else "struck")
        return hidden or struck

    def _is_in_capitals(self, run: Element, chain: list[_Style]) -> bool:
        """Whether a run is shown in capitals, as headings of many screenplays are."""
        caps = [_toggle(_child(run, "rPr"), "caps"), *(s.caps for s in self._styles(run, chain))]
        return next((value for value in caps if value is not None), False)

    def _styles(self, run: Element, chain: list[_Style]) -> list[_Style]:
        """The styles of a run, the nearest first."""
        style_node = _child(_child(run, "rPr"), "rStyle")
        own = self._chain(attribute(style_node, "val")) if style_node is not None else ()
        return [*own, *chain]

    def _looks(self, run: Element, chain: list[_Style]) -> tuple[bool, bool]:
        """Whether a run is hidden, and whether it is struck out.

        Looks at its own properties, its style and its paragraph's style.
        """
        properties = _child(run, "rPr")
        styles = self._styles(run, chain)
        hidden = [_toggle(properties, "vanish"), *(style.hidden for style in styles)]
        struck = [_struck(properties), *(style.struck for style in styles)]
        return next((v for v in hidden if v is not None), False), next(
            (v for v in struck if v is not None), False
        )
