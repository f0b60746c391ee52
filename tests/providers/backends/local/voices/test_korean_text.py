import pytest

from providers.backends.local.voices.korean_text import native_number, spoken_korean
from providers.backends.local.voices.latin_words import latin_in_hangul


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("", ""),
        ("비가 온다.", "비가 온다."),
        ("0", "영"),
        ("1,234원", "천이백삼십사원"),
        ("10000명", "만명"),
        ("3.14", "삼 점 일사"),
        ("20%", "이십 퍼센트"),
        ("12.5 %", "십이 점 오 퍼센트"),
        ("２０％", "이십 퍼센트"),
        ("2026-11-28", "이천이십육년 십일월 이십팔일"),
        ("2026.6.3.", "이천이십육년 유월 삼일"),
        ("6월 10일, 10월 6일", "유월 십일, 시월 육일"),
        ("10:30에", "열 시 삼십 분에"),
        ("오후 3시 5분", "오후 세 시 오분"),
        ("15시", "십오 시"),
        ("9:00", "아홉 시"),
        ("사과 3개", "사과 세 개"),
        ("20살 21살", "스무 살 스물한 살"),
        ("고양이 2마리", "고양이 두 마리"),
        ("100명", "백 명"),
        ("5개월", "오개월"),
        ("1번째 2번째", "첫 번째 두 번째"),
        ("3시간", "세 시간"),
        ("60km/h", "시속 육십 킬로미터"),
        ("5㎏", "오 킬로그램"),
        ("30㎡", "삼십 제곱미터"),
        ("-5℃", "영하 오 도"),
        ("5℃", "오 도"),
        ("-3", "마이너스 삼"),
        ("3~5일", "삼에서 오일"),
        ("1/2", "이분의 일"),
        ("½", "이분의 일"),
        ("$5", "오 달러"),
        ("₩1,000", "천 원"),
        ("010-1234-5678", "공일공 일이삼사 오육칠팔"),
        ("007", "공공칠"),
        ("1234567890123", "일이삼사오육칠팔구공일이삼"),
        ("24fps", "이십사 프레임"),
        ("AI 시대", "에이아이 시대"),
        ("YouTube에서", "유튜브에서"),
        ("Q&A", "큐 앤드 에이"),
    ],
)
def test_written_and_spoken(written, spoken):
    assert spoken_korean(written) == spoken


@pytest.mark.parametrize(
    ("word", "hangul"),
    [
        ("CEO", "시이오"),
        ("NASA", "나사"),
        ("km", "케이엠"),
        ("studio", "스튜디오"),
        ("Banana", "바나나"),
        ("Netflix", "넷플릭스"),
        ("shopping", "쇼핑"),
        ("message", "메사지"),
        ("A", "에이"),
        ("don't", "돈트"),
    ],
)
def test_latin_words(word, hangul):
    assert latin_in_hangul(word) == hangul


def test_every_latin_word_becomes_hangul():
    for first in "abcdefghijklmnopqrstuvwxyz":
        for rest in ("", "a", "ab", "str", "ng", "wa", "yo", "quay", "oughs", "xx", "eee", "llll"):
            assert all("가" <= letter <= "힣" for letter in latin_in_hangul(first + rest)), (
                first + rest
            )


@pytest.mark.parametrize(
    ("value", "words"),
    [(1, "한"), (10, "열"), (19, "열아홉"), (20, "스무"), (21, "스물한"), (99, "아흔아홉")],
)
def test_native_numbers(value, words):
    assert native_number(value) == words
