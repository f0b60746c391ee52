"""Plans and translations by chat completions. An answer that does not fit is asked for again, each time as a call of its own."""

import ipaddress
import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import urlsplit

import msgspec
from django.utils.translation import gettext_noop

from providers import keys, wording
from providers.adapters import Accepted, Candidate, Card, Errand, Health, Result, Running
from providers.amounts import usd
from providers.enums import Kind, Refusal
from providers.errors import Refused, Unclear
from providers.http import Answer, Line, brief, checked_base, unparsable
from providers.models import AIProviderConfig
from providers.requests import Request, TextRequest

from . import planning
from .errors import problem_of, refusal
from .wire import Choice, Completion, English, Models, Plan, Usage, strict_schema

NAME = "Language model"
READ = 300.0  # seconds; a model on one's own machine thinks long
MOST_TOKENS = 16_000
USED = frozenset({"task", "script", "scenes", "language", "style", "aspect_ratio"})
FENCE = re.compile(r"^\s*```(?:json)?\s*(.*?)\s*```\s*$", re.DOTALL)
MILLION = Decimal(1_000_000)
TRANSLATE = (
    'You translate prompts for an image generator into English. Keep every visual detail, add nothing, answer with JSON only: {"text": "the prompt in English"}'
)
UNFIT = gettext_noop("The language model's answer could not be used: %(why)s")


class LlmAdapter:
    """Each call is one chat completion."""

    repeatable: ClassVar[bool] = False
    needs_key: ClassVar[bool] = False  # servers of one's own ask for none
    tells_balance: ClassVar[bool] = False
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.TEXT})

    def __init__(self, config: AIProviderConfig) -> None:
        self.config = config
        self.read = float(config.settings.get("send_timeout", READ))
        self.send_limit = timedelta(seconds=self.read + 75)

    @property
    def _line(self) -> Line:
        base = checked_base(self.config.base_url, name=NAME, plain_http=True)
        return Line(base, name=NAME, headers={"Authorization": f"Bearer {keys.key_of(self.config) or 'none'}"})

    @property
    def free(self) -> bool:
        """A server on this machine or in the own network, or one that its settings call free, costs nothing by the call."""
        return self.config.settings.get("free") is True or _is_own(self.config.base_url)

    def ready(self) -> None:
        _ = self._line

    def check_request(self, request: Request, model: Card) -> None:
        if not isinstance(request, TextRequest):
            raise Refused(gettext_noop("The language model makes texts only."), kind=Refusal.INVALID)
        if not model.name:
            raise Refused(gettext_noop("Choose a model for the language model's provider first."), kind=Refusal.INVALID)
        if not request.script.strip():
            raise Refused(gettext_noop("The script is empty: there is nothing to make scenes of."), kind=Refusal.INVALID)

    def used_fields(self, kind: Kind, model: Card) -> frozenset[str]:  # noqa: ARG002  the adapters' signature
        return USED

    def submit(self, request: Request, errand: Errand) -> Accepted | Result:
        self.check_request(request, errand.model)
        assert isinstance(request, TextRequest)
        plans = request.task == "plan_story"
        lines = planning.lines_of(request) if plans else []
        messages = planning.messages(request, lines, errand.complaint) if plans else _translation(request, errand.complaint)
        answer = self._line.spend("/chat/completions", read=self.read, json=self._body(messages, Plan if plans else English, errand))
        if not answer.ok:
            raise refusal(answer)
        content, cost, estimated = self._content(answer, errand)
        try:
            data = {"scenes": planning.fitted(_decoded(content, Plan), request, lines)} if plans else {"text": _in_english(content)}
        except (msgspec.MsgspecError, planning.UnfitError) as error:
            raise self._unfit(str(error), cost) from error
        return Result(data=data, cost=cost, is_estimated=estimated)

    def _body(self, messages: list[dict[str, str]], kind: type[Plan | English], errand: Errand) -> dict[str, Any]:
        settings = self.config.settings
        return {
            "model": errand.model.name,
            "messages": messages,
            str(settings.get("max_tokens_field", "max_tokens")): int(settings.get("max_tokens", MOST_TOKENS)),
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": kind.__name__.lower(), "strict": True, "schema": strict_schema(kind)},
            },
            **errand.model.options.get("extra", {}),
        }

    def _content(self, answer: Answer, errand: Errand) -> tuple[str, Decimal, bool]:
        """The text of the answer, what it cost, and whether that is only reckoned."""
        try:
            said = answer.parsed(Completion)
        except msgspec.MsgspecError as error:
            raise unparsable(NAME, answer) from error
        cost, estimated = _cost(said.usage, errand)
        if not said.choices:
            raise self._unfit("it holds no choice.", cost)
        return self._text(said.choices[0], cost), cost, estimated

    def _text(self, choice: Choice, cost: Decimal) -> str:
        if choice.message.refusal or choice.finish_reason == "content_filter":
            words = brief(choice.message.refusal or "content filter")
            raise Refused(gettext_noop("The language model refused the script: %(words)s"), kind=Refusal.MODERATED, cost=cost, words=words)
        if choice.finish_reason == "length":
            raise self._unfit("it was cut off because it was too long; be brief.", cost)
        return choice.message.content or ""

    def _unfit(self, why: str, cost: Decimal) -> Refused:
        return Refused(UNFIT, kind=Refusal.FAILED, cost=cost, complaint=why, why=why[:300])

    def poll(self, task_id: str, request: Request, errand: Errand) -> Running | Result:  # noqa: ARG002  the adapters' signature
        """Chat completions keep nothing; a person who attaches an id learns that here."""
        raise Unclear(gettext_noop("A language model keeps no answers: a lost one cannot be fetched again."))

    def cancel(self, task_id: str) -> bool:  # noqa: ARG002  the adapters' signature
        return False

    def balance(self) -> Decimal | None:
        """Chat completions have no way to ask."""
        return None

    def check(self) -> Health:
        answer = self._line.ask("GET", "/models")
        if not answer.ok:
            return Health(ok=False, facts={"answer": problem_of(answer).message})
        try:
            names = [model.id for model in answer.parsed(Models).data]
        except msgspec.MsgspecError:
            return Health(ok=False, facts={"answer": answer.text})
        return Health(ok=True, facts={"models": ", ".join(names[:20])})

    def candidates(self, request: Request, errand: Errand, *, since: datetime) -> list[Candidate]:  # noqa: ARG002  keeps no list
        return []


