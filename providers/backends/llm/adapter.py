"""Adapter for plans, translations and checks of pictures by chat completions.

An invalid answer is requested again, each time as a call of its own.
"""

import hashlib
import ipaddress
import time
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.core.cache import cache
from django.utils.translation import gettext_noop

from providers import connection_test, keys, settings_schema, vision
from providers.adapters import (
    Accepted,
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
    brief,
    checked_base,
    unparsable,
)
from providers.enums import Kind, Refusal
from providers.errors import Invalid, Refused, Unclear
from providers.lenient_decoding import decoded, text_of, texts_in
from providers.models import AIProviderConfig
from providers.requests import Request, TextRequest
from providers.settings_schema import Common

from . import content, pictures, planning
from .errors import TEMPLATES, is_about_the_form, refusal, refusal_within
from .messages import (
    Answer,
    Check,
    Choice,
    Completion,
    English,
    Message,
    Models,
    Plan,
    Usage,
    strict_schema,
)
from .settings import Settings

NAME = "Language model"
USED = frozenset({"task", "script", "scenes", "language", "style", "aspect_ratio", "pictures"})
FORMS = ("json_schema", "json_object", "none")  # of `response_format`, the strictest first
FORM_KEPT = 24 * 3600
LONGEST_REFUSALS = 30.0  # seconds
BUSY = (503, 529)  # overloaded: the request was not processed
FILTERED = {
    "content_filter",
    "safety",
    "refusal",
    "refused",
    "prohibited_content",
    "blocklist",
    "spii",
    "image_safety",
    "recitation",
}
CUT = {"length", "max_tokens", "model_length"}
MAX_TOKENS_REPORTED = 10**9
MILLION = Decimal(1_000_000)
TRANSLATE = (
    "You translate prompts for an image generator into English. Keep every visual detail, "
    'add nothing, answer with JSON only: {"text": "the prompt in English"}'
)
ANSWERS: dict[str, Answer] = {"plan_story": Plan, "to_english": English, "check_picture": Check}
UNFIT = gettext_noop("The language model's answer could not be used: %(why)s")


