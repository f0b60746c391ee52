"""Adapter for OpenAI's image API and servers that speak it. Nothing is kept at the server."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.translation import gettext_noop

from providers import (
    cast_references,
    connection_test,
    keys,
    prompt_text,
    raw_answer_search,
    settings_schema,
)
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
from providers.backends.openai_speech.errors import refusal
from providers.backends.openai_speech.messages import Models
from providers.client import (
    ProviderClient,
    ProviderResponse,
    UnreadableError,
    checked_base,
    unparsable,
)
from providers.enums import Kind, Refusal
from providers.errors import NotConfigured, Refused, Unclear
from providers.fetch import Link
from providers.lenient_decoding import bytes_of
from providers.models import AIProviderConfig
from providers.requests import ImageRequest, Request
from providers.settings_schema import Common

from .messages import Images
from .settings import Settings

MOST_WORDS = 4000  # UTF-16 units, what the older models take; `most_characters` of a row says other
USED = frozenset({"prompt", "prompt_en", "style", "aspect_ratio"})


class OpenAIImagesAdapter:
    """Each call is one POST whose response holds the image, or a link to it.

    A model's row says its sizes (`ratios`, such as “16:9” to “1536x1024”) and further fields
    (`options.fields`, such as `{"quality": "high"}`).
    """

    repeatable: ClassVar[bool] = False
    needs_key: ClassVar[bool] = False  # servers of one's own need none; `ready` asks for OpenAI's
    tells_balance: ClassVar[bool] = False
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.IMAGE})
    settings_kind: ClassVar[type[Common]] = Settings
    home: ClassVar[str] = "https://api.openai.com/v1"

    def __init__(self, config: AIProviderConfig) -> None:
        self.config = config
        self.name = config.name
        self.settings = settings_schema.read(config.settings, Settings)
        self.timeout = self.settings.send_timeout
        self.send_limit = timedelta(seconds=self.timeout + 75)

    @property
    def free(self) -> bool:
        """Whether a price of zero is a price."""
        return self.settings.free

    def _client(self) -> ProviderClient:
        base = checked_base(self.config.base_url, name=self.name)
        key = keys.key_of(self.config)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return ProviderClient(base, name=self.name, headers=headers)

    def ready(self) -> None:
        self._client()
        if keys.is_at_home(self.config) and not keys.has_key(self.config):
            raise NotConfigured(gettext_noop("%(provider)s has no key."), provider=self.name)

    def check_request(self, request: Request, model: ModelSpec) -> None:
        if not isinstance(request, ImageRequest):
            raise Refused(
                gettext_noop("%(provider)s makes pictures only."),
                kind=Refusal.INVALID,
                provider=self.name,
            )
        if not model.name:
            raise Refused(
                gettext_noop("Choose a model for %(provider)s first."),
                kind=Refusal.INVALID,
                provider=self.name,
            )
        prompt_text.any_language(request)
        cast_references.require_fit(request, model, provider=self.name)
        if model.ratios and request.aspect_ratio not in model.ratios:
            raise prompt_text.no_format(request, provider=self.name, model=model.name)

    def used_fields(self, kind: Kind, model: ModelSpec) -> frozenset[str]:  # noqa: ARG002  the adapters' signature
        used = USED if model.ratios else USED | {"width", "height"}
        return used | ({"seed"} if model.options.get("seed") else set())

    def submit(self, request: Request, call_context: CallContext) -> Accepted | Result:
        self.check_request(request, call_context.model)
        assert isinstance(request, ImageRequest)
        answer = self._client().post_once(
            "/images/generations",
            read=self.timeout,
            json=self._body(request, call_context.model),
            headers={"X-Client-Request-Id": str(call_context.attempt)},
        )
        if not answer.ok:
            raise refusal(answer, provider=self.name)
        return self._result(answer)

    def _body(self, request: ImageRequest, model: ModelSpec) -> dict[str, Any]:
        most = model.options.get("most_characters", MOST_WORDS)
        return {
            "model": model.name,
            "prompt": prompt_text.cut(prompt_text.any_language(request), most),
            "n": 1,
            "size": model.ratios.get(request.aspect_ratio, f"{request.width}x{request.height}"),
            **({"seed": request.seed % 2**31} if model.options.get("seed") else {}),
            **model.options.get("fields", {}),
        }

    def _result(self, answer: ProviderResponse) -> Result:
        try:
            made = answer.parsed(Images).data
        except UnreadableError as error:
            raise unparsable(self.name, answer) from error
        for one in made:
            if one.b64_json:
                try:
                    return Result(media=Bytes(bytes_of(one.b64_json)))
                except UnreadableError as error:
                    raise unparsable(self.name, answer) from error
            if one.url.strip():
                own = "" if keys.is_at_home(self.config) else self.config.base_url
                return Result(
                    media=Link(one.url.strip(), hosts=self.settings.result_hosts, own=own)
                )
        raise unparsable(self.name, answer)

    def recover(self, raw: bytes, request: Request, call_context: CallContext) -> Accepted | Result:  # noqa: ARG002  the adapters' signature
        return Result(media=Bytes(raw_answer_search.picture_in(raw)))

    def poll(self, task_id: str, request: Request, call_context: CallContext) -> Running | Result:  # noqa: ARG002  the adapters' signature
        """Raise `Unclear`: the API does not store results."""
        raise Unclear(
            gettext_noop("%(provider)s keeps no pictures: a lost answer cannot be fetched again."),
            provider=self.name,
        )

    def cancel(self, task_id: str) -> bool:  # noqa: ARG002  the adapters' signature
        return False

    def balance(self) -> Decimal | None:
        return None

    def check(self) -> Health:
        answer = self._client().ask("GET", "/models")
        try:
            names = [model.id for model in answer.parsed(Models).data] if answer.ok else None
        except UnreadableError:
            names = None
        if names is None:
            return connection_test.failed(answer)
        own = ", ".join(name for name in connection_test.own_models(self.config) if name in names)
        return Health(ok=True, facts={"models": own or str(len(names))})

    def candidates(
        self,
        request: Request,  # noqa: ARG002
        call_context: CallContext,  # noqa: ARG002
        *,
        since: datetime,  # noqa: ARG002  keeps no list
    ) -> list[Candidate]:
        return []

    def voices(self) -> list[Voice]:
        return []
