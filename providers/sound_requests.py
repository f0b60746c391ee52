"""Requests for sound: the length that is ordered, and what is refused before anything is paid."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_noop

from .adapters import ModelSpec
from .enums import Refusal
from .errors import Refused
from .lenient_decoding import number_of
from .requests import MusicRequest, SoundRequest, SpeechRequest

# Seconds that a slow voice takes, so that an estimate by the minute is the most it may become.
WIDE_SECONDS = 0.3  # a Korean syllable or a Chinese or Japanese character
NARROW_SECONDS = 0.1  # a letter or any other character
DIGIT_SECONDS = 0.6  # a digit is spoken as a word
EDGE_SECONDS = 1.0  # silence before and after


def longest_speech_ms(request: SpeechRequest) -> int:
    """Return the longest that the text may take to speak, in ms."""
    seconds = EDGE_SECONDS + sum(_seconds(character) for character in request.text)
    return round(1000 * seconds / max(0.1, request.speed))


def _seconds(character: str) -> float:
    if character.isdigit():
        return DIGIT_SECONDS
    return WIDE_SECONDS if unicodedata.east_asian_width(character) in "WF" else NARROW_SECONDS


def ordered_ms(request: MusicRequest | SoundRequest, options: Mapping[str, Any]) -> int:
    """Return the length to order: at least the shortest that the model makes (`least_ms`)."""
    return max(1, request.duration_ms, int(number_of(options.get("least_ms")) or 0))


def require_length(
    request: MusicRequest | SoundRequest, model: ModelSpec, *, provider: str, most_ms: int
) -> None:
    """Raise `Refused` (invalid) for sound longer than the model makes (option `most_ms`)."""
    most = int(number_of(model.options.get("most_ms")) or most_ms)
    if request.duration_ms > most:
        raise Refused(
            gettext_noop(
                "%(length)s s of sound were asked for, and %(provider)s's model %(model)s "
                "makes at most %(most)s s."
            ),
            kind=Refusal.INVALID,
            provider=provider,
            model=model.name,
            length=f"{request.duration_ms / 1000:g}",
            most=f"{most / 1000:g}",
        )


def spoken_text(request: SpeechRequest, options: Mapping[str, Any]) -> str:
    """Return the text to send: for a model with `direction_tags`, after the direction as a tag."""
    direction = " ".join(request.direction.replace("[", " ").replace("]", " ").split())
    if not direction or not options.get("direction_tags"):
        return request.text
    return f"[{direction}] {request.text}"


def prompt_of(request: MusicRequest | SoundRequest) -> str:
    """Return the prompt, with the mood if there is one."""
    mood = request.mood.strip() if isinstance(request, MusicRequest) else ""
    if not mood or mood.lower() in request.prompt.lower():
        return request.prompt
    return f"{request.prompt.rstrip('. ')}. Mood: {mood}." if request.prompt.strip() else mood


def require_prompt(prompt: str, model: ModelSpec, *, provider: str, most: int) -> None:
    """Raise `Refused` (invalid) for an empty prompt, or one that
    is too long (`most_characters`).
    """
    _require_text(prompt, model, provider=provider, most=most)


def require_speech(
    request: SpeechRequest,
    model: ModelSpec,
    *,
    sent: str,
    provider: str,
    most: int,
    speeds: tuple[float, float],
) -> None:
    """Raise `Refused` (invalid) for a text that would not be spoken as it is; `sent` is what is
    sent.

    It is empty, holds nothing that can be pronounced, is longer than the model takes (option
    `most_characters`), or is to be spoken at a speed that the model does not have.
    """
    _require_text(request.text and sent, model, provider=provider, most=most)
    if not any(character.isalnum() for character in request.text):
        raise Refused(
            gettext_noop("The text holds nothing that can be spoken."), kind=Refusal.INVALID
        )
    slowest, fastest = speeds
    if not slowest <= request.speed <= fastest:
        raise Refused(
            gettext_noop("%(provider)s speaks at %(slowest)s to %(fastest)s times its own speed."),
            kind=Refusal.INVALID,
            provider=provider,
            slowest=f"{slowest:g}",
            fastest=f"{fastest:g}",
        )


def _require_text(text: str, model: ModelSpec, *, provider: str, most: int) -> None:
    if not text.strip():
        raise Refused(gettext_noop("The text is empty."), kind=Refusal.INVALID)
    limit = int(number_of(model.options.get("most_characters")) or most)
    if len(text) > limit:
        raise Refused(
            gettext_noop(
                "The text is %(length)s characters long, and %(provider)s's model "
                "%(model)s takes at most %(most)s. Split it."
            ),
            kind=Refusal.INVALID,
            provider=provider,
            model=model.name,
            length=len(text),
            most=limit,
        )
