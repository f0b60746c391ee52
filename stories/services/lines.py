"""The lines of a scene, and the narration that joins their words.

This is the only place that writes `Scene.narration`. Whatever is done, the words of the lines are
the words of the narration, in the same order.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from uuid import UUID

from django.utils import timezone
from rapidfuzz.distance import LCSseq

from core.unicode_normalization import composed
from stories.enums import LineKind
from stories.models import Line, LineText, Scene
from stories.models.line import MAX_DIRECTION, MAX_SPEAKER

COMPARED = 4_000_000  # pairs of words; larger differences are shared out in proportion
WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a line says, without a row."""

    text: str
    speaker: str = ""
    direction: str = ""
    kind: str = ""
    id: UUID | None = None  # of the line that says it already

    @property
    def line_kind(self) -> str:
        return self.kind or (LineKind.DIALOGUE if self.speaker else LineKind.NARRATION)


def of(scene: Scene) -> list[Line]:
    """The scene's live lines in order, with their texts. One query."""
    return list(Line.live.filter(scene=scene).select_related("current").order_by("position", "id"))


def narration_of(texts: Iterable[str]) -> str:
    """The narration that lines with these texts have."""
    return "\n".join(filter(None, (text.strip() for text in texts)))


# Edited words


def mapped(texts: Sequence[str], narration: str) -> list[str]:
    """The part of an edited narration that each of these lines says now.

    Every word of the narration is in exactly one part, in order. Unchanged words stay with their
    line, replaced ones are shared out in proportion, and added ones belong to the line before them.
    The part of a line without words is empty.
    """
    new = list(WORD.finditer(narration))
    if not texts or not new:
        return (
            [narration.strip() if not at else "" for at in range(len(texts))]
            if new
            else [""] * len(texts)
        )
    words = [text.split() for text in texts]
    owner = [line for line, line_words in enumerate(words) for _word in line_words]
    lines = _owners(
        [word for line_words in words for word in line_words], [match[0] for match in new], owner
    )
    parts = [""] * len(texts)
    for line in dict.fromkeys(lines):
        first, last = lines.index(line), len(lines) - 1 - lines[::-1].index(line)
        parts[line] = narration[new[first].start() : new[last].end()]
    return parts


def _owners(old: list[str], new: list[str], owner: list[int]) -> list[int]:
    """For each new word the number of its line, never decreasing."""
    if not old:
        return [0] * len(new)
    found: list[int] = []
    for old_start, old_end, new_start, new_end in _runs(old, new):
        many = old_end - old_start
        for at in range(new_start, new_end):
            # An added word belongs to the word before it, or to the first one.
            place = (
                old_start + (at - new_start) * many // (new_end - new_start)
                if many
                else max(old_start - 1, 0)
            )
            found.append(owner[place])
    return found


def _runs(old: list[str], new: list[str]) -> list[tuple[int, int, int, int]]:
    """Runs of equal and of different words in order; together they cover both lists."""
    head = next(
        (at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b),
        min(len(old), len(new)),
    )
    most = min(len(old), len(new)) - head
    tail = next((at for at in range(most) if old[-1 - at] != new[-1 - at]), most)
    a, b = old[head : len(old) - tail], new[head : len(new) - tail]
    runs = [(at, at + 1, at, at + 1) for at in range(head)]
    if len(a) * len(b) > COMPARED or not a or not b:
        runs.append((head, head + len(a), head, head + len(b)))
    else:
        runs += [(head + a0, head + a1, head + b0, head + b1) for a0, a1, b0, b1 in _compared(a, b)]
    return runs + [
        (len(old) - at, len(old) - at + 1, len(new) - at, len(new) - at + 1)
        for at in range(tail, 0, -1)
    ]


def _compared(a: list[str], b: list[str]) -> list[tuple[int, int, int, int]]:
    runs: list[tuple[int, int, int, int]] = []
    different = False
    for code in LCSseq.opcodes(a, b):
        span = (code.src_start, code.src_end, code.dest_start, code.dest_end)
        if code.tag == "equal":
            runs += [
                (span[0] + at, span[0] + at + 1, span[2] + at, span[2] + at + 1)
                for at in range(span[1] - span[0])
            ]
        elif different:
            runs[-1] = (runs[-1][0], span[1], runs[-1][2], span[3])
        else:
            runs.append(span)
        different = code.tag != "equal"
    return runs


# Writing. The caller holds the story's and the scene's lock, and saves the scene.


def create(scenes: Sequence[Scene], spoken: Sequence[Sequence[Spoken]]) -> None:
    """Write the lines of new scenes. Their narration is set already. Two queries."""
    texts = [
        (
            scene,
            position,
            LineText(
                kind=part.line_kind,
                speaker=part.speaker[:MAX_SPEAKER],
                direction=part.direction[:MAX_DIRECTION],
                text=composed(part.text),
            ),
        )
        for scene, parts in zip(scenes, spoken, strict=True)
        for position, part in enumerate((part for part in parts if part.text.strip()), start=1)
    ]
    LineText.objects.bulk_create([text for _scene, _position, text in texts])
    Line.objects.bulk_create(
        Line(scene=scene, position=position, current=text) for scene, position, text in texts
    )


