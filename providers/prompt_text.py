"""Builds the prompt text that a provider receives.

It is in the right language, with style and camera, and within the provider's length limits.
"""

import unicodedata

from django.utils.translation import gettext_noop

from . import cast_references
from .adapters import ModelSpec
from .enums import Refusal
from .errors import Refused
from .requests import ClipRequest, ImageRequest, Request

NEEDS_ENGLISH = gettext_noop(
    "%(provider)s understands English only: give the scene a prompt in English."
)
NEEDS_ENGLISH_WORDS = gettext_noop(
    "%(provider)s understands English only: say in English, too, what is to change."
)
CAMERA = {
    "push_in": "slow dolly in",
    "pull_out": "slow dolly out",
    "pan_left": "slow pan to the left",
    "pan_right": "slow pan to the right",
    "tilt_up": "slow tilt up",
    "tilt_down": "slow tilt down",
    "still": "locked camera",
}


def is_english(text: str) -> bool:
    """Return whether every letter is Latin. Other objections are left to the provider."""
    return all(unicodedata.name(char, "").startswith("LATIN") for char in text if char.isalpha())


def english(request: ImageRequest | ClipRequest, *, provider: str) -> str:
    """Return the prompt in English, with the cast, and with the style if that is English too.

    Raises `Refused` (invalid) if there is none, or a member has no description in English.
    """
    text = request.prompt_en.strip() or (
        request.prompt.strip() if is_english(request.prompt) else ""
    )
    if not text or not is_english(text):
        changes = request.edit is not None and request.edit.task == "change"
        template = NEEDS_ENGLISH_WORDS if changes else NEEDS_ENGLISH
        raise Refused(template, kind=Refusal.INVALID, provider=provider)
    for member in request.cast:
        if not is_english(cast_references.described(member, english=True)):
            raise Refused(
                cast_references.NEEDS_ENGLISH,
                kind=Refusal.INVALID,
                provider=provider,
                name=member.name,
            )
    text = cast_references.added(text, request, english=True, only_english=True)
    return _with_style(text, request.style if is_english(request.style) else "")


def any_language(request: ImageRequest | ClipRequest, *, tagged: bool = False) -> str:
    """Return the English prompt, else the prompt as it is, with the cast and the style.

    `tagged`: members with a sheet are named by its tag. Raises `Refused` (invalid) if the prompt is
    empty.
    """
    text = request.prompt_en.strip() or request.prompt.strip()
    if not text:
        raise Refused(gettext_noop("The prompt is empty."), kind=Refusal.INVALID)
    english = bool(request.prompt_en.strip())
    text = cast_references.added(text, request, english=english, tagged=tagged)
    return _with_style(text, request.style)


def _with_style(text: str, style: str) -> str:
    return f"{text.rstrip('. ')}. {style.strip()}" if style.strip() else text


def no_format(request: ImageRequest | ClipRequest, *, provider: str, model: str) -> Refused:
    """Return the refusal for an aspect ratio that the model does not support."""
    template = gettext_noop("%(provider)s's model %(model)s does not make the format %(ratio)s.")
    return Refused(
        template, kind=Refusal.INVALID, provider=provider, model=model, ratio=request.aspect_ratio
    )


def require_length(request: Request, model: ModelSpec, *, provider: str) -> None:
    """Raise `Refused` (invalid) for a clip longer than the longest that the model supports.

    A shorter clip would be of no use.
    """
    if (
        isinstance(request, ClipRequest)
        and request.edit is None
        and model.durations
        and request.duration_ms > max(model.durations) * 1000
    ):
        raise Refused(
            gettext_noop(
                "The scene is %(length)s s long and %(provider)s's model %(model)s makes "
                "clips of at most %(longest)s s. "
                "Split the scene or choose another model."
            ),
            kind=Refusal.INVALID,
            provider=provider,
            model=model.name,
            length=f"{request.duration_ms / 1000:g}",
            longest=max(model.durations),
        )


def with_camera(text: str, camera: str) -> str:
    return f"{text.rstrip('. ')}. Camera: {CAMERA[camera]}."


def cut(text: str, most: int) -> str:
    """Cut the text to `most` UTF-16 units (as in JavaScript), at a word boundary if possible."""
    if len(text.encode("utf-16-le")) // 2 <= most:
        return text
    kept = text.encode("utf-16-le")[: 2 * most].decode("utf-16-le", "ignore")
    return kept.rsplit(None, 1)[0] if " " in kept.strip() else kept
