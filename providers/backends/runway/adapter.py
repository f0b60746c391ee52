"""Adapter for Runway: clips from an image or from a prompt, and images."""

import base64
import io
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import quote

from django.utils.translation import gettext_noop

from media import image_import
from media.errors import MediaError
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
    CallContext,
    Candidate,
    Health,
    ModelSpec,
    Result,
    Running,
    Voice,
)
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
from providers.fetch import Link
from providers.lenient_decoding import texts_in
from providers.models import AIProviderConfig
from providers.refusal_words import is_key_refused
from providers.requests import ClipRequest, ImageRequest, Request
from providers.settings_schema import Common
from providers.store import opened
from providers.task_states import state_of

from .errors import TEMPLATES, cost_of, failure, refusal, words_of
from .messages import Created, Credits, Organization, Task
from .settings import Settings

log = logging.getLogger("ai_video.providers")
NAME = "Runway"
VERSION = "2024-11-06"
SEEDS = 4294967296
MOST_WORDS = 1000  # UTF-16 units
MOST_CAST_WORDS = 600  # characters of the descriptions of the cast
MOST_DATA_URI = 5_242_880  # characters
USED = frozenset({"prompt", "prompt_en", "style", "seed", "aspect_ratio"})
CLIP_ALONE = {"camera", "duration_ms", "image_file"}
NEGATIVE = {"veo3.1", "veo3.1_fast"}
# Models that generate sound unless told otherwise. The film does not use it, so it is not bought.
SOUND = {
    *(
        "veo3.1",
        "veo3.1_fast",
        "seedance2",
        "seedance2_fast",
        "seedance2_mini",
        "seedance2_5",
        "wan3",
        "wan3_prime",
    ),
    *(
        "kling3.0_standard",
        "kling3.0_pro",
        "kling3.0_4k",
        "klingO3_standard",
        "klingO3_pro",
        "klingO3_4k",
    ),
}
GONE = gettext_noop(
    "Runway does not know the task %(task)s any more: it was deleted, and whether it was "
    "charged is not known."
)