def _is_own(base_url: str) -> bool:
    """Whether the address is one that only machines of the own network have."""
    host = urlsplit(base_url).hostname or ""
    try:
        return host == "localhost" or not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def _translation(request: TextRequest, complaint: str) -> list[dict[str, str]]:
    again = [{"role": "user", "content": f"Your last answer could not be used: {complaint} Answer again."}] if complaint else []
    return [{"role": "system", "content": TRANSLATE}, {"role": "user", "content": request.script}, *again]


def _decoded[T](content: str, kind: type[T]) -> T:
    """Raises `msgspec.MsgspecError`."""
    fenced = FENCE.match(content)
    return msgspec.json.decode(fenced[1] if fenced else content, type=kind)


def _in_english(content: str) -> str:
    text = _decoded(content, English).text.strip()
    if not text or not wording.is_english(text):
        raise planning.UnfitError("The text is not English.")
    return text


def _cost(usage: Usage | None, errand: Errand) -> tuple[Decimal, bool]:
    """By tokens when the model's row gives their prices, else what was reserved."""
    prices = [errand.model.options.get(name) for name in ("usd_per_million_prompt_tokens", "usd_per_million_completion_tokens")]
    if usage is None or None in prices:
        return errand.estimate, True
    total = Decimal(str(prices[0])) * usage.prompt_tokens + Decimal(str(prices[1])) * usage.completion_tokens
    cost = usd(total / MILLION)
    return (errand.estimate, True) if cost is None else (cost, False)