class LlmAdapter:
    """Each call is one chat completion."""

    repeatable: ClassVar[bool] = False
    needs_key: ClassVar[bool] = False  # self-hosted servers need none
    tells_balance: ClassVar[bool] = False
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.TEXT})
    settings_kind: ClassVar[type[Common]] = Settings
    home: ClassVar[str] = "https://api.openai.com/v1"

    def __init__(self, config: AIProviderConfig) -> None:
        self.config = config
        self.settings = settings_schema.read(config.settings, Settings)
        self.read = self.settings.send_timeout
        self.send_limit = timedelta(seconds=self.read + 75)

    @property
    def _client(self) -> ProviderClient:
        base = checked_base(self.config.base_url, name=NAME)
        return ProviderClient(
            base,
            name=NAME,
            headers={"Authorization": f"Bearer {keys.key_of(self.config) or 'none'}"},
        )

    @property
    def free(self) -> bool:
        """Whether calls are free: by the settings, or on this machine or a private network."""
        return self.settings.free or _is_own(self.config.base_url)

    def ready(self) -> None:
        _ = self._client

    def check_request(self, request: Request, model: ModelSpec) -> None:
        if not isinstance(request, TextRequest):
            raise Refused(
                gettext_noop("The language model makes texts only."), kind=Refusal.INVALID
            )
        if not model.name:
            raise Refused(
                gettext_noop("Choose a model for the language model's provider first."),
                kind=Refusal.INVALID,
            )
        if not request.script.strip():
            raise Refused(
                gettext_noop("The script is empty: there is nothing to make scenes of."),
                kind=Refusal.INVALID,
            )
        vision.require_vision(request, model, provider=NAME, takes=True)

    def used_fields(self, kind: Kind, model: ModelSpec) -> frozenset[str]:
        return USED

    def submit(self, request: Request, call_context: CallContext) -> Accepted | Result:
        self.check_request(request, call_context.model)
        assert isinstance(request, TextRequest)
        lines = planning.lines_of(request) if request.task == "plan_story" else []
        messages = _messages(request, lines, call_context.validation_error)
        answer = self._asked(messages, ANSWERS[request.task], call_context)
        content, cost, estimated = self._content(answer, call_context)
        try:
            data = self._data(content, request, lines)
        except planning.UnfitError as error:
            raise self._unfit(str(error), cost) from error
        return Result(data=data, cost=cost, is_estimated=estimated)

    def _data(self, content: str, request: TextRequest, lines: list[str]) -> dict[str, Any]:
        """Return the parsed and validated data. Raises `UnfitError`."""
        if request.task == "plan_story":
            scenes = planning.fitted(planning.scenes_in(content), request, lines)
            cast = planning.cast_in(content)
            return {"scenes": scenes, "cast": cast} if cast else {"scenes": scenes}
        if request.task == "check_picture":
            return pictures.found_in(content, request)
        return {"text": planning.english_in(content)}

    def _asked(
        self, messages: list[dict[str, Any]], kind: Answer, call_context: CallContext
    ) -> ProviderResponse:
        """Return the response, in the strictest `response_format` that the server supports.

        A server that rejects the format has done nothing and charged nothing, so the next format is
        tried. The supported format is cached for a day.
        """
        began, known = time.monotonic(), self._known_form(call_context)
        forms = FORMS[FORMS.index(known) :]
        for form in forms:
            answer = self._client.post_once(
                "/chat/completions",
                read=self.read,
                not_done=BUSY,
                json=self._body(messages, kind, call_context, form),
            )
            if answer.ok:
                if form != known:
                    cache.set(self._form_key(call_context), form, FORM_KEPT)
                return answer
            refused = refusal(answer)
            if (
                form == forms[-1]
                or not is_about_the_form(answer)
                or time.monotonic() - began > LONGEST_REFUSALS
            ):
                raise refused
        raise AssertionError("the last form returns or raises")

    def _known_form(self, call_context: CallContext) -> str:
        wanted = self.settings.response_format or cache.get(self._form_key(call_context), FORMS[0])
        return wanted if wanted in FORMS else FORMS[0]

    def _form_key(self, call_context: CallContext) -> str:
        return (
            "llm-form:"
            + hashlib.sha256(
                f"{self.config.base_url} {call_context.model.name}".encode()
            ).hexdigest()
        )

    def _body(
        self,
        messages: list[dict[str, Any]],
        kind: Answer,
        call_context: CallContext,
        form: str,
    ) -> dict[str, Any]:
        schema = {"name": kind.__name__.lower(), "strict": True, "schema": strict_schema(kind)}
        wanted = {
            "json_schema": {"type": "json_schema", "json_schema": schema},
            "json_object": {"type": "json_object"},
        }
        return {
            "model": call_context.model.name,
            "messages": messages,
            self.settings.max_tokens_field: self.settings.max_tokens,
            **({"response_format": wanted[form]} if form in wanted else {}),
            **call_context.model.options.get("extra", {}),
        }

    def _content(
        self, answer: ProviderResponse, call_context: CallContext
    ) -> tuple[str, Decimal, bool]:
        """Return the text of the response, its cost, and whether the cost is estimated."""
        try:
            parsed = answer.parsed(Completion)
        except UnreadableError as error:
            raise unparsable(NAME, answer) from error
        choices = parsed.choices or ([Choice(message=parsed.message)] if parsed.message else [])
        problem = parsed.error or (choices[0].error if choices else None)
        if problem and not (choices and self._written(choices[0])):
            raise refusal_within(problem, answer)
        cost, estimated = _cost(parsed.usage, call_context)
        if not choices:
            if not self._is_completion(answer):
                raise unparsable(NAME, answer)
            raise self._unfit("it holds no choice.", cost)
        return self._text(choices[0], cost), cost, estimated

    def _is_completion(self, answer: ProviderResponse) -> bool:
        try:
            return "choices" in decoded(answer.body)
        except (UnreadableError, TypeError):
            return False

    def _text(self, choice: Choice, cost: Decimal) -> str:
        finish = choice.finish_reason.strip().lower()
        refusal = choice.message.refusal if choice.message else ""
        written = self._written(choice)
        if refusal or finish in FILTERED:
            raise Refused(
                TEMPLATES[Refusal.MODERATED],
                kind=Refusal.MODERATED,
                cost=cost,
                words=brief(refusal) or "content filter",
            )
        if finish in CUT:
            raise self._unfit("it was cut off because it was too long; be brief.", cost)
        return written

    def _written(self, choice: Choice) -> str:
        """Return the text that the model wrote, wherever the server puts it."""
        message = choice.message or Message()
        calls = [call.function.arguments for call in message.tool_calls if call.function]
        for place in (
            message.content,
            message.parsed,
            *calls,
            choice.text,
            message.reasoning_content,
        ):
            if text := content.text_of(place).strip():
                return text
        return ""

    def recover(self, raw: bytes, request: Request, call_context: CallContext) -> Accepted | Result:
        """Return the plan, translation or findings, wherever they are in the response."""
        assert isinstance(request, TextRequest)
        lines = planning.lines_of(request) if request.task == "plan_story" else []
        texts = [text_of(raw)]
        try:
            texts += sorted(texts_in(decoded(raw)), key=len, reverse=True)[:20]
        except UnreadableError:
            pass
        for text in reversed(texts):
            try:
                return Result(data=self._data(text, request, lines))
            except planning.UnfitError:
                continue
        raise Invalid(gettext_noop("The kept answer holds no text that fits."))

    def _unfit(self, why: str, cost: Decimal) -> Refused:
        return Refused(UNFIT, kind=Refusal.FAILED, cost=cost, validation_error=why, why=why[:300])

    def poll(self, task_id: str, request: Request, call_context: CallContext) -> Running | Result:
        """Raise `Unclear`: chat completions are not stored.

        A person who attaches a task id gets this message.
        """
        raise Unclear(
            gettext_noop("A language model keeps no answers: a lost one cannot be fetched again.")
        )

    def cancel(self, task_id: str) -> bool:
        return False

    def balance(self) -> Decimal | None:
        """Return None: the chat completions API does not report a balance."""
        return None

    def check(self) -> Health:
        answer = self._client.ask("GET", "/models")
        try:
            names = [model.id for model in answer.parsed(Models).data] if answer.ok else None
        except UnreadableError:
            names = None
        if names is None:
            return connection_test.failed(answer)
        return Health(
            ok=True,
            facts={
                "models": ", ".join(
                    name for name in connection_test.own_models(self.config) if name in names
                )
                or str(len(names))
            },
        )

    def candidates(
        self,
        request: Request,
        call_context: CallContext,
        *,
        since: datetime,
    ) -> list[Candidate]:
        return []

    def voices(self) -> list[Voice]:
        return []


