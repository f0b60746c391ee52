"""Where a text may be cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.sentences import clusters, halves, parts, sentence_slices, sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("소녀가 걸었다. 비가 왔다.", ["소녀가 걸었다.", "비가 왔다."]),
        ("She walked. It rained!  Why? No.", ["She walked.", "It rained!", "Why?", "No."]),
        ("Dr. Kim met Mr. Lee at 3.14 p.m. in the U.S. embassy. He left.",
         ["Dr. Kim met Mr. Lee at 3.14 p.m. in the U.S. embassy.", "He left."]),
        ("J. K. Rowling wrote. I did. So did you.",
         ["J. K. Rowling wrote.", "I did.", "So did you."]),
        ("See example.com now. Version 2.0.1 is out.",
         ["See example.com now.", "Version 2.0.1 is out."]),
        ("“가자!” 소년이 외쳤다. 모두 뛰었다.", ["“가자!”", "소년이 외쳤다.", "모두 뛰었다."]),
        ("“Go!” he said. They ran.", ["“Go!” he said.", "They ran."]),
        ("“가자.”라고 말했다. 끝.", ["“가자.”라고 말했다.", "끝."]),
        ("그는… 말을 멈췄다. 다시 걸었다… 밤이었다.",
         ["그는… 말을 멈췄다.", "다시 걸었다…", "밤이었다."]),
        ("Well... maybe not. So... Yes.", ["Well... maybe not.", "So...", "Yes."]),
        ("갔다.그리고 왔다.", ["갔다.", "그리고 왔다."]),
        ("他走了。她来了！真的？", ["他走了。", "她来了！", "真的？"]),
        ("첫 줄은 짧다\n둘째 줄도 짧다\n\n셋째", ["첫 줄은 짧다", "둘째 줄도 짧다", "셋째"]),
        ("A very long line that an editor has wrapped at some column\nand that goes on here. End.",
         ["A very long line that an editor has wrapped at some column and that goes on here.",
          "End."]),
        ("좋아! 😀 가자. 👨‍👩‍👧", ["좋아!", "😀 가자.", "👨‍👩‍👧"]),
        ("가자. … 왔다.", ["가자. …", "왔다."]),
        ("… 왔다.", ["… 왔다."]),
        ("", []),
        ("  \n\t ", []),
        ("마침표 없는 글", ["마침표 없는 글"]),
        ("No. 5 is alive. (Really.) Yes.", ["No. 5 is alive.", "(Really.)", "Yes."]),
    ],
)  # fmt: skip
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize(
    ("piece", "expected"),
    [
        (
            "비가 그치고, 소년은 오래된 우산을 접었다",
            ("비가 그치고,", "소년은 오래된 우산을 접었다"),
        ),
        ("바람이 불었고 소녀는 창문을 닫았다", ("바람이 불었고", "소녀는 창문을 닫았다")),
        (
            "the rain had stopped and the boy folded his umbrella",
            ("the rain had stopped", "and the boy folded his umbrella"),
        ),
        ("짧은 말", None),
        ("Donaudampfschiff", None),
        ("가" * 20, ("가" * 10, "가" * 10)),
    ],
)
def test_halves(piece: str, expected: tuple[str, str] | None) -> None:
    assert halves(piece) == expected


def test_what_is_seen_as_one_character_stays_whole() -> None:
    assert clusters("👨‍👩‍👧👍🏽🇰🇷é가") == ["👨‍👩‍👧", "👍🏽", "🇰🇷", "é", "가"]
    assert clusters("🇰🇷🇺🇸") == ["🇰🇷", "🇺🇸"]


def test_parts_are_even() -> None:
    text = " ".join(["이 문장은 길이가 모두 같다."] * 30)
    assert [len(part) for part in parts(text, 10)] == [3] * 10


def test_long_sentence_among_short_ones_is_cut() -> None:
    text = "짧다. " + "아주 긴 문장이 계속 이어지면서, " * 12 + "끝난다. 짧다."
    sizes = [sum(map(len, part)) for part in parts(text, 4)]
    assert max(sizes) <= 1.8 * sum(sizes) / 4


def test_too_short_text_leaves_later_shots_empty() -> None:
    assert parts("안녕. 잘 가.", 5) == [["안녕."], [], ["잘 가."], [], []]


@pytest.mark.parametrize(
    ("text", "slices"),
    [
        ("", []),
        (" \n ", [" \n "]),
        ("  A boat.  A gull.\n", ["  A boat.  ", "A gull.\n"]),
        ("Dr. Kim left.\n\nHe did not come back.", ["Dr. Kim left.\n\n", "He did not come back."]),
        ("1. 배가 떠난다.\n2. 새가 난다.", ["1. 배가 떠난다.\n", "2. 새가 난다."]),
        (
            "소녀가 등대에 올라갔습니다 바다가 조용합니다",
            ["소녀가 등대에 올라갔습니다 ", "바다가 조용합니다"],
        ),
    ],
)
def test_slices_keep_the_space_behind_them(text, slices):
    assert sentence_slices(text) == slices


@given(st.text(alphabet="ab가다.,!?…。” \n\t\r\u3000\u2003", max_size=80))
def test_slices_joined_are_the_text(text):
    assert "".join(sentence_slices(text)) == text
    squeezed = ["".join(piece.split()) for piece in sentence_slices(text)]
    assert [piece for piece in squeezed if piece] == [
        "".join(piece.split()) for piece in sentences(text)
    ]