def create_one(scenes: Sequence[Scene]) -> None:
    """Write the narration of new scenes as one line each."""
    create(scenes, [[Spoken(scene.narration.strip())] for scene in scenes])


def rewrite(scene: Scene, narration: str) -> None:
    """Give the scene this narration, and share its words out among the lines it has."""
    lines = of(scene)
    scene.narration = narration
    if not lines:
        create_one([scene])
        return
    for line, text in zip(
        lines, mapped([line.current.text for line in lines], narration), strict=True
    ):
        say(line, text)
    settle(scene, lines)


def say(line: Line, text: str, **values: str) -> None:
    """Give the line a new text, or remove it if it has no words any more."""
    if not text.strip():
        line.deleted_at = timezone.now()
        line.save(update_fields=["deleted_at"])
        return
    wanted = {
        "kind": line.current.kind,
        "speaker": line.current.speaker,
        "direction": line.current.direction,
        **values,
    }
    if line.current.text == text and all(
        getattr(line.current, name) == value for name, value in wanted.items()
    ):
        return
    line.current = LineText.objects.create(text=text, previous=line.current, **wanted)
    line.save(update_fields=["current"])


def settle(scene: Scene, lines: Iterable[Line]) -> None:
    """Number the lines that are left."""
    live = [line for line in lines if line.deleted_at is None]
    for position, line in enumerate(live, start=1):
        if line.position != position or line.scene_id != scene.pk:
            line.position, line.scene = position, scene
            line.save(update_fields=["position", "scene"])


def copy(scene: Scene, target: Scene) -> None:
    """Copy the lines to another scene without lines. Their selected speech is the same."""
    Line.objects.bulk_create(
        Line(
            scene=target,
            position=line.position,
            current=line.current,
            speech_take_id=line.speech_take_id,
        )
        for line in of(scene)
    )


def cut(scene: Scene, target: Scene, *, head: str, tail: str) -> None:
    """Give the words of `tail`, with which the scene ends, and their lines to the target scene.

    A line that is cut in two keeps its first part; the second becomes a line of its own.
    """
    lines, left = of(scene), len(_bare(head))
    scene.narration, target.narration = head, tail
    moved: list[Line] = []
    for line in lines:
        length = len(_bare(line.current.text))
        if left <= 0:
            moved.append(line)
        elif left < length:
            moved.append(_cut_line(line, target, at=_place(line.current.text, left)))
        left -= length
    settle(scene, [line for line in lines if line not in moved])
    settle(target, moved)


def _bare(text: str) -> str:
    return "".join(text.split())


def _place(text: str, count: int) -> int:
    """Where so many characters of the text, without its spaces, have passed."""
    ends = accumulate(not char.isspace() for char in text)
    return next(at for at, passed in enumerate(ends, start=1) if passed == count)


def _cut_line(line: Line, target: Scene, *, at: int) -> Line:
    whole = line.current
    about = {
        "kind": whole.kind,
        "speaker": whole.speaker,
        "direction": whole.direction,
        "previous": whole,
    }
    rest = LineText.objects.create(text=whole.text[at:].strip(), **about)
    line.current = LineText.objects.create(text=whole.text[:at].strip(), **about)
    line.save(update_fields=["current"])
    return Line.objects.create(scene=target, position=1, current=rest)


def join(scene: Scene, other: Scene, narration: str) -> None:
    """Add the lines of the other scene to this one, whose narration becomes the given one.

    The other scene, which is about to be deleted, keeps copies. A line that `cut` has cut in two is
    whole again.
    """
    first, second = of(scene), of(other)
    copies = [
        Line(
            scene=other,
            position=line.position,
            current=line.current,
            speech_take_id=line.speech_take_id,
        )
        for line in second
    ]
    if first and second and (whole := _whole(first[-1].current, second[0].current)) is not None:
        first[-1].current = whole
        first[-1].save(update_fields=["current"])
        second[0].deleted_at = timezone.now()
        second[0].save(update_fields=["deleted_at"])
    scene.narration = narration
    settle(scene, [*first, *second])
    Line.objects.bulk_create(copies)


def _whole(first: LineText, second: LineText) -> LineText | None:
    """The text that these two were cut from, if they are its halves."""
    whole = first.previous
    if whole is None or first.previous_id != second.previous_id:
        return None
    return whole if _bare(first.text + second.text) == _bare(whole.text) else None


def take_back(scene: Scene, other: Scene, narration: str) -> None:
    """Undo `join`: the lines of the words after `narration` return to the other scene."""
    words = other.narration
    Line.live.filter(scene=other).update(deleted_at=timezone.now())
    cut(scene, other, head=narration, tail=words)
