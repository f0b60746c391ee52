"""Adapter for Supertone: Korean and English speech, charged by the length of the sound."""

import re
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.utils.translation import gettext_noop

from media import file_types
from providers import connection_test, raw_answer_search, settings_schema
from providers.adapters import Accepted, Bytes, CallContext, Health, ModelSpec, Result, Voice
from providers.amounts import rounded
from providers.client import ProviderResponse, UnreadableError, unparsable
from providers.enums import Kind, Refusal
from providers.errors import Later
from providers.lenient_decoding import number_of
from providers.models import AIProviderConfig
from providers.requests import Request, SpeechRequest
from providers.settings_schema import Common
from providers.speech_api import KINDS, SpeechServer

from .messages import Balance, FoundVoice, Predicted, Problem, Voices
from .settings import VOICE_ID, Settings

MOST_PAGES = 5
LONGEST = 600  # seconds of a predicted speech; of 300 characters, more is an error
USED = frozenset({"text", "language", "voice", "speed"})


class SupertoneAdapter(SpeechServer):
    settings_kind: ClassVar[type[Common]] = Settings
    home: ClassVar[str] = "https://supertoneapi.com"
    name: ClassVar[str] = "Supertone"
    key_header: ClassVar[str] = "x-sup-api-key"
    most_characters: ClassVar[int] = 300
    voice_id: ClassVar[re.Pattern[str]] = VOICE_ID

    def __init__(self, config: AIProviderConfig) -> None:
        self.settings = settings_schema.read(config.settings, Settings)
        super().__init__(
            config, timeout=self.settings.send_timeout, default_voice=self.settings.default_voice
        )

    def used_fields(self, kind: Kind, model: ModelSpec) -> frozenset[str]:
        return USED

    def submit(self, request: Request, call_context: CallContext) -> Accepted | Result:
        self.check_request(request, call_context.model)
        assert isinstance(request, SpeechRequest)
        path = f"/v1/text-to-speech/{self._voice(request)}"
        answer = self._post(path, self._body(request, call_context.model))
        if file_types.what(answer.body[: file_types.ENOUGH]) == "text":  # an error, no sound
            raise unparsable(self.name, answer)
        cost = _cost(answer, call_context)
        return Result(media=Bytes(answer.body), cost=cost, is_estimated=cost is not None)

    def _body(self, request: SpeechRequest, model: ModelSpec) -> dict[str, Any]:
        return {
            "text": request.text,
            "language": request.language,
            "model": model.called,
            "output_format": self.settings.output_format,
            **({"style": self.settings.style} if self.settings.style else {}),
            **({"voice_settings": {"speed": request.speed}} if request.speed != 1 else {}),
        }

    def predicted_ms(self, request: SpeechRequest, model: ModelSpec) -> int | None:
        """Return how long the speech will be, as the provider predicts it; None if it does not.

        A free call. Raises `Refused` for a request that would never be sent and for a limit that is
        reached, or `Later` if the provider does not answer, or not now.
        """
        self.check_request(request, model)
        answer = self._client().ask(
            "POST", f"/v1/predict-duration/{self._voice(request)}", json=self._body(request, model)
        )
        if KINDS.get(answer.status) == Refusal.LIMIT:
            raise self._refusal(answer)
        if not answer.ok and answer.status not in {400, 404, 422}:
            raise Later(
                gettext_noop("%(provider)s does not predict at the moment: %(words)s"),
                provider=self.name,
                words=self._words(answer),
            )
        try:
            seconds = answer.parsed(Predicted).duration if answer.ok else 0.0
        except UnreadableError:
            seconds = 0.0
        return round(seconds * 1000) if 0 < seconds <= LONGEST else None

    def _words(self, answer: ProviderResponse) -> str:
        try:
            found = answer.parsed(Problem).message
        except UnreadableError:
            return answer.text
        return str(found.get("message", "")) if isinstance(found, dict) else str(found)

    def recover(self, raw: bytes, request: Request, call_context: CallContext) -> Accepted | Result:
        return Result(media=Bytes(raw_answer_search.sound_in(raw)))

    def check(self) -> Health:
        answer = self._client().ask("GET", "/v1/credits")
        try:
            found = answer.parsed(Balance) if answer.ok else None
        except UnreadableError:
            found = None
        if found is None:
            return connection_test.failed(answer)
        return Health(
            ok=True, facts={} if found.balance is None else {"credits": f"{found.balance:g}"}
        )

    def voices(self) -> list[Voice]:
        client, found, token = self._client(), list[FoundVoice](), ""
        template = gettext_noop("%(provider)s does not list its voices: %(words)s")
        for _page in range(MOST_PAGES):
            query = {"page_size": 100, **({"next_page_token": token} if token else {})}
            answer = client.ask("GET", f"/v1/voices?{urlencode(query)}")
            if not answer.ok:
                raise Later(template, provider=self.name, words=self._words(answer))
            try:
                page = answer.parsed(Voices)
            except UnreadableError as error:
                raise Later(template, provider=self.name, words=answer.text) from error
            found += page.items
            if not (token := page.next_page_token):
                break
        return [_voice(one) for one in found if VOICE_ID.fullmatch(one.voice_id)]


def _voice(one: FoundVoice) -> Voice:
    """Return the voice with a sample, a Korean one if there is one."""
    samples = sorted(one.samples, key=lambda sample: sample.language != "ko")
    url = next((sample.url for sample in samples if sample.url), "")
    return Voice(
        one.voice_id, one.name or one.voice_id, tuple(sorted(one.language)), sample_url=url
    )


def _cost(answer: ProviderResponse, call_context: CallContext) -> Decimal | None:
    """Return what the sound cost, by the length that the response states; at most the estimate."""
    seconds = number_of(answer.headers.get("x-audio-length", ""))
    if seconds is None or not 0 < seconds <= LONGEST or not call_context.units:
        return None
    minutes = Decimal(str(seconds)) / 60
    return min(call_context.estimate, rounded(call_context.estimate * minutes / call_context.units))
