"""Splits any text, pasted or stored, into blocks: prose, a screenplay, or subtitles."""

import re
from collections.abc import Iterable, Iterator

from . import fountain
from .fountain import normalised
from .headings import is_heading
from .script import Block, Format, Kind, Understood

__all__ = ["as_screenplay", "format_of", "normalised", "subtitles", "understand"]

_TIMING = re.compile(
    r"^\s*(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[,.](\d{1,3})\s{0,4}-->\s{0,4}(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[,.](\d{1,3})(?:\s|$)"
)
_TAG = re.compile(
    r"</?(?:b|i|u|s|c|v|font|ruby|rt|lang)(?:[.\s][^<>\n]{0,200})?>|<\d[\d:.]{1,14}>|\{\\[^{}\n]{1,60}\}",
    re.IGNORECASE,
)
_HEADING_MARK = re.compile(r"^#{1,6}[ \t]+(?=\S)")
_SPEECH = re.compile(
    r"^([가-힣A-Z][가-힣A-Z0-9]{0,7}(?: "
    r"[가-힣A-Z0-9]{1,6})?)(?:\s{0,3}[(（][^()（）]{0,20}[)）])?\s?[:：]\s*\S"
)
_FORCED_CUE = re.compile(r"^@\S")
_FORCED_HEADING = re.compile(r"^\.[^\s.]")


def format_of(text: str) -> Format:
    """The detected format of a text."""
    lines = [line.strip() for line in text.split("\n")]
    if any(_TIMING.match(line) for line in lines):
        return Format.SUBTITLES
    return Format.SCREENPLAY if _is_screenplay(text, lines) else Format.PROSE


def _is_screenplay(text: str, lines: list[str]) -> bool:
    if any(is_heading(line) for line in lines):
        return True
    before = ["", *lines]
    after = [*lines[1:], ""]
    for above, line, below in zip(before, lines, after, strict=False):
        if not above and below and _FORCED_CUE.match(line):
            return True
        if not above and not below and _FORCED_HEADING.match(line):
            return True
    if fountain.title_page(text, any_key=False)[0].title:
        return True
    full = [line for line in lines if line]
    names = [found[1] for line in full if (found := _SPEECH.match(line))]
    # At least two names, or one that speaks twice, and little else. A lone `주의: …` is prose.
    return len(names) >= 2 and 2 * len(names) >= len(full)  # noqa: PLR2004


def understand(text: str, wanted: Format | None = None) -> Understood:
    """The text's blocks. `wanted` forces a format. Linear in the length of the text."""
    text = normalised(text).strip("\ufeff\n ")
    found = wanted or format_of(text)
    if found == Format.SUBTITLES:
        return Understood(found, tuple(subtitles(text)))
    if found == Format.SCREENPLAY:
        page, blocks = fountain.parse(text)
        return Understood(found, tuple(blocks), page.title)
    return _prose(text)


def _prose(text: str) -> Understood:
    blocks: list[Block] = []
    held: list[str] = []

    def close() -> None:
        if held:
            blocks.append(Block(Kind.NARRATION, "\n".join(held)))
            held.clear()

    for line in text.split("\n"):
        mark = _HEADING_MARK.match(line.strip())
        if mark:
            close()
            blocks.append(Block(Kind.SECTION, line.strip()[mark.end() :].rstrip("# ")))
        elif line.strip():
            held.append(line.strip())
        else:
            close()
    close()
    title = blocks[0].text if blocks and blocks[0].kind == Kind.SECTION else ""
    return Understood(Format.PROSE, tuple(blocks), title)


def subtitles(text: str) -> Iterator[Block]:
    """The captions of an SRT or WebVTT text, ordered by time, without tags.

    Text before the first is ignored.
    """
    return iter(sorted(_captions(text), key=lambda block: (block.start_ms or 0, block.end_ms or 0)))


def _captions(text: str) -> Iterator[Block]:
    lines = text.split("\n")
    times = [(number, found) for number, line in enumerate(lines) if (found := _TIMING.match(line))]
    for index, (number, found) in enumerate(times):
        end = times[index + 1][0] if index + 1 < len(times) else len(lines)
        dialogue: list[str] = []
        for line in lines[number + 1 : end]:
            if not line.strip():
                break
            dialogue.append(line.strip())
        else:
            if index + 1 < len(times) and dialogue and dialogue[-1].isdecimal():
                dialogue.pop()  # the next caption's number, without an empty line before it
        words = _TAG.sub("", "\n".join(dialogue)).strip()
        if words:
            yield Block(
                Kind.NARRATION,
                words,
                _milliseconds(*found.groups()[:4]),
                _milliseconds(*found.groups()[4:]),
            )


def _milliseconds(hours: str | None, minutes: str, seconds: str, parts: str) -> int:
    return ((int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(
        parts.ljust(3, "0")
    )


def as_screenplay(blocks: Iterable[Block], title: str = "") -> str:
    """The blocks as Fountain text that parses to the same blocks.

    Kinds are forced where the form is ambiguous.
    """
    pieces = [f"Title: {' '.join(title.split())}"] if title else []
    for block in blocks:
        line = "\n".join(part.strip() for part in block.text.split("\n") if part.strip())
        if not line:
            continue
        glued = block.kind in {Kind.DIALOGUE, Kind.PARENTHETICAL} and bool(pieces)
        written = _written(block.kind, line)
        if glued:
            pieces[-1] += f"\n{written}"
        else:
            pieces.append(written)
    return "\n\n".join(pieces)


def _written(kind: Kind, text: str) -> str:  # noqa: PLR0911  one return per form
    one = " ".join(text.split())
    match kind:
        case Kind.HEADING:
            return one if is_heading(one) else f".{one.lstrip('.')}"
        case Kind.CUE:
            return one if one == one.upper() != one.lower() and one.isascii() else f"@{one}"
        case Kind.PARENTHETICAL:
            return f"({one})"
        case Kind.DIALOGUE:
            return _escaped(text)
        case Kind.LYRICS:
            return f"~{one}"
        case Kind.SECTION:
            return f"# {one}"
        case Kind.SYNOPSIS:
            return f"= {one}"
        case Kind.TRANSITION:
            return f"> {one}"
        case Kind.NOTE:
            return f"[[{one.replace(']]', '] ]')}]]"
    return "\n".join(_forced(line) for line in _escaped(text).split("\n"))


def _escaped(text: str) -> str:
    return re.sub(r"([\\*_])", r"\\\1", text) if re.search(r"[\\*_]", text) else text


def _forced(line: str) -> str:
    """Add the action mark to action that would otherwise be read as something else."""
    page, blocks = fountain.parse(f"\n{line}\nx")
    plain = (
        not page.fields
        and len(blocks) == 1
        and blocks[0].kind == Kind.ACTION
        and "\n" in blocks[0].text
    )
    return line if plain and not line.startswith("!") else f"!{line}"
