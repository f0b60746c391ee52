"""Models that look at pictures: which rows they are, and what is refused before anything is paid.

A row of a text model declares in its capabilities that it does: `{"vision": true}`.
"""

from typing import Any

from django.utils.translation import gettext_noop

from .adapters import ModelSpec
from .enums import Kind, Refusal
from .errors import Refused
from .models import AIProviderConfig, ProviderModel
from .prices import model_row
from .requests import Request, TextRequest

VISION = "vision"
MOST_PICTURES = 6
BLIND = gettext_noop(
    "%(provider)s's model %(model)s does not look at pictures. Choose another connection for "
    "checking takes."
)
NO_PICTURE = gettext_noop("There is no picture to check.")
TOO_MANY = gettext_noop("At most %(most)s pictures are shown to a model at once.")


def sees(capabilities: Any) -> bool:
    """Return whether these capabilities declare a model that looks at pictures."""
    return isinstance(capabilities, dict) and capabilities.get(VISION) is True


def model_that_sees(config: AIProviderConfig) -> ProviderModel | None:
    """Return the row of the connection's model that looks at pictures, or None.

    It is the connection's usual text model if that one does, else the first by name. Makes no query
    if the connection's models are prefetched.
    """
    usual = model_row(config, TextRequest(task="check_picture", script=""))
    rows = sorted(config.models.all(), key=lambda row: row.name)
    able = [
        row
        for row in rows
        if row.kind == Kind.TEXT and row.is_active and not row.stands_for and sees(row.capabilities)
    ]
    return usual if usual in able else next(iter(able), None)


def require_vision(request: Request, model: ModelSpec, *, provider: str, takes: bool) -> None:
    """Raise `Refused` (invalid) if a picture is to be checked and the model cannot do it.

    `takes`: the adapter can show pictures to models that look at them.
    """
    if not isinstance(request, TextRequest) or request.task != "check_picture":
        return
    if not takes or not sees(model.capabilities):
        raise Refused(BLIND, kind=Refusal.INVALID, provider=provider, model=model.name or provider)
    if not any(picture.role != "character" for picture in request.pictures):
        raise Refused(NO_PICTURE, kind=Refusal.INVALID)
    if len(request.pictures) > MOST_PICTURES:
        raise Refused(TOO_MANY, kind=Refusal.INVALID, most=MOST_PICTURES)
