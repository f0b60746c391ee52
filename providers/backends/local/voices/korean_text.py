"""Writes a Korean text as it is spoken: numbers, dates, units, signs and Latin words in Hangul."""

import re
import unicodedata

from core.korean_particles import with_particles
from media.audio.written_out import LONGEST, korean_digits, korean_number

from .latin_words import LETTERS, latin_in_hangul

_NATIVE_ONES = ("", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉")
_NATIVE_TENS = ("", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔")
LARGEST_NATIVE = 99  # above it Sino-Korean numbers are used with every counter

# Counters of native Korean numbers. The longer is tried first: 시간 before 시.
_COUNTERS = (
    *("번째", "시간", "마리", "사람", "가지", "그루", "송이", "켤레", "바퀴", "걸음", "군데"),
    *("그릇", "접시", "숟가락", "조각", "방울", "모금", "봉지", "상자", "박스", "세트", "다발"),
    *("자루", "포기", "갈래", "차례", "개", "명", "살", "시", "권", "장", "병", "잔", "대", "번"),
    *("채", "달", "벌", "곳", "척", "통", "줄", "쌍", "배", "칸", "컵", "끼", "곡", "편", "팀"),
    *("골", "팩", "알", "판"),
)
_COUNTER = "|".join(_COUNTERS)
# 개월, 개국, 개소, 장면, 대륙, 대학, 시작, 대결, 대표, 대한민국, 번호, 판매, 알파
_NOT_COUNTED = r"(?!월|국|년|소|면|륙|학|작|결|표|한민|호|매|파)"
# After a space the counter is a word of its own, with a particle at most: 3 대표 is not counted.
_PARTICLES = "이|가|은|는|을|를|의|에|로|으로|도|만|과|와|나|씩|째|뿐|까지|부터|짜리|정도|쯤"
_WORD_ENDS = rf"(?![가-힣])|(?={_PARTICLES})"
# 번 counts times, but names a bus, an exit, a symphony: 삼 번 버스, 교향곡 구 번.
_NAMED_BY_NUMBER = (
    r"\s?(?:버스|마을버스|출구|국도|홈|게이트|창구|선수|타자|문제|방|채널|카메라|트랙|환자|좌석)"
)
_NUMBERED = ("교향곡", "소나타", "협주곡", "기호", "채널", "출구", "버스")
_TEENAGERS = re.compile(
    r"들|\s?(?:소녀|소년|청소년|학생|시절|때|초반|중반|후반|남자|여자|남성|여성|아이)"
)
_ENGLISH_DIGITS = ("제로", "원", "투", "쓰리", "포", "파이브", "식스", "세븐", "에잇", "나인")

UNITS = {
    "km/h": "킬로미터",
    "m/s": "미터",
    "km": "킬로미터",
    "cm": "센티미터",
    "mm": "밀리미터",
    "m2": "제곱미터",
    "km2": "제곱킬로미터",
    "cm2": "제곱센티미터",
    "m3": "세제곱미터",
    "cm3": "세제곱센티미터",
    "ha": "헥타르",
    "m": "미터",
    "kg": "킬로그램",
    "mg": "밀리그램",
    "g": "그램",
    "ml": "밀리리터",
    "cc": "시시",
    "kcal": "킬로칼로리",
    "db": "데시벨",
    "ms": "밀리초",
    "l": "리터",
    "tb": "테라바이트",
    "gb": "기가바이트",
    "mb": "메가바이트",
    "kb": "킬로바이트",
    "khz": "킬로헤르츠",
    "mhz": "메가헤르츠",
    "ghz": "기가헤르츠",
    "hz": "헤르츠",
    "kwh": "킬로와트시",
    "mah": "밀리암페어시",
    "kw": "킬로와트",
    "w": "와트",
    "v": "볼트",
    "fps": "프레임",
    "px": "픽셀",
    "p": "피",
    "k": "케이",
    "°c": "도",
    "°f": "도",
    "°": "도",
    "%p": "퍼센트 포인트",
    "%": "퍼센트",
    "‰": "퍼밀",
}
_SPEEDS = {"km/h": "시속", "m/s": "초속"}
CURRENCIES = {"$": "달러", "₩": "원", "€": "유로", "£": "파운드", "¥": "엔"}
SIGNS = {
    "&": " 앤드 ",
    "+": " 더하기 ",
    "×": " 곱하기 ",
    "÷": " 나누기 ",
    "@": " 골뱅이 ",
    "%": " 퍼센트 ",
    "°C": " 도",
    "°": " 도",
}

_ROMAN = re.compile("[\u2160-\u216b\u2170-\u217b]")
_POWERS = {"²": " 제곱", "³": " 세제곱"}
_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
_UNIT = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))


