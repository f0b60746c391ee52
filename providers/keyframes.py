"""The last image of a clip, which the next clip of the film begins with."""

from django.utils.translation import gettext_noop

from .adapters import ModelSpec
from .enums import Refusal
from .errors import Refused
from .requests import Request

NO_END = gettext_noop(
    "%(provider)s's model %(model)s cannot end a clip in the next scene's picture. Choose another "
    "model for this scene, or another transition than “continuous”."
)


def end_of(request: Request) -> str:
    """Return the name of the image that the clip ends with; empty if there is none."""
    return str(getattr(request, "end_image_file", ""))


def takes_end(model: ModelSpec) -> bool:
    """Return whether the model's row declares that a clip may end with an image."""
    return bool(model.capabilities.get("end_image"))


def require_end(request: Request, model: ModelSpec, *, provider: str, takes: bool) -> None:
    """Raise `Refused` (invalid) if the clip is to end with an image and the model takes none."""
    if end_of(request) and not takes:
        raise Refused(NO_END, kind=Refusal.INVALID, provider=provider, model=model.name or provider)
