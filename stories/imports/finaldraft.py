"""Reader for Final Draft documents (FDX)."""

from collections.abc import Iterator

from .errors import Unreadable
from .packages import Element, attribute, local, parsed
from .script import Block, BlockKind

KINDS = {
    "scene heading": BlockKind.HEADING,
    "shot": BlockKind.HEADING,
    "action": BlockKind.ACTION,
    "general": BlockKind.ACTION,
    "character": BlockKind.CUE,
    "dialogue": BlockKind.DIALOGUE,
    "parenthetical": BlockKind.PARENTHETICAL,
    "transition": BlockKind.TRANSITION,
    "singing": BlockKind.LYRICS,
    "lyrics": BlockKind.LYRICS,
    "cast list": BlockKind.NOTE,
    "new act": BlockKind.SECTION,
    "end of act": BlockKind.SECTION,
    "outline 1": BlockKind.SECTION,
    "outline body": BlockKind.SYNOPSIS,
}
UNSEEN = frozenset(
    {"ScriptNote", "SceneProperties", "Summary", "HeaderAndFooter", "Bookmark", "ListItems"}
)


def read(data: bytes) -> tuple[str, list[Block]]:
    """The title and the blocks. Raises Unreadable."""
    root = parsed(data)
    content = next((node for node in root if local(node) == "Content"), None)
    if local(root) != "FinalDraft" or content is None:
        raise Unreadable("broken")
    page = next((node for node in root if local(node) == "TitlePage"), None)
    titles = [text for _kind, text in _paragraphs(page)] if page is not None else []
    title = next((" ".join(text.split()) for text in titles if text.strip()), "")
    return title, [Block(kind, text) for kind, text in _paragraphs(content) if text]


def _paragraphs(node: Element) -> Iterator[tuple[BlockKind, str]]:
    for child in node:
        name = local(child)
        if name == "Paragraph":
            kind = KINDS.get(attribute(child, "Type").strip().lower(), BlockKind.ACTION)
            text = "".join(_texts(child)).strip()
            if kind == BlockKind.PARENTHETICAL:
                text = text.removeprefix("(").removesuffix(")").strip()
            yield kind, text
            # Simultaneous dialogue is stored as paragraphs within a paragraph.
            for inner in child:
                if local(inner) == "DualDialogue":
                    yield from _paragraphs(inner)
        elif name not in UNSEEN:
            yield from _paragraphs(child)


def _texts(node: Element) -> Iterator[str]:
    for child in node:
        looks = attribute(child, "Style").split("+")
        if local(child) == "Text" and "Strikeout" not in looks:
            text = child.text or ""
            yield text.upper() if "AllCaps" in looks else text
