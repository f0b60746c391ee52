"""Adapter for images and clips by any model at Replicate.

The names of a model's inputs are in its row, not here.
"""

import base64
import logging
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from django.utils.translation import gettext_noop

from core.localized_messages import sentence_of
from providers import (
    connection_test,
    keys,
    raw_answer_search,
    settings_schema,
)
from providers.adapters import (
    Accepted,
    Bytes,
    CallContext,
    Candidate,
    Health,
    Media,
    ModelSpec,
    Result,
    Running,
    Voice,
)
from providers.amounts import usd
from providers.client import ProviderClient, UnreadableError, brief, checked_base, unparsable
from providers.enums import Kind, Refusal
from providers.errors import KeyRefused, Later, Refused, Unclear, Unreadable
from providers.fetch import Link, elsewhere
from providers.lenient_decoding import bytes_of, number_of, texts_in
from providers.models import AIProviderConfig
from providers.named_inputs import NamedInputs
from providers.refusal_words import is_key_refused
from providers.requests import ClipRequest, ImageRequest, Request
from providers.settings_schema import Common
from providers.task_states import state_of

from .errors import TEMPLATES, failure, refusal, words_of
from .messages import Account, File, Page, Prediction
from .settings import Settings
from .webhook_secret import refresh_secret

log = logging.getLogger("ai_video.providers")
NAME = "Replicate"
READ = 30.0  # seconds
MOST_DATA_URI = 256 * 1024  # bytes; larger files go through its files API
ACCOUNTS = ("user", "organization")
PERCENT = re.compile(r"^\s*([0-9]{1,3})%", re.MULTILINE)
INPUTS = NamedInputs(NAME)


