import pytest

from media.audio.timing import speech_ms
from media.audio.written_out import english_number, korean_number, written_out


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("", "ko", 0),
        ("… — !", "en", 0),
        ("🙂🙂", "ko", 0),
        ("안녕하세요", "ko", 1411),  # 5 / 4.5 + 0.30
        ("안녕하세요.", "ko", 1411),
        ("비가 온다. 우리는, 걷는다.", "ko", 2942),  # 10 / 4.5 + 2 * 0.30 + 0.12
        ("20%", "ko", 1411),  # 이십퍼센트
        ("100", "ko", 522),  # 백
        ("AI 시대", "ko", 922),  # (2 + 2 / 2.5) / 4.5 + 0.30
        ("Hello there.", "en", 1100),  # 12 / 15 + 0.30
        ("It rains, again.", "en", 1487),  # 16 / 15 + 0.30 + 0.12
        ("20", "en", 700),  # "twenty"
        ("20%", "en", 1233),  # "twenty percent"
        ("Pi is 3.14.", "en", 1700),  # "Pi is three.fourteen."
        ("비", "ko-KR", 522),
    ],
)
def test_estimate(text, language, expected):
    assert speech_ms(text, language) == expected


@pytest.mark.parametrize(
    ("value", "korean", "english"),
    [
        (0, "영", "zero"),
        (10, "십", "ten"),
        (21, "이십일", "twenty-one"),
        (100, "백", "one hundred"),
        (110, "백십", "one hundred ten"),
        (2026, "이천이십육", "two thousand twenty-six"),
        (10_000, "만", "ten thousand"),
        (11_000, "만 천", "eleven thousand"),
        (
            123_456,
            "십이만 삼천사백오십육",
            "one hundred twenty-three thousand four hundred fifty-six",
        ),
        (100_010_000, "일억 일만", "one hundred million ten thousand"),
        (1_000_000_000, "십억", "one billion"),
    ],
)
def test_numbers(value, korean, english):
    assert (korean_number(value), english_number(value)) == (korean, english)


def test_numbers_in_a_text():
    assert written_out("1,234명과 7", "ko") == "천이백삼십사명과 칠"
    assert written_out("in 1,234 days", "en") == "in one thousand two hundred thirty-four days"
    assert written_out("0" * 13, "ko") == "공" * 13
    assert written_out("٣ days", "en") == "three days"
