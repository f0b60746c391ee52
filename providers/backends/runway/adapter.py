"""Adapter for Runway: clips from an image or from a prompt, images, and sound effects."""

import base64
import io
import logging
import mimetypes
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import quote

import msgspec
from django.utils.translation import gettext_noop

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
    sound_requests,
)
from providers.adapters import (
    Accepted,
    CallContext,
    Candidate,
    Health,
    ModelSpec,
    Result,
    Running,
    Used,
    Voice,
)
from providers.amounts import rounded
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
from providers.lenient_decoding import texts_in
from providers.models import AIProviderConfig
from providers.refusal_words import is_key_refused
from providers.requests import ClipRequest, Edit, ImageRequest, Request, SoundRequest, kind_of
from providers.settings_schema import Common
from providers.store import opened
from providers.task_states import state_of

from .errors import CREDIT, TEMPLATES, cost_of, failure, refusal, words_of
from .messages import Created, Credits, Organization, Task, Usage
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
MOST_EFFECT_WORDS = 3000  # characters
MOST_EFFECT_MS = 30_000
MOST_CLIP_URI = 16_777_216  # characters
TASKS = {
    Kind.IMAGE: frozenset({edits.MAKE, edits.CHANGE, edits.UPSCALE}),
    Kind.CLIP: frozenset({edits.MAKE, edits.UPSCALE, edits.EXTEND, edits.FINISH}),
}
DRAFT_DAYS = 7  # after which a draft cannot be finished
SOURCE = "source"  # the tag of the picture that is changed
NEGATIVE = {"veo3.1", "veo3.1_fast"}
# Models that generate sound unless told otherwise. It is bought only of a row that says so.
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


NO_USAGE = gettext_noop("Runway does not tell its usage: %(words)s")
MOST_NAME = 120  # characters of the name of a model
MOST_CREDITS = 9_999_900  # of a model on a day; what a line of a bill may have


