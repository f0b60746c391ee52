"""Writes Latin words in Hangul, for a voice that knows only Korean sounds."""

import re

LETTERS = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        (
            *(
                "에이",
                "비",
                "시",
                "디",
                "이",
                "에프",
                "지",
                "에이치",
                "아이",
                "제이",
                "케이",
                "엘",
                "엠",
            ),
            *(
                "엔",
                "오",
                "피",
                "큐",
                "알",
                "에스",
                "티",
                "유",
                "브이",
                "더블유",
                "엑스",
                "와이",
                "제트",
            ),
        ),
        strict=True,
    )
)
# Words of this field and frequent ones, which the rules below would misread.
KNOWN = {
    "a": "어", "an": "언", "and": "앤드", "app": "앱", "apple": "애플", "baby": "베이비",
    "blue": "블루", "cafe": "카페", "camera": "카메라", "city": "시티", "coffee": "커피",
    "computer": "컴퓨터", "cut": "컷", "day": "데이", "drone": "드론", "email": "이메일",
    "example": "이그잼플", "facebook": "페이스북", "film": "필름", "for": "포", "game": "게임",
    "google": "구글", "happy": "해피", "hello": "헬로", "home": "홈", "house": "하우스",
    "i": "아이", "in": "인", "instagram": "인스타그램", "internet": "인터넷", "ipad": "아이패드",
    "iphone": "아이폰", "is": "이즈", "kakao": "카카오", "korea": "코리아", "life": "라이프",
    "light": "라이트", "like": "라이크", "live": "라이브", "love": "러브", "made": "메이드",
    "man": "맨", "moon": "문", "movie": "무비", "music": "뮤직", "my": "마이", "nasa": "나사",
    "naver": "네이버", "new": "뉴", "news": "뉴스", "night": "나이트", "of": "오브",
    "ok": "오케이", "on": "온", "one": "원", "online": "온라인", "open": "오픈", "park": "파크",
    "phone": "폰", "planet": "플래닛", "project": "프로젝트", "robot": "로봇", "samsung": "삼성",
    "seoul": "서울", "service": "서비스", "show": "쇼", "sky": "스카이", "smart": "스마트",
    "star": "스타", "story": "스토리", "studio": "스튜디오", "style": "스타일", "team": "팀",
    "the": "더", "tiktok": "틱톡", "time": "타임", "to": "투", "today": "투데이",
    "video": "비디오", "videoplanet": "비디오플래닛", "vs": "대", "we": "위", "web": "웹",
    "wifi": "와이파이", "world": "월드", "you": "유", "youtube": "유튜브", "zoom": "줌",
}  # fmt: skip
MOST_SPELLED = 5  # capital letters of a word that is read letter by letter
_VOWELS = "aeiouy"

# Letters to vowels, the longer first; those with r have no sound of their own for it in Korean.
_NUCLEI = {
    "eau": "ㅗ", "igh": "ㅏㅣ", "our": "ㅏㅜㅓ", "ee": "ㅣ", "ea": "ㅣ", "oo": "ㅜ", "ou": "ㅏㅜ",
    "ow": "ㅏㅜ", "ai": "ㅔㅣ", "ay": "ㅔㅣ", "oa": "ㅗ", "oi": "ㅗㅣ", "oy": "ㅗㅣ", "au": "ㅗ",
    "aw": "ㅗ", "ie": "ㅣ", "ey": "ㅣ", "ei": "ㅔㅣ", "ew": "ㅠ", "ar": "ㅏ", "er": "ㅓ",
    "ir": "ㅓ", "or": "ㅗ", "ur": "ㅓ", "a": "ㅏ", "e": "ㅔ", "i": "ㅣ", "o": "ㅗ", "u": "ㅜ",
    "y": "ㅣ",
}  # fmt: skip
_CLOSED = {"a": "ㅐ", "u": "ㅓ"}  # before a consonant that ends the syllable
_ONSETS = {
    "tch": "ㅊ", "ch": "ㅊ", "sh": "ㅅ", "ph": "ㅍ", "th": "ㅅ", "wh": "ㅎ", "ck": "ㅋ", "qu": "ㅋ",
    "b": "ㅂ", "c": "ㅋ", "d": "ㄷ", "f": "ㅍ", "g": "ㄱ", "h": "ㅎ", "j": "ㅈ", "k": "ㅋ",
    "l": "ㄹ", "m": "ㅁ", "n": "ㄴ", "p": "ㅍ", "q": "ㅋ", "r": "ㄹ", "s": "ㅅ", "t": "ㅌ",
    "v": "ㅂ", "w": "ㅇ", "x": "ㅈ", "z": "ㅈ",
}  # fmt: skip
_CODAS = {
    "ng": "ㅇ",
    "ck": "ㄱ",
    "p": "ㅂ",
    "t": "ㅅ",
    "k": "ㄱ",
    "c": "ㄱ",
    "m": "ㅁ",
    "n": "ㄴ",
    "l": "ㄹ",
}
_SOFT = {"ch", "tch", "sh", "j"}  # without a vowel they take 이, others 으
_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_MEDIALS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_FINALS = "_ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
_SPELLINGS = [
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("^mc", "mak"),
        ("^x", "z"),
        ("^wr", "r"),
        ("^kn", "n"),
        ("ge$", "j"),
        ("ow$", "o"),
    )
]
_PARTS = re.compile(
    "|".join(sorted({*_NUCLEI, *_ONSETS, "ng"}, key=lambda part: (-len(part), part)))
)


