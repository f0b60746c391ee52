"""Bodies and query parameters of requests about the sound of scenes and its takes."""

from uuid import UUID

from msgspec import UNSET, UnsetType

from api.inputs import Strict
from api.paging import Paging
from stories.enums import SoundKind


class SceneSoundPatch(Strict):
    """`clip_sound`: whether the clip's own sound is heard; null: only if nobody speaks there."""

    clip_sound: bool | UnsetType | None = UNSET


class SoundFilter(Paging):
    kind: SoundKind | UnsetType = UNSET
    line: UUID | UnsetType = UNSET
