"""Requests to providers: frozen values, stored as JSON on the call and hashed for comparison."""

import hashlib
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from .enums import Kind

type AspectRatio = Literal["16:9", "9:16", "1:1"]
type Camera = Literal[
    "push_in", "pull_out", "pan_left", "pan_right", "tilt_up", "tilt_down", "still"
]


type CastRole = Literal["character", "place", "prop", "style"]


class CastReference(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A member of the cast as a scene shows it.

    `file` names its reference sheet in the media storage; empty: the description alone.
    """

    role: CastRole
    name: str
    description: str = ""
    description_en: str = ""
    file: str = ""
    sha256: str = ""


type EditTask = Literal["change", "upscale", "extend", "finish"]


class MaskShape(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of a picture that is to change, in thousandths of its width and height.

    With a `brush`, the points are a line that a round brush of this diameter (in thousandths of the
    width) has drawn; without one they are two opposite corners of a rectangle.
    """

    points: list[tuple[int, int]]
    brush: int = 0


class Edit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What becomes of a take that exists.

    `file` names the take in the media storage. The request's prompt says what is changed, or what
    the take shows where nothing is. With a `mask` only its shapes change. `about` describes the
    take, and `seed` is its seed, for a provider that draws it again. To finish a draft, `draft` is
    the provider's id of the task that made it, and `drafted_at` when it was sent (ISO 8601).
    """

    task: EditTask
    file: str
    sha256: str
    width: int
    height: int
    duration_ms: int = 0
    mask: list[MaskShape] = []
    about: str = ""
    about_en: str = ""
    seed: int = 0
    draft: str = ""
    drafted_at: str = ""


class ImageRequest(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="kind",
    tag="image",
):
    """An image.

    `width` and `height` are the pixels that the film needs; a provider may return another size of
    the same aspect ratio. A `sheet` shows the member of its cast alone. `strength` says in percent
    how closely the reference sheets are followed; None: as the model does by itself. An `edit` is
    made from a take instead of from nothing.
    """

    prompt: str
    prompt_en: str = ""
    negative: str = ""
    style: str = ""
    seed: int = 0
    aspect_ratio: AspectRatio = "16:9"
    width: int = 1280
    height: int = 720
    model: str = ""
    cast: list[CastReference] = []
    sheet: bool = False
    strength: int | None = None
    edit: Edit | None = None


class ClipRequest(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="kind",
    tag="clip",
):
    """A clip.

    `image_file` names the start image in the media storage; if empty, the clip is made from the
    prompt alone. `end_image_file` names the image that the clip ends with, which the next clip of
    the film begins with; most models take none. An `edit` begins with a clip: `duration_ms` is then
    the length of an upscaled clip, what is added to an extended one, or the length that was ordered
    of a draft.
    """

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
    cast: list[CastReference] = []
    end_image_file: str = ""
    edit: Edit | None = None

    def seconds_of(self, durations: Sequence[int]) -> int:
        """Return the seconds to order of a model that makes these lengths (none: any).

        It is the shortest length that is enough, or else the longest.
        """
        need = max(1, -(-self.duration_ms // 1000))
        allowed = sorted(durations) or [need]
        return int(next((length for length in allowed if length >= need), allowed[-1]))


class Passage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of a script that no scene crosses, and the number of scenes it becomes.

    `place` and `time` come from its heading; `title` names it. They are shown, never spoken.
    """

    text: str
    scenes: int
    title: str = ""
    place: str = ""
    time: str = ""


class ShownPicture(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A picture that a model is shown, as a JPEG in the media storage.

    The picture to check, a frame of the clip to check, or the reference sheet of a character.
    """

    role: Literal["picture", "frame", "character"]
    file: str
    name: str = ""
    description: str = ""


class TextRequest(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="kind",
    tag="text",
):
    """A text task.

    `plan_story`: plan exactly `scenes` scenes for the script; returns `{"scenes": [{title,
    narration, prompt, prompt_en, camera}], "cast": [{kind, name, aliases, description,
    description_en, scenes}]}`. The cast may be missing; its `scenes` count from 1.

    `to_english`: translate `script` into English, as a prompt for providers that accept only
    English; returns `{"text": ...}`, which the local provider leaves empty rather than guess.

    `check_picture`: check whether the `pictures` to check show what `script`, a prompt, asks for,
    and whether the characters on the reference sheets have the same faces; returns `{"fits": bool,
    "missing": [what is missing], "faces": [{name, same}], "why": …}`, in `language`. `same` is
    null if the face cannot be seen.

    `passages`: the script in parts, if it has headings; together they have `scenes` scenes and the
    text of `script`.
    """

    task: Literal["plan_story", "to_english", "check_picture"]
    script: str
    scenes: int = 0
    language: Literal["ko", "en"] = "ko"
    style: str = ""
    aspect_ratio: AspectRatio = "16:9"
    model: str = ""
    passages: list[Passage] = []
    pictures: list[ShownPicture] = []


class SpeechRequest(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="kind",
    tag="speech",
):
    """A text to be spoken, as it is to be pronounced.

    An empty `voice` is the provider's default for the language. `direction` says how it is spoken
    ("whispers"); it is never spoken itself. `speed` 1 is the voice's own speed.
    """

    text: str
    language: Literal["ko", "en"]
    voice: str = ""
    direction: str = ""
    speed: float = 1.0
    seed: int = 0
    model: str = ""


class MusicRequest(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="kind",
    tag="music",
):
    """Instrumental music of a length. `mood` is one word, such as "calm"; `prompt` describes it."""

    prompt: str
    mood: str = ""
    duration_ms: int = 30_000
    seed: int = 0
    model: str = ""


class SoundRequest(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="kind",
    tag="sound",
):
    """A sound effect of a length."""

    prompt: str
    duration_ms: int = 5_000
    seed: int = 0
    model: str = ""


type AudioRequest = SpeechRequest | MusicRequest | SoundRequest
type Request = ImageRequest | ClipRequest | TextRequest | AudioRequest

_KINDS: dict[type[msgspec.Struct], Kind] = {
    ImageRequest: Kind.IMAGE,
    ClipRequest: Kind.CLIP,
    TextRequest: Kind.TEXT,
    SpeechRequest: Kind.SPEECH,
    MusicRequest: Kind.MUSIC,
    SoundRequest: Kind.SOUND,
}


def kind_of(request: Request) -> Kind:
    return _KINDS[type(request)]


def to_json(request: Request) -> dict[str, Any]:
    """Return the request as stored on the call.

    Values that equal their default are omitted, so a field added later does not change any hash.
    """
    data: dict[str, Any] = msgspec.to_builtins(request)
    return data


def from_json(data: dict[str, Any]) -> Request:
    return msgspec.convert(
        data,
        ImageRequest | ClipRequest | TextRequest | SpeechRequest | MusicRequest | SoundRequest,
    )


def hash_of(request: Request) -> str:
    """Return the SHA-256 of the sorted JSON form, in hex."""
    return hashlib.sha256(msgspec.json.encode(request, order="sorted")).hexdigest()
