"""Bodies and query parameters of requests about scenes."""

from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from api.inputs import Strict, text
from stories.enums import Boundary, Camera, TakeKind
from stories.services.planning import MAX_SCENES

from .parts import AskAgain, Assigned, MakerModel, MoneyIn, Provider, Script, Seed, Style

SceneTitle = Annotated[str, text(most=200, visible=True)]
SceneSeconds = Annotated[float, Meta(ge=1, le=600, description="Seconds, to a tenth.")]
Place = Annotated[int, Meta(ge=1, le=MAX_SCENES, description="Counted from 1.")]
Strength = Annotated[
    int,
    Meta(ge=0, le=100, description="How closely the reference sheets are followed, in percent."),
]
MakerProvider = Annotated[
    str, Meta(max_length=40, description="A connection's name; empty: the story's provider.")
]


class SceneIn(Strict):
    prompt: Annotated[str, text(least=1, most=4000)]
    prompt_en: Annotated[str, text(most=4000)] = ""
    negative: Annotated[str, text(most=2000)] = ""
    style: Style = ""
    camera: Camera = Camera.PUSH_IN
    seed: Seed | UnsetType = UNSET
    title: SceneTitle = ""
    narration: Script = ""
    duration_seconds: SceneSeconds = 7
    boundary: Boundary = Boundary.CUT
    strength: Strength | None = None
    image_provider: MakerProvider = ""
    image_model: MakerModel = ""
    clip_provider: MakerProvider = ""
    clip_model: MakerModel = ""


class NewScene(SceneIn, kw_only=True):
    story_id: Annotated[UUID, Meta(description="The story that gets the scene.")]
    position: (
        Annotated[Place, Meta(description="Counted from 1. Left out: at the end.")] | UnsetType
    ) = UNSET


class ScenePatch(Strict):
    """Only what is sent is changed. Anything of the prompt makes a new prompt; takes keep the one
    they came from.
    """

    prompt: Annotated[str, text(least=1, most=4000)] | UnsetType = UNSET
    prompt_en: Annotated[str, text(most=4000)] | UnsetType = UNSET
    negative: Annotated[str, text(most=2000)] | UnsetType = UNSET
    style: Style | UnsetType = UNSET
    camera: Camera | UnsetType = UNSET
    seed: Seed | UnsetType = UNSET
    title: SceneTitle | UnsetType = UNSET
    narration: Script | UnsetType = UNSET
    duration_seconds: SceneSeconds | UnsetType = UNSET
    boundary: Boundary | UnsetType = UNSET
    strength: Strength | UnsetType | None = UNSET
    image_provider: MakerProvider | UnsetType = UNSET
    image_model: MakerModel | UnsetType = UNSET
    clip_provider: MakerProvider | UnsetType = UNSET
    clip_model: MakerModel | UnsetType = UNSET


class BulkIn(Strict, kw_only=True):
    """All or nothing: one scene that is not valid leaves everything as it was."""

    story_id: UUID
    mode: Literal["append", "replace"] = "append"
    scenes: Annotated[list[SceneIn], Meta(min_length=1, max_length=MAX_SCENES)]


class GenerateSceneIn(Strict):
    kind: TakeKind
    provider: Provider | UnsetType = UNSET
    seed: Seed | UnsetType = UNSET
    variants: Annotated[int, Meta(ge=1, le=4, description="Takes to make side by side.")] = 1
    reason: Annotated[str, text(most=200)] = ""
    confirm_total: MoneyIn | UnsetType = UNSET
    ask_again: AskAgain = False


class ReorderIn(Strict):
    """Exactly one of the three."""

    position: Place | UnsetType = UNSET
    before: UUID | UnsetType = UNSET
    after: UUID | UnsetType = UNSET

    extra_schema: ClassVar[dict[str, Any]] = {"minProperties": 1, "maxProperties": 1}

    def __post_init__(self) -> None:
        if sum(value is not UNSET for value in (self.position, self.before, self.after)) != 1:
            raise ValueError("Say exactly one of position, before and after.")


class SceneFilter(Assigned):
    """With a story its scenes come in their order, else the newest first."""

    story: UUID | UnsetType = UNSET
    deleted: Annotated[bool, Meta(description="Those that were taken out of their film.")] = False
