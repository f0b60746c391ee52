"""Bodies and query parameters of requests about stories."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from api.inputs import Strict, text
from api.paging import Paging
from stories.enums import AspectRatio, Language, Resolution, StoryStatus
from stories.models import MAX_DURATION, MIN_DURATION
from stories.services.planning import MAX_SCENES

from .parts import (
    AskAgain,
    Assigned,
    Budget,
    ChecksNewTakes,
    LightFilms,
    MakerModel,
    MoneyIn,
    NeedsApproval,
    ProjectCode,
    Provider,
    Reason,
    Script,
    Style,
    VisionProvider,
)

Title = Annotated[str, text(least=1, most=200)]
StorySeconds = Annotated[
    float, Meta(ge=MIN_DURATION, le=MAX_DURATION, description="Seconds, to a tenth.")
]
UsualModel = Annotated[
    MakerModel, Meta(description="Left out: the project's usual one if its provider is, too.")
]
UsualProvider = Annotated[
    Provider, Meta(description="Left out: the project's usual one, or the local provider.")
]


class StoryIn(Strict):
    title: Title
    script: Script = ""
    language: (
        Annotated[Language, Meta(description="If it is left out, it is read from the script.")]
        | UnsetType
    ) = UNSET
    project: (
        Annotated[
            ProjectCode,
            Meta(description="Code of its project. Left out: the default project."),
        ]
        | UnsetType
    ) = UNSET
    style: Annotated[Style, Meta(description="Left out: the project's usual one.")] | UnsetType = (
        UNSET
    )
    aspect_ratio: (
        Annotated[AspectRatio, Meta(description="Left out: the project's usual one, or 16:9.")]
        | UnsetType
    ) = UNSET
    resolution: (
        Annotated[Resolution, Meta(description="Left out: the project's usual one, or 720p.")]
        | UnsetType
    ) = UNSET
    duration_seconds: StorySeconds = 60
    needs_client_approval: NeedsApproval = False
    burn_captions: bool = True
    planner_provider: UsualProvider | UnsetType = UNSET
    planner_model: UsualModel | UnsetType = UNSET
    image_provider: UsualProvider | UnsetType = UNSET
    image_model: UsualModel | UnsetType = UNSET
    clip_provider: UsualProvider | UnsetType = UNSET
    clip_model: UsualModel | UnsetType = UNSET
    vision_provider: VisionProvider | UnsetType = UNSET
    check_new_takes: ChecksNewTakes | UnsetType = UNSET
    light_films: LightFilms | UnsetType = UNSET
    budget: Budget | UnsetType = UNSET
    sound: Annotated[
        bool,
        Meta(description="The film has sound, by the project's usual providers or the local one."),
    ] = False


class StoryPatch(Strict):
    """Only what is sent is changed; another provider without a model is asked with its usual one.
    `duration_seconds` can be set while the story has no scenes;
    then they add up to it.
    """

    title: Title | UnsetType = UNSET
    script: Script | UnsetType = UNSET
    language: Language | UnsetType = UNSET
    style: Style | UnsetType = UNSET
    aspect_ratio: AspectRatio | UnsetType = UNSET
    resolution: Resolution | UnsetType = UNSET
    duration_seconds: StorySeconds | UnsetType = UNSET
    burn_captions: bool | UnsetType = UNSET
    planner_provider: Provider | UnsetType = UNSET
    planner_model: MakerModel | UnsetType = UNSET
    image_provider: Provider | UnsetType = UNSET
    image_model: MakerModel | UnsetType = UNSET
    clip_provider: Provider | UnsetType = UNSET
    clip_model: MakerModel | UnsetType = UNSET
    vision_provider: VisionProvider | UnsetType = UNSET
    check_new_takes: ChecksNewTakes | UnsetType = UNSET
    light_films: LightFilms | UnsetType = UNSET
    budget: Budget | UnsetType | None = UNSET
    needs_client_approval: NeedsApproval | UnsetType = UNSET
    project: (
        Annotated[ProjectCode, Meta(description="Moves the story, with all it cost.")] | UnsetType
    ) = UNSET


class TransitionIn(Strict):
    """`confirm_total` is the price that was seen (`price` of the choice). Without it only free work
    is started.
    """

    status: StoryStatus
    reason: Reason = ""
    confirm_total: MoneyIn | UnsetType = UNSET


class GenerateStoryIn(Strict):
    """`confirm_total` is the price that was seen. Without it only free work is started."""

    mode: Annotated[
        Literal["missing", "stale", "failed"],
        Meta(
            description=(
                "Which scenes: those without a take, those changed since, those that failed."
            )
        ),
    ] = "missing"
    confirm_total: MoneyIn | UnsetType = UNSET
    override_reason: Annotated[str, text(most=500)] = ""
    ask_again: AskAgain = False


class TakeChecksIn(Strict):
    """`scenes` left out: all of the story. `confirm_total` is the price that was seen. Without it
    only free work is started.
    """

    scenes: Annotated[list[UUID], Meta(min_length=1, max_length=MAX_SCENES)] | UnsetType = UNSET
    confirm_total: MoneyIn | UnsetType = UNSET
    ask_again: AskAgain = False


class EnglishIn(Strict):
    """`scenes` left out: all that need it. `confirm_total` is the price that was seen. Without it
    only free work is started.
    """

    scenes: Annotated[list[UUID], Meta(min_length=1, max_length=MAX_SCENES)] | UnsetType = UNSET
    replace: Annotated[
        bool,
        Meta(description="Also English that a person wrote and that is older than its prompt."),
    ] = False
    confirm_total: MoneyIn | UnsetType = UNSET
    ask_again: AskAgain = False


class PlanQuery(Strict):
    plan: Annotated[
        Literal[0, 1], Meta(description="1: only return what would be made and what it costs.")
    ] = 0


class StoryFilter(Assigned):
    status: list[StoryStatus] = []
    owner: Annotated[int, Meta(ge=1, le=2**63 - 1, description="Id of a person.")] | UnsetType = (
        UNSET
    )
    mine: bool = False
    project: (
        Annotated[ProjectCode, Meta(description="Of the project of this code.")] | UnsetType
    ) = UNSET
    title: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=200,
                pattern=r"^[^\u0000]*$",
                description="Part of the title.",
            ),
        ]
        | UnsetType
    ) = UNSET


class TransitionFilter(Paging):
    """The newest change first."""
