"""Clips from a picture or from words, and pictures, by Runway."""

import base64
import io
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import quote

import msgspec
from django.utils.translation import gettext_noop

from providers import keys, wording
from providers.adapters import Accepted, Candidate, Card, Errand, Health, Result, Running
from providers.enums import Kind, Refusal
from providers.errors import Later, Refused, Unclear
from providers.fetch import Link
from providers.http import Answer, Line, checked_base, unparsable
from providers.media import pictures
from providers.media.errors import MediaError
from providers.models import AIProviderConfig
from providers.requests import ClipRequest, ImageRequest, Request
from providers.store import opened

from .errors import cost_of, failure, refusal, words_of
from .wire import Created, Credits, Organization, Task

log = logging.getLogger("ai_video.providers")
NAME = "Runway"
VERSION = "2024-11-06"
READ = 60.0  # seconds
POLL = 5.0  # seconds; "not more often"
SEEDS = 4294967296
MOST_WORDS = 1000  # UTF-16 units
MOST_DATA_URI = 5_242_880  # characters
HOSTS = ("cloudfront.net", "runwayml.com")
USED = frozenset({"prompt", "prompt_en", "style", "seed", "aspect_ratio"})
CLIP_ALONE = {"camera", "duration_ms", "image_file"}
NEGATIVE = {"veo3.1", "veo3.1_fast"}
# Models that make sound unless they are told not to. The film has no use for it, so it is not bought.
SOUND = {
    *("veo3.1", "veo3.1_fast", "seedance2", "seedance2_fast", "seedance2_mini", "seedance2_5", "wan3", "wan3_prime"),
    *("kling3.0_standard", "kling3.0_pro", "kling3.0_4k", "klingO3_standard", "klingO3_pro", "klingO3_4k"),
}
DONE, ENDED, WAITING = "SUCCEEDED", {"FAILED", "CANCELLED"}, {"PENDING", "THROTTLED"}
GONE = gettext_noop("Runway does not know the task %(task)s any more: it was deleted, and whether it was charged is not known.")


