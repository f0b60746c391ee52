"""What is asked of a provider: frozen values, stored as JSON on the call, hashed to know one request from another."""

import hashlib
from typing import Any, Literal

import msgspec

from .enums import Kind

type AspectRatio = Literal["16:9", "9:16", "1:1"]
type Camera = Literal["push_in", "pull_out", "pan_left", "pan_right", "tilt_up", "tilt_down", "still"]


class ImageRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind", tag="image"):
    """A picture. `width` and `height` in pixels are what the film needs; a provider may give another size of the same format."""

    prompt: str
    prompt_en: str = ""
    negative: str = ""
    style: str = ""
    seed: int = 0
    aspect_ratio: AspectRatio = "16:9"
    width: int = 1280
    height: int = 720
    model: str = ""


class ClipRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind", tag="clip"):
    """A moving clip. `image_file` names the picture it starts from in the media storage; empty: from the words alone."""

    prompt: str
    prompt_en: str = ""
    negative: str = ""
    style: str = ""
    seed: int = 0
    aspect_ratio: AspectRatio = "16:9"
    width: int = 1280
    height: int = 720
    fps: int = 24
    duration_ms: int = 7000
    camera: Camera = "push_in"
    image_file: str = ""
    model: str = ""


class Passage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of a script that no scene runs across, and of how many scenes it becomes.

    `place` and `time` are what its heading says; `title` names it. They are shown, never spoken.
    """

    text: str
    scenes: int
    title: str = ""
    place: str = ""
    time: str = ""


class TextRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind", tag="text"):
    """Work with words.

    `plan_story`: a plan of exactly `scenes` scenes for the script; gives `{"scenes": [{title, narration, prompt, prompt_en, camera}]}`.
    `to_english`: the text of `script` in English, as a prompt for providers that know nothing else; gives `{"text": ...}`,
    which the local provider leaves empty rather than guess.
    `passages`: the script in parts, where it has headings; together they have `scenes` scenes and the words of `script`.
    """

    task: Literal["plan_story", "to_english"]
    script: str
    scenes: int = 0
    language: Literal["ko", "en"] = "ko"
    style: str = ""
    aspect_ratio: AspectRatio = "16:9"
    model: str = ""
    passages: list[Passage] = []


type Request = ImageRequest | ClipRequest | TextRequest

_KINDS: dict[type[msgspec.Struct], Kind] = {ImageRequest: Kind.IMAGE, ClipRequest: Kind.CLIP, TextRequest: Kind.TEXT}


def kind_of(request: Request) -> Kind:
    return _KINDS[type(request)]


def to_json(request: Request) -> dict[str, Any]:
    """As stored on the call: values that equal their default are left out, so a later field changes no hash."""
    data: dict[str, Any] = msgspec.to_builtins(request)
    return data


def from_json(data: dict[str, Any]) -> Request:
    return msgspec.convert(data, ImageRequest | ClipRequest | TextRequest)


def hash_of(request: Request) -> str:
    """SHA-256 over the sorted JSON form, in hex."""
    return hashlib.sha256(msgspec.json.encode(request, order="sorted")).hexdigest()