class ReplicateAdapter:
    """Each call creates one prediction."""

    repeatable: ClassVar[bool] = False
    needs_key: ClassVar[bool] = True
    tells_balance: ClassVar[bool] = False
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.IMAGE, Kind.CLIP})
    settings_kind: ClassVar[type[Common]] = Settings
    home: ClassVar[str] = "https://api.replicate.com/v1"

    def __init__(self, config: AIProviderConfig) -> None:
        self.config = config
        self.settings = settings_schema.read(config.settings, Settings)
        self.read = self.settings.send_timeout
        self.send_limit = timedelta(seconds=self.read + 135)  # the image is uploaded first
        self.poll_in = self.settings.poll_seconds

    @property
    def line(self) -> ProviderClient:
        base = checked_base(self.config.base_url, name=NAME)
        return ProviderClient(
            base, name=NAME, headers={"Authorization": f"Bearer {keys.key_of(self.config)}"}
        )

    def ready(self) -> None:
        _ = self.line

    def check_request(self, request: Request, model: ModelSpec) -> None:
        if not isinstance(request, ImageRequest | ClipRequest):
            raise Refused(
                gettext_noop("Replicate makes pictures and clips only."), kind=Refusal.INVALID
            )
        if not model.name:
            raise Refused(gettext_noop("Choose a model for Replicate first."), kind=Refusal.INVALID)
        INPUTS.check(request, model)

    def used_fields(self, kind: Kind, model: ModelSpec) -> frozenset[str]:
        return INPUTS.used_fields(kind, model)

    def submit(self, request: Request, call_context: CallContext) -> Accepted | Result:
        self.check_request(request, call_context.model)
        assert isinstance(request, ImageRequest | ClipRequest)
        path, body = _where(call_context.model.called)
        given = INPUTS.inputs(request, call_context, self._put)
        body |= {"input": given, **self._webhook(call_context)}
        answer = self.line.post_once(
            path, read=self.read, json=body, headers={"Cancel-After": self.settings.cancel_after}
        )
        if not answer.ok:
            raise refusal(answer)
        try:
            prediction = answer.parsed(Prediction)
        except UnreadableError as error:
            raise unparsable(NAME, answer) from error
        if not prediction.id.strip():
            raise unparsable(NAME, answer)
        at_work = state_of(prediction.status) in {"waiting", "running", "unknown"}
        return Accepted(prediction.id.strip(), poll_in=self.poll_in if at_work else 0.0)

    def _put(self, content: bytes, mime: str) -> str:
        """Return the file as a data URI; a larger one is put at Replicate, which is free.

        Raises `Refused` (unreachable) if that fails.
        """
        uri = f"data:{mime};base64,{base64.b64encode(content).decode()}"
        if len(uri) <= MOST_DATA_URI:
            return uri
        unreachable = gettext_noop("The picture could not be put at Replicate: %(words)s")
        try:
            answer = self.line.ask(
                "POST",
                "/files",
                files={"content": (f"scene.{mime.partition('/')[2]}", content, mime)},
                read=READ,
            )
            if answer.ok:
                return answer.parsed(File).urls.get
        except (Later, UnreadableError) as error:
            raise Refused(
                unreachable, kind=Refusal.UNREACHABLE, words=sentence_of(error)
            ) from error
        if answer.status in {401, 402, 403, 429}:
            raise refusal(answer)
        raise Refused(unreachable, kind=Refusal.UNREACHABLE, words=words_of(answer))

    def _webhook(self, call_context: CallContext) -> dict[str, Any]:
        """Return the webhook that Replicate calls on completion.

        The attempt in the URL identifies the call even if the response was lost.
        """
        address = self.settings.webhook_url
        if address:
            refresh_secret(self.config, self.line)
        return (
            {
                "webhook": f"{address}?attempt={call_context.attempt}",
                "webhook_events_filter": ["completed"],
            }
            if address
            else {}
        )

    def fetch(self, task_id: str) -> Prediction:
        """Return the prediction's state. Raises `Later`, or `Unclear` if it does not exist."""
        answer = self.line.ask("GET", f"/predictions/{quote(task_id, safe='')}")
        if answer.status in {404, 410}:
            raise Unclear(
                gettext_noop("Replicate does not know the prediction %(task)s."), task=task_id
            )
        words, template = (
            words_of(answer),
            gettext_noop("Replicate does not tell about the prediction at the moment: %(words)s"),
        )
        if answer.ok:
            try:
                return answer.parsed(Prediction)
            except UnreadableError as error:
                log.warning("Replicate's prediction %s cannot be read", task_id)
                raise Unreadable(template, words=words, raw=answer.body) from error
        if is_key_refused(answer, words):
            raise KeyRefused(TEMPLATES[Refusal.KEY], words=words)
        raise Later(template, words=words)

    def poll(self, task_id: str, request: Request, call_context: CallContext) -> Running | Result:
        prediction = self.fetch(task_id)
        cost, state = _cost(prediction, call_context), state_of(prediction.status)
        if state == "unknown" and prediction.output is not None:
            state = "done"  # an unrecognized word, but there is a result
        if state == "done":
            return Result(media=self._output(prediction), cost=cost, is_estimated=True)
        if state in {"failed", "cancelled"}:
            raise failure(
                prediction,
                failed=state == "failed",
                cost=_cost_of_an_end(prediction, call_context, cost),
            )
        if state == "unknown":
            log.warning(
                "Replicate's prediction %s is in a state that is not known: %s",
                task_id,
                brief(prediction.status),
            )
        percents = PERCENT.findall(prediction.logs)
        unknown = brief(prediction.status)[:60] if state == "unknown" else ""
        return Running(
            poll_in=self.poll_in,
            progress=int(percents[-1]) if percents else None,
            queued=state == "waiting",
            unknown=unknown,
            raw=msgspec.json.encode(prediction) if unknown else b"",
        )

    def recover(self, raw: bytes, request: Request, call_context: CallContext) -> Accepted | Result:
        return Accepted(raw_answer_search.task_in(raw), poll_in=0)

    def _output(self, prediction: Prediction) -> Media:
        """Return the first URL of a file at Replicate, or a file that is part of the response."""
        hosts = self._hosts()
        for text in texts_in(prediction.output):
            if _is_at(text.strip(), hosts):
                return Link(text.strip(), hosts=hosts, headers=self.line.headers)
            if text.lstrip()[:5].lower() == "data:":
                try:
                    return Bytes(bytes_of(text))
                except UnreadableError:
                    continue
        raw = msgspec.json.encode(prediction)
        if prediction.data_removed or prediction.output is None:
            raise Unclear(
                gettext_noop(
                    "The prediction succeeded, but Replicate has removed its result, as it "
                    "does after an hour."
                ),
                raw=raw,
            )
        raise elsewhere(texts_in(prediction.output), raw=raw) or Unclear(
            gettext_noop("The prediction succeeded, but its result holds no file."), raw=raw
        )

    def _hosts(self) -> tuple[str, ...]:
        return self.settings.result_hosts

    def cancel(self, task_id: str) -> bool:
        return self.line.ask("POST", f"/predictions/{quote(task_id, safe='')}/cancel").ok

    def balance(self) -> Decimal | None:
        """Return None: Replicate does not report a balance."""
        return None

    def check(self) -> Health:
        answer = self.line.ask("GET", "/account")
        try:
            account = answer.parsed(Account) if answer.ok else None
        except UnreadableError:
            account = None
        if account is None or not (account.username or account.type):
            return connection_test.failed(answer)
        if self.settings.webhook_url:
            refresh_secret(self.config, self.line, now=True)
        return Health(ok=True, facts={"account": account.type if account.type in ACCOUNTS else "?"})

    def candidates(
        self, request: Request, call_context: CallContext, *, since: datetime
    ) -> list[Candidate]:
        """Return predictions made since `since`, newest first.

        Those with the same prompt and seed match.
        """
        if not isinstance(request, ImageRequest | ClipRequest):
            return []
        query = urlencode({"created_after": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")})
        answer = self.line.ask("GET", f"/predictions?{query}")
        if not answer.ok:
            raise Later(
                gettext_noop("Replicate does not give its list: %(words)s"), words=words_of(answer)
            )
        try:
            found = answer.parsed(Page).results
        except UnreadableError as error:
            raise Later(
                gettext_noop("Replicate does not give its list: %(words)s"), words=answer.text
            ) from error
        return [
            Candidate(p.id, p.created_at, p.status, matches=matches(p, request, call_context))
            for p in found
        ]

    def voices(self) -> list[Voice]:
        return []


def matches(prediction: Prediction, request: Request, call_context: CallContext) -> bool:
    """Return whether the prediction was made from the prompt and seed of this request."""
    if not isinstance(request, ImageRequest | ClipRequest):
        return False
    return INPUTS.are_of(prediction.input, request, call_context)


def _where(model: str) -> tuple[str, dict[str, Any]]:
    """Return path and body: official models are addressed by name, the others by version."""
    if "/" in model and ":" not in model:
        owner, name = model.split("/", 1)
        return f"/models/{quote(owner, safe='')}/{quote(name, safe='')}/predictions", {}
    return "/predictions", {"version": model}


def _by_time(call_context: CallContext) -> bool:
    return "usd_per_predict_second" in call_context.model.options


def _cost(prediction: Prediction, call_context: CallContext) -> Decimal:
    """Return the estimated cost.

    It is based on the hardware time if the model's row has its price, else it is the reserved
    amount.
    """
    time = number_of(prediction.metrics.get("predict_time"))
    if _by_time(call_context) and time is not None:
        cost = usd(time, unit=Decimal(str(call_context.model.options["usd_per_predict_second"])))
        return call_context.estimate if cost is None else cost
    return call_context.estimate


def _cost_of_an_end(prediction: Prediction, call_context: CallContext, cost: Decimal) -> Decimal:
    """Return the cost of a prediction that ended without a result.

    It is zero if the prediction did not start, the hardware time, or the full cost of a cancelled
    one.
    """
    status = prediction.status.strip().lower()
    if status == "aborted":  # the deadline passed before it started
        return Decimal(0)
    return cost if state_of(status) == "cancelled" or _by_time(call_context) else Decimal(0)


def _is_at(text: str, hosts: tuple[str, ...]) -> bool:
    parts = urlsplit(text)
    return parts.scheme in {"https", "http"} and any(
        parts.hostname == host or str(parts.hostname).endswith(f".{host}") for host in hosts
    )
