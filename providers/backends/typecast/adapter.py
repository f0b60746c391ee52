"""Adapter for Typecast: Korean and English speech with the time of each word."""

import re
from typing import Any, ClassVar

from django.utils.translation import get_language, gettext_noop

from providers import connection_test, raw_answer_search, settings_schema
from providers.adapters import Accepted, Bytes, CallContext, Health, ModelSpec, Result, Voice
from providers.client import ProviderResponse, UnreadableError, unparsable
from providers.enums import Kind
from providers.errors import Later
from providers.lenient_decoding import bytes_of, decoded, read
from providers.marks import Mark, ms_of
from providers.models import AIProviderConfig
from providers.requests import Request, SpeechRequest
from providers.settings_schema import Common
from providers.speech_api import SpeechServer

from .messages import FoundVoice, Problem, Spoken, Subscription
from .settings import VOICE_ID, Settings

LANGUAGES = {"ko": "kor", "en": "eng"}
# The first word of a direction that is found here names the emotion that is asked for.
EMOTIONS = {
    "happy": "happy",
    "cheerful": "happy",
    "sad": "sad",
    "angry": "angry",
    "whisper": "whisper",
    "whispers": "whisper",
    "whispering": "whisper",
    "기쁘게": "happy",
    "슬프게": "sad",
    "화나서": "angry",
    "속삭이며": "whisper",
    "속삭이듯": "whisper",
}
USED = frozenset({"text", "language", "voice", "speed"})


class TypecastAdapter(SpeechServer):
    settings_kind: ClassVar[type[Common]] = Settings
    home: ClassVar[str] = "https://api.typecast.ai"
    name: ClassVar[str] = "Typecast"
    key_header: ClassVar[str] = "X-API-KEY"
    most_characters: ClassVar[int] = 2000
    voice_id: ClassVar[re.Pattern[str]] = VOICE_ID

    def __init__(self, config: AIProviderConfig) -> None:
        self.settings = settings_schema.read(config.settings, Settings)
        super().__init__(
            config, timeout=self.settings.send_timeout, default_voice=self.settings.default_voice
        )

    def used_fields(self, kind: Kind, model: ModelSpec) -> frozenset[str]:
        return USED | {"direction"} if model.options.get("emotions") else USED

    def submit(self, request: Request, call_context: CallContext) -> Accepted | Result:
        self.check_request(request, call_context.model)
        assert isinstance(request, SpeechRequest)
        path = "/v1/text-to-speech/with-timestamps?granularity=word"
        answer = self._post(path, self._body(request, call_context.model))
        try:
            spoken = answer.parsed(Spoken)
            # A field without content is an answer without sound; anything else is not read yet.
            sound = bytes_of(spoken.audio) if spoken.audio.strip() else b""
        except UnreadableError as error:
            raise unparsable(self.name, answer) from error
        return Result(media=Bytes(sound), data={"marks": _marks(spoken)})

    def _body(self, request: SpeechRequest, model: ModelSpec) -> dict[str, Any]:
        body: dict[str, Any] = {
            "voice_id": self._voice(request),
            "text": request.text,
            "model": model.called,
            "language": LANGUAGES[request.language],
            "output": {
                "audio_format": self.settings.output_format,
                **({"audio_tempo": request.speed} if request.speed != 1 else {}),
            },
        }
        if model.options.get("emotions") and (emotion := _emotion(request.direction)):
            body["prompt"] = {"emotion_type": "preset", "emotion_preset": emotion}
        return body

    def _words(self, answer: ProviderResponse) -> str:
        try:
            problem = answer.parsed(Problem)
        except UnreadableError:
            return answer.text
        return problem.message or (str(problem.detail) if problem.detail else answer.text)

    def recover(self, raw: bytes, request: Request, call_context: CallContext) -> Accepted | Result:
        sound = raw_answer_search.sound_in(raw)
        try:
            marks = _marks(ProviderResponse(200, {}, raw).parsed(Spoken))
        except UnreadableError:
            marks = []
        return Result(media=Bytes(sound), data={"marks": marks})

    def check(self) -> Health:
        answer = self._client().ask("GET", "/v1/users/me/subscription")
        try:
            account = answer.parsed(Subscription) if answer.ok else None
        except UnreadableError:
            account = None
        if account is None:
            return connection_test.failed(answer)
        left = max(0.0, account.credits.plan_credits - account.credits.used_credits)
        return Health(ok=True, facts={"credits": f"{left:.0f}", "plan": account.plan[:40]})

    def voices(self) -> list[Voice]:
        answer = self._client().ask("GET", "/v3/voices")
        template = gettext_noop("%(provider)s does not list its voices: %(words)s")
        if not answer.ok:
            raise Later(template, provider=self.name, words=self._words(answer))
        try:
            found = _found(answer.body)
        except UnreadableError as error:
            raise Later(template, provider=self.name, words=answer.text) from error
        return [
            Voice(one.voice_id, _name(one), ("en", "ko"), sample_url=one.preview_url)
            for one in found
            if VOICE_ID.fullmatch(one.voice_id)
        ]


def _found(body: bytes) -> list[FoundVoice]:
    rows = decoded(body)
    if not isinstance(rows, list):
        raise UnreadableError("No list of voices.")
    return [read(row, FoundVoice) for row in rows]


def _name(voice: FoundVoice) -> str:
    if voice.voice_name is None:
        return voice.voice_id
    korean = (get_language() or "").startswith("ko")
    names = (voice.voice_name.kor, voice.voice_name.eng)
    return next(filter(None, names if korean else reversed(names)), voice.voice_id)


def _emotion(direction: str) -> str:
    """Return the emotion that the direction names; empty: none, the voice speaks as it does."""
    words = direction.lower().replace(",", " ").replace(".", " ").split()
    return next((EMOTIONS[word] for word in words if word in EMOTIONS), "")


def _marks(spoken: Spoken) -> list[Mark]:
    """Return the words with their times; none if a time cannot be one."""
    marks = [
        {"text": word.text, "start_ms": ms_of(word.start), "end_ms": ms_of(word.end)}
        for word in spoken.words or ()
        if word.text.strip()
    ]
    return [] if any(None in mark.values() for mark in marks) else marks