class RunwayAdapter:
    """Each call creates one task."""

    repeatable: ClassVar[bool] = False
    needs_key: ClassVar[bool] = True
    tells_balance: ClassVar[bool] = True
    cancel_is_free: ClassVar[str] = "queued"  # the credits of a queued task are refunded
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.IMAGE, Kind.CLIP, Kind.SOUND})
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
        if isinstance(request, SoundRequest):
            sound_requests.require_prompt(
                request.prompt, model, provider=NAME, most=MOST_EFFECT_WORDS
            )
            sound_requests.require_length(request, model, provider=NAME, most_ms=MOST_EFFECT_MS)
            return
        if not isinstance(request, ImageRequest | ClipRequest):
            raise Refused(
                gettext_noop("Runway makes pictures, clips and effects only."),
                kind=Refusal.INVALID,
            )
        edits.require(request, model, provider=NAME, can=TASKS[kind_of(request)])
        if request.edit is not None:
            if request.edit.task == edits.FINISH:
                edits.require_draft(request.edit, provider=NAME, days=DRAFT_DAYS)
            elif request.edit.task != edits.UPSCALE:
                prompt_text.any_language(request)
            if request.edit.task == edits.CHANGE:
                self._require_ratio(request, model)
            return
        prompt_text.any_language(request)
        # A clip that begins with a picture has no field for sheets, whatever the row declares.
        takes = model
        if isinstance(request, ClipRequest) and not _by_sheets(model):
            takes = replace(model, references={})
        cast_references.require_fit(request, takes, provider=NAME, most_text=MOST_CAST_WORDS)
        cast_references.require_enough(request, model, provider=NAME)
        if (
            isinstance(request, ClipRequest)
            and not _starts(request, model)
            and not model.options.get("text_to_video")
        ):
            raise Refused(
                gettext_noop("Runway's model %(model)s needs a picture to begin with."),
                kind=Refusal.INVALID,
                model=model.name,
            )
        self._require_ratio(request, model)
        takes_end = keyframes.takes_end(model) and _starts(request, model)
        keyframes.require_end(request, model, provider=NAME, takes=takes_end)
        prompt_text.require_length(request, model, provider=NAME)

    def _require_ratio(self, request: ImageRequest | ClipRequest, model: ModelSpec) -> None:
        if request.aspect_ratio not in self._ratios(request, model):
            raise prompt_text.no_format(request, provider=NAME, model=model.name)

    def _ratios(self, request: Request, model: ModelSpec) -> Mapping[str, str]:
        """Return the aspect ratios. Some models have other ones for clips without an image."""
        from_words = isinstance(request, ClipRequest) and not _starts(request, model)
        ratios: Mapping[str, str] = (
            model.options.get("text_ratios", model.ratios) if from_words else model.ratios
        )
        return ratios

    def used_fields(self, kind: Kind, model: ModelSpec) -> frozenset[str]:
        if kind == Kind.SOUND:
            return frozenset({"prompt", "duration_ms"})
        clip = CLIP_ALONE | ({"negative"} if _takes_negative(model) else set())
        clip |= {"end_image_file"} if keyframes.takes_end(model) else set()
        used = USED | clip if kind == Kind.CLIP else USED
        if kind == Kind.CLIP and _by_sheets(model):
            used = (used | {"references"}) - {"image_file", "end_image_file"}
        elif kind == Kind.IMAGE and cast_references.limits(model):
            used |= {"references"}
        return used if _takes_seed(model) else used - {"seed"}

    def submit(self, request: Request, call_context: CallContext) -> Accepted | Result:
        self.check_request(request, call_context.model)
        edit = edits.edit_of(request)
        if edit is not None and edit.task != edits.CHANGE:
            path, body = self._edited(request, edit, call_context)
        else:
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
            case SoundRequest():
                seconds = sound_requests.ordered_ms(request, model.options) / 1000
                return "/v1/sound_effect", {
                    "model": model.called,
                    "promptText": request.prompt,
                    "duration": seconds,
                }
            case ImageRequest():
                text = prompt_text.any_language(request, tagged=True)
                if request.edit is not None:
                    text = f"@{SOURCE}: {text}"
                path, own = "/v1/text_to_image", {"promptText": prompt_text.cut(text, MOST_WORDS)}
                if request.edit is not None:
                    uri = self._data_uri(request.edit.file)
                    own["referenceImages"] = [{"uri": uri, "tag": SOURCE}]
                elif tags := cast_references.tags(request):
                    own["referenceImages"] = [
                        {"uri": self._data_uri(request.cast[place].file), "tag": tag}
                        for place, tag in tags.items()
                    ]
            case ClipRequest():
                path, own = self._clip_body(request, call_context)
            case _:
                raise Refused(
                    gettext_noop("Runway makes pictures, clips and effects only."),
                    kind=Refusal.INVALID,
                )
        return path, {
            "model": model.called,
            "ratio": self._ratios(request, model)[request.aspect_ratio],
            **({"seed": request.seed % SEEDS} if _takes_seed(model) else {}),
            **own,
            **model.options.get("fields", {}),
        }

    def _clip_body(
        self, request: ClipRequest, call_context: CallContext
    ) -> tuple[str, dict[str, Any]]:
        model = call_context.model
        text = prompt_text.cut(prompt_text.any_language(request), MOST_WORDS - 40)
        own: dict[str, Any] = {"promptText": prompt_text.with_camera(text, request.camera)}
        starts = _starts(request, model)
        path = "/v1/image_to_video" if starts else "/v1/text_to_video"
        if starts:
            own["promptImage"] = self._frames(request)
        elif _by_sheets(model):
            own["references"] = [
                {"uri": self._data_uri(member.file)} for member in cast_references.sheets(request)
            ]
        if _takes_negative(model) and request.negative.strip():
            own["negativePrompt"] = prompt_text.cut(request.negative.strip(), MOST_WORDS)
        if (audio := _audio(model)) != "none":
            own["audio"] = audio == "on"
        if edits.makes_drafts(model.capabilities):
            own["draft"] = True
        own["duration"] = call_context.seconds
        return path, own

    def _edited(
        self, request: Request, edit: Edit, call_context: CallContext
    ) -> tuple[str, dict[str, Any]]:
        """Return path and JSON of the request that upscales, extends or finishes."""
        model = call_context.model
        own: dict[str, Any]
        if isinstance(request, ImageRequest):
            path, own = "/v1/image_upscale", {"imageUri": self._data_uri(edit.file)}
        elif edit.task == edits.FINISH:
            path, own = "/v1/text_to_video", {"draftTaskId": edit.draft}
        elif edit.task == edits.UPSCALE:
            path, own = "/v1/video_upscale", {"videoUri": self._clip_uri(edit.file)}
        else:
            assert isinstance(request, ClipRequest)
            text = prompt_text.cut(prompt_text.any_language(request), MOST_WORDS)
            path = "/v1/video_to_video"
            own = {
                "promptVideo": self._clip_uri(edit.file),
                "promptText": text,
                "mode": "extend",
                "duration": call_context.seconds,
                **({"audio": _audio(model) == "on"} if _audio(model) != "none" else {}),
            }
        return path, {"model": model.called, **own, **model.options.get("fields", {})}

    def _clip_uri(self, name: str) -> str:
        """Return the clip as a data URI, because the media storage is not public."""
        with opened(name) as file:
            content = file.read()
        uri = _uri(content, mimetypes.guess_type(name)[0] or "video/mp4")
        if len(uri) > MOST_CLIP_URI:
            raise Refused(
                gettext_noop("The clip is too large for Runway: at most %(most)s MB are sent."),
                kind=Refusal.INVALID,
                most=MOST_CLIP_URI * 3 // 4 // 1_000_000,
            )
        return uri

    def _frames(self, request: ClipRequest) -> str | list[dict[str, str]]:
        """Return the first frame, or first and last frame with their positions."""
        first = self._data_uri(request.image_file)
        if not request.end_image_file:
            return first
        return [
            {"uri": first, "position": "first"},
            {"uri": self._data_uri(request.end_image_file), "position": "last"},
        ]

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

    def poll(self, task_id: str, request: Request, call_context: CallContext) -> Running | Result:
        answer = self._client.ask("GET", f"/v1/tasks/{quote(task_id, safe='')}")
        if answer.status in {404, 410}:
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

    def _link(self, task: Task, answer: ProviderResponse) -> Link:
        """Return the first output at the provider's hosts.

        Some outputs are listed beside a preview or a poster that is elsewhere.
        """
        links = [
            Link(text.strip(), hosts=self._hosts())
            for text in texts_in(task.output)
            if "://" in text
        ]
        found = next((link for link in links if link.leads_to_provider), None)
        if found is not None:
            return found
        raise elsewhere(texts_in(task.output), raw=answer.body) or Unclear(
            gettext_noop("The provider says that it is done and gives no file."),
            raw=answer.body,
        )

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

    def recover(self, raw: bytes, request: Request, call_context: CallContext) -> Accepted | Result:
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

    def usage(self, first: date, last: date) -> list[Used]:
        asked = {
            "startDate": first.isoformat(),
            "beforeDate": (last + timedelta(days=1)).isoformat(),
        }
        answer = self._client.ask("POST", "/v1/organization/usage", json=asked)
        if not answer.ok:
            words = words_of(answer)
            if is_key_refused(answer, words):
                raise KeyRefused(TEMPLATES[Refusal.KEY], words=words)
            raise Later(NO_USAGE, words=words)
        try:
            return [
                Used(day.date, brief(one.model)[:MOST_NAME], _credits(one.amount))
                for day in msgspec.json.decode(answer.body, type=Usage).results
                for one in day.used_credits
            ]
        except (msgspec.MsgspecError, ValueError) as error:  # nothing may be left out of a bill
            raise Later(NO_USAGE, words=answer.text) from error

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
        request: Request,
        call_context: CallContext,
        *,
        since: datetime,
    ) -> list[Candidate]:
        return []

    def voices(self) -> list[Voice]:
        return []


def _credits(amount: float) -> Decimal:
    """Return the credits in USD. Raises `ValueError` if they are implausible."""
    if not abs(amount) <= MOST_CREDITS:
        raise ValueError(amount)
    return rounded(Decimal(str(amount)) * CREDIT)


def _starts(request: Request, model: ModelSpec) -> bool:
    """Return whether the clip begins with a picture."""
    is_clip = isinstance(request, ClipRequest) and bool(request.image_file)
    return is_clip and not _by_sheets(model)


def _by_sheets(model: ModelSpec) -> bool:
    """Return whether the row's clips are made from reference sheets, not from a first picture."""
    return bool(model.options.get("needs_reference"))


def _takes_negative(model: ModelSpec) -> bool:
    return bool(model.capabilities.get("negative", model.called in NEGATIVE))


def _takes_seed(model: ModelSpec) -> bool:
    return bool(model.capabilities.get("seed", True))


def _audio(model: ModelSpec) -> str:
    """Return `on`, `switch`, or `none` for a model that does not take the field."""
    known = "switch" if model.called in SOUND else "none"
    return str(model.capabilities.get("audio", known))


def _uri(content: bytes, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"
