"""Request bodies and query parameters, with the limits of the models."""

from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.inputs import Strict, text
from api.long_polling import Waiting
from api.paging import Paging
from jobs.enums import JobStatus
from stories.enums import (
    AspectRatio,
    Camera,
    CastKind,
    FilmKind,
    Language,
    LineKind,
    LoudnessPreset,
    Mood,
    Resolution,
    ReviewStatus,
    SoundKind,
    StoryStatus,
    TakeKind,
)
from stories.models import MAX_DURATION, MAX_SCRIPT, MIN_DURATION
from stories.models.cast import MAX_DESCRIPTION, MAX_NAME
from stories.models.line import MAX_DIRECTION, MAX_SPEAKER
from stories.models.pronunciation import MAX_SPOKEN, MAX_WRITTEN
from stories.models.story_sound import DEEPEST_DUCK, LOUDEST_DB, SILENT_DB
from stories.services.cast_names import MAX_ALIASES, MAX_IN_SCENE
from stories.services.line_edits import MAX_LINES
from stories.services.planning import MAX_SCENES
from stories.services.pronunciations import MAX_ENTRIES
from stories.services.sheets import MOST_VARIANTS

# Money is sent as a decimal string, so that no digit is lost.
Money = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,8}(\.[0-9]{1,4})?$",
        max_length=13,
        description="USD as a decimal string, such as “1.23”.",
    ),
]


def confirmed_total(sent: str | UnsetType) -> Decimal:
    """The price that a program confirmed, in USD. Naming none, it confirms what is free."""
    return Decimal(0) if sent is UNSET else Decimal(sent)


Budget = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,8}(\.[0-9]{1,2})?$",
        max_length=11,
        description="USD as a decimal string; null: no limit.",
    ),
]
Title = Annotated[str, text(least=1, most=200)]
SceneTitle = Annotated[str, text(most=200, visible=True)]
Script = Annotated[str, text(most=MAX_SCRIPT)]
Style = Annotated[str, text(most=200)]
Provider = Annotated[
    str,
    Meta(
        pattern=r"^[-a-zA-Z0-9_]{1,40}$",
        description="Name of a provider of the studio, such as “local”.",
    ),
]
StorySeconds = Annotated[int, Meta(ge=MIN_DURATION, le=MAX_DURATION, description="Seconds.")]
SceneSeconds = Annotated[int, Meta(ge=1, le=600, description="Seconds.")]
Seed = Annotated[int, Meta(ge=0, le=2**32 - 1)]
Reason = Annotated[str, text(most=500)]
Place = Annotated[int, Meta(ge=1, le=MAX_SCENES, description="Counted from 1.")]


AskAgain = Annotated[
    bool, Meta(description="Ask a second person once more for exactly what one has refused.")
]


class StoryIn(Strict):
    title: Title
    script: Script = ""
    language: (
        Annotated[Language, Meta(description="If it is left out the script tells it.")] | UnsetType
    ) = UNSET
    style: Style = ""
    aspect_ratio: AspectRatio = AspectRatio.WIDE
    resolution: Resolution = Resolution.HD
    duration_seconds: StorySeconds = 60
    burn_captions: bool = True
    planner_provider: Provider = "local"
    image_provider: Provider = "local"
    clip_provider: Provider = "local"
    budget: Budget | UnsetType = UNSET
    sound: Annotated[
        bool, Meta(description="The film has sound, with the local provider's voices and music.")
    ] = False


