"""Bodies and query parameters of requests about sound effects."""

from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from api.inputs import Strict, text
from api.paging import Paging
from stories.models.effect import LONGEST_EFFECT, MAX_EFFECT, SHORTEST_EFFECT

from .sound import Decibels


class EffectPatch(Strict):
    """`prompt` describes the effect that is generated; empty: none is."""

    prompt: Annotated[str, text(most=MAX_EFFECT)] | UnsetType = UNSET
    seconds: (
        Annotated[
            float,
            Meta(ge=SHORTEST_EFFECT, le=LONGEST_EFFECT, description="The length that is ordered."),
        ]
        | UnsetType
    ) = UNSET
    begins: (
        Annotated[
            float,
            Meta(ge=0, description="Seconds of its scene, or of the film, at which it begins."),
        ]
        | UnsetType
    ) = UNSET
    level_db: Decibels | UnsetType = UNSET


class NewEffect(EffectPatch):
    """Without a scene it belongs to the whole film."""

    scene: UUID | UnsetType | None = UNSET


class EffectFilter(Paging):
    scene: UUID | UnsetType = UNSET
