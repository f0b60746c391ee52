"""Titles and prompts for the two halves of a split scene."""

import re

from core.sentences import sentences
from providers.backends.local.planner import title_of
from providers.backends.local.vocabulary import visual_words


def halves(text: str, narration: str, head: str, tail: str) -> tuple[str, str]:
    """The prompt for each half of the narration.

    If the prompt repeats the narration, each half gets its half of the narration and the text after
    it. Otherwise each sentence of the prompt goes to the half that it shares words with, or to
    both.
    """
    rest = _rest(text, narration)
    if rest is not None:
        return _joined(head, rest), _joined(tail, rest)
    first: list[str] = []
    second: list[str] = []
    own = [False, False]
    for sentence in sentences(text):
        with_head, with_tail = _shared(sentence, head), _shared(sentence, tail)
        if with_head >= with_tail:
            first.append(sentence)
            own[0] |= with_head > with_tail
        if with_tail >= with_head:
            second.append(sentence)
            own[1] |= with_tail > with_head
    return " ".join(first if own[0] else [head, *first]), " ".join(
        second if own[1] else [tail, *second]
    )


def joined(text: str, narration: str, other: str, other_narration: str) -> str:
    """The prompt of two merged scenes.

    It is the first one's, with the words of both if both repeat their narration.
    """
    rest, other_rest = _rest(text, narration), _rest(other, other_narration)
    if rest is None or rest != other_rest:
        return text
    return _joined(f"{narration} {other_narration}".strip(), rest)


def english_halves(text: str, narration: str, head: str, tail: str) -> tuple[str, str]:
    """As `halves`, for the English of a prompt, which may be a list of visible things."""
    if not text or _rest(text, narration) is not None:
        return halves(text, narration, head, tail) if text else ("", "")
    seen_first = {word.gloss for word in visual_words(head)}
    seen_second = {word.gloss for word in visual_words(tail)}
    parts = text.split(", ")
    if re.search(r"[.!?]\s", text) or not (seen_first | seen_second) & set(parts):
        return text, text
    return (
        ", ".join(part for part in parts if part not in seen_second - seen_first),
        ", ".join(part for part in parts if part not in seen_first - seen_second),
    )


def title_for(tail: str, title: str, language: str) -> str:
    """A title for the second half, from its own words."""
    return title_of(tail, language) or title


def _rest(text: str, narration: str) -> str | None:
    """The part of a prompt after the narration that it begins with.

    None if it does not begin with it.
    """
    bare = narration.rstrip(".。 ")
    if bare and text.startswith(bare):
        return text[len(bare) :].lstrip(".。 ")
    begun, mark, rest = text.partition("…")
    return rest if mark and len(begun) > 40 and narration.startswith(begun) else None  # noqa: PLR2004  a prompt is cut at 280


def _joined(words: str, rest: str) -> str:
    return f"{words.rstrip('.。 ')}{rest}" if rest else words


def _shared(sentence: str, words: str) -> int:
    return len(_stems(sentence) & _stems(words))


def _stems(text: str) -> set[str]:
    """Words without their endings, as far as possible without a dictionary.

    Korean words are cut to two syllables, others stay whole.
    """
    return {
        word[:2] if "가" <= word[0] <= "힣" else word.lower()
        for word in re.findall(r"\w{2,}", text)
    }
