"""Documents that are ZIP archives of XML: opened with everything bounded before it is unpacked or parsed."""

import io
import zipfile
from typing import Any

from lxml import etree

from .errors import Unreadable

MOST_FILES = 2_000
MOST_XML = 24 * 1024 * 1024  # of one part, unpacked
MOST_DEPTH = 200
ENCRYPTED = 0x1

type Element = Any  # lxml has no types of its own


class Package:
    """The parts of a document. Raises Unreadable("broken") or Unreadable("too_large")."""

    def __init__(self, data: bytes) -> None:
        try:
            self.archive = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise Unreadable("broken") from error
        infos = self.archive.infolist()
        if len(infos) > MOST_FILES:
            raise Unreadable("too_large")
        self.parts = {info.filename.replace("\\", "/").lstrip("/"): info for info in infos}

    def xml(self, name: str) -> Element:
        """The root of a part. Raises Unreadable, also if there is no such part."""
        info = self.parts.get(name)
        if info is None:
            raise Unreadable("broken")
        if info.flag_bits & ENCRYPTED:
            raise Unreadable("encrypted")
        if info.file_size > MOST_XML:
            raise Unreadable("too_large")
        try:
            with self.archive.open(info) as part:
                content = part.read(MOST_XML + 1)
        except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
            raise Unreadable("broken") from error
        except Exception as error:  # zlib, lzma and bz2 each have an error of their own
            raise Unreadable("broken") from error
        if len(content) > MOST_XML:
            raise Unreadable("too_large")
        return parsed(content)

    def optional(self, name: str) -> Element | None:
        """The root of a part that may be missing or broken without harm to the words."""
        try:
            return self.xml(name) if name in self.parts else None
        except Unreadable:
            return None


def parsed(content: bytes) -> Element:
    """The root of an XML text. No entity is resolved, nothing is fetched; libxml2 bounds depth and size."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable("broken") from error
    if root is None:
        raise Unreadable("broken")
    return root


def local(node: Element) -> str:
    """The element's name without its namespace; empty for what is not an element (an entity)."""
    tag = node.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(node: Element, name: str) -> str:
    """The value of an attribute in whatever namespace; empty if there is none."""
    found = node.get(name)
    if found is not None:
        return str(found)
    ending = "}" + name
    return next((str(value) for key, value in node.attrib.items() if str(key).endswith(ending)), "")
