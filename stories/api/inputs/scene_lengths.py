"""Body of the request that sets the lengths of scenes."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from api.inputs import Strict
from stories.services.planning import MAX_SCENES

from .scenes import SceneSeconds


class SceneLengthIn(Strict):
    scene_id: UUID
    duration_seconds: SceneSeconds


class SceneLengthsIn(Strict):
    """All or nothing."""

    items: Annotated[list[SceneLengthIn], Meta(max_length=MAX_SCENES)]
