"""Splits any text, pasted or stored, into blocks: prose, a screenplay, or subtitles."""

import re
from collections.abc import Iterable, Iterator
from html import unescape

from . import fountain
from .fountain import normalised, plain
from .headings import is_heading
from .labels import labels_of, name_of, parts
from .script import Block, BlockKind, Format, Understood
from .timecodes import without_timecodes

__all__ = ["as_screenplay", "format_of", "normalised", "subtitles", "understand"]

_TIMING = re.compile(
    r"^\s*(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[,.](\d{1,3})\s{0,4}-->"
    r"\s{0,4}(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[,.](\d{1,3})(?:\s|$)"
)
_TAG = re.compile(
    r"</?(?:b|i|u|s|c|v|font|ruby|rt|lang)(?:[.\s][^<>\n]{0,200})?>"
    r"|<\d[\d:.]{1,14}>|\{\\[^{}\n]{1,60}\}",
    re.IGNORECASE,
)
_RUBY_TEXT = re.compile(r"<rt(?:[.\s][^<>\n]{0,200})?>[^<>\n]{0,200}</rt>", re.IGNORECASE)
_HEADING_MARK = re.compile(r"^#{1,6}[ \t]+(?=\S)")
_SPEECH = re.compile(
    r"^([가-힣A-Z][가-힣A-Z0-9]{0,7}(?: "
    r"[가-힣A-Z0-9]{1,6})?)(?:\s{0,3}[(（][^()（）]{0,20}[)）])?\s?[:：]\s*\S"
)
_FORCED_CUE = re.compile(r"^@\S")
_FORCED_HEADING = re.compile(r"^\.[^\s.]")


def format_of(text: str) -> Format:
    """The detected format of a text."""
    lines = [plain(line.strip()) for line in text.split("\n")]
    if any(_TIMING.match(line) for line in lines):
        return Format.SUBTITLES
    text = without_timecodes(text)
    lines = [plain(line.strip()) for line in text.split("\n")]
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
    if len(names) >= 2 and 2 * len(names) >= len(full):  # noqa: PLR2004
        return True
    known = labels_of(full)
    labels = [label for line in full if (label := parts(line)) and name_of(label[0]) in known]
    return 2 * len(labels) >= len(full) > 0


def understand(text: str, wanted: Format | None = None) -> Understood:
    """The text's blocks. `wanted` forces a format. Linear in the length of the text."""
    text = normalised(text).strip("\ufeff\n ")
    found = wanted or format_of(text)
    if found == Format.SUBTITLES:
        return Understood(found, tuple(subtitles(text)))
    text = without_timecodes(text)
    if found == Format.SCREENPLAY:
        page, blocks = fountain.parse(text)
        return Understood(found, tuple(blocks), page.title)
    return _prose(text)


def _prose(text: str) -> Understood:
    blocks: list[Block] = []
    held: list[str] = []

    def close() -> None:
        if held:
            blocks.append(Block(BlockKind.NARRATION, plain("\n".join(held))))
            held.clear()

    for line in text.split("\n"):
        mark = _HEADING_MARK.match(line.strip())
        if mark:
            close()
            blocks.append(Block(BlockKind.SECTION, line.strip()[mark.end() :].rstrip("# ")))
        elif line.strip():
            held.append(line.strip())
        else:
            close()
    close()
    title = blocks[0].text if blocks and blocks[0].kind == BlockKind.SECTION else ""
    return Understood(Format.PROSE, tuple(blocks), title)


def subtitles(text: str) -> Iterator[Block]:
    """The captions of an SRT or WebVTT text, ordered by time, without tags.

    Text before the first is ignored.
    """
    return iter(sorted(_captions(text), key=lambda block: (block.start_ms or 0, block.end_ms or 0)))


def _captions(text: str) -> Iterator[Block]:
    lines = text.split("\n")
    is_webvtt = lines[0].startswith("WEBVTT")
    times = [(number, found) for number, line in enumerate(lines) if (found := _TIMING.match(line))]
    for index, (number, found) in enumerate(times):
        end = times[index + 1][0] if index + 1 < len(times) else len(lines)
        held = [line.strip() for line in lines[number + 1 : end]]
        words = _words(_spoken_lines(held, is_last=index + 1 == len(times), is_webvtt=is_webvtt))
        if words:
            start = _milliseconds(*found.groups()[:4])
            yield Block(
                BlockKind.NARRATION,
                unescape(words) if is_webvtt else words,
                start,
                max(start, _milliseconds(*found.groups()[4:])),
            )


def _spoken_lines(lines: list[str], *, is_last: bool, is_webvtt: bool) -> list[str]:
    """The lines of a caption, without the number or name of the next one.

    A blank line ends a caption of WebVTT. Players of SRT go on to the next time.
    """
    if is_webvtt:
        before = next((number for number, line in enumerate(lines) if not line), len(lines))
        return lines[:before]
    full = [number for number, line in enumerate(lines) if line]
    if full and not is_last and lines[full[-1]].isdecimal() and (len(full) > 1 or full[0] > 0):
        full.pop()  # the next caption's number
    return [lines[number] for number in full]


def _words(lines: list[str]) -> str:
    return _TAG.sub("", _RUBY_TEXT.sub("", "\n".join(lines))).strip()


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
        glued = block.kind in {BlockKind.DIALOGUE, BlockKind.PARENTHETICAL} and bool(pieces)
        written = _written(block.kind, line)
        if glued:
            pieces[-1] += f"\n{written}"
        else:
            pieces.append(written)
    return "\n\n".join(pieces)


def _written(kind: BlockKind, text: str) -> str:  # noqa: PLR0911  one return per form
    one = " ".join(text.split())
    match kind:
        case BlockKind.HEADING:
            return one if is_heading(one) else f".{one.lstrip('.')}"
        case BlockKind.CUE:
            return one if one == one.upper() != one.lower() and one.isascii() else f"@{one}"
        case BlockKind.PARENTHETICAL:
            return f"({one})"
        case BlockKind.DIALOGUE:
            return _escaped(text)
        case BlockKind.LYRICS:
            return f"~{one}"
        case BlockKind.SECTION:
            return f"# {one}"
        case BlockKind.SYNOPSIS:
            return f"= {one}"
        case BlockKind.TRANSITION:
            return f"> {one}"
        case BlockKind.NOTE:
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
        and blocks[0].kind == BlockKind.ACTION
        and "\n" in blocks[0].text
    )
    return line if plain and not line.startswith("!") else f"!{line}"
