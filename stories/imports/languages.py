"""Detects the language of a text by its writing systems."""

HANGUL_SHARE = 0.2  # Korean texts contain many Latin letters; English ones hardly any Hangul
KANA_SHARE = 0.05
HAN_SHARE = 0.3


def language_of(text: str) -> str:
    """`ko`, `ja`, `zh` or `en`. Empty if the text has no letters to decide by."""
    hangul = kana = han = letters = 0
    for char in text:
        if not char.isalpha():
            continue
        letters += 1
        if "가" <= char <= "힣" or "\u1100" <= char <= "\u11ff" or "\u3131" <= char <= "\u318e":
            hangul += 1
        elif "ぁ" <= char <= "ヿ" or "\uff66" <= char <= "\uff9d":
            kana += 1
        elif "\u3400" <= char <= "\u9fff":
            han += 1
    if not letters:
        return ""
    if hangul >= HANGUL_SHARE * letters:
        return "ko"
    if kana and kana >= KANA_SHARE * letters:
        return "ja"
    return "zh" if han >= HAN_SHARE * letters else "en"
