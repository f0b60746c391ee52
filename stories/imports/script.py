"""The content of a document: its title and its blocks, each with a kind."""

from dataclasses import dataclass, field
from enum import StrEnum


class BlockKind(StrEnum):
    """What a block is for. Only the kinds of SPOKEN become narration and captions."""

    HEADING = "heading"  # of a scene: where and when
    ACTION = "action"
    CUE = "cue"  # who speaks the dialogue that follows
    DIALOGUE = "dialogue"
    PARENTHETICAL = "parenthetical"  # how the dialogue is spoken
    LYRICS = "lyrics"
    NARRATION = "narration"
    SECTION = "section"  # a heading that does not name a place, such as “Act One”
    SYNOPSIS = "synopsis"
    TRANSITION = "transition"
    NOTE = "note"


SPOKEN = frozenset({BlockKind.ACTION, BlockKind.DIALOGUE, BlockKind.LYRICS, BlockKind.NARRATION})
BORDERS = frozenset({BlockKind.HEADING, BlockKind.SECTION})  # scenes of the film never cross these


class Format(StrEnum):
    """How the text is to be read."""

    PROSE = "prose"
    SCREENPLAY = "screenplay"
    SUBTITLES = "subtitles"


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph of a script. Times are those of a subtitle, in milliseconds."""

    kind: BlockKind
    text: str
    start_ms: int | None = None
    end_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Understood:
    """A text split into blocks."""

    format: Format
    blocks: tuple[Block, ...]
    title: str = ""

    @property
    def has_words(self) -> bool:
        """Whether there is any narration."""
        return any(block.kind in SPOKEN and says_something(block.text) for block in self.blocks)

    @property
    def spoken(self) -> str:
        """All narrated words, one block per line."""
        return "\n".join(block.text for block in self.blocks if block.kind in SPOKEN)


@dataclass(frozen=True, slots=True)
class Script:
    """A document that was read.

    `text` is stored as the story's script; parsing it again gives the same blocks.

    `encoding` is empty if the file type has a fixed encoding. `left_out` names content that was
    found but is not narrated, such as `table` or `struck`.
    """

    title: str
    text: str
    language: str
    encoding: str
    format: Format
    blocks: tuple[Block, ...]
    left_out: tuple[str, ...] = field(default=())

    @property
    def spoken(self) -> str:
        """All narrated words, one block per line."""
        return Understood(self.format, self.blocks).spoken


def says_something(text: str) -> bool:
    """Whether the text has a letter or a digit."""
    return any(char.isalnum() for char in text)


def seconds_of(blocks: tuple[Block, ...]) -> float:
    """The end of the last subtitle in seconds. 0 if there are no times."""
    return max((block.end_ms or 0 for block in blocks), default=0) / 1000
