"""Examples of the standard pronunciation (표준발음법), rule by rule."""

import pytest

from providers.backends.local.voices.korean_sounds import pronounced, sounds


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("옷이", "오시"), ("꽃을", "꼬츨"), ("값이", "갑씨"), ("닭을", "달글"), ("앉아", "안자"),
        ("없어", "업써"), ("읽어", "일거"),
        ("강아지", "강아지"), ("좋아요", "조아요"), ("않아", "아나"), ("싫어", "시러"),
        ("놓다", "노타"), ("않고", "안코"), ("싫다", "실타"), ("축하", "추카"), ("입학", "이팍"),
        ("못하다", "모타다"),
        ("닫히다", "다치다"), ("밟히다", "발피다"), ("앉히다", "안치다"), ("놓는", "논는"),
        ("닿소", "다쏘"),
        ("굳이", "구지"), ("같이", "가치"), ("굳히다", "구치다"), ("걷힌", "거친"),
        ("국물", "궁물"), ("먹는", "멍는"), ("밥물", "밤물"), ("있는", "인는"),
        ("앞마당", "암마당"),
        ("독립", "동닙"), ("종로", "종노"), ("심리", "심니"), ("십리", "심니"),
        ("신라", "실라"), ("칼날", "칼랄"),
        ("학교", "학꾜"), ("국밥", "국빱"), ("옆집", "엽찝"), ("읽다", "익따"), ("앉다", "안따"),
        ("젊다", "점따"),
        ("부엌", "부억"), ("꽃", "꼳"), ("넋", "넉"), ("여덟", "여덜"),
        ("희망", "히망"), ("의자", "의자"), ("주의", "주에"), ("회의실", "회이실"),
        ("a국물 12", "a궁물 12"),
    ],
)  # fmt: skip
def test_pronunciation(written, spoken):
    assert pronounced(written) == spoken


@pytest.mark.parametrize(
    ("written", "phonetic"),
    [
        ("나비", "nabi"),
        ("바다", "pada"),
        ("시", "ɕi"),
        ("국물.", "kuŋmul."),
        ("달라", "tala"),
        ("차", "ʨʰa"),
        ("", ""),
        ("A!", "A!"),
    ],
)
def test_phonetic_letters(written, phonetic):
    assert sounds(written) == phonetic
