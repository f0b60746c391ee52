"""Inputs by the names that a model's row gives them.

For providers of many models, each of which has inputs of its own. The names are in the row, not in
the adapter. A row's options may hold:

- `input`: names that differ from the usual ones; an empty one is an input that the model lacks.
- `extra`: inputs with a fixed value.
- `lists`: what is sent as a list of one, such as `["source"]`.
- `duration`: how a length is written, such as `"%ss"`; without it a number of seconds is sent.
- `one_reference`: the input for reference sheets takes a single picture.
"""

import dataclasses
import mimetypes
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext_noop

from media import image_import
from media.errors import MediaError

from . import cast_references, edits, keyframes, prompt_text
from .adapters import CallContext, ModelSpec
from .enums import Kind, Refusal
from .errors import Refused
from .requests import ClipRequest, Edit, ImageRequest
from .store import opened

type Put = Callable[[bytes, str], str]  # content and MIME type to the address that is sent

SEEDS = 2**31
TASKS = frozenset({edits.MAKE, edits.CHANGE, edits.MASK, edits.UPSCALE, edits.EXTEND})
NO_INPUT = gettext_noop(
    "The row of %(provider)s's model %(model)s names no input for “%(input)s”: an administrator "
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


# What the inputs are called where neither a provider nor a model's row has another name; empty: the
# model has no such input.
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


@dataclasses.dataclass(frozen=True, slots=True)
class NamedInputs:
    """The inputs of one provider's models. `named` are the provider's names that are not usual."""

    provider: str
    named: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def names(self, model: ModelSpec) -> dict[str, str]:
        """Return the model's input names; empty for inputs that the model does not have."""
        names: dict[str, str] = {**USUAL, **self.named, **model.options.get("input", {})}
        return names

    def check(self, request: ImageRequest | ClipRequest, model: ModelSpec) -> None:
        """Raise `Refused` (invalid) for a request of which something would not be sent."""
        edits.require(request, model, provider=self.provider, can=TASKS)
        if request.edit is not None:
            self._require_inputs(request, request.edit, model)
            return
        prompt_text.any_language(request)
        cast_references.require_fit(request, self._takes(model), provider=self.provider)
        cast_references.require_enough(request, model, provider=self.provider)
        takes = bool(self.names(model).get("end_image"))
        keyframes.require_end(request, model, provider=self.provider, takes=takes)
        prompt_text.require_length(request, model, provider=self.provider)

    def used_fields(self, kind: Kind, model: ModelSpec) -> frozenset[str]:
        names = self.names(model)
        if not cast_references.limits(self._takes(model)):
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

    def inputs(
        self, request: ImageRequest | ClipRequest, call_context: CallContext, put: Put
    ) -> dict[str, Any]:
        """Return what is sent. `put` makes a file reachable for the provider, which is free."""
        if request.edit is not None:
            return self._named(self._edited(request, request.edit, call_context, put), call_context)
        given: dict[str, Any] = {
            "prompt": prompt_text.any_language(request),
            "aspect_ratio": call_context.model.ratios.get(
                request.aspect_ratio, request.aspect_ratio
            ),
            "seed": request.seed % SEEDS,
        }
        if isinstance(request, ClipRequest):
            given["prompt"] = prompt_text.with_camera(given["prompt"], request.camera)
            given["duration"] = call_context.seconds
            given["audio"] = call_context.model.capabilities.get("audio") == "on"
            if request.image_file:
                given["image"] = _picture(request.image_file, put)
            if request.end_image_file:
                given["end_image"] = _picture(request.end_image_file, put)
        elif request.strength is not None:
            given["strength"] = request.strength / 100
        if self.names(call_context.model).get("references") and cast_references.limits(
            call_context.model
        ):
            found = [_picture(member.file, put) for member in cast_references.sheets(request)]
            one = call_context.model.options.get("one_reference")
            if found:
                given["references"] = found[0] if one else found
        if request.negative.strip():
            given["negative"] = request.negative.strip()
        return self._named(given, call_context)

    def _edited(
        self,
        request: ImageRequest | ClipRequest,
        edit: Edit,
        call_context: CallContext,
        put: Put,
    ) -> dict[str, Any]:
        """Return the inputs of an edit: the take, the mask, the words and the length. The size is
        that of the take.
        """
        given: dict[str, Any] = {"seed": request.seed % SEEDS}
        if self.names(call_context.model).get("prompt"):
            given["prompt"] = prompt_text.any_language(request)
        if isinstance(request, ImageRequest):
            picture, mime = edits.picture_of(edit)
            given["source"] = put(picture, mime)
            if edit.mask:
                mask = edits.as_png(edits.mask_over(picture, edit.mask))
                given["mask"] = put(mask, "image/png")
        else:
            with opened(edit.file) as file:
                clip = file.read()
            given["source"] = put(clip, mimetypes.guess_type(edit.file)[0] or "video/mp4")
            given["audio"] = call_context.model.capabilities.get("audio") == "on"
            if edit.task == edits.EXTEND:
                given["duration"] = call_context.seconds
        return given

    def _named(self, given: dict[str, Any], call_context: CallContext) -> dict[str, Any]:
        names, options = self.names(call_context.model), call_context.model.options
        if "duration" in given and isinstance(options.get("duration"), str):
            given["duration"] = options["duration"].replace("%s", str(given["duration"]))
        lists = options.get("lists", ())
        return {
            **{
                names[what]: [value] if what in lists else value
                for what, value in given.items()
                if names.get(what)
            },
            **options.get("extra", {}),
        }

    def are_of(
        self,
        inputs: Mapping[str, Any] | None,
        request: ImageRequest | ClipRequest,
        call_context: CallContext,
    ) -> bool:
        """Return whether these inputs hold the prompt and the seed of this request."""
        names = self.names(call_context.model)
        wanted: dict[str, Any] = {}
        if names["prompt"]:
            text = prompt_text.any_language(request)
            if isinstance(request, ClipRequest) and request.edit is None:
                text = prompt_text.with_camera(text, request.camera)
            wanted[names["prompt"]] = text
        if names["seed"]:
            wanted[names["seed"]] = request.seed % SEEDS
        # An upscaler may take neither: nothing says then that it is this request.
        return (
            bool(wanted)
            and inputs is not None
            and all(inputs.get(name) == value for name, value in wanted.items())
        )

    def _require_inputs(
        self, request: ImageRequest | ClipRequest, edit: Edit, model: ModelSpec
    ) -> None:
        """Raise `Refused` (invalid) if the row names no input for what the edit needs."""
        names = self.names(model)
        if names.get("prompt"):
            prompt_text.any_language(request)
        wanted = ["source", *(["mask"] if edit.mask else [])]
        wanted += ["prompt"] if edit.task == edits.CHANGE else []
        missing = next((name for name in wanted if not names.get(name)), None)
        if missing is not None:
            raise Refused(
                NO_INPUT,
                kind=Refusal.INVALID,
                provider=self.provider,
                model=model.name,
                input=missing,
            )

    def _takes(self, model: ModelSpec) -> ModelSpec:
        """Return the model with the sheets that it takes: none if its row names no input for them,
        one if that input takes a single picture.
        """
        if not self.names(model).get("references"):
            return dataclasses.replace(model, references={})
        if model.options.get("one_reference"):
            return cast_references.at_most(model, 1)
        return model


def _picture(name: str, put: Put) -> str:
    with opened(name) as file:
        content = file.read()
    try:
        mime = image_import.mime_of(content)
    except MediaError as error:
        raise Refused.of(error.sentence, kind=Refusal.INVALID) from error
    return put(content, mime)
