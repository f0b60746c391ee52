"""Adapter for Stability AI's images (v2beta core, ultra, sd3, and v1 for the model in the guide)
and for the sound of Stable Audio 2.5.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage
from media import file_types, image_import
from media.errors import MediaError
from providers import (
    cast_references,
    connection_test,
    edits,
    keys,
    prompt_text,
    raw_answer_search,
    settings_schema,
    sound_requests,
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
from providers.errors import Later, Refused, Unclear
from providers.lenient_decoding import bytes_of, seed_of
from providers.models import AIProviderConfig
from providers.requests import Edit, ImageRequest, MusicRequest, Request, SoundRequest
from providers.settings_schema import Common
from providers.store import opened

from .errors import MODERATED, problem_of, refusal
from .messages import Artifacts, Balance, Finish, Picture, Problem
from .settings import Settings

NAME = "Stability AI"
CREDIT = Decimal("0.01")  # USD
SEEDS = 4294967295
TASKS = frozenset({edits.MAKE, edits.MASK, edits.UPSCALE})
MOST_SOUND_MS = 190_000
USED_SOUND = frozenset({"prompt", "mood", "duration_ms", "seed"})
USED = frozenset({"prompt", "prompt_en", "negative", "style", "seed", "aspect_ratio"})
FILTERED, SUCCESS = "CONTENT_FILTERED", {"", "SUCCESS", "SUCCEEDED", "COMPLETED"}
MOST_WORDS = {"v1": 2000, "v2beta": 10_000}
STYLE_NOT_ENGLISH = gettext_noop(
    "%(provider)s understands English only: the style is not in English, and it is not sent."
)
WITHHELD = gettext_noop(
    "Stability AI made the sound, withheld it because of its content, and charged it; "
    "change the words of the prompt."
)
BLURRED = gettext_noop(
    "Stability AI made the picture, blurred it because of its content, and charged it; "
    "change the words of the prompt."
)


class StabilityAdapter:
    """Each call is one POST whose response is the image or the sound."""

    repeatable: ClassVar[bool] = False
    needs_key: ClassVar[bool] = True
    english_only: ClassVar[bool] = True
    tells_balance: ClassVar[bool] = True
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.IMAGE, Kind.MUSIC, Kind.SOUND})
    settings_kind: ClassVar[type[Common]] = Settings
    home: ClassVar[str] = "https://api.stability.ai"

    def __init__(self, config: AIProviderConfig) -> None:
        self.config = config
        self.settings = settings_schema.read(config.settings, Settings)
        self.read = self.settings.send_timeout
        self.send_limit = timedelta(seconds=self.read + 75)

    def _client(self, **headers: str) -> ProviderClient:
        base = checked_base(self.config.base_url, name=NAME)
        return ProviderClient(
            base,
            name=NAME,
            headers={
                "authorization": f"Bearer {keys.key_of(self.config)}",
                "accept": "application/json",
                **headers,
            },
        )

    def ready(self) -> None:
        self._client()

    def check_request(self, request: Request, model: ModelSpec) -> None:
        match request:
            case ImageRequest():
                edits.require(request, model, provider=NAME, can=TASKS)
                if _takes_words(request, model):
                    prompt_text.english(request, provider=NAME)
                if request.edit is None:
                    cast_references.require_fit(request, _takes(model), provider=NAME)
                    cast_references.require_enough(request, model, provider=NAME)
            case MusicRequest() | SoundRequest():
                prompt = sound_requests.prompt_of(request)
                if not prompt_text.is_english(prompt):
                    raise Refused(
                        gettext_noop(
                            "%(provider)s understands English only: describe the sound in English."
                        ),
                        kind=Refusal.INVALID,
                        provider=NAME,
                    )
                sound_requests.require_prompt(
                    prompt, model, provider=NAME, most=MOST_WORDS["v2beta"]
                )
                sound_requests.require_length(request, model, provider=NAME, most_ms=MOST_SOUND_MS)
            case _:
                raise Refused(
                    gettext_noop("Stability AI makes pictures, music and effects only."),
                    kind=Refusal.INVALID,
                )
        if not model.endpoint:
            raise Refused(
                gettext_noop("Stability AI has no model named “%(model)s”."),
                kind=Refusal.INVALID,
                model=model.name,
            )
        if (
            isinstance(request, ImageRequest)
            and model.endpoint.startswith("v1/")
            and request.aspect_ratio not in model.ratios
        ):
            raise prompt_text.no_format(request, provider=NAME, model=model.name)

    def unsent(self, request: Request) -> list[LocalizedMessage]:
        """Return in words that a style in another language than English is left out."""
        if isinstance(request, ImageRequest) and not prompt_text.is_english(request.style):
            return [LocalizedMessage(STYLE_NOT_ENGLISH, {"provider": NAME})]
        return []

    def used_fields(self, kind: Kind, model: ModelSpec) -> frozenset[str]:
        if kind != Kind.IMAGE:
            return USED_SOUND
        return USED | (
            {"references", "strength"} if cast_references.limits(_takes(model)) else set()
        )

    def submit(self, request: Request, call_context: CallContext) -> Accepted | Result:
        self.check_request(request, call_context.model)
        if isinstance(request, MusicRequest | SoundRequest):
            return self._sound(request, call_context)
        assert isinstance(request, ImageRequest)
        line = self._client(**{"stability-client-user-id": str(call_context.attempt)})
        if call_context.model.endpoint.startswith("v1/"):
            answer = line.post_once(
                f"/{call_context.model.endpoint}",
                read=self.read,
                json=self._v1(request, call_context),
            )
            return self._first_artifact(answer, call_context)
        edit = request.edit
        fields = (
            self._v2(request, call_context)
            if edit is None
            else self._edited(request, edit, call_context)
        )
        answer = line.post_once(f"/{call_context.model.endpoint}", read=self.read, files=fields)
        return self._picture(answer, call_context)

    def _v2(self, request: ImageRequest, call_context: CallContext) -> dict[str, Any]:
        """Return the multipart fields; multipart is required even without a file."""
        fields = {
            "prompt": prompt_text.cut(
                prompt_text.english(request, provider=NAME), MOST_WORDS["v2beta"]
            ),
            "aspect_ratio": call_context.model.ratios.get(
                request.aspect_ratio, request.aspect_ratio
            ),
            "output_format": "png",
            "seed": str(request.seed % SEEDS),
            **call_context.model.options.get("fields", {}),
        }
        if request.negative.strip() and prompt_text.is_english(request.negative):
            fields["negative_prompt"] = prompt_text.cut(request.negative, MOST_WORDS["v2beta"])
        files: dict[str, Any] = {name: (None, value) for name, value in fields.items()}
        if found := cast_references.sheets(request):
            files["image"] = self._sheet(found[0].file)
            files["strength"] = (None, _strength(request, call_context.model))
        return files

    def _edited(
        self, request: ImageRequest, edit: Edit, call_context: CallContext
    ) -> dict[str, Any]:
        """Return the multipart fields of an edit: the picture, the mask, and words if it takes any.

        In the mask white is what changes.
        """
        model = call_context.model
        picture, mime = edits.picture_of(edit)
        fields = {"output_format": "png", **model.options.get("fields", {})}
        if _takes_words(request, model):
            words = prompt_text.english(request, provider=NAME)
            fields["prompt"] = prompt_text.cut(words, MOST_WORDS["v2beta"])
            fields["seed"] = str(request.seed % SEEDS)
        files: dict[str, Any] = {name: (None, value) for name, value in fields.items()}
        files["image"] = (f"image.{mime.removeprefix('image/')}", picture, mime)
        if edit.mask:
            mask = edits.as_png(edits.mask_over(picture, edit.mask))
            files["mask"] = ("mask.png", mask, "image/png")
        return files

    def _sheet(self, name: str) -> tuple[str, bytes, str]:
        """Return the reference sheet as a file of the form. These models take one."""
        with opened(name) as file:
            content = file.read()
        try:
            mime = image_import.mime_of(content)
        except MediaError as error:
            raise Refused.of(error.sentence, kind=Refusal.INVALID) from error
        return (f"sheet.{mime.removeprefix('image/')}", content, mime)

    def _v1(self, request: ImageRequest, call_context: CallContext) -> dict[str, Any]:
        width, height = call_context.model.ratios[request.aspect_ratio].split("x")
        prompts: list[dict[str, Any]] = [
            {
                "text": prompt_text.cut(
                    prompt_text.english(request, provider=NAME), MOST_WORDS["v1"]
                ),
                "weight": 1,
            }
        ]
        if request.negative.strip() and prompt_text.is_english(request.negative):
            prompts.append(
                {"text": prompt_text.cut(request.negative, MOST_WORDS["v1"]), "weight": -1}
            )
        return {
            "text_prompts": prompts,
            "width": int(width),
            "height": int(height),
            "samples": 1,
            "steps": self.settings.default_steps,
            "seed": request.seed % SEEDS,
        }

    def _sound(self, request: MusicRequest | SoundRequest, call_context: CallContext) -> Result:
        model = call_context.model
        fields = {
            "prompt": sound_requests.prompt_of(request),
            "duration": str(-(-sound_requests.ordered_ms(request, model.options) // 1000)),
            "output_format": "mp3",
            "seed": str(request.seed % SEEDS),
            **model.options.get("fields", {}),
        }
        headers = {"stability-client-user-id": str(call_context.attempt), "accept": "audio/*"}
        files = {name: (None, value) for name, value in fields.items()}
        answer = self._client(**headers).post_once(
            f"/{model.endpoint}", read=self.read, files=files
        )
        if not answer.ok:
            raise refusal(answer)
        if file_types.what(answer.body[: file_types.ENOUGH]) == "text":
            raise self._without(answer, call_context)
        return self._result(
            answer.headers.get("finish-reason", ""),
            answer.body,
            seed_of(answer.headers.get("seed")),
            call_context,
            answer,
        )

    def _picture(self, answer: ProviderResponse, call_context: CallContext) -> Result:
        if not answer.ok:
            raise refusal(answer)
        if file_types.is_picture(answer.body):  # the image itself instead of JSON
            headers = answer.headers
            return self._result(
                headers.get("finish-reason", ""),
                answer.body,
                seed_of(headers.get("seed")),
                call_context,
                answer,
            )
        try:
            parsed = answer.parsed(Picture)
            return self._result(
                parsed.finish_reason,
                bytes_of(parsed.image),
                seed_of(parsed.seed),
                call_context,
                answer,
            )
        except UnreadableError as error:
            raise self._without(answer, call_context) from error

    def _first_artifact(self, answer: ProviderResponse, call_context: CallContext) -> Result:
        if not answer.ok:
            raise refusal(answer)
        if file_types.is_picture(answer.body):
            return self._picture(answer, call_context)
        try:
            parsed = next(iter(answer.parsed(Artifacts).artifacts), None)
            if parsed is None:
                raise self._without(answer, call_context)
            return self._result(
                parsed.finish_reason,
                bytes_of(parsed.base64),
                seed_of(parsed.seed),
                call_context,
                answer,
            )
        except UnreadableError as error:
            raise self._without(answer, call_context) from error

    def _without(self, answer: ProviderResponse, call_context: CallContext) -> Refused | Unclear:
        """Return the error for a success response without an image or a sound.

        It is a content refusal if the response says so, else unclear.
        """
        try:
            problem = answer.parsed(Problem)
            finish = answer.parsed(Finish).finish_reason
        except UnreadableError:
            return unparsable(NAME, answer)
        if finish.upper() == FILTERED:
            return Refused(
                _filtered(call_context), kind=Refusal.MODERATED, cost=call_context.estimate
            )
        return refusal(answer) if problem.name.lower() in MODERATED else unparsable(NAME, answer)

    def _result(
        self,
        finish: str,
        image: bytes,
        seed: int | None,
        call_context: CallContext,
        answer: ProviderResponse,
    ) -> Result:
        """Return the result; its cost follows from the price list, because the response has none.

        Raises `Unclear` for an unknown finish reason.
        """
        if finish.upper() == FILTERED:
            raise Refused(
                _filtered(call_context), kind=Refusal.MODERATED, cost=call_context.estimate
            )
        if finish.upper() not in SUCCESS:
            template = gettext_noop(
                "Stability AI ended with “%(finish)s”; whether it charged that is not known."
            )
            raise Unclear(template, finish=brief(finish)[:60], raw=answer.body)
        return Result(media=Bytes(image), seed=seed)

    def recover(self, raw: bytes, request: Request, call_context: CallContext) -> Accepted | Result:
        if isinstance(request, MusicRequest | SoundRequest):
            return Result(media=Bytes(raw_answer_search.sound_in(raw)))
        return Result(media=Bytes(raw_answer_search.picture_in(raw)))

    def poll(self, task_id: str, request: Request, call_context: CallContext) -> Running | Result:
        """Raise `Unclear`: these endpoints do not store results.

        A person who attaches a task id gets this message.
        """
        raise Unclear(
            gettext_noop("Stability AI keeps no results: a lost answer cannot be fetched again.")
        )

    def cancel(self, task_id: str) -> bool:
        return False

    def balance(self) -> Decimal | None:
        answer = self._client().ask("GET", "/v1/user/balance")
        if not answer.ok:
            raise Later(
                gettext_noop("Stability AI does not tell the balance: %(words)s"),
                words=problem_of(answer).words,
            )
        try:
            return usd(answer.parsed(Balance).credits, unit=CREDIT)
        except UnreadableError as error:
            raise Later(
                gettext_noop("Stability AI does not tell the balance: %(words)s"), words=answer.text
            ) from error

    def check(self) -> Health:
        line = self._client()
        answer = line.ask("GET", "/v1/user/balance")
        if not answer.ok:
            return connection_test.failed(answer)
        engines = line.ask("GET", "/v1/engines/list")
        try:
            left = usd(answer.parsed(Balance).credits, unit=CREDIT)
        except UnreadableError:
            return connection_test.failed(answer)
        known = ", ".join(
            name
            for name in connection_test.own_models(self.config)
            if engines.ok and f'"{name}"'.encode() in engines.body
        )
        return Health(
            ok=True, facts={"balance": f"{left} USD", **({"v1 engines": known} if known else {})}
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


def _filtered(call_context: CallContext) -> str:
    return WITHHELD if "/audio/" in call_context.model.endpoint else BLURRED


def _takes_words(request: ImageRequest, model: ModelSpec) -> bool:
    """Return whether the service takes a prompt: the fast upscaler takes none."""
    return request.edit is None or bool(model.options.get("takes_words", True))


def _takes(model: ModelSpec) -> ModelSpec:
    """Return the model with the sheets that it takes: at most one, and none in the older API."""
    if model.endpoint.startswith("v1/"):
        return replace(model, references={})
    return cast_references.at_most(model, 1)


def _strength(request: ImageRequest, model: ModelSpec) -> str:
    """Return how far the picture may leave its sheet: at 0 it is the sheet, at 1 anything."""
    if request.strength is None:
        return str(model.options.get("strength", 0.85))
    return f"{1 - request.strength / 100:g}"
