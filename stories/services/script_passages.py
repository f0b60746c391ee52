"""A story's script as the planner receives it: passages that no scene crosses.

Each passage has the text of its heading.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from providers.requests import Passage
from stories.imports.headings import place_of
from stories.imports.labels import direction_of, is_narrator, name_of
from stories.imports.script import BORDERS, SPOKEN, Block, BlockKind, Format, Understood
from stories.imports.text import understand

from .lines import Spoken


@dataclass(slots=True)
class _Draft:
    """A passage under construction."""

    title: str = ""
    place: str = ""
    time: str = ""
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n\n".join(self.texts)


def passages(script: str, lengths: Sequence[float]) -> tuple[str, list[Passage]]:
    """The spoken words, and the passages, which together have as many scenes as `lengths`.

    Prose without headings has no passages, so the planner is free. Subtitles give one passage per
    scene, by their times.
    """
    found = understand(script)
    if found.format == Format.SUBTITLES:
        return found.spoken, _timed(found, lengths)
    if found.format == Format.PROSE and not any(block.kind in BORDERS for block in found.blocks):
        return "\n\n".join(block.text for block in found.blocks), []
    drafts = [draft for draft in _drafts(found.blocks) if draft.texts]
    spoken = "\n\n".join(draft.text for draft in drafts)
    return spoken, _shared(_merged(drafts, len(lengths)), len(lengths))


def _drafts(blocks: Iterable[Block]) -> Iterator[_Draft]:
    draft = _Draft()
    for block in blocks:
        if block.kind in BORDERS:
            if draft.texts:
                yield draft
                draft = _Draft()
            if block.kind == BlockKind.SECTION:
                draft.title = block.text
            else:
                place = place_of(block.text)
                draft.title, draft.place, draft.time = (
                    place.words or draft.title,
                    place.place,
                    place.time,
                )
        elif block.kind in SPOKEN:
            draft.texts.append(block.text)
    yield draft


def _weight(text: str) -> int:
    return max(1, sum(not char.isspace() for char in text))


def _merged(drafts: list[_Draft], most: int) -> list[_Draft]:
    """Merge neighbours, shortest pair first, until there are no more passages than scenes."""
    drafts = list(drafts)
    while len(drafts) > most:
        sizes = [_weight(draft.text) for draft in drafts]
        at = min(range(len(drafts) - 1), key=lambda n: sizes[n] + sizes[n + 1])
        first, second = drafts[at], drafts[at + 1]
        drafts[at : at + 2] = [
            _Draft(
                title=first.title or second.title,
                place=", ".join(dict.fromkeys(filter(None, (first.place, second.place)))),
                time=", ".join(dict.fromkeys(filter(None, (first.time, second.time)))),
                texts=[*first.texts, *second.texts],
            )
        ]
    return drafts


def _shared(drafts: list[_Draft], scenes: int) -> list[Passage]:
    """Distribute the scenes over the passages by length, at least one each."""
    if not drafts:
        return []
    weights = [_weight(draft.text) for draft in drafts]
    counts = [1] * len(drafts)
    for _ in range(scenes - len(drafts)):
        most = max(range(len(drafts)), key=lambda n: weights[n] / counts[n])
        counts[most] += 1
    return [
        Passage(
            text=draft.text,
            title=draft.title[:200],
            place=draft.place[:200],
            time=draft.time[:100],
            scenes=count,
        )
        for draft, count in zip(drafts, counts, strict=True)
    ]


def _timed(found: Understood, lengths: Sequence[float]) -> list[Passage]:
    """The words spoken during each scene.

    Subtitle times are scaled if the film has another length.
    """
    total = sum(lengths) * 1000
    last = max((block.end_ms or 0 for block in found.blocks), default=0) or total
    ends = [1000 * end for end in accumulate(lengths)]
    texts: list[list[str]] = [[] for _ in lengths]
    scale = total / last if last > total else 1.0
    for block in found.blocks:
        middle = ((block.start_ms or 0) + (block.end_ms or 0)) / 2 * scale
        scene = next((number for number, end in enumerate(ends) if middle < end), len(ends) - 1)
        texts[scene].append(block.text)
    return [Passage(text="\n".join(text), scenes=1) for text in texts]


# Speakers


def spoken_lines(script: str) -> list[Spoken]:
    """Each spoken block of the script, with its speaker and how it is to be said.

    The speaker is empty for narration and action.
    """
    speaker = direction = ""
    found = []
    for block in understand(script).blocks:
        if block.kind == BlockKind.CUE:
            speaker = "" if is_narrator(block.text) else name_of(block.text)
            direction = direction_of(block.text)
        elif block.kind == BlockKind.PARENTHETICAL:
            direction = block.text.strip().strip("()（）").strip()
        elif block.kind in {BlockKind.DIALOGUE, BlockKind.LYRICS}:
            found.append(Spoken(block.text, speaker, direction))
            direction = ""
        else:
            speaker = direction = ""
            if block.kind in SPOKEN:
                found.append(Spoken(block.text))
    return found


def lines_of(spoken: Sequence[Spoken], narrations: Sequence[str]) -> list[list[Spoken]]:
    """The lines of each scene, found by character position in the joined narrations.

    The joined narrations equal the joined lines. Where the words differ from the script, or nobody
    is named in it, each scene has one line of narration.
    """
    one_each = [
        [Spoken(narration.strip())] if narration.strip() else [] for narration in narrations
    ]
    if not any(line.speaker for line in spoken):
        return one_each
    if _bare("".join(line.text for line in spoken)) != _bare("".join(narrations)):
        return one_each
    ends = list(accumulate(len(_bare(line.text)) for line in spoken))
    place = number = 0
    found = []
    for narration in narrations:
        parts: dict[int, list[str]] = {}
        for word in narration.split():
            while number < len(ends) - 1 and place >= ends[number]:
                number += 1
            parts.setdefault(number, []).append(word)
            place += len(word)
        found.append([replace(spoken[line], text=" ".join(words)) for line, words in parts.items()])
    return found


def _bare(text: str) -> str:
    return "".join(text.split())
