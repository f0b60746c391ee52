"""Bodies and query parameters of requests about the sound of scenes and its takes."""

from uuid import UUID

from msgspec import UNSET, UnsetType

from api.inputs import Strict
from api.paging import Paging
from stories.enums import Mood, SoundKind


class SceneSoundPatch(Strict):
    """`clip_sound`: whether the clip's own sound is heard; null: only if nobody speaks there.
    `mood`: of the scene's own music, `none` without; null: the film's music goes on.
    """

    clip_sound: bool | UnsetType | None = UNSET
    mood: Mood | UnsetType | None = UNSET


class SoundFilter(Paging):
    kind: SoundKind | UnsetType = UNSET
    line: UUID | UnsetType = UNSET