class StoryPatch(Strict):
    """Only what is sent is changed. `duration_seconds` can be set while the story has no scenes;
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
    image_provider: Provider | UnsetType = UNSET
    clip_provider: Provider | UnsetType = UNSET
    budget: Budget | UnsetType | None = UNSET


class TransitionIn(Strict):
    """`confirm_total` is the price that was seen (`price` of the choice). Without it only free work
    is started.
    """

    status: StoryStatus
    reason: Reason = ""
    confirm_total: Money | UnsetType = UNSET


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
    confirm_total: Money | UnsetType = UNSET
    override_reason: Annotated[str, text(most=500)] = ""
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
    confirm_total: Money | UnsetType = UNSET
    ask_again: AskAgain = False


class LineIn(Strict):
    """A line with an id is one that the scene has. Without `kind` it is dialogue if it has a
    speaker.
    """

    text: Annotated[str, text(least=1, most=MAX_SCRIPT)]
    speaker: Annotated[str, text(most=MAX_SPEAKER)] = ""
    direction: Annotated[str, text(most=MAX_DIRECTION)] = ""
    kind: LineKind | UnsetType = UNSET
    id: UUID | UnsetType = UNSET


class LinesIn(Strict):
    lines: Annotated[list[LineIn], Meta(max_length=MAX_LINES)]


Decibels = Annotated[
    float,
    Meta(
        ge=SILENT_DB, le=LOUDEST_DB, description="Change from the mixer's level in dB; −60 mutes."
    ),
]


def sent_values(body: msgspec.Struct) -> dict[str, Any]:
    """The fields of a patch that were sent."""
    return {
        name: value for name, value in msgspec.structs.asdict(body).items() if value is not UNSET
    }


class SoundPatch(Strict):
    enabled: bool | UnsetType = UNSET
    mood: Mood | UnsetType = UNSET
    music_provider: Provider | UnsetType = UNSET
    speech_db: Decibels | UnsetType = UNSET
    music_db: Decibels | UnsetType = UNSET
    effects_db: Decibels | UnsetType = UNSET
    clips_db: Decibels | UnsetType = UNSET
    duck_db: (
        Annotated[
            float,
            Meta(
                ge=0,
                le=DEEPEST_DUCK,
                description="By how many dB music falls while someone speaks.",
            ),
        ]
        | UnsetType
    ) = UNSET
    music_from: Annotated[float, Meta(ge=0, description="Seconds of the film.")] | UnsetType = UNSET
    music_until: (
        Annotated[float, Meta(ge=0, description="Seconds; null: to the end.")] | UnsetType | None
    ) = UNSET
    loudness: LoudnessPreset | UnsetType = UNSET


class SceneSoundPatch(Strict):
    """`clip_sound`: whether the clip's own sound is heard; null: only if nobody speaks there."""

    effect_db: Decibels | UnsetType = UNSET
    clip_sound: bool | UnsetType | None = UNSET


class PronunciationIn(Strict):
    """Latin words and numbers are replaced only where they stand alone."""

    written: Annotated[str, text(least=1, most=MAX_WRITTEN)]
    spoken: Annotated[str, text(least=1, most=MAX_SPOKEN)]


class PronunciationsIn(Strict):
    items: Annotated[list[PronunciationIn], Meta(max_length=MAX_ENTRIES)]


class VoiceIn(Strict):
    """Of the narrator if no speaker is named. What is left out stays as it is."""

    speaker: Annotated[str, text(most=MAX_SPEAKER)] = ""
    provider: Provider | UnsetType = UNSET
    voice: Annotated[str, text(most=100)] | UnsetType = UNSET
    model: Annotated[str, text(most=80)] | UnsetType = UNSET
    speed: Annotated[float, Meta(ge=0.7, le=1.2)] | UnsetType = UNSET


class GenerateSoundIn(Strict):
    """`lines` left out: of all that need it. `music`: also the music. `again`: also what is up to
    date, as another take.
    """

    lines: Annotated[list[UUID], Meta(max_length=MAX_SCENES)] | UnsetType = UNSET
    music: bool = False
    again: bool = False
    confirm_total: Money | UnsetType = UNSET
    ask_again: AskAgain = False


class SoundFilter(Paging):
    kind: SoundKind | UnsetType = UNSET
    line: UUID | UnsetType = UNSET


MemberName = Annotated[str, text(least=1, most=MAX_NAME)]
Description = Annotated[str, text(most=MAX_DESCRIPTION)]
Aliases = Annotated[list[MemberName], Meta(max_length=MAX_ALIASES)]


class MemberIn(Strict):
    name: MemberName
    kind: CastKind = CastKind.CHARACTER
    description: Description = ""
    description_en: Description = ""
    aliases: Aliases = []


class MemberPatch(Strict):
    name: MemberName | UnsetType = UNSET
    kind: CastKind | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    description_en: Description | UnsetType = UNSET
    aliases: Aliases | UnsetType = UNSET