def spoken_korean(text: str) -> str:
    """Returns the text in Hangul with its punctuation. Letters of other scripts than Hangul and
    Latin stay as they are.
    """
    text = _ROMAN.sub(lambda match: korean_number(int(unicodedata.numeric(match[0]))), text)
    text = re.sub(r"(?<!m)([²³])", lambda match: _POWERS[match[1]], text)
    text = unicodedata.normalize("NFKC", text).replace("\u2044", "/").replace("−", "-")
    for pattern, words in _RULES:
        text = pattern.sub(words, text)
    for sign, name in SIGNS.items():
        text = text.replace(sign, name)
    text = re.sub(r"[A-Za-z][A-Za-z'’]*", lambda match: latin_in_hangul(match[0]), text)
    return with_particles(" ".join(text.split()))


def native_number(value: int) -> str:
    """Returns a number from 1 to 99 as it stands before a counter: 한, 스무, 스물한."""
    tens, ones = divmod(value, 10)
    if value == 20:  # noqa: PLR2004
        return "스무"
    return _NATIVE_TENS[tens] + _NATIVE_ONES[ones]


def number(text: str) -> str:
    """Returns digits with commas and a point as Sino-Korean words."""
    whole, point, part = text.replace(",", "").partition(".")
    words = korean_digits(whole) if len(whole) > LONGEST else korean_number(int(whole))
    if point:
        words += " 점 " + "".join(korean_number(int(digit)) for digit in part)
    return words


def _date(match: re.Match[str]) -> str:
    year, month, day = (int(part) for part in match.groups())
    return f"{korean_number(year)}년 {_month(month)}월 {korean_number(day)}일"


def _month(value: int) -> str:
    return {6: "유", 10: "시"}.get(value, korean_number(value))


def _hour(value: int) -> str:
    return native_number(value) if 1 <= value <= 12 else korean_number(value)  # noqa: PLR2004


def _clock(match: re.Match[str]) -> str:
    hours, minutes = int(match[1]), int(match[2])
    seconds = f" {korean_number(int(match[3]))} 초" if match[3] else ""
    return f"{_hour(hours)} 시" + (f" {korean_number(minutes)} 분" if minutes else "") + seconds


def _day_of_history(match: re.Match[str]) -> str:
    """6·25 is 육이오; its tens are read as numbers where they are round: 12·12 is 십이십이."""
    month, day = match.groups()
    whole = len(day) == 1 or day.endswith("0") or int(day) in {11, 12}
    return korean_number(int(month)) + (korean_number(int(day)) if whole else korean_digits(day))


def _half_of_day(match: re.Match[str]) -> str:
    name = "오전" if (match["before"] or match["after"])[0] in "Aa" else "오후"
    return f"{name} {match['clock']}"


def _in_english(match: re.Match[str]) -> str:
    """4K, 3D, MP3, 5G and A4 are said with English digits."""
    return "".join(
        _ENGLISH_DIGITS[int(letter)] if letter.isdigit() else LETTERS[letter.lower()]
        for letter in match[0]
    )


def _counted(match: re.Match[str]) -> str:
    value, counter = int(match[1]), match[2] or match[3]
    ahead, rest = match.string[: match.start()].rstrip(), match.string[match.end() :]
    # 20대 are people in their twenties; 10대 are teenagers only with some words.
    is_age = counter == "대" and value in range(10, 100, 10)
    is_age = is_age and (value > 10 or bool(_TEENAGERS.match(rest)))  # noqa: PLR2004
    if is_age or ahead.endswith(("제", *(_NUMBERED if counter == "번" else ()))):
        return f"{korean_number(value)} {counter}"
    if counter == "시":
        return f"{_hour(value)} 시"
    if counter == "번째" and value == 1:
        return "첫 번째"
    few = 1 <= value <= LARGEST_NATIVE
    return f"{native_number(value) if few else korean_number(value)} {counter}"


def _measured(match: re.Match[str]) -> str:
    minus, value, unit = match[1], match[2], match[3].lower()
    words = f"{number(value)} {UNITS[unit]}"
    if unit in _SPEEDS:
        words = f"{_SPEEDS[unit]} {words}"
    if minus:
        words = f"{'영하' if unit.startswith('°') else '마이너스'} {words}"
    return words


