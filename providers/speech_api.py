"""What adapters of speech share whose answer is the speech: nothing is kept at the provider."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext_noop

from . import keys, sound_requests
from .adapters import CallContext, Candidate, ModelSpec, Result, Running
from .client import ProviderClient, ProviderResponse, brief, checked_base
from .enums import Kind, Refusal
from .errors import Refused, Unclear
from .models import AIProviderConfig
from .refusal_words import is_about_the_account
from .requests import Request, SpeechRequest

LIMIT_PAUSE = timedelta(seconds=20)
KINDS = {401: Refusal.KEY, 402: Refusal.CREDITS, 403: Refusal.KEY, 429: Refusal.LIMIT}
TEMPLATES = {
    Refusal.INVALID: gettext_noop("%(provider)s does not accept the request: %(words)s"),
    Refusal.KEY: gettext_noop("%(provider)s does not accept the key: %(words)s"),
    Refusal.CREDITS: gettext_noop("The account at %(provider)s is empty: %(words)s"),
    Refusal.LIMIT: gettext_noop("Too many calls for %(provider)s: %(words)s"),
}


class SpeechServer:
    """Each call is one POST whose response is the speech; a lost one cannot be fetched again."""

    repeatable: ClassVar[bool] = False
    needs_key: ClassVar[bool] = True
    tells_balance: ClassVar[bool] = False
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.SPEECH})
    name: ClassVar[str]
    key_header: ClassVar[str]
    most_characters: ClassVar[int]
    voice_id: ClassVar[re.Pattern[str]]
    speeds: ClassVar[tuple[float, float]] = (0.5, 2.0)

    def __init__(self, config: AIProviderConfig, *, timeout: float, default_voice: str) -> None:
        self.config = config
        self.timeout = timeout
        self.default_voice = default_voice
        self.send_limit = timedelta(seconds=timeout + 75)

    def _client(self) -> ProviderClient:
        base = checked_base(self.config.base_url, name=self.name)
        headers = {self.key_header: keys.key_of(self.config)}
        return ProviderClient(base, name=self.name, headers=headers)

    def ready(self) -> None:
        self._client()

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
            most=self.most_characters,
            speeds=self.speeds,
        )
        if not self.voice_id.fullmatch(self._voice(request)):
            raise Refused(
                gettext_noop("Choose one of the voices of %(provider)s."),
                kind=Refusal.INVALID,
                provider=self.name,
            )

    def _voice(self, request: SpeechRequest) -> str:
        return request.voice or self.default_voice

    def _post(self, path: str, body: dict[str, Any]) -> ProviderResponse:
        answer = self._client().post_once(path, read=self.timeout, json=body)
        if not answer.ok:
            raise self._refusal(answer)
        return answer

    def _refusal(self, answer: ProviderResponse) -> Refused:
        kind = KINDS.get(answer.status, Refusal.INVALID)
        words = brief(self._words(answer)) or f"HTTP {answer.status}"
        if answer.status == 403 and is_about_the_account(words):  # noqa: PLR2004  forbidden
            kind = Refusal.INVALID
        is_limit = kind == Refusal.LIMIT
        until = timezone.now() + (answer.retry_after or LIMIT_PAUSE) if is_limit else None
        return Refused(TEMPLATES[kind], kind=kind, until=until, provider=self.name, words=words)

    def _words(self, answer: ProviderResponse) -> str:
        """What the provider says about an error."""
        raise NotImplementedError

    def poll(self, task_id: str, request: Request, call_context: CallContext) -> Running | Result:
        """Raise `Unclear`: the API does not store results."""
        raise Unclear(
            gettext_noop("%(provider)s keeps no speech: a lost answer cannot be fetched again."),
            provider=self.name,
        )

    def candidates(
        self, request: Request, call_context: CallContext, *, since: datetime
    ) -> list[Candidate]:
        return []

    def cancel(self, task_id: str) -> bool:
        return False

    def balance(self) -> Decimal | None:
        return None