class RunwayAdapter:
    """Each call creates one task."""

    repeatable: ClassVar[bool] = False
    needs_key: ClassVar[bool] = True
    tells_balance: ClassVar[bool] = True
    cancel_is_free: ClassVar[str] = "queued"  # the credits of a queued task are refunded
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.IMAGE, Kind.CLIP})
    settings_kind: ClassVar[type[Common]] = Settings
    home: ClassVar[str] = "https://api.dev.runwayml.com"

    def __init__(self, config: AIProviderConfig) -> None:
        self.config = config
        self.settings = settings_schema.read(config.settings, Settings)
        self.read = self.settings.send_timeout
        self.send_limit = timedelta(seconds=self.read + 75)
        self.poll_in = self.settings.poll_seconds

    @property
    def _client(self) -> ProviderClient:
        headers = {
            "Authorization": f"Bearer {keys.key_of(self.config)}",
            "X-Runway-Version": VERSION,
        }
        return ProviderClient(
            checked_base(self.config.base_url, name=NAME), name=NAME, headers=headers
        )

    def ready(self) -> None:
        _ = self._client

    def check_request(self, request: Request, model: ModelSpec) -> None:
        if not isinstance(request, ImageRequest | ClipRequest):
            raise Refused(
                gettext_noop("Runway makes pictures and clips only."), kind=Refusal.INVALID
            )
        prompt_text.any_language(request)
        cast_references.require_fit(request, model, provider=NAME, most_text=MOST_CAST_WORDS)
        if isinstance(request, ImageRequest):
            cast_references.require_enough(request, model, provider=NAME)
        if (
            isinstance(request, ClipRequest)
            and not request.image_file
            and not model.options.get("text_to_video")
        ):
            raise Refused(
                gettext_noop("Runway's model %(model)s needs a picture to begin with."),
                kind=Refusal.INVALID,
                model=model.name,
            )
        if request.aspect_ratio not in self._ratios(request, model):
            raise prompt_text.no_format(request, provider=NAME, model=model.name)
        prompt_text.require_length(request, model, provider=NAME)

    def _ratios(self, request: Request, model: ModelSpec) -> Mapping[str, str]:
        """Return the aspect ratios. Some models have other ones for clips without an image."""
        from_words = isinstance(request, ClipRequest) and not request.image_file
        ratios: Mapping[str, str] = (
            model.options.get("text_ratios", model.ratios) if from_words else model.ratios
        )
        return ratios

    def used_fields(self, kind: Kind, model: ModelSpec) -> frozenset[str]:
        clip = CLIP_ALONE | ({"negative"} if _takes_negative(model) else set())
        used = USED | clip if kind == Kind.CLIP else USED
        if kind == Kind.IMAGE and cast_references.limits(model):
            used |= {"references"}
        return used if _takes_seed(model) else used - {"seed"}

    def submit(self, request: Request, call_context: CallContext) -> Accepted | Result:
        self.check_request(request, call_context.model)
        path, body = self._body(request, call_context)
        answer = self._client.post_once(path, read=self.read, json=body)
        if not answer.ok:
            raise refusal(answer)
        try:
            created = answer.parsed(Created)
        except UnreadableError as error:
            raise unparsable(NAME, answer) from error
        if not created.id.strip():
            raise unparsable(NAME, answer)
        return Accepted(
            created.id.strip(), poll_in=self.poll_in, quote=cost_of(created.estimated_cost)
        )

    def _body(self, request: Request, call_context: CallContext) -> tuple[str, dict[str, Any]]:
        """Return path and JSON of the request that creates the task."""
        model = call_context.model
        own: dict[str, Any]
        match request:
            case ImageRequest():
                text = prompt_text.any_language(request, tagged=True)
                path, own = "/v1/text_to_image", {"promptText": prompt_text.cut(text, MOST_WORDS)}
                if tags := cast_references.tags(request):
                    own["referenceImages"] = [
                        {"uri": self._data_uri(request.cast[place].file), "tag": tag}
                        for place, tag in tags.items()
                    ]
            case ClipRequest():
                text = prompt_text.cut(prompt_text.any_language(request), MOST_WORDS - 40)
                own = {"promptText": prompt_text.with_camera(text, request.camera)}
                path = "/v1/image_to_video" if request.image_file else "/v1/text_to_video"
                if request.image_file:
                    own["promptImage"] = self._data_uri(request.image_file)
                if _takes_negative(model) and request.negative.strip():
                    own["negativePrompt"] = prompt_text.cut(request.negative.strip(), MOST_WORDS)
                if _makes_sound(model):
                    own["audio"] = False
                own["duration"] = call_context.seconds
            case _:
                raise Refused(
                    gettext_noop("Runway makes pictures and clips only."), kind=Refusal.INVALID
                )
        return path, {
            "model": model.name,
            "ratio": self._ratios(request, model)[request.aspect_ratio],
            **({"seed": request.seed % SEEDS} if _takes_seed(model) else {}),
            **own,
        }

    def _data_uri(self, name: str) -> str:
        """Return the image as a data URI, because the media storage is not public.

        An image that is too large is converted to a smaller JPEG.
        """
        with opened(name) as file:
            content = file.read()
        try:
            uri = _uri(content, image_import.mime_of(content))
            for quality in (92, 80, 60):
                if len(uri) <= MOST_DATA_URI:
                    return uri
                out = io.BytesIO()
                image_import.decode(content).save(out, "JPEG", quality=quality)
                uri = _uri(out.getvalue(), "image/jpeg")
        except MediaError as error:
            raise Refused.of(error.sentence, kind=Refusal.INVALID) from error
        raise Refused(gettext_noop("The picture is too large for Runway."), kind=Refusal.INVALID)

    def poll(self, task_id: str, request: Request, call_context: CallContext) -> Running | Result:  # noqa: ARG002  the adapters' signature
        answer = self._client.ask("GET", f"/v1/tasks/{quote(task_id, safe='')}")
        if answer.status == 404:  # noqa: PLR2004  not found
            raise Unclear(GONE, task=task_id)
        task = self._task(answer)
        state = state_of(task.status)
        if state == "unknown" and any(texts_in(task.output)):
            state = "done"  # an unrecognized word, but there is a result
        if state == "done":
            return Result(media=self._link(task, answer), cost=cost_of(task.cost))
        if state in {"failed", "cancelled"}:
            raise failure(task, cancelled=state == "cancelled", raw=answer.body)
        if state == "unknown":
            log.warning(
                "Runway's task %s is in a state that is not known: %s", task_id, brief(task.status)
            )
        progress = None if task.progress is None else round(min(max(task.progress, 0), 1) * 100)
        unknown = brief(task.status)[:60] if state == "unknown" else ""
        return Running(
            poll_in=self.poll_in,
            progress=progress,
            queued=state == "waiting",
            unknown=unknown,
            raw=answer.body if unknown else b"",
        )

    def _link(self, task: Task, answer: ProviderResponse) -> Link | None:
        """Return the first output at the provider's hosts.

        Some outputs are listed beside a preview or a poster that is elsewhere.
        """
        links = [
            Link(text.strip(), hosts=self._hosts())
            for text in texts_in(task.output)
            if "://" in text
        ]
        if not links:
            raise Unclear(
                gettext_noop("The provider says that it is done and gives no file."),
                raw=answer.body,
            )
        return next((link for link in links if link.leads_to_provider), links[0])

    def _task(self, answer: ProviderResponse) -> Task:
        template = gettext_noop("Runway does not tell about the task at the moment: %(words)s")
        if not answer.ok:
            if is_key_refused(answer, words_of(answer)):
                raise KeyRefused(TEMPLATES[Refusal.KEY], words=words_of(answer))
            raise Later(template, words=words_of(answer))
        try:
            return answer.parsed(Task)
        except UnreadableError as error:
            raise Unreadable(template, words=answer.text, raw=answer.body) from error

    def recover(self, raw: bytes, request: Request, call_context: CallContext) -> Accepted | Result:  # noqa: ARG002  the adapters' signature
        return Accepted(raw_answer_search.task_in(raw), poll_in=0)

    def _hosts(self) -> tuple[str, ...]:
        return self.settings.result_hosts

    def cancel(self, task_id: str) -> bool:
        """Cancel the task. Never call it for a finished task: deleting it deletes its output."""
        return self._client.ask("DELETE", f"/v1/tasks/{quote(task_id, safe='')}").status == 204  # noqa: PLR2004  no content: deleted

    def _organization(self) -> Organization:
        answer = self._client.ask("GET", "/v1/organization")
        if not answer.ok:
            raise Later(
                gettext_noop("Runway does not tell about the account: %(words)s"),
                words=words_of(answer),
            )
        try:
            return answer.parsed(Organization)
        except UnreadableError as error:
            raise Later(
                gettext_noop("Runway does not tell about the account: %(words)s"), words=answer.text
            ) from error

    def balance(self) -> Decimal | None:
        return cost_of(Credits(self._organization().credit_balance))

    def check(self) -> Health:
        answer = self._client.ask("GET", "/v1/organization")
        try:
            found = answer.parsed(Organization) if answer.ok else None
        except UnreadableError:
            found = None
        if found is None:
            return connection_test.failed(answer)
        tiers = found.tier.models
        at_once = {
            f"{name} at once": str(tiers[name].max_concurrent_generations)
            for name in connection_test.own_models(self.config)
            if name in tiers
        }
        return Health(
            ok=True, facts={"balance": f"{cost_of(Credits(found.credit_balance))} USD", **at_once}
        )

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


def _takes_negative(model: ModelSpec) -> bool:
    return bool(model.capabilities.get("negative", model.name in NEGATIVE))


def _takes_seed(model: ModelSpec) -> bool:
    return bool(model.capabilities.get("seed", True))


def _makes_sound(model: ModelSpec) -> bool:
    """Return whether the model takes `audio`: it makes sound unless told otherwise."""
    if "audio" in model.capabilities:
        return bool(model.capabilities["audio"] == "switch")
    return model.name in SOUND


def _uri(content: bytes, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"
