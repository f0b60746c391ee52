"""Advice about a script before a story is created: structure, length and suitable settings."""

import math
import re
from dataclasses import dataclass

from core.reading_speed import characters_that_fit, reading_speed, spoken_seconds

from .labels import is_narrator, name_of
from .languages import language_of
from .script import BlockKind, Format, Understood, seconds_of
from .text import understand

SCENE = 7  # seconds per scene
LONGEST = 3600
FIRST_BLOCKS = 12
FIRST_LINES = 5
MOST_NAMES = 12
_PORTRAIT = re.compile(
    r"9\s?[:：]\s?16|세로|쇼츠|숏폼|릴스|틱톡|\b(?:shorts?|reels?|tiktok|vertical|portrait)\b",
    re.IGNORECASE,
)
_SQUARE = re.compile(r"1\s?[:：]\s?1\b|정사각|정방형|\bsquare\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Advice:
    """`language` is empty if the text has no letters.

    `expected_seconds` is the time needed to speak all words.
    """

    title: str
    format: Format
    language: str
    headings: int
    speakers: tuple[str, ...]
    spoken_characters: int
    expected_seconds: int
    duration_seconds: int  # proposed
    scenes: int  # number of scenes at the proposed length
    readable_seconds: int  # below this length the captions are unreadable
    readable_per_minute: int  # spoken characters that can be read in a minute
    aspect_ratio: str  # proposed; empty if nothing suggests one
    first_lines: tuple[str, ...]
    blocks: tuple[tuple[BlockKind, str], ...]  # the first blocks


def advise(text: str) -> Advice:
    """Analyze a text as the planner will read it. Linear in its length."""
    found = understand(text)
    spoken = found.spoken
    expected = _seconds(found, spoken)
    proposed = min(
        max(SCENE, SCENE * math.ceil(round(expected / SCENE, 6))), LONGEST // SCENE * SCENE
    )
    names = dict.fromkeys(
        name_of(block.text)
        for block in found.blocks
        if block.kind == BlockKind.CUE and not is_narrator(block.text)
    )
    remarks = " ".join(
        block.text
        for block in found.blocks
        if block.kind in {BlockKind.NOTE, BlockKind.SYNOPSIS, BlockKind.SECTION}
    )
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return Advice(
        title=found.title,
        format=found.format,
        language=language_of(spoken),
        headings=sum(
            block.kind in {BlockKind.HEADING, BlockKind.SECTION} for block in found.blocks
        ),
        speakers=tuple(names)[:MOST_NAMES],
        spoken_characters=sum(not char.isspace() for char in spoken),
        expected_seconds=math.ceil(round(expected, 6)),
        duration_seconds=proposed,
        scenes=proposed // SCENE,
        readable_seconds=reading_speed(spoken, 1).seconds_needed,
        readable_per_minute=characters_that_fit(spoken, 60),
        aspect_ratio="9:16"
        if _PORTRAIT.search(f"{found.title} {remarks}")
        else "1:1"
        if _SQUARE.search(f"{found.title} {remarks}")
        else "",
        first_lines=tuple(line[:120] for line in lines[:FIRST_LINES]),
        blocks=tuple((block.kind, block.text[:160]) for block in found.blocks[:FIRST_BLOCKS]),
    )


def _seconds(found: Understood, spoken: str) -> float:
    return seconds_of(found.blocks) if found.format == Format.SUBTITLES else spoken_seconds(spoken)