# In this order: what is longer and more certain first.
_RULES = [
    (
        re.compile(r"(?<!\d)(\d{4})\s?[-./]\s?(\d{1,2})\s?[-./]\s?(\d{1,2})(?!\d)\.?"),
        _date,
    ),
    (
        re.compile(r"(?<!\d)0\d{1,2}-\d{3,4}-\d{4}(?!\d)"),
        lambda match: " ".join(korean_digits(part) for part in match[0].split("-")),
    ),
    (re.compile(r"(?<!\d)1[568]\d\d-\d{4}(?!\d)"), lambda m: korean_digits(m[0].replace("-", ""))),
    (
        re.compile(
            r"(?:\b(?P<before>[AP]M)\s?)?(?P<clock>(?<![\d:])\d{1,2}:\d\d)(?:\s?(?P<after>[AP]M)\b)?",
            re.IGNORECASE,
        ),
        lambda match: _half_of_day(match) if match["before"] or match["after"] else match[0],
    ),
    (re.compile(r"(?<![\d:])([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?(?![\d:])"), _clock),
    (
        re.compile(r"(?<![\d:.])(\d{1,3})\s?:\s?(\d{1,3})(?![\d:])"),
        lambda match: f"{number(match[1])} 대 {number(match[2])}",
    ),
    (
        re.compile(r"(?<![\d.,])(\d{1,3})\s?대\s?(\d{1,3})(?!\d|[.,]\d)"),
        lambda match: f"{number(match[1])} 대 {number(match[2])}",
    ),
    (re.compile(r"(?<![\d.,])(\d{1,2})[·・\u119e](\d{1,2})(?!\d|[.,]\d)"), _day_of_history),
    (
        re.compile(r"(?<![A-Za-z\d.,])(?:[A-Z]{1,3}\d|\d[A-KM-UX-Z]{1,2})(?![A-Za-z\d]|[.,]\d)"),
        _in_english,
    ),
    (
        re.compile(r"\bNo\.?\s?(\d)(?!\d)", re.IGNORECASE),
        lambda match: f"넘버 {_ENGLISH_DIGITS[int(match[1])]}",
    ),
    (
        re.compile(r"(?<!\d)(\d{1,2})월"),
        lambda match: f"{_month(int(match[1]))}월",
    ),
    (re.compile(rf"([$₩€£¥])\s?({_NUMBER})"), lambda m: f"{number(m[2])} {CURRENCIES[m[1]]}"),
    (
        re.compile(r"(?<![\d/.])(\d{1,3})/(\d{1,3})(?![\d/])"),
        lambda match: f"{number(match[2])}분의 {number(match[1])}",
    ),
    (
        re.compile(
            rf"(?<![\d.,])(\d{{1,2}})\s?[~∼〜–-]\s?(\d{{1,2}})\s?({_COUNTER}){_NOT_COUNTED}"
        ),
        lambda match: f"{match[1]}{match[3]}에서 {match[2]}{match[3]}",
    ),
    (re.compile(r"(?<=\d)\s?[~∼〜–-]\s?(?=\d)"), lambda _match: "에서 "),
    (re.compile(rf"((?<![\w)])-)?({_NUMBER})\s?({_UNIT})(?![A-Za-z])", re.IGNORECASE), _measured),
    (
        re.compile(rf"(?<![\d.,])(\d{{1,3}})\s?번(?={_NAMED_BY_NUMBER})"),
        lambda match: f"{number(match[1])} 번",
    ),
    (
        re.compile(
            rf"(?<![\d.,])(\d{{1,3}})(?:({_COUNTER}){_NOT_COUNTED}|\s({_COUNTER})(?:{_WORD_ENDS}))"
        ),
        _counted,
    ),
    (re.compile(r"(?<![\d.,])1(?=[만천백])"), lambda _match: ""),  # 만 원, not 일만 원
    (re.compile(r"(?<=\S)\s?=\s?"), lambda _match: "은(는) "),
    (re.compile(rf"(?<![\w)])-({_NUMBER})"), lambda match: f"마이너스 {number(match[1])}"),
    (re.compile(r"(?<![\d.,])0\d+(?![\d.,])"), lambda match: korean_digits(match[0])),
    (re.compile(_NUMBER), lambda match: number(match[0])),
]