class LookIn(Strict):
    """An outfit, an age, the state of a place."""

    name: MemberName
    description: Description = ""
    description_en: Description = ""


class LookPatch(Strict):
    name: MemberName | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    description_en: Description | UnsetType = UNSET


class GenerateSheetIn(Strict):
    provider: Provider | UnsetType = UNSET
    variants: Annotated[int, Meta(ge=1, le=MOST_VARIANTS)] = 1
    reason: Annotated[str, text(most=200)] = ""
    confirm_total: Money | UnsetType = UNSET
    ask_again: AskAgain = False


class SheetFilter(Paging):
    pass


class WornIn(Strict):
    """A look that the scene shows. Without `with_sheet` only its description is sent."""

    look_id: UUID
    with_sheet: bool = True


class SceneCastIn(Strict):
    items: Annotated[list[WornIn], Meta(max_length=MAX_IN_SCENE)]


class PlanQuery(Strict):
    plan: Annotated[
        Literal[0, 1], Meta(description="1: only tell what would be made and what it costs.")
    ] = 0


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


class BulkIn(Strict, kw_only=True):
    """All or nothing: one scene that cannot be taken leaves everything as it was."""

    story_id: UUID
    mode: Literal["append", "replace"] = "append"
    scenes: Annotated[list[SceneIn], Meta(min_length=1, max_length=MAX_SCENES)]


class GenerateSceneIn(Strict):
    kind: TakeKind
    provider: Provider | UnsetType = UNSET
    seed: Seed | UnsetType = UNSET
    variants: Annotated[int, Meta(ge=1, le=4, description="Takes to make side by side.")] = 1
    reason: Annotated[str, text(most=200)] = ""
    confirm_total: Money | UnsetType = UNSET
    ask_again: AskAgain = False


class RetryIn(Strict):
    confirm_total: Money | UnsetType = UNSET


class ReorderIn(Strict):
    """Exactly one of the three."""

    position: Place | UnsetType = UNSET
    before: UUID | UnsetType = UNSET
    after: UUID | UnsetType = UNSET

    extra_schema: ClassVar[dict[str, Any]] = {"minProperties": 1, "maxProperties": 1}

    def __post_init__(self) -> None:
        if sum(value is not UNSET for value in (self.position, self.before, self.after)) != 1:
            raise ValueError("Say exactly one of position, before and after.")


class VerdictIn(Strict):
    """A rejection needs a reason, so that the next take can be better."""

    verdict: ReviewStatus
    reason: Reason = ""


class CropIn(Strict):
    """Where the part that the film shows lies: 0 is as far left (up) as it goes, 1 as far right
    (down). The middle by default.
    """

    x: Annotated[float, Meta(ge=0, le=1)] = 0.5
    y: Annotated[float, Meta(ge=0, le=1)] = 0.5


class CancelIn(Strict):
    reason: Reason = ""


class DecideIn(Strict):
    """A refusal needs a reason, for the person who asked."""

    decision: Literal["approved", "refused"]
    reason: Reason = ""


class ApprovalFilter(Paging):
    story: UUID | UnsetType = UNSET
    state: list[Literal["asked", "approved", "started", "refused", "withdrawn"]] = []


class StoryFilter(Paging):
    status: list[StoryStatus] = []
    owner: Annotated[int, Meta(ge=1, le=2**63 - 1, description="Id of a person.")] | UnsetType = (
        UNSET
    )
    mine: bool = False
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


class SceneFilter(Paging):
    """With a story its scenes come in their order, else the newest first."""

    story: UUID | UnsetType = UNSET


class TakeFilter(Paging):
    kind: TakeKind | UnsetType = UNSET
    verdict: ReviewStatus | UnsetType = UNSET


class FilmFilter(Paging):
    kind: FilmKind | UnsetType = UNSET


class TransitionFilter(Paging):
    """The newest change first."""


class JobFilter(Paging):
    story: UUID | UnsetType = UNSET
    scene: UUID | UnsetType = UNSET
    status: list[JobStatus] = []
    name: Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[a-z_]+$")] | UnsetType = (
        UNSET
    )


class WaitQuery(Waiting):
    """Holds the answer back until it changes."""
