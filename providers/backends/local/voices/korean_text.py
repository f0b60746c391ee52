"""Writes a Korean text as it is spoken: numbers, dates, units, signs and Latin words in Hangul."""

import re
import unicodedata

from media.audio.written_out import LONGEST, korean_digits, korean_number

from .latin_words import latin_in_hangul

_NATIVE_ONES = ("", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉")
_NATIVE_TENS = ("", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔")
LARGEST_NATIVE = 99  # above it Sino-Korean numbers are used with every counter

# Counters of native Korean numbers. The longer is tried first: 시간 before 시.
_COUNTERS = (
    *("번째", "시간", "마리", "사람", "가지", "그루", "송이", "켤레", "바퀴", "걸음", "군데"),
    *("개", "명", "살", "시", "권", "장", "병", "잔", "대", "번", "채", "달", "벌", "곳", "척"),
    *("통", "줄", "쌍", "분의 사람"),
)
_NOT_COUNTED = r"(?!월|국|년|소|면|륙|학|작)"  # 개월, 개국, 개소, 장면, 대륙, 대학, 시작

UNITS = {
    "km/h": "킬로미터",
    "km": "킬로미터",
    "cm": "센티미터",
    "mm": "밀리미터",
    "m2": "제곱미터",
    "km2": "제곱킬로미터",
    "m": "미터",
    "kg": "킬로그램",
    "mg": "밀리그램",
    "g": "그램",
    "ml": "밀리리터",
    "l": "리터",
    "tb": "테라바이트",
    "gb": "기가바이트",
    "mb": "메가바이트",
    "kb": "킬로바이트",
    "khz": "킬로헤르츠",
    "mhz": "메가헤르츠",
    "ghz": "기가헤르츠",
    "hz": "헤르츠",
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
CURRENCIES = {"$": "달러", "₩": "원", "€": "유로", "£": "파운드", "¥": "엔"}
SIGNS = {
    "&": " 앤드 ",
    "+": " 더하기 ",
    "=": "는 ",
    "×": " 곱하기 ",
    "÷": " 나누기 ",
    "@": " 골뱅이 ",
    "%": " 퍼센트 ",
    "°C": " 도",
    "°": " 도",
}

_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
_UNIT = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))


def spoken_korean(text: str) -> str:
    """Returns the text in Hangul with its punctuation. Letters of other scripts than Hangul and
    Latin stay as they are.
    """
    text = unicodedata.normalize("NFKC", text).replace("\u2044", "/").replace("−", "-")
    for pattern, words in _RULES:
        text = pattern.sub(words, text)
    for sign, name in SIGNS.items():
        text = text.replace(sign, name)
    text = re.sub(r"[A-Za-z][A-Za-z'’]*", lambda match: latin_in_hangul(match[0]), text)
    return " ".join(text.split())


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
    return f"{_hour(hours)} 시" + (f" {korean_number(minutes)} 분" if minutes else "")


def _counted(match: re.Match[str]) -> str:
    value, counter = int(match[1]), match[2]
    if counter == "시":
        return f"{_hour(value)} 시"
    if counter == "번째" and value == 1:
        return "첫 번째"
    few = 1 <= value <= LARGEST_NATIVE
    return f"{native_number(value) if few else korean_number(value)} {counter}"


def _measured(match: re.Match[str]) -> str:
    minus, value, unit = match[1], match[2], match[3].lower()
    words = f"{number(value)} {UNITS[unit]}"
    if unit == "km/h":
        words = f"시속 {words}"
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
    (re.compile(r"(?<![\d:])([01]?\d|2[0-4]):([0-5]\d)(?![\d:])"), _clock),
    (
        re.compile(r"(?<!\d)(\d{1,2})월"),
        lambda match: f"{_month(int(match[1]))}월",
    ),
    (re.compile(rf"([$₩€£¥])\s?({_NUMBER})"), lambda m: f"{number(m[2])} {CURRENCIES[m[1]]}"),
    (
        re.compile(r"(?<![\d/.])(\d{1,3})/(\d{1,3})(?![\d/])"),
        lambda match: f"{number(match[2])}분의 {number(match[1])}",
    ),
    (re.compile(r"(?<=\d)\s?[~∼〜–-]\s?(?=\d)"), lambda _match: "에서 "),
    (re.compile(rf"((?<![\w)])-)?({_NUMBER})\s?({_UNIT})(?![A-Za-z])", re.IGNORECASE), _measured),
    (re.compile(rf"(?<![\d.,])(\d{{1,3}})\s?({'|'.join(_COUNTERS)}){_NOT_COUNTED}"), _counted),
    (re.compile(rf"(?<![\w)])-({_NUMBER})"), lambda match: f"마이너스 {number(match[1])}"),
    (re.compile(r"(?<![\d.,])0\d+(?![\d.,])"), lambda match: korean_digits(match[0])),
    (re.compile(_NUMBER), lambda match: number(match[0])),
]
