"""Adapter for images and clips by any model at Replicate.

The names of a model's inputs are in its row, not here.
"""

import base64
import dataclasses
import logging
import mimetypes
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from django.utils.translation import gettext_noop

from core.localized_messages import sentence_of
from media import image_import
from media.errors import MediaError
from providers import (
    cast_references,
    connection_test,
    edits,
    keyframes,
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
from providers.fetch import Link
from providers.lenient_decoding import bytes_of, number_of, texts_in
from providers.models import AIProviderConfig
from providers.refusal_words import is_key_refused
from providers.requests import ClipRequest, Edit, ImageRequest, Request
from providers.settings_schema import Common
from providers.store import opened
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
# The usual names of a model's inputs. A model's row may override them (`options.input`) and add
# values (`options.extra`).
USUAL = {
    "prompt": "prompt",
    "aspect_ratio": "aspect_ratio",
    "seed": "seed",
    "duration": "duration",
    "image": "image",
    # An input that takes a list of images, or one where the row says `options.one_reference`.
    "references": "",
    "end_image": "",
    # How closely the references are followed, from 0 to 1.
    "strength": "",
    # Whether the clip has sound, such as “generate_audio”.
    "audio": "",
    # The take that is edited, and the mask, in which white is what changes.
    "source": "",
    "mask": "",
}
TASKS = frozenset({edits.MAKE, edits.CHANGE, edits.MASK, edits.UPSCALE, edits.EXTEND})
NO_INPUT = gettext_noop(
    "The row of Replicate's model %(model)s names no input for “%(input)s”: an administrator "
    "enters it in the row's options."
)
FIELDS = {
    "negative": "negative",
    "aspect_ratio": "aspect_ratio",
    "seed": "seed",
    "duration": "duration_ms",
    "image": "image_file",
    "references": "references",
    "end_image": "end_image_file",
    "strength": "strength",
}


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
        edits.require(request, model, provider=NAME, can=TASKS)
        if request.edit is not None:
            _require_inputs(request, request.edit, model)
            return
        prompt_text.any_language(request)
        cast_references.require_fit(request, _takes(model), provider=NAME)
        cast_references.require_enough(request, model, provider=NAME)
        takes = bool(_names(model).get("end_image"))
        keyframes.require_end(request, model, provider=NAME, takes=takes)
        prompt_text.require_length(request, model, provider=NAME)

    def used_fields(self, kind: Kind, model: ModelSpec) -> frozenset[str]:
        names = _names(model)
        if not cast_references.limits(_takes(model)):
            names = {**names, "references": ""}
        used = {ours for given, ours in FIELDS.items() if names.get(given)} | {
            "prompt",
            "prompt_en",
            "style",
        }
        return frozenset(
            (used | {"camera"}) - {"strength"}
            if kind == Kind.CLIP
            else used - {"duration_ms", "image_file", "end_image_file"}
        )

    def submit(self, request: Request, call_context: CallContext) -> Accepted | Result:
        self.check_request(request, call_context.model)
        assert isinstance(request, ImageRequest | ClipRequest)
        path, body = _where(call_context.model.called)
        body |= {"input": self.inputs(request, call_context), **self._webhook(call_context)}
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

    def inputs(
        self, request: ImageRequest | ClipRequest, call_context: CallContext
    ) -> dict[str, Any]:
        """Return the model's inputs.

        Uploads the image to Replicate first, which is free. Raises `Refused` (unreachable) if the
        upload fails.
        """
        if request.edit is not None:
            return self._edited(request, request.edit, call_context)
        given: dict[str, Any] = {
            "prompt": prompt_text.any_language(request),
            "aspect_ratio": call_context.model.ratios.get(
                request.aspect_ratio, request.aspect_ratio
            ),
            "seed": request.seed % 2**31,
        }
        if isinstance(request, ClipRequest):
            given["prompt"] = prompt_text.with_camera(given["prompt"], request.camera)
            given["duration"] = call_context.seconds
            given["audio"] = call_context.model.capabilities.get("audio") == "on"
            if request.image_file:
                given["image"] = self._reachable(request.image_file)
            if request.end_image_file:
                given["end_image"] = self._reachable(request.end_image_file)
        elif request.strength is not None:
            given["strength"] = request.strength / 100
        names = _names(call_context.model)
        if names.get("references") and cast_references.limits(call_context.model):
            found = [self._reachable(member.file) for member in cast_references.sheets(request)]
            one = call_context.model.options.get("one_reference")
            if found:
                given["references"] = found[0] if one else found
        if request.negative.strip():
            given["negative"] = request.negative.strip()
        return {
            **{names[what]: value for what, value in given.items() if names.get(what)},
            **call_context.model.options.get("extra", {}),
        }

    def _edited(
        self, request: ImageRequest | ClipRequest, edit: Edit, call_context: CallContext
    ) -> dict[str, Any]:
        """Return the inputs of an edit: the take, the mask, the words and the length, as the row
        names them. The size is that of the take.
        """
        names = _names(call_context.model)
        given: dict[str, Any] = {"seed": request.seed % 2**31}
        if names.get("prompt"):
            given["prompt"] = prompt_text.any_language(request)
        if isinstance(request, ImageRequest):
            picture, mime = edits.picture_of(edit)
            given["source"] = self._put(picture, mime)
            if edit.mask:
                mask = edits.as_png(edits.mask_over(picture, edit.mask))
                given["mask"] = self._put(mask, "image/png")
        else:
            with opened(edit.file) as file:
                clip = file.read()
            given["source"] = self._put(clip, mimetypes.guess_type(edit.file)[0] or "video/mp4")
            given["audio"] = call_context.model.capabilities.get("audio") == "on"
            if edit.task == edits.EXTEND:
                given["duration"] = call_context.seconds
        return {
            **{names[what]: value for what, value in given.items() if names.get(what)},
            **call_context.model.options.get("extra", {}),
        }

    def _reachable(self, name: str) -> str:
        with opened(name) as file:
            content = file.read()
        try:
            mime = image_import.mime_of(content)
        except MediaError as error:
            raise Refused.of(error.sentence, kind=Refusal.INVALID) from error
        return self._put(content, mime)

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
        if answer.status == 404:  # noqa: PLR2004  not found
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
        raise Unclear(
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
    names = _names(call_context.model)
    wanted: dict[str, Any] = {}
    if names["prompt"]:
        text = prompt_text.any_language(request)
        if isinstance(request, ClipRequest) and request.edit is None:
            text = prompt_text.with_camera(text, request.camera)
        wanted[names["prompt"]] = text
    if names["seed"]:
        wanted[names["seed"]] = request.seed % 2**31
    # An upscaler may take neither: nothing says then that a prediction is this request's.
    return bool(wanted) and _holds(prediction.input, wanted)


def _require_inputs(request: ImageRequest | ClipRequest, edit: Edit, model: ModelSpec) -> None:
    """Raise `Refused` (invalid) if the row names no input for something that the edit needs."""
    names = _names(model)
    if names.get("prompt"):
        prompt_text.any_language(request)
    wanted = ["source", *(["mask"] if edit.mask else [])]
    wanted += ["prompt"] if edit.task == edits.CHANGE else []
    missing = next((name for name in wanted if not names.get(name)), None)
    if missing is not None:
        raise Refused(NO_INPUT, kind=Refusal.INVALID, model=model.name, input=missing)


def _takes(model: ModelSpec) -> ModelSpec:
    """Return the model with the sheets that it takes: none if its row names no input for them, one
    if that input takes a single picture.
    """
    if not _names(model).get("references"):
        return dataclasses.replace(model, references={})
    if model.options.get("one_reference"):
        return cast_references.at_most(model, 1)
    return model


def _names(model: ModelSpec) -> dict[str, str]:
    """Return the model's input names; empty for inputs that the model does not have."""
    names: dict[str, str] = USUAL | model.options.get("input", {})
    return names


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


def _holds(given: dict[str, Any] | None, wanted: dict[str, Any]) -> bool:
    return given is not None and all(given.get(name) == value for name, value in wanted.items())