def latin_in_hangul(word: str) -> str:
    """Returns a word of the letters a to z in Hangul: known words from a list, short words in
    capital letters letter by letter, others by rules that approximate English.
    """
    letters = re.sub(r"[^a-z]", "", word.lower())
    if letters in KNOWN and (letters != "a" or word != "A"):
        return KNOWN[letters]
    spelled = len(letters) == 1 or (word.isupper() and len(letters) <= MOST_SPELLED)
    if spelled or not any(letter in _VOWELS for letter in letters):
        return "".join(LETTERS[letter] for letter in letters)
    return _by_rules(letters)


def _by_rules(letters: str) -> str:
    for pattern, sound in _SPELLINGS:
        letters = pattern.sub(sound, letters)
    if len(letters) > 3 and letters.endswith("e") and letters[-2] not in _VOWELS:  # noqa: PLR2004
        letters = letters[:-1]
    letters = re.sub(r"([b-df-hj-np-tv-z])\1", r"\1", letters)
    letters = re.sub(r"c(?=[eiy])", "s", letters).replace("x", "ks")
    parts = _PARTS.findall(letters)
    text, onset = "", ""
    for place, part in enumerate(parts):
        following = parts[place + 1] if place + 1 < len(parts) else ""
        if part in _NUCLEI and not (part == "y" and following in _NUCLEI):
            closed = following in _CODAS and (
                place + 2 >= len(parts) or parts[place + 2] not in _NUCLEI
            )
            vowels = _CLOSED.get(part, _NUCLEI[part]) if closed else _NUCLEI[part]
            text += _syllable(onset, vowels[0]) + "".join(
                _syllable("", vowel) for vowel in vowels[1:]
            )
            onset = ""
        elif (
            not onset
            and text
            and part in _CODAS
            and following not in _NUCLEI
            and not _has_final(text[-1])
        ):
            text = text[:-1] + _with_final(text[-1], _CODAS[part])
        else:
            if onset:
                text += _syllable(onset, "ㅣ" if onset in _SOFT else "ㅡ")
            if part == "l" and following in _NUCLEI and text and not _has_final(text[-1]):
                text = text[:-1] + _with_final(text[-1], "ㄹ")
            onset = part
    if onset:
        text += _syllable(onset, "ㅣ" if onset in _SOFT else "ㅡ")
    return text


def _syllable(onset: str, vowel: str) -> str:
    glides = {"w": {"ㅏ": "ㅘ", "ㅐ": "ㅙ", "ㅓ": "ㅝ", "ㅔ": "ㅞ", "ㅣ": "ㅟ", "ㅗ": "ㅝ"}}
    vowel = glides.get(onset, {}).get(vowel, vowel)
    if onset == "sh" and vowel in "ㅏㅓㅗㅜ":
        vowel = {"ㅏ": "ㅑ", "ㅓ": "ㅕ", "ㅗ": "ㅛ", "ㅜ": "ㅠ"}[vowel]
    if onset == "qu":
        return "쿠" if vowel == "ㅡ" else "쿠" + _syllable("", vowel)
    first = _INITIALS.index({"ng": "ㄱ", "y": "ㅇ", "": "ㅇ"}.get(onset) or _ONSETS[onset])
    return chr(0xAC00 + (first * 21 + _MEDIALS.index(vowel)) * 28)


def _has_final(syllable: str) -> bool:
    return (ord(syllable) - 0xAC00) % 28 > 0


def _with_final(syllable: str, final: str) -> str:
    return chr(ord(syllable) + _FINALS.index(final))
