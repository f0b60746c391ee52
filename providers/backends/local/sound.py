"""Speech, music and effects of the local provider as results of a call."""

from decimal import Decimal

from django.utils.translation import gettext_noop

from media.errors import MediaError
from providers.adapters import Bytes, CallContext, Result
from providers.enums import Refusal
from providers.errors import Refused
from providers.requests import MusicRequest, SoundRequest, SpeechRequest

from .wav import wav

FREE = Decimal(0)


def check(request: SpeechRequest | MusicRequest | SoundRequest) -> None:
    """Raises `Refused` for a voice or a mood that there is not. Loads no model."""
    if isinstance(request, SoundRequest):
        return
    # Imported here: an installation whose films are silent loads neither models nor their
    # libraries.
    if isinstance(request, SpeechRequest):
        from .voices import VOICES  # noqa: PLC0415  see above

        if request.voice and request.voice not in VOICES:
            raise Refused(
                gettext_noop("There is no local voice named %(name)s."),
                kind=Refusal.INVALID,
                name=request.voice,
            )
        return
    from .music import MOODS  # noqa: PLC0415  see above

    if request.mood not in MOODS:
        raise Refused(
            gettext_noop("The local provider has no music of the mood “%(mood)s”."),
            kind=Refusal.INVALID,
            mood=request.mood,
        )


def made(request: SpeechRequest | MusicRequest | SoundRequest, call_context: CallContext) -> Result:
    """The recording, and for speech when each clause is heard. Raises `Refused`."""
    if isinstance(request, SpeechRequest):
        return _spoken(request, call_context)
    if isinstance(request, SoundRequest):
        from .effects import effect  # noqa: PLC0415  see `check`

        samples = effect(request.prompt, request.duration_ms / 1000, request.seed)
        return Result(media=Bytes(wav(samples, 48_000), trusted=True), cost=FREE, seed=request.seed)
    from .music import LONGEST, SHORTEST, bed  # noqa: PLC0415  see `check`

    seconds = min(max(request.duration_ms / 1000, SHORTEST), LONGEST)
    return Result(
        media=Bytes(wav(bed(request.mood, seconds, request.seed), 48_000), trusted=True),
        cost=FREE,
        seed=request.seed,
    )


def _spoken(request: SpeechRequest, call_context: CallContext) -> Result:
    from .voices import VoiceError, speak  # noqa: PLC0415  see `check`

    try:
        found = speak(
            request.text,
            language=request.language,
            voice=request.voice,
            speed=request.speed,
            seed=request.seed,
            should_stop=call_context.should_stop,
        )
    except VoiceError as error:
        raise Refused.of(error.sentence, kind=Refusal.INVALID) from error
    except MediaError as error:
        kind = Refusal.CANCELLED if error.code == "stopped" else Refusal.FAILED
        raise Refused.of(error.sentence, kind=kind) from error
    marks = [
        {"text": mark.text, "start_ms": mark.start_ms, "end_ms": mark.end_ms}
        for mark in found.marks
    ]
    return Result(
        media=Bytes(wav(found.samples, found.rate), trusted=True),
        data={"marks": marks},
        cost=FREE,
        seed=request.seed,
    )
