"""Adapter for OpenAI's image API and servers that speak it. Nothing is kept at the server."""

from dataclasses import replace
from typing import Any, ClassVar

from django.utils.translation import gettext_noop

from providers import (
    cast_references,
    edits,
    prompt_text,
    raw_answer_search,
    settings_schema,
)
from providers.adapters import (
    Accepted,
    Bytes,
    CallContext,
    ModelSpec,
    Result,
    Running,
)
from providers.backends.openai_speech.errors import refusal
from providers.client import (
    ProviderResponse,
    UnreadableError,
    unparsable,
)
from providers.enums import Kind, Refusal
from providers.errors import Invalid, Refused, Unclear
from providers.fetch import Link
from providers.lenient_decoding import bytes_of
from providers.models import AIProviderConfig
from providers.openai_api import OpenAIServer
from providers.requests import Edit, ImageRequest, Request
from providers.settings_schema import Common

from .messages import Images
from .settings import Settings

MOST_WORDS = 4000  # UTF-16 units, what the older models take; `most_characters` of a row says other
TASKS = frozenset({edits.MAKE, edits.CHANGE, edits.MASK})
USED = frozenset({"prompt", "prompt_en", "style", "aspect_ratio"})


class OpenAIImagesAdapter(OpenAIServer):
    """Each call is one POST whose response holds the image, or a link to it.

    A model's row says its sizes (`ratios`, such as “16:9” to “1536x1024”) and further fields
    (`options.fields`, such as `{"quality": "high"}`).
    """

    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.IMAGE})
    settings_kind: ClassVar[type[Common]] = Settings

    def __init__(self, config: AIProviderConfig) -> None:
        self.settings = settings_schema.read(config.settings, Settings)
        super().__init__(config, timeout=self.settings.send_timeout)

    @property
    def free(self) -> bool:
        """Whether a price of zero is a price."""
        return self.settings.free

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
        edits.require(request, model, provider=self.name, can=TASKS)
        prompt_text.any_language(request)
        # The request has no field for sheets, whatever the row declares.
        none = replace(model, references={})
        cast_references.require_fit(request, none, provider=self.name)
        if model.ratios and request.aspect_ratio not in model.ratios:
            raise prompt_text.no_format(request, provider=self.name, model=model.name)

    def used_fields(self, kind: Kind, model: ModelSpec) -> frozenset[str]:
        used = USED if model.ratios else USED | {"width", "height"}
        return used | ({"seed"} if model.options.get("seed") else set())

    def submit(self, request: Request, call_context: CallContext) -> Accepted | Result:
        self.check_request(request, call_context.model)
        assert isinstance(request, ImageRequest)
        headers = {"X-Client-Request-Id": str(call_context.attempt)}
        body = self._body(request, call_context.model)
        if request.edit is None:
            answer = self._client().post_once(
                "/images/generations", read=self.timeout, json=body, headers=headers
            )
        else:
            answer = self._client().post_once(
                "/images/edits",
                read=self.timeout,
                files=self._edited(request.edit, body),
                headers=headers,
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

    def _edited(self, edit: Edit, body: dict[str, Any]) -> dict[str, Any]:
        """Return the multipart fields of an edit. The mask is transparent where it changes."""
        picture, mime = edits.picture_of(edit)
        files: dict[str, Any] = {name: (None, str(value)) for name, value in body.items()}
        files["image"] = (f"image.{mime.removeprefix('image/')}", picture, mime)
        if edit.mask:
            mask = edits.as_clear_png(edits.mask_over(picture, edit.mask))
            files["mask"] = ("mask.png", mask, "image/png")
        return files

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
                return Result(media=self._link(one.url.strip()))
        raise unparsable(self.name, answer)

    def _link(self, url: str) -> Link:
        own = "" if self.is_openai else self.config.base_url
        return Link(url, hosts=self.settings.result_hosts, own=own)

    def recover(self, raw: bytes, request: Request, call_context: CallContext) -> Accepted | Result:
        """Return the picture in the response, or the one that it links to."""
        try:
            return Result(media=Bytes(raw_answer_search.picture_in(raw)))
        except Invalid:
            return Result(media=self._link(raw_answer_search.link_in(raw)))

    def poll(self, task_id: str, request: Request, call_context: CallContext) -> Running | Result:
        """Raise `Unclear`: the API does not store results."""
        raise Unclear(
            gettext_noop("%(provider)s keeps no pictures: a lost answer cannot be fetched again."),
            provider=self.name,
        )
