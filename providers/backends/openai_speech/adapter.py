"""Adapter for OpenAI's speech API. It gives no timestamps and keeps nothing."""

import re
from typing import Any, ClassVar

from django.utils.translation import gettext_noop

from media import file_types
from providers import raw_answer_search, settings_schema, sound_requests
from providers.adapters import (
    Accepted,
    Bytes,
    CallContext,
    ModelSpec,
    Result,
    Running,
    Voice,
)
from providers.client import unparsable
from providers.enums import Kind, Refusal
from providers.errors import Refused, Unclear
from providers.models import AIProviderConfig
from providers.openai_api import OpenAIServer
from providers.requests import Request, SpeechRequest
from providers.settings_schema import Common

from .errors import refusal
from .settings import Settings

NAME = "OpenAI"
MOST_CHARACTERS = 4096  # of the text, and of the direction
SPEEDS = (0.25, 4.0)
DEFAULT_VOICE = "alloy"
# The voices of every model, and those of the newer ones only.
VOICES = ("alloy", "ash", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer")
NEWER_VOICES = ("ballad", "cedar", "marin", "verse")
OWN_VOICE = re.compile(r"voice_[A-Za-z0-9_-]{1,60}")
USED = frozenset({"text", "voice", "speed"})


class OpenAISpeechAdapter(OpenAIServer):
    """Each call is one POST whose response is the sound."""

    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.SPEECH})
    settings_kind: ClassVar[type[Common]] = Settings

    def __init__(self, config: AIProviderConfig) -> None:
        self.settings = settings_schema.read(config.settings, Settings)
        super().__init__(config, timeout=self.settings.send_timeout)
        # The connection that the studio begins with is OpenAI's, also at another address of it.
        self.is_openai = self.is_openai or config.provider == config.kind
        self.name = NAME if self.is_openai else config.name

    @property
    def free(self) -> bool:
        """Whether a price of zero is a price."""
        return self.settings.free

    def check_request(self, request: Request, model: ModelSpec) -> None:
        if not isinstance(request, SpeechRequest):
            raise Refused(
                gettext_noop("%(provider)s makes speech only."),
                kind=Refusal.INVALID,
                provider=self.name,
            )
        sound_requests.require_speech(
            request,
            model,
            sent=request.text,
            provider=self.name,
            most=MOST_CHARACTERS,
            speeds=SPEEDS,
        )
        if request.voice and not self._is_voice(request.voice, model):
            raise Refused(
                gettext_noop("Choose one of the voices of %(provider)s."),
                kind=Refusal.INVALID,
                provider=self.name,
            )
        if _takes_directions(model) and len(request.direction) > MOST_CHARACTERS:
            raise Refused(
                gettext_noop("The direction is longer than %(most)s characters."),
                kind=Refusal.INVALID,
                most=MOST_CHARACTERS,
            )

    def _is_voice(self, voice: str, model: ModelSpec) -> bool:
        """Return whether the server has this voice; one of its own may be any, unless it says."""
        if self.settings.voices or not self.is_openai:
            return not self.settings.voices or voice in self.settings.voices
        known = {*VOICES, *(NEWER_VOICES if _takes_directions(model) else ())}
        return voice in known or OWN_VOICE.fullmatch(voice) is not None

    def used_fields(self, kind: Kind, model: ModelSpec) -> frozenset[str]:
        return USED | {"direction"} if _takes_directions(model) else USED

    def submit(self, request: Request, call_context: CallContext) -> Accepted | Result:
        self.check_request(request, call_context.model)
        assert isinstance(request, SpeechRequest)
        body = self._body(request, call_context.model)
        headers = {"X-Client-Request-Id": str(call_context.attempt)}
        answer = self._client().post_once(
            "/audio/speech", read=self.timeout, json=body, headers=headers
        )
        if not answer.ok:
            raise refusal(answer, provider=self.name)
        if (
            file_types.what(answer.body[: file_types.ENOUGH]) == "text"
        ):  # a page or an error, no sound
            raise unparsable(self.name, answer)
        return Result(media=Bytes(answer.body))

    def _body(self, request: SpeechRequest, model: ModelSpec) -> dict[str, Any]:
        voice = request.voice or next(iter(self.settings.voices), DEFAULT_VOICE)
        direction = request.direction.strip() if _takes_directions(model) else ""
        return {
            "model": model.name,
            "input": request.text,
            "voice": {"id": voice} if OWN_VOICE.fullmatch(voice) else voice,
            "response_format": self.settings.output_format,
            **({"speed": request.speed} if request.speed != 1 else {}),
            **({"instructions": direction} if direction else {}),
        }

    def recover(self, raw: bytes, request: Request, call_context: CallContext) -> Accepted | Result:
        return Result(media=Bytes(raw_answer_search.sound_in(raw)))

    def poll(self, task_id: str, request: Request, call_context: CallContext) -> Running | Result:
        """Raise `Unclear`: the API does not store results."""
        raise Unclear(
            gettext_noop("%(provider)s keeps no speech: a lost answer cannot be fetched again."),
            provider=self.name,
        )

    def voices(self) -> list[Voice]:
        names = self.settings.voices or sorted((*VOICES, *NEWER_VOICES))
        return [Voice(name, name.capitalize(), ("en", "ko")) for name in names]


def _takes_directions(model: ModelSpec) -> bool:
    """Return whether the model takes instructions and the newer voices: the older ones do not."""
    return not model.name.startswith("tts-1")
