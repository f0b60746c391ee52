"""Adapter for ElevenLabs' speech, music and sound effects.

Each call is one POST whose response is the sound. If the response of a speech call is lost, the
account's history is searched for it before anything else: what is found there is fetched as a task,
and nothing is bought twice.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.translation import gettext_noop

from providers import connection_test, keys, raw_answer_search, settings_schema, sound_requests
from providers.adapters import (
    Accepted,
    Bytes,
    CallContext,
    Candidate,
    Health,
    ModelSpec,
    Result,
    Running,
    Voice,
)
from providers.amounts import usd
from providers.client import (
    ProviderClient,
    ProviderResponse,
    UnreadableError,
    checked_base,
    unparsable,
)
from providers.enums import Kind, Refusal
from providers.errors import Later, Refused, Unclear
from providers.lenient_decoding import bytes_of, number_of
from providers.marks import Mark, words_of
from providers.models import AIProviderConfig
from providers.requests import MusicRequest, Request, SoundRequest, SpeechRequest
from providers.settings_schema import Common

from . import history
from .errors import problem_of, refusal
from .messages import Alignment, HistoryItem, Spoken, Subscription, Voices
from .settings import VOICE_ID, Settings

NAME = "ElevenLabs"
SEEDS = 4294967296  # of speech
MUSIC_SEEDS = 2147483648
SPEEDS = (0.7, 1.2)
MOST_CHARACTERS = 3000
MOST_PROMPT = {Kind.MUSIC: 4100, Kind.SOUND: 450}
MOST_MS = {Kind.MUSIC: 600_000, Kind.SOUND: 30_000}
MOST_PAGES = 5
AGAIN = 5.0  # seconds
USED = {
    Kind.SPEECH: frozenset({"text", "language", "voice", "speed", "seed"}),
    Kind.MUSIC: frozenset({"prompt", "mood", "duration_ms", "seed"}),
    Kind.SOUND: frozenset({"prompt", "duration_ms"}),
}


class ElevenLabsAdapter:
    repeatable: ClassVar[bool] = False
    needs_key: ClassVar[bool] = True
    tells_balance: ClassVar[bool] = True
    finds_lost_answers: ClassVar[bool] = True
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.SPEECH, Kind.MUSIC, Kind.SOUND})
    settings_kind: ClassVar[type[Common]] = Settings
    home: ClassVar[str] = "https://api.elevenlabs.io"

    def __init__(self, config: AIProviderConfig) -> None:
        self.config = config
        self.settings = settings_schema.read(config.settings, Settings)
        self.read = self.settings.send_timeout
        self.send_limit = timedelta(seconds=self.read + 120)

    def _client(self) -> ProviderClient:
        base = checked_base(self.config.base_url, name=NAME)
        return ProviderClient(base, name=NAME, headers={"xi-api-key": keys.key_of(self.config)})

    def ready(self) -> None:
        self._client()

    def check_request(self, request: Request, model: ModelSpec) -> None:
        match request:
            case SpeechRequest():
                text = sound_requests.spoken_text(request, model.options)
                sound_requests.require_speech(
                    request, model, sent=text, provider=NAME, most=MOST_CHARACTERS, speeds=SPEEDS
                )
                if not VOICE_ID.fullmatch(self._voice(request)):
                    raise Refused(
                        gettext_noop("Choose one of the voices of %(provider)s."),
                        kind=Refusal.INVALID,
                        provider=NAME,
                    )
            case MusicRequest() | SoundRequest():
                kind = Kind.MUSIC if isinstance(request, MusicRequest) else Kind.SOUND
                prompt = sound_requests.prompt_of(request)
                sound_requests.require_prompt(prompt, model, provider=NAME, most=MOST_PROMPT[kind])
                sound_requests.require_length(request, model, provider=NAME, most_ms=MOST_MS[kind])
            case _:
                raise Refused(
                    gettext_noop("%(provider)s makes sound only."),
                    kind=Refusal.INVALID,
                    provider=NAME,
                )

    def used_fields(self, kind: Kind, model: ModelSpec) -> frozenset[str]:
        if kind == Kind.SPEECH and model.options.get("direction_tags"):
            return USED[kind] | {"direction"}
        return USED.get(kind, frozenset())

    def _voice(self, request: SpeechRequest) -> str:
        return request.voice or self.settings.default_voice

    def submit(self, request: Request, call_context: CallContext) -> Accepted | Result:
        self.check_request(request, call_context.model)
        match request:
            case SpeechRequest():
                return self._speak(request, call_context)
            case MusicRequest():
                body = self._music(request, call_context.model)
                return self._sound(self._post("/v1/music", body))
            case SoundRequest():
                return self._sound(
                    self._post("/v1/sound-generation", self._effect(request, call_context.model))
                )
            case _:
                raise AssertionError(request)

    def _post(self, path: str, body: Mapping[str, Any]) -> ProviderResponse:
        query = urlencode({"output_format": self.settings.output_format})
        answer = self._client().post_once(f"{path}?{query}", read=self.read, json=body)
        if not answer.ok:
            raise refusal(answer)
        return answer

    # Speech

    def _speak(self, request: SpeechRequest, call_context: CallContext) -> Accepted | Result:
        began = timezone.now()
        body = self._speech(request, call_context.model)
        try:
            answer = self._post(f"/v1/text-to-speech/{self._voice(request)}/with-timestamps", body)
            return self._spoken(answer, request, call_context.model)
        except Unclear as lost:
            try:
                found = [
                    one
                    for one in self.candidates(request, call_context, since=began)
                    if one.matches
                ]
            except Later:
                raise lost from None
            if len(found) != 1:
                raise
            return Accepted(found[0].task_id, poll_in=0.0)

    def _speech(self, request: SpeechRequest, model: ModelSpec) -> dict[str, Any]:
        return {
            "text": sound_requests.spoken_text(request, model.options),
            "model_id": model.name,
            "seed": request.seed % SEEDS,
            **({"language_code": request.language} if model.options.get("language_code") else {}),
            **({"voice_settings": {"speed": request.speed}} if request.speed != 1 else {}),
        }

    def _spoken(self, answer: ProviderResponse, request: SpeechRequest, model: ModelSpec) -> Result:
        try:
            parsed = answer.parsed(Spoken)
            # A field without content is an answer without sound; anything else is not read yet.
            sound = bytes_of(parsed.audio_base64) if parsed.audio_base64.strip() else b""
        except UnreadableError as error:
            raise unparsable(NAME, answer) from error
        data = {"marks": _marks(parsed.alignment, request, model)}
        return Result(media=Bytes(sound), data=data, cost=self._cost(_charged(answer)))

    # Music and effects

    def _music(self, request: MusicRequest, model: ModelSpec) -> dict[str, Any]:
        return {
            "prompt": sound_requests.prompt_of(request),
            "music_length_ms": sound_requests.ordered_ms(request, model.options),
            "model_id": model.name,
            "seed": request.seed % MUSIC_SEEDS,
            "force_instrumental": True,
        }

    def _effect(self, request: SoundRequest, model: ModelSpec) -> dict[str, Any]:
        seconds = sound_requests.ordered_ms(request, model.options) / 1000
        return {"text": request.prompt, "duration_seconds": seconds, "model_id": model.name}

    def _sound(self, answer: ProviderResponse) -> Result:
        return Result(media=Bytes(answer.body), cost=self._cost(_charged(answer)))

    def _cost(self, credits_: float | None) -> Decimal | None:
        if credits_ is None:
            return None
        return usd(credits_, unit=Decimal(str(self.settings.usd_per_credit)))

    def recover(self, raw: bytes, request: Request, call_context: CallContext) -> Accepted | Result:
        sound = raw_answer_search.sound_in(raw)
        if not isinstance(request, SpeechRequest):
            return Result(media=Bytes(sound))
        try:
            alignment = ProviderResponse(200, {}, raw).parsed(Spoken).alignment
        except UnreadableError:
            alignment = None
        return Result(
            media=Bytes(sound), data={"marks": _marks(alignment, request, call_context.model)}
        )

    # The history

    def poll(self, task_id: str, request: Request, call_context: CallContext) -> Running | Result:
        """Fetch an item of the history: `task_id` is its id."""
        if not isinstance(request, SpeechRequest):
            raise Unclear(
                gettext_noop(
                    "ElevenLabs keeps no music and no effects: a lost answer cannot be "
                    "fetched again."
                )
            )
        if not VOICE_ID.fullmatch(task_id):
            raise Unclear(history.GONE)
        client = self._client()
        found, _now = history.items(client, voice=self._voice(request))
        item = next((one for one in found if one.history_item_id == task_id), HistoryItem(task_id))
        if item.state == "processing":
            return Running(poll_in=AGAIN)
        if item.state == "deleted":
            raise Unclear(history.GONE)
        alignment = item.alignments.alignment if item.alignments else None
        data = {"marks": _marks(alignment, request, call_context.model)}
        return Result(
            media=history.HistoryAudio(client, task_id), data=data, cost=self._cost(item.credits)
        )

    def candidates(
        self, request: Request, call_context: CallContext, *, since: datetime
    ) -> list[Candidate]:
        """Return the items since then with this voice; one matches if text and model agree too."""
        if not isinstance(request, SpeechRequest):
            return []
        found, now = history.items(self._client(), voice=self._voice(request))
        earliest = history.since(since, now)
        text = sound_requests.spoken_text(request, call_context.model.options)
        return [
            Candidate(
                task_id=item.history_item_id,
                created_at=datetime.fromtimestamp(item.date_unix, UTC).isoformat(),
                status=item.state,
                matches=item.text == text
                and item.model_id in {call_context.model.name, ""}
                and item.voice_id in {self._voice(request), ""},
            )
            for item in found
            if item.date_unix >= earliest and item.state != "deleted"
        ]

    def cancel(self, task_id: str) -> bool:
        return False

    # The account

    def balance(self) -> Decimal | None:
        """Return what the credits that are left are worth; below nothing they are billed."""
        account = self._subscription(self._client())
        left = max(0, account.character_limit - account.character_count)
        return self._cost(left)

    def _subscription(self, client: ProviderClient) -> Subscription:
        template = gettext_noop("ElevenLabs does not tell the balance: %(words)s")
        answer = client.ask("GET", "/v1/user/subscription")
        if not answer.ok:
            raise Later(template, words=problem_of(answer).words)
        try:
            return answer.parsed(Subscription)
        except UnreadableError as error:
            raise Later(template, words=answer.text) from error

    def check(self) -> Health:
        answer = self._client().ask("GET", "/v1/user/subscription")
        try:
            account = answer.parsed(Subscription) if answer.ok else None
        except UnreadableError:
            account = None
        if account is None:
            return connection_test.failed(answer)
        left = max(0, account.character_limit - account.character_count)
        return Health(ok=True, facts={"credits": str(left), "plan": account.tier[:40]})

    def voices(self) -> list[Voice]:
        client, found, token = self._client(), list[Voice](), ""
        template = gettext_noop("ElevenLabs does not list its voices: %(words)s")
        for _page in range(MOST_PAGES):
            query = {"page_size": 100, **({"next_page_token": token} if token else {})}
            answer = client.ask("GET", f"/v2/voices?{urlencode(query)}")
            if not answer.ok:
                raise Later(template, words=problem_of(answer).words)
            try:
                page = answer.parsed(Voices)
            except UnreadableError as error:
                raise Later(template, words=answer.text) from error
            for one in page.voices:
                languages = [spoken.language for spoken in one.verified_languages] or [
                    one.labels.get("language", "")
                ]
                found.append(
                    Voice(
                        one.voice_id,
                        one.name or one.voice_id,
                        tuple(sorted({name for name in languages if name})),
                        sample_url=one.preview_url,
                    )
                )
            token = page.next_page_token
            if not (page.has_more and token):
                break
        return found


def _charged(answer: ProviderResponse) -> float | None:
    """Return the credits that the response says it cost."""
    credits_ = number_of(answer.headers.get("character-cost", ""))
    return None if credits_ is None or credits_ < 0 else credits_


def _marks(alignment: Alignment | None, request: SpeechRequest, model: ModelSpec) -> list[Mark]:
    """Return the words with their times; none if the response has no alignment."""
    if alignment is None:
        return []
    sent, lists = (
        sound_requests.spoken_text(request, model.options),
        (
            alignment.characters,
            alignment.character_start_times_seconds,
            alignment.character_end_times_seconds,
        ),
    )
    # The direction before the text is not spoken.
    added = len(sent) - len(request.text)
    if added and "".join(map(str, alignment.characters)).startswith(sent[:added]):
        lists = (lists[0][added:], lists[1][added:], lists[2][added:])
    return words_of(*lists)
