"""Writes numbers out as they are spoken, for an estimate of how long that takes."""

import re

_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen"),
    *("fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = (*("_", "_", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"),)
_SCALES = ((10**9, "billion"), (10**6, "million"), (10**3, "thousand"))
_DIGITS = "영일이삼사오육칠팔구"
_SMALL = ("", "십", "백", "천")
_LARGE = ("", "만", "억", "조")
LONGEST = 12  # digits of a number that is read as one; longer ones are read digit by digit

_NUMBER = re.compile(r"\d+(?:,\d{3})+|\d+")


def english_number(value: int) -> str:
    """Returns a number below a million million in words."""
    if value < len(_ONES):
        return _ONES[value]
    if value < 100:  # noqa: PLR2004
        return _TENS[value // 10] + (f"-{_ONES[value % 10]}" if value % 10 else "")
    if value < 1000:  # noqa: PLR2004
        rest = f" {english_number(value % 100)}" if value % 100 else ""
        return f"{_ONES[value // 100]} hundred{rest}"
    size, name = next((size, name) for size, name in _SCALES if value >= size)
    rest = f" {english_number(value % size)}" if value % size else ""
    return f"{english_number(value // size)} {name}{rest}"


def korean_number(value: int) -> str:
    """Returns a number below ten thousand million million in Sino-Korean syllables."""
    if not value:
        return _DIGITS[0]
    groups = []
    for scale in _LARGE:
        value, group = divmod(value, 10_000)
        if group:
            # 10,000 is 만, not 일만; but 100,010,000 is 일억 일만.
            alone = group == 1 and scale == _LARGE[1] and not value
            groups.append(("" if alone else _below_ten_thousand(group)) + scale)
    return " ".join(reversed(groups))


def korean_digits(digits: str) -> str:
    """Returns digits one by one, with 공 for zero as in telephone numbers."""
    return "".join("공" if digit == "0" else _DIGITS[int(digit)] for digit in digits)


def _below_ten_thousand(value: int) -> str:
    text = ""
    for place, name in reversed(list(enumerate(_SMALL))):
        digit = value // 10**place % 10
        if digit:
            text += ("" if digit == 1 and place else _DIGITS[digit]) + name
    return text


def written_out(text: str, language: str) -> str:
    """Returns the text with its whole numbers in words of the language (`ko` or another, which is
    read as English).
    """

    def words(match: re.Match[str]) -> str:
        digits = match[0].replace(",", "")
        # Other digits than 0 to 9 are digits too: int() knows them.
        if len(digits) > LONGEST:
            plain = "".join(str(int(digit)) for digit in digits)
            spoken = [english_number(int(digit)) for digit in plain]
            return korean_digits(plain) if language == "ko" else " ".join(spoken)
        return korean_number(int(digits)) if language == "ko" else english_number(int(digits))

    return _NUMBER.sub(words, text)
