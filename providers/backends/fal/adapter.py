"""Adapter for images and clips by any model at fal.

The names of a model's inputs are in its row, not here. A task is named by the path of its result,
such as `fal-ai/flux/requests/…`: fal's addresses of a request begin with that of its model.
"""

import base64
import logging
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, NoReturn
from urllib.parse import quote, urlencode

import msgspec
from django.utils.translation import gettext_noop

from providers import addresses, connection_test, keys, raw_answer_search, settings_schema
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
from providers.client import (
    ProviderClient,
    ProviderResponse,
    UnreadableError,
    brief,
    checked_base,
    unparsable,
)
from providers.enums import Kind, Refusal
from providers.errors import KeyRefused, Later, Refused, Unclear, Unreadable
from providers.fetch import Link, elsewhere
from providers.lenient_decoding import (
    bytes_of,
    decoded,
    number_of,
    read,
    seed_of,
    text_of,
    texts_in,
)
from providers.models import AIProviderConfig
from providers.named_inputs import NamedInputs
from providers.refusal_words import is_key_refused
from providers.requests import ClipRequest, ImageRequest, Request
from providers.settings_schema import Common
from providers.task_states import state_of

from . import storage
from .errors import TEMPLATES, failure, is_of_the_work, refusal, words_of
from .messages import Billing, Entry, Made, Page, Prices, Status, Submitted
from .settings import Settings

log = logging.getLogger("ai_video.providers")
NAME = "fal"
PLATFORM = "https://api.fal.ai/v1"
MEGABYTE = 1024 * 1024
MOST_INLINE = 3 * MEGABYTE  # of a file that goes along in the request itself
UPLOADING = 300  # seconds for the files of a request that are put at fal before
MOST_LISTED = 100
NAMESPACES = frozenset({"workflows", "comfy"})
MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*){1,7}")
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.~-]{0,79}")
TASK = re.compile(rf"{MODEL.pattern}/requests/({ID.pattern})")
TASK_IN_TEXT = re.compile(rf"https?://[^/\s\"']+/({MODEL.pattern}/requests/{ID.pattern})")
INPUTS = NamedInputs(NAME, {"image": "image_url"})
NOT_NOW = gettext_noop("fal does not tell about the request at the moment: %(words)s")
NO_LIST = gettext_noop("fal does not give its list: %(words)s")


