"""Speaks a text clause by clause and says when each clause is heard."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from core.localized_messages import DomainError
from media.errors import stopped

from . import english, korean
from .clauses import Clause, clauses

RATE = 24_000
SLOWEST, FASTEST = 0.5, 2.0
MOST_CHARACTERS = 10_000  # of one call: about ten minutes of speech
SILENCE = 10 ** (-50 / 20)  # below it a voice's own lead and tail are cut off
MARGIN = RATE // 100  # kept around the first and last sound

_HANGUL = re.compile(r"[ㄱ-ㅎㅏ-ㅣ가-힣]")
_LATIN = re.compile(r"[A-Za-z]")
_OTHER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice of the local provider. A scratch voice is for timing, not for delivery."""

    name: str
    language: str
    scratch: bool
    longest: int  # characters of a clause
    synthesize: Callable[..., NDArray[np.float32]]


ENGLISH = Voice(
    "heart", "en", scratch=False, longest=english.LONGEST, synthesize=english.synthesize
)
KOREAN = Voice("scratch", "ko", scratch=True, longest=korean.LONGEST, synthesize=korean.synthesize)
VOICES = {voice.name: voice for voice in (ENGLISH, KOREAN)}


class VoiceError(DomainError):
    """The text cannot be spoken: it is empty, too long or in a script that no local voice knows."""

    code = "speech_failed"


@dataclass(frozen=True, slots=True)
class Mark:
    """A clause as it was written, and when it is heard."""

    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Spoken:
    """Mono samples between -1 and 1 at `rate`, and the times of the clauses in them."""

    samples: NDArray[np.float32]
    rate: int
    marks: list[Mark]

    @property
    def duration_ms(self) -> int:
        return round(1000 * len(self.samples) / self.rate)


def speak(
    text: str,
    *,
    language: str,
    voice: str = "",
    speed: float = 1.0,
    seed: int = 0,
    should_stop: Callable[[], bool] = lambda: False,
) -> Spoken:
    """Speaks a text, with 0.12 s between clauses and 0.30 s between sentences.

    `voice` is a name in VOICES, or empty for the voice of the language. A clause in the script of
    the other language is spoken by the voice of that language, so that no word is lost. `speed` is
    between 0.5 and 2.0. The same arguments give the same times. Raises VoiceError if the text or
    one of its clauses cannot be spoken, MediaError (stopped) on request.

    The models are loaded when they are first needed. Measured with the longest clauses, a worker
    process then takes 280 MB with the English voice, 440 MB with the Korean and 540 MB with both.
    English takes 0.03 s of processor time per second of speech, Korean 1.3 s.
    """
    chosen = _voice(voice, language)
    if len(text) > MOST_CHARACTERS:
        raise VoiceError(
            gettext_noop("The text is too long for one recording: at most %(most)s characters."),
            most=MOST_CHARACTERS,
        )
    parts = clauses(text, chosen.longest)
    if not parts:
        raise VoiceError(gettext_noop("There is nothing to speak in this text."))
    pieces: list[NDArray[np.float32]] = []
    marks: list[Mark] = []
    at = 0
    for place, clause in enumerate(parts):
        if should_stop():
            raise stopped()
        sound = _spoken(clause, chosen, min(max(speed, SLOWEST), FASTEST), seed)
        marks.append(Mark(clause.text, _ms(at), _ms(at + len(sound))))
        pieces.append(sound)
        if place < len(parts) - 1:
            pieces.append(np.zeros(round(clause.pause * RATE), np.float32))
        at = sum(map(len, pieces))
    return Spoken(np.concatenate(pieces), RATE, marks)


def _voice(name: str, language: str) -> Voice:
    if name and name not in VOICES:
        raise VoiceError(gettext_noop("There is no local voice named %(name)s."), name=name)
    if name:
        return VOICES[name]
    return KOREAN if language.lower().split("-")[0] == "ko" else ENGLISH


def _spoken(clause: Clause, voice: Voice, speed: float, seed: int) -> NDArray[np.float32]:
    foreign = next((letter for letter in _OTHER.findall(clause.text) if not _known(letter)), "")
    if foreign:
        raise VoiceError(
            gettext_noop("No local voice knows the letter %(letter)s in: %(text)s"),
            letter=foreign,
            text=clause.text,
        )
    if voice is ENGLISH and _HANGUL.search(clause.text):
        voice = KOREAN
    sound = _trimmed(voice.synthesize(clause.text, speed=speed, seed=seed))
    if not len(sound):
        raise VoiceError(gettext_noop("The voice made no sound for: %(text)s"), text=clause.text)
    return sound


def _known(letter: str) -> bool:
    # Accented letters are spoken as their base letter by both voices.

    base = unicodedata.normalize("NFKD", letter)[0]
    return bool(_HANGUL.match(letter) or _LATIN.match(base) or "\u1100" <= base <= "\u11ff")


def _trimmed(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cuts the silence at both ends; empty if there is nothing else."""
    loud = np.flatnonzero(np.abs(samples) > SILENCE)
    if not len(loud):
        return samples[:0]
    return samples[max(0, loud[0] - MARGIN) : loud[-1] + MARGIN + 1]


def _ms(samples: int) -> int:
    return round(1000 * samples / RATE)