def _is_own(base_url: str) -> bool:
    """Return whether the address belongs to this machine or a private network."""
    host = urlsplit(base_url).hostname or ""
    try:
        return host == "localhost" or not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def _messages(
    request: TextRequest, lines: list[str], validation_error: str
) -> list[dict[str, Any]]:
    if request.task == "plan_story":
        return planning.messages(request, lines, validation_error)
    if request.task == "check_picture":
        return pictures.messages(request, validation_error)
    return _translation(request, validation_error)


def _translation(request: TextRequest, validation_error: str) -> list[dict[str, str]]:
    again = (
        [
            {
                "role": "user",
                "content": f"Your last answer could not be used: {validation_error} Answer again.",
            }
        ]
        if validation_error
        else []
    )
    return [
        {"role": "system", "content": TRANSLATE},
        {"role": "user", "content": request.script},
        *again,
    ]


def _cost(usage: Usage | None, call_context: CallContext) -> tuple[Decimal, bool]:
    """Return the cost by tokens if the model's row has token prices, else the reserved amount."""
    prices = [
        call_context.model.options.get(name)
        for name in ("usd_per_million_prompt_tokens", "usd_per_million_completion_tokens")
    ]
    if (
        usage is None
        or None in prices
        or usage.prompt_tokens is None
        or usage.completion_tokens is None
    ):
        return call_context.estimate, True
    tokens = usage.prompt_tokens, usage.completion_tokens
    if not all(0 <= count <= MAX_TOKENS_REPORTED for count in tokens):
        return call_context.estimate, True
    total = sum(
        (
            Decimal(str(price)) * Decimal(str(count))
            for price, count in zip(prices, tokens, strict=True)
        ),
        Decimal(0),
    )
    cost = usd(total / MILLION)
    return (call_context.estimate, True) if cost is None else (cost, False)
