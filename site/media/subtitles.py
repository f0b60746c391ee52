"""Subtitle files: SubRip and WebVTT."""

from collections.abc import Iterable
from fractions import Fraction
from html import escape

WORD_JOINER = "\u2060"
FULL_WIDTH_BRACES = str.maketrans("{}", "｛｝")

type Line = tuple[Fraction | float, Fraction | float, str]


def timecode(seconds: Fraction | float, mark: str) -> str:
    """Returns HH:MM:SS and milliseconds after `mark`; exact for a Fraction, rounded half up."""
    milliseconds = int(Fraction(seconds) * 1000 + Fraction(1, 2))
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{mark}{rest % 1000:03}"


def _body(text: str) -> str:
    """Removes blank lines, which would end the caption."""
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def _srt_text(text: str) -> str:
    """Escapes the text so that players show all of it.

    SubRip has no escapes, and players interpret the markup of other formats. A `<` starts a tag and
    an arrow a time unless followed by an invisible word joiner. Text in braces is hidden as a
    SubStation Alpha override even with a joiner, so full-width braces are used.
    """
    text = text.replace("<", f"<{WORD_JOINER}").replace("-->", f"--{WORD_JOINER}>")
    return text.translate(FULL_WIDTH_BRACES) if "{" in text else text


def _shown(lines: Iterable[Line]) -> Iterable[Line]:
    return ((start, end, body) for start, end, text in lines if (body := _body(text)))


def srt(lines: Iterable[Line]) -> str:
    """Returns SubRip text of (start, end, text), times in seconds. Empty captions are left out."""
    return "\n".join(
        f"{number}\n{timecode(start, ',')} --> {timecode(end, ',')}\n{_srt_text(text)}\n"
        for number, (start, end, text) in enumerate(_shown(lines), 1)
    )


def vtt(lines: Iterable[Line]) -> str:
    """Returns WebVTT text of (start, end, text), times in seconds.

    `&`, `<` and `>` are escaped. Empty captions are left out.
    """
    return "\n".join(
        [
            "WEBVTT\n",
            *(
                f"{timecode(start, '.')} --> {timecode(end, '.')}\n{escape(text, quote=False)}\n"
                for start, end, text in _shown(lines)
            ),
        ]
    )
