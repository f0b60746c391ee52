"""Reader for screenplays in Fountain syntax (fountain.io), including Korean conventions.

Every step is linear in the length of the text: no pattern looks beyond its own line.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from .headings import is_heading, without_number
from .labels import is_unspoken, labels_of, name_of, parts
from .script import Block, BlockKind

LONGEST_CUE = 60  # characters
TITLES = frozenset({"title", "제목", "タイトル", "標題", "标题", "题目"})
TITLE_KEYS = TITLES | {
    *("credit", "author", "authors", "source", "draft date", "date", "contact", "copyright"),
    *(
        "revision",
        "notes",
        "format",
        "episode",
        "작가",
        "각본",
        "극본",
        "글",
        "감독",
        "날짜",
        "연락처",
    ),
}
_KEY = re.compile(r"^([^\s:：][^:：\n]{0,39}?)\s*[:：][ \t]*(.*)$")
_INDENTED = re.compile(r"^(?: {3,}|\t)\s*\S")
_PAGE_BREAK = re.compile(r"^={3,}\s*$")
_SECTION = re.compile(r"^(#{1,6})\s*(?=\S)")
_TRANSITION = re.compile(r"^[^a-z]*\bTO:$")
_TRANSITIONS = re.compile(
    r"^[(\[]?(?:FADE (?:IN|OUT|TO BLACK|UP)|CUT TO BLACK|SMASH CUT|MATCH CUT|DISSOLVE|BLACK "
    r"?OUT|INTERCUT|"
    r"THE END OF TEASER|F\.?\s?[IO]\.?|페이드\s?(?:인|아웃)|컷\s?투|디졸브|암전|O\.L\.?)[.:)\]]*$"
)
_EXTENSION = re.compile(r"\s*[(（][^()（）]{0,40}[)）]\s*$")
_KOREAN_CUE = re.compile(r"^[가-힣]{1,5}\s?\d{0,2}$")
_KOREAN_END = re.compile(r"(?:다|요|죠|까|네|지|라|군|자)$")
# Words for persons whose names have such endings
_KOREAN_PERSON = re.compile(
    r"(?:아버지|[강송망]아지|돼지|남자|여자|기자|환자|왕자|제자|사회자|진행자|해설자|관리자|과학자|기술자|노동자|참가자|지원자|"
    r"목격자|피해자|가해자|장군|[영순]자|[민수예은윤현연혜영]지|^[김이박최정강조윤장임한오서신권황안송류전홍]\s?군)\s?\d{0,2}$"
)
_SPOKEN_LINE = re.compile(  # Latin names only in capitals, so that `http:` is not one
    r"^([가-힣A-Z][가-힣A-Z0-9.·]{0,11}(?: "
    r"[가-힣A-Z0-9]{1,8})?(?:\s{0,3}[(（][^()（）]{0,20}[)）])?)"
    r"(?:\s*[:：]\s*|\t+\s*|\s{3,})(?=\S)(.+)$"
)
_LEADING = re.compile(r"^[(（]([^()（）]{1,80})[)）]\s*")
_MARK = re.compile(r"\x00\d+\x00")
_TOKENS = re.compile(r"\\[*_]|\*{1,3}|_")


@dataclass(slots=True)
class Page:
    """The title page."""

    title: str = ""
    fields: dict[str, str] = field(default_factory=dict)


def normalised(text: str) -> str:
    """The text with LF as its only line ending."""
    return (
        text.replace("\r\n", "\n")
        .replace("\r", "\n")
        .replace("\u2028", "\n")
        .replace("\u2029", "\n\n")
    )


def title_page(text: str, *, any_key: bool) -> tuple[Page, str]:
    """The title page, if the first block consists of `Key: value` lines, and the text after it.

    `any_key`: accept any keys; otherwise one of them must be a known key.
    """
    lines = text.lstrip("\n\ufeff").split("\n")
    end = next((n for n, line in enumerate(lines) if not line.strip()), len(lines))
    page, key = Page(), ""
    for number, line in enumerate(lines[:end]):
        if key and _INDENTED.match(line):
            page.fields[key] = f"{page.fields[key]} {line.strip()}".strip()
            continue
        found = _KEY.match(line)
        follows = number + 1 < end and bool(_INDENTED.match(lines[number + 1]))
        if found is None or is_heading(line) or not (found[2].strip() or follows or page.fields):
            return Page(), text
        if _is_transition(line.strip()):
            return Page(), text
        key = found[1].strip().lower()
        page.fields[key] = found[2].strip()
    body = "\n".join(lines[end:])
    # Lines of dialogue look the same, but a screenplay follows a title page.
    follows = any_key and bool(body.strip()) and any(is_heading(line) for line in lines[end:])
    if not page.fields or not (follows or TITLE_KEYS & page.fields.keys()):
        return Page(), text
    page.title = plain(next((page.fields[name] for name in page.fields if name in TITLES), ""))
    return page, body


def parse(text: str, *, korean: bool = True) -> tuple[Page, list[Block]]:
    """The title page and the blocks.

    `korean`: names without `@` and `name: words` are cues, too.
    """
    page, body = title_page(normalised(text), any_key=True)
    return page, list(_blocks(body, korean=korean))


def _blocks(body: str, *, korean: bool) -> Iterator[Block]:
    """Split the body into blocks.

    Notes and boneyard are removed first, because they can span lines.
    """
    body, notes = _without_notes(body)
    reader = _Reader(body.split("\n"), korean=korean)
    for block in reader.read():
        pieces = re.split(r"\x00(\d+)\x00", block.text)
        text = "".join(pieces[::2])
        text = re.sub(r"[ \t]{2,}", " ", text).strip() if len(pieces) > 1 else text
        if text:
            yield Block(block.kind, text)
        for number in pieces[1::2]:
            yield Block(BlockKind.NOTE, notes[int(number)])


def _without_notes(text: str) -> tuple[str, list[str]]:
    """The text with a mark in place of each note `[[…]]` and without boneyard `/*…*/`."""
    kept: list[str] = []
    notes: list[str] = []
    text = text.replace("\x00", "")
    place = 0
    closed = {"/*": True, "[[": True}  # whether a closing mark can still follow
    for mark in re.finditer(r"/\*|\[\[", text):
        if mark.start() < place or not closed[mark.group()]:
            continue
        end = text.find("*/" if mark.group() == "/*" else "]]", mark.end())
        if end < 0:
            closed[mark.group()] = False
            continue
        kept.append(text[place : mark.start()])
        if mark.group() == "[[":
            kept.append(f"\x00{len(notes)}\x00")
            notes.append(" ".join(text[mark.end() : end].split()))
        place = end + 2
    kept.append(text[place:])
    return "".join(kept), notes


def _name_of(line: str) -> str:
    """The name in a cue, without extensions."""
    return _EXTENSION.sub("", line.strip().rstrip("^ ")).strip()


class _Reader:
    """Goes through the lines once."""

    def __init__(self, lines: list[str], *, korean: bool) -> None:
        self.lines = lines
        self.blank = [not _MARK.sub("", line).strip() for line in lines]
        self.korean = korean
        self.at = 0
        # Short lines with text directly below. A word that appears twice in this way is a name,
        # whatever its ending.
        self.names = Counter(
            _name_of(line)
            for number, line in enumerate(lines)
            if korean and len(line) <= LONGEST_CUE and not self._blank(number + 1)
        )
        self.labels = labels_of(plain(line.strip()) for line in lines) if korean else frozenset()

    def _blank(self, number: int) -> bool:
        return number >= len(self.lines) or self.blank[number]

    def read(self) -> Iterator[Block]:
        held: list[str] = []  # lines of one action paragraph
        while self.at < len(self.lines):
            line = self.lines[self.at]
            found = None if self._blank(self.at) else self._special(line.strip(), first=not held)
            if found is None and line.strip() and not self._is_cue(line.strip(), first=not held):
                held.append(plain(line.strip().removeprefix("!")))
                self.at += 1
                continue
            if held:
                yield Block(BlockKind.ACTION, "\n".join(held))
                held = []
            if found is not None:
                yield from found
                self.at += 1
            elif line.strip():
                yield from self._speech()
            else:
                self.at += 1
        if held:
            yield Block(BlockKind.ACTION, "\n".join(held))

    # One return per case
    def _special(self, line: str, *, first: bool) -> list[Block] | None:  # noqa: PLR0911
        """The blocks of a line that is complete by itself. None for action and cues."""
        if line.startswith("!"):
            return None
        if _PAGE_BREAK.match(line):
            return []
        if line.startswith(".") and line[1:2] not in {"", "."} and not line[1:2].isspace():
            return [Block(BlockKind.HEADING, plain(without_number(line[1:].strip())))]
        if is_heading(plain(line), strict=not first):
            return [Block(BlockKind.HEADING, without_number(plain(line)))]
        section = _SECTION.match(line)
        if section:
            return [Block(BlockKind.SECTION, plain(line[section.end() :].strip()))]
        if line.startswith("="):
            return [Block(BlockKind.SYNOPSIS, plain(line.lstrip("=").strip()))]
        if line.startswith("~"):
            return [Block(BlockKind.LYRICS, plain(line[1:].strip()))]
        if line.startswith(">") and line.endswith("<"):
            return [Block(BlockKind.ACTION, plain(line[1:-1].strip()))]
        if line.startswith(">") or (first and self._blank(self.at + 1) and _is_transition(line)):
            return [Block(BlockKind.TRANSITION, plain(line.lstrip("> ").strip()))]
        return self._spoken_line(line) if self.korean else None

    def _spoken_line(self, line: str) -> list[Block] | None:
        """Dialogue in the form `민수: 안녕` or `Anna: Hi.`, and notes such as `화면: 바다`."""
        line = plain(line)
        label = parts(line)
        if label is not None and name_of(label[0]) in self.labels:
            if is_unspoken(label[0]):
                return [Block(BlockKind.NOTE, line)]
            return [Block(BlockKind.CUE, label[0]), *_dialogue([label[1]])]
        found = _SPOKEN_LINE.match(line)
        if found and is_unspoken(found[1]):
            return [Block(BlockKind.NOTE, line)]
        if not found or (self._ends_sentence(found[1].split("(")[0].strip()) and ":" not in line):
            return None
        return [Block(BlockKind.CUE, found[1].strip()), *_dialogue([found[2].strip()])]

    def _is_cue(self, line: str, *, first: bool) -> bool:
        if line.startswith("@"):
            return len(line) > 1
        if line.startswith("!") or not first or self._blank(self.at + 1) or len(line) > LONGEST_CUE:
            return False
        name = _name_of(line)
        if (
            name
            and name == name.upper()
            and name != name.lower()
            and not name.endswith((".", "!", "?", ","))
        ):
            return True
        return self.korean and bool(_KOREAN_CUE.match(name)) and not self._ends_sentence(name)

    def _ends_sentence(self, name: str) -> bool:
        """Whether a single Korean word is a sentence, such as 가자, and not a name, such as
        할아버지.
        """
        return (
            bool(_KOREAN_END.search(name))
            and not _KOREAN_PERSON.search(name)
            and self.names[name] < 2  # noqa: PLR2004
        )

    def _speech(self) -> Iterator[Block]:
        """A cue and the lines up to the next empty one."""
        yield Block(BlockKind.CUE, plain(self.lines[self.at].strip().lstrip("@").rstrip("^ ")))
        self.at += 1
        dialogue: list[str] = []
        while self.at < len(self.lines) and (
            not self._blank(self.at) or self.lines[self.at] == "  "
        ):
            line = self.lines[self.at].strip()
            if line.startswith("~"):
                yield from _dialogue(dialogue)
                dialogue = []
                yield Block(BlockKind.LYRICS, plain(line[1:].strip()))
            elif line.startswith(("(", "（")) and line.endswith((")", "）")):
                yield from _dialogue(dialogue)
                dialogue = []
                yield Block(BlockKind.PARENTHETICAL, plain(line[1:-1].strip()))
            elif line:
                dialogue.append(line)
            self.at += 1
        yield from _dialogue(dialogue)


def _dialogue(lines: list[str]) -> Iterator[Block]:
    """The spoken text, with the parenthetical that it may begin with."""
    text = "\n".join(lines).strip()
    found = _LEADING.match(text)
    if found:
        yield Block(BlockKind.PARENTHETICAL, plain(found[1].strip()))
        text = text[found.end() :]
    if text:
        yield Block(BlockKind.DIALOGUE, plain(text))


def _is_transition(line: str) -> bool:
    return bool(_TRANSITION.match(line) or _TRANSITIONS.match(line))


def plain(text: str) -> str:
    """The words without emphasis marks. A mark without its partner on the line stays."""
    if not ("*" in text or "_" in text or "\\" in text):
        return text
    return "\n".join(_plain_line(line) for line in text.split("\n"))


def _plain_line(line: str) -> str:
    tokens = list(_TOKENS.finditer(line))
    opened: dict[str, list[int]] = {}
    dropped: set[int] = set()
    for number, token in enumerate(tokens):
        mark = token.group()
        if mark.startswith("\\"):
            continue
        before, after = line[token.start() - 1 : token.start()], line[token.end() : token.end() + 1]
        if (
            before.isalnum()
            and after.isalnum()
            and (mark == "_" or (before.isdigit() and after.isdigit()))
        ):
            continue  # snake_case, 2*3
        if opened.get(mark) and before.strip():
            dropped |= {opened[mark].pop(), number}
        elif after.strip():
            opened.setdefault(mark, []).append(number)
    pieces, place = [], 0
    for number, token in enumerate(tokens):
        if number in dropped or token.group().startswith("\\"):
            pieces.append(line[place : token.start()])
            place = token.end()
            if token.group().startswith("\\"):
                pieces.append(token.group()[1])
    return "".join([*pieces, line[place:]])
