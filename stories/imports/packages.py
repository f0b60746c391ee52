"""Documents that are ZIP archives of XML. All sizes are bounded before unpacking and parsing."""

import io
import zipfile
from typing import Any

from lxml import etree

from .errors import Unreadable

MOST_FILES = 2_000
MOST_XML = 24 * 1024 * 1024  # bytes of one unpacked part
ENCRYPTED = 0x1

type Element = Any  # lxml has no type annotations


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
        """The root element of a part. Raises Unreadable, also if the part is missing."""
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
        except (
            zipfile.BadZipFile,
            OSError,
            RuntimeError,
            NotImplementedError,
            EOFError,
            ValueError,
        ) as error:
            raise Unreadable("broken") from error
        except Exception as error:  # zlib, lzma and bz2 raise different errors
            raise Unreadable("broken") from error
        if len(content) > MOST_XML:
            raise Unreadable("too_large")
        return parsed(content)

    def optional(self, name: str) -> Element | None:
        """The root element of a part that is not needed for the words.

        It may be missing or broken.
        """
        try:
            return self.xml(name) if name in self.parts else None
        except Unreadable:
            return None


def parsed(content: bytes) -> Element:
    """The root element of an XML text.

    Entities are not resolved and nothing is fetched; libxml2 bounds depth and size.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable("broken") from error
    if root is None:
        raise Unreadable("broken")
    return root


def local(node: Element) -> str:
    """The element's name without namespace.

    Empty for nodes that are not elements, such as entities.
    """
    tag = node.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(node: Element | None, name: str) -> str:
    """The value of an attribute in any namespace. Empty if it or the element is missing."""
    if node is None:
        return ""
    found = node.get(name)
    if found is not None:
        return str(found)
    ending = "}" + name
    return next((str(value) for key, value in node.attrib.items() if str(key).endswith(ending)), "")