class RunwayAdapter:
    """Each call creates one task."""

    repeatable: ClassVar[bool] = False
    needs_key: ClassVar[bool] = True
    tells_balance: ClassVar[bool] = True
    cancel_is_free: ClassVar[str] = "queued"  # the credits of a task that has not begun are given back
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.IMAGE, Kind.CLIP})

    def __init__(self, config: AIProviderConfig) -> None:
        self.config = config
        self.read = float(config.settings.get("send_timeout", READ))
        self.send_limit = timedelta(seconds=self.read + 75)
        self.poll_in = float(config.settings.get("poll_seconds", POLL))

    @property
    def _line(self) -> Line:
        headers = {"Authorization": f"Bearer {keys.key_of(self.config)}", "X-Runway-Version": VERSION}
        return Line(checked_base(self.config.base_url, name=NAME), name=NAME, headers=headers)

    def ready(self) -> None:
        _ = self._line

    def check_request(self, request: Request, model: Card) -> None:
        if not isinstance(request, ImageRequest | ClipRequest):
            raise Refused(gettext_noop("Runway makes pictures and clips only."), kind=Refusal.INVALID)
        wording.any_language(request)
        if isinstance(request, ClipRequest) and not request.image_file and not model.options.get("text_to_video"):
            raise Refused(gettext_noop("Runway's model %(model)s needs a picture to begin with."), kind=Refusal.INVALID, model=model.name)
        if request.aspect_ratio not in self._ratios(request, model):
            raise wording.no_format(request, provider=NAME, model=model.name)
        wording.require_length(request, model, provider=NAME)

    def _ratios(self, request: Request, model: Card) -> Mapping[str, str]:
        """Clips from words alone have formats of their own at some models."""
        from_words = isinstance(request, ClipRequest) and not request.image_file
        ratios: Mapping[str, str] = model.options.get("text_ratios", model.ratios) if from_words else model.ratios
        return ratios

    def used_fields(self, kind: Kind, model: Card) -> frozenset[str]:
        clip = CLIP_ALONE | ({"negative"} if _takes_negative(model) else set())
        return USED | clip if kind == Kind.CLIP else USED

    def submit(self, request: Request, errand: Errand) -> Accepted | Result:
        self.check_request(request, errand.model)
        path, body = self._body(request, errand)
        answer = self._line.spend(path, read=self.read, json=body)
        if not answer.ok:
            raise refusal(answer)
        try:
            created = answer.parsed(Created)
        except msgspec.MsgspecError as error:
            raise unparsable(NAME, answer) from error
        if not created.id:
            raise unparsable(NAME, answer)
        return Accepted(created.id, poll_in=self.poll_in, quote=cost_of(created.estimated_cost))

    def _body(self, request: Request, errand: Errand) -> tuple[str, dict[str, Any]]:
        """Path and JSON of the request that creates the task."""
        model = errand.model
        match request:
            case ImageRequest():
                path, own = "/v1/text_to_image", {"promptText": wording.cut(wording.any_language(request), MOST_WORDS)}
            case ClipRequest():
                text = wording.cut(wording.any_language(request), MOST_WORDS - 40)
                own = {"promptText": wording.with_camera(text, request.camera)}
                path = "/v1/image_to_video" if request.image_file else "/v1/text_to_video"
                if request.image_file:
                    own["promptImage"] = self._data_uri(request.image_file)
                if _takes_negative(model) and request.negative.strip():
                    own["negativePrompt"] = wording.cut(request.negative.strip(), MOST_WORDS)
                if model.name in SOUND:
                    own["audio"] = False
                own["duration"] = errand.seconds
            case _:
                raise Refused(gettext_noop("Runway makes pictures and clips only."), kind=Refusal.INVALID)
        return path, {"model": model.name, "ratio": self._ratios(request, model)[request.aspect_ratio], "seed": request.seed % SEEDS, **own}

    def _data_uri(self, name: str) -> str:
        """The picture itself in the request: the studio's storage is not for strangers. Made smaller as JPEG when it is too large."""
        with opened(name) as file:
            content = file.read()
        try:
            uri = _uri(content, pictures.mime_of(content))
            for quality in (92, 80, 60):
                if len(uri) <= MOST_DATA_URI:
                    return uri
                out = io.BytesIO()
                pictures.decode(content).save(out, "JPEG", quality=quality)
                uri = _uri(out.getvalue(), "image/jpeg")
        except MediaError as error:
            raise Refused.of(error.sentence, kind=Refusal.INVALID) from error
        raise Refused(gettext_noop("The picture is too large for Runway."), kind=Refusal.INVALID)

    def poll(self, task_id: str, request: Request, errand: Errand) -> Running | Result:  # noqa: ARG002  the adapters' signature
        answer = self._line.ask("GET", f"/v1/tasks/{quote(task_id, safe='')}")
        if answer.status == 404:  # noqa: PLR2004  not found
            raise Unclear(GONE, task=task_id)
        task = self._task(answer)
        if task.status == DONE:
            link = Link(task.output[0], hosts=self._hosts()) if task.output else None
            return Result(media=link, cost=cost_of(task.cost))
        if task.status in ENDED:
            raise failure(task)
        if task.status not in WAITING | {"RUNNING"}:
            log.warning("Runway's task %s is in a state that is not known: %s", task_id, task.status)
        progress = None if task.progress is None else round(min(max(task.progress, 0), 1) * 100)
        return Running(poll_in=self.poll_in, progress=progress, queued=task.status in WAITING)

    def _task(self, answer: Answer) -> Task:
        if not answer.ok:
            raise Later(gettext_noop("Runway does not tell about the task at the moment: %(words)s"), words=words_of(answer))
        try:
            return answer.parsed(Task)
        except msgspec.MsgspecError as error:
            raise Later(gettext_noop("Runway does not tell about the task at the moment: %(words)s"), words=answer.text) from error

    def _hosts(self) -> tuple[str, ...]:
        return tuple(self.config.settings.get("result_hosts", HOSTS))

    def cancel(self, task_id: str) -> bool:
        """Never for a finished task: deleting it deletes its output."""
        return self._line.ask("DELETE", f"/v1/tasks/{quote(task_id, safe='')}").status == 204  # noqa: PLR2004  no content: it is gone

    def _organization(self) -> Organization:
        answer = self._line.ask("GET", "/v1/organization")
        if not answer.ok:
            raise Later(gettext_noop("Runway does not tell about the account: %(words)s"), words=words_of(answer))
        try:
            return answer.parsed(Organization)
        except msgspec.MsgspecError as error:
            raise Later(gettext_noop("Runway does not tell about the account: %(words)s"), words=answer.text) from error

    def balance(self) -> Decimal | None:
        return cost_of(Credits(self._organization().credit_balance))

    def check(self) -> Health:
        try:
            found = self._organization()
        except Later as error:
            return Health(ok=False, facts={"answer": str(error)})
        at_once = {name: tier.max_concurrent_generations for name, tier in found.tier.models.items()}
        return Health(ok=True, facts={"balance": f"{cost_of(Credits(found.credit_balance))} USD", **{f"{name} at once": str(n) for name, n in at_once.items()}})

    def candidates(self, request: Request, errand: Errand, *, since: datetime) -> list[Candidate]:  # noqa: ARG002  keeps no list
        return []


def _takes_negative(model: Card) -> bool:
    return model.name in NEGATIVE


def _uri(content: bytes, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"
