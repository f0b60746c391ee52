"""Bodies and query parameters of requests about the sound of scenes and its takes."""

from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from api.inputs import Strict, text
from api.paging import Paging
from stories.enums import SoundKind
from stories.models.scene_sound import LONGEST_EFFECT, MAX_EFFECT, SHORTEST_EFFECT

from .sound import Decibels


class SceneSoundPatch(Strict):
    """`effect_prompt` describes the effect that is generated; empty: none is. `clip_sound`: whether
    the clip's own sound is heard; null: only if nobody speaks there.
    """

    effect_prompt: Annotated[str, text(most=MAX_EFFECT)] | UnsetType = UNSET
    effect_seconds: (
        Annotated[
            float,
            Meta(ge=SHORTEST_EFFECT, le=LONGEST_EFFECT, description="The length that is ordered."),
        ]
        | UnsetType
    ) = UNSET
    effect_from: (
        Annotated[float, Meta(ge=0, description="Seconds of the scene at which it begins.")]
        | UnsetType
    ) = UNSET
    effect_db: Decibels | UnsetType = UNSET
    clip_sound: bool | UnsetType | None = UNSET


class SoundFilter(Paging):
    kind: SoundKind | UnsetType = UNSET
    line: UUID | UnsetType = UNSET