class FalAdapter:
    """Each call submits one request to fal's queue."""

    repeatable: ClassVar[bool] = False
    needs_key: ClassVar[bool] = True
    tells_balance: ClassVar[bool] = True
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.IMAGE, Kind.CLIP})
    settings_kind: ClassVar[type[Common]] = Settings
    home: ClassVar[str] = "https://queue.fal.run"

    def __init__(self, config: AIProviderConfig) -> None:
        self.config = config
        self.settings = settings_schema.read(config.settings, Settings)
        self.read = self.settings.send_timeout
        self.send_limit = timedelta(seconds=self.read + 75 + UPLOADING)
        self.poll_in = self.settings.poll_seconds

    @property
    def queue(self) -> ProviderClient:
        base = checked_base(self.config.base_url or self.home, name=NAME)
        return ProviderClient(base, name=NAME, headers=self._headers)

    @property
    def platform(self) -> ProviderClient:
        """Prices, balance and the list of requests; a host that stands before fal has them too."""
        at_home = keys.is_at_home(self.config)
        base = PLATFORM if at_home else f"{checked_base(self.config.base_url, name=NAME)}/v1"
        return ProviderClient(base, name=NAME, headers=self._headers)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Key {keys.key_of(self.config)}"}

    def ready(self) -> None:
        _ = self.queue

    def check_request(self, request: Request, model: ModelSpec) -> None:
        if not isinstance(request, ImageRequest | ClipRequest):
            raise Refused(gettext_noop("fal makes pictures and clips only."), kind=Refusal.INVALID)
        if not MODEL.fullmatch(model.called):
            raise Refused(
                gettext_noop("Choose a model for fal first, such as fal-ai/flux/schnell."),
                kind=Refusal.INVALID,
            )
        INPUTS.check(request, model)

    def used_fields(self, kind: Kind, model: ModelSpec) -> frozenset[str]:
        return INPUTS.used_fields(kind, model)

    def submit(self, request: Request, call_context: CallContext) -> Accepted | Result:
        self.check_request(request, call_context.model)
        assert isinstance(request, ImageRequest | ClipRequest)
        model = call_context.model.called
        answer = self.queue.post_once(
            f"/{model}",
            read=self.read,
            json=INPUTS.inputs(request, call_context, self._put),
            headers={
                "X-Fal-Request-Timeout": str(float(self.settings.start_timeout)),
                **({"X-Fal-Store-IO": "1"} if self.settings.keep_results else {}),
            },
        )
        if not answer.ok:
            raise refusal(answer)
        try:
            submitted = answer.parsed(Submitted)
        except UnreadableError as error:
            raise unparsable(NAME, answer) from error
        if not ID.fullmatch(submitted.request_id.strip()):
            raise unparsable(NAME, answer)
        return Accepted(_task_of(submitted, model), poll_in=self.poll_in)

    def _put(self, content: bytes, mime: str) -> str:
        """Return the file as a data URI; the address of a larger one, which is put at fal.

        fal takes a data URI wherever it takes an address, up to about 10 MB.
        """
        most = self.settings.most_megabytes
        if len(content) > most * MEGABYTE:
            raise Refused(
                gettext_noop(
                    "The file has %(size)s MB, and at most %(most)s MB are sent to fal: an "
                    "administrator may raise “most_megabytes” in the connection's settings."
                ),
                kind=Refusal.INVALID,
                size=f"{len(content) / MEGABYTE:.1f}",
                most=most,
            )
        if len(content) > MOST_INLINE:
            return storage.put(self.config, content, mime, hosts=self._hosts())
        return f"data:{mime};base64,{base64.b64encode(content).decode()}"

    def poll(self, task_id: str, request: Request, call_context: CallContext) -> Running | Result:
        task = _path(task_id, call_context.model.called)
        status = self._status(task)
        state = state_of(status.status)
        if state in {"waiting", "running"}:
            return Running(poll_in=self.poll_in, queued=state == "waiting")
        if state != "unknown":
            return self._end(task, status, request, call_context)
        log.warning("fal's request %s is in a state that is not known", task)
        return Running(
            poll_in=self.poll_in,
            unknown=brief(status.status)[:60] or "?",
            raw=msgspec.json.encode(status),
        )

    def _status(self, task: str) -> Status:
        """Return the request's state. Raises `Later`, or `Unclear` if it does not exist."""
        answer = self.queue.ask("GET", f"/{task}/status")
        if answer.status in {404, 410}:
            raise Unclear(gettext_noop("fal does not know the request %(task)s."), task=task)
        if not answer.ok:
            self._refuse(answer)
        try:
            return answer.parsed(Status)
        except UnreadableError as error:
            raise Unreadable(NOT_NOW, words=answer.text, raw=answer.body) from error

    def _end(
        self, task: str, status: Status, request: Request, call_context: CallContext
    ) -> Result:
        """Return the result of a request that is done. Raises `Refused` if it has none."""
        answer = self.queue.ask("GET", f"/{task}")
        price, error = call_context.estimate, " ".join(texts_in(status.error))
        reported = error or status.error_type or brief(status.status)
        failed = bool(error or status.error_type or state_of(status.status) != "done")
        if not answer.ok and not is_of_the_work(answer):
            if answer.status not in {404, 410}:
                self._refuse(answer)
            if not failed:
                raise Unclear(
                    gettext_noop(
                        "The request %(task)s is done, but fal keeps its result no longer."
                    ),
                    task=task,
                )
        if not answer.ok:
            raise failure(answer, reported=reported, kind=status.error_type, price=price)
        try:
            made = read(decoded(answer.body), Made)
        except UnreadableError as unreadable:
            raise Unreadable(NOT_NOW, words=answer.text, raw=answer.body) from unreadable
        if any(made.has_nsfw_concepts):
            raise Refused(
                TEMPLATES[Refusal.MODERATED],
                kind=Refusal.MODERATED,
                cost=price,
                words="has_nsfw_concepts",
            )
        media = self._media(made, answer, clip=isinstance(request, ClipRequest))
        if media is None and failed:
            raise failure(answer, reported=reported, kind=status.error_type, price=price)
        if media is None:
            files = [made.video, made.videos, made.images, made.image]
            raise elsewhere(texts_in(files), raw=answer.body) or Unclear(
                gettext_noop("The request succeeded, but its result holds no file."),
                raw=answer.body,
            )
        return Result(media=media, cost=price, is_estimated=True, seed=seed_of(made.seed))

    def _refuse(self, answer: ProviderResponse) -> NoReturn:
        words = words_of(answer)
        if is_key_refused(answer, words):
            raise KeyRefused(TEMPLATES[Refusal.KEY], words=words)
        raise Later(NOT_NOW, words=words)

    def _media(self, made: Made, answer: ProviderResponse, *, clip: bool) -> Media | None:
        """Return the first file at fal's hosts, or one that is part of the answer.

        Fields that bear what was ordered come first: some models add a picture to a clip.
        """
        films, pictures = [made.video, made.videos], [made.images, made.image]
        ordered = films + pictures if clip else pictures + films
        everything = decoded(answer.body)
        for text in texts_in([*ordered, everything]):
            link = Link(text.strip(), hosts=self._hosts())
            if "://" in text and link.leads_to_provider:
                return link
            if text.lstrip()[:5].lower() == "data:":
                try:
                    return Bytes(bytes_of(text))
                except UnreadableError:
                    continue
        return None

    def _hosts(self) -> tuple[str, ...]:
        return self.settings.result_hosts

    def recover(self, raw: bytes, request: Request, call_context: CallContext) -> Accepted | Result:
        if found := TASK_IN_TEXT.search(text_of(raw).replace("\\/", "/")):
            return Accepted(found[1], poll_in=0)
        name = raw_answer_search.task_in(raw)
        return Accepted(_path(name, call_context.model.called), poll_in=0)

    def cancel(self, task_id: str) -> bool:
        """Ask fal to cancel. Work that has begun may go on, and be charged."""
        if not TASK.fullmatch(task_id):
            return False  # entered by hand, without its model: fal cannot be asked about it
        return self.queue.ask("PUT", f"/{task_id}/cancel").ok

    def balance(self) -> Decimal | None:
        """Return the balance; None if the key may not read it, or it is not in USD."""
        answer = self.platform.ask("GET", "/account/billing?expand=credits")
        if answer.status == 403:  # noqa: PLR2004  a key for the models alone
            return None
        if not answer.ok:
            raise Later(
                gettext_noop("fal does not tell about the account: %(words)s"),
                words=words_of(answer),
            )
        try:
            billing = answer.parsed(Billing).credits
        except UnreadableError:
            return None
        amount = number_of(billing.current_balance) if billing else None
        if billing is None or amount is None or billing.currency.upper() != "USD":
            return None
        return usd(amount)

    def check(self) -> Health:
        """Ask for the prices of this connection's models, which needs a key and is free."""
        named = {_called(row.name, row.options) for row in self.config.models.all()}
        models = sorted(name for name in named if MODEL.fullmatch(name))[:50]
        query = urlencode({"endpoint_id": ",".join(models or ["fal-ai/flux/schnell"])})
        answer = self.platform.ask("GET", f"/models/pricing?{query}")
        try:
            prices = answer.parsed(Prices).prices if answer.ok else None
        except UnreadableError:
            prices = None
        if prices is None:
            return connection_test.failed(answer)
        shown = {
            price.endpoint_id: f"{amount:g} {price.currency} / {price.unit}"
            for price in prices
            if (amount := number_of(price.unit_price)) is not None
        }
        return Health(ok=True, facts={brief(k)[:80]: brief(v)[:60] for k, v in shown.items()})

    def candidates(
        self, request: Request, call_context: CallContext, *, since: datetime
    ) -> list[Candidate]:
        """Return requests of the same model since `since`; those with its prompt and seed match.

        Needs a key that may read requests.
        """
        if not isinstance(request, ImageRequest | ClipRequest):
            return []
        model = call_context.model.called
        query = urlencode(
            {
                "endpoint_id": model,
                "start": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "expand": "payloads",
                "limit": MOST_LISTED,
            }
        )
        answer = self.platform.ask("GET", f"/models/requests/by-endpoint?{query}")
        if not answer.ok:
            raise Later(NO_LIST, words=words_of(answer))
        try:
            found = answer.parsed(Page).items
        except UnreadableError as error:
            raise Later(NO_LIST, words=answer.text) from error
        return [
            Candidate(
                _path(one.request_id, model),
                one.sent_at or one.started_at,
                _state(one),
                matches=INPUTS.are_of(one.json_input, request, call_context),
            )
            for one in found
        ]

    def voices(self) -> list[Voice]:
        return []


def _called(name: str, options: Any) -> str:
    return str((options.get("called") if isinstance(options, dict) else "") or name)


def _task_of(submitted: Submitted, model: str) -> str:
    """Return the path of the request's result, as fal gives it, else as it is composed."""
    name = submitted.request_id.strip()
    parts = addresses.split(submitted.response_url)
    path = parts.path.strip("/") if parts else ""
    found = TASK.fullmatch(path)
    return path if found and found[1] == name else _path(name, model)


def _path(task_id: str, model: str) -> str:
    """Return the path of a request that may be named by its id alone."""
    if TASK.fullmatch(task_id):
        return task_id
    parts = model.split("/")
    parts = parts[: 3 if parts[0] in NAMESPACES else 2]
    return "/".join([*parts, "requests", quote(task_id, safe="")])


def _state(entry: Entry) -> str:
    return str(entry.status_code) if entry.status_code else "IN_PROGRESS"
