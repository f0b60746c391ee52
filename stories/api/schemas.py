"""Request bodies and query parameters, with the limits of the models."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import msgspec
from django.db.models import Model, QuerySet
from msgspec import UNSET, Meta, UnsetType

from api.inputs import Strict, text
from api.long_polling import Waiting
from api.paging import Changed, Paging
from jobs.enums import JobStatus
from stories.api.outputs.parts import ApprovalState
from stories.enums import (
    AspectRatio,
    Boundary,
    Camera,
    CastKind,
    Corner,
    EditTask,
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
from stories.models.scene_sound import LONGEST_EFFECT, MAX_EFFECT, SHORTEST_EFFECT
from stories.models.story import (
    FAINTEST_LOGO,
    LONGEST_CARD,
    MAX_CARD_TEXT,
    NARROWEST_LOGO,
    SHORTEST_CARD,
    WIDEST_LOGO,
)
from stories.models.story_sound import DEEPEST_DUCK, LOUDEST_DB, SILENT_DB
from stories.services.cast_names import MAX_ALIASES, MAX_IN_SCENE
from stories.services.edit_plan import MOST_POINTS, MOST_SHAPES, MOST_WORDS
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
VisionProvider = Annotated[
    str,
    Meta(
        pattern=r"^[-a-zA-Z0-9_]{0,40}$",
        description=(
            "The connection whose model looks at each take that is made; empty: takes are not "
            "checked by a model."
        ),
    ),
]
StorySeconds = Annotated[
    float, Meta(ge=MIN_DURATION, le=MAX_DURATION, description="Seconds, to a tenth.")
]
SceneSeconds = Annotated[float, Meta(ge=1, le=600, description="Seconds, to a tenth.")]
Seed = Annotated[int, Meta(ge=0, le=2**32 - 1)]
Reason = Annotated[str, text(most=500)]
Place = Annotated[int, Meta(ge=1, le=MAX_SCENES, description="Counted from 1.")]


AskAgain = Annotated[
    bool, Meta(description="Ask a second person once more for exactly what one has refused.")
]


NeedsApproval = Annotated[
    bool, Meta(description="The final film is delivered once the client has approved it.")
]
ProjectCode = Annotated[
    str, Meta(pattern=r"^[A-Z0-9][A-Z0-9_-]{0,19}$", description="Code of a project.")
]


MakerModel = Annotated[
    str, Meta(max_length=80, description="A model of the connection; empty: its usual one.")
]

UsualModel = Annotated[
    MakerModel, Meta(description="Left out: the project's usual one if its provider is, too.")
]
ChecksNewTakes = Annotated[
    bool,
    Meta(
        description=(
            "A model of `vision_provider` checks each new take as soon as it arrives. The price is "
            "part of every plan."
        )
    ),
]
LightFilms = Annotated[bool, Meta(description="Each final film gets a copy for slow lines.")]


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


class TakeChecksIn(Strict):
    """`scenes` left out: all of the story. `confirm_total` is the price that was seen. Without it
    only free work is started.
    """

    scenes: Annotated[list[UUID], Meta(min_length=1, max_length=MAX_SCENES)] | UnsetType = UNSET
    confirm_total: Money | UnsetType = UNSET
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


CardText = Annotated[
    str, text(most=MAX_CARD_TEXT), Meta(description="At most 8 lines; empty: no card.")
]
CardSeconds = Annotated[
    float, Meta(ge=SHORTEST_CARD, le=LONGEST_CARD, description="Seconds, to a tenth.")
]


class CardsPatch(Strict):
    title_card: CardText | UnsetType = UNSET
    title_card_seconds: CardSeconds | UnsetType = UNSET
    end_card: CardText | UnsetType = UNSET
    end_card_seconds: CardSeconds | UnsetType = UNSET
    logo_corner: Corner | UnsetType = UNSET
    logo_width: (
        Annotated[
            int,
            Meta(ge=NARROWEST_LOGO, le=WIDEST_LOGO, description="Percent of the frame's width."),
        ]
        | UnsetType
    ) = UNSET
    logo_opacity: (
        Annotated[int, Meta(ge=FAINTEST_LOGO, le=100, description="Percent.")] | UnsetType
    ) = UNSET


class SoundPatch(Strict):
    enabled: bool | UnsetType = UNSET
    mood: Mood | UnsetType = UNSET
    music_provider: Provider | UnsetType = UNSET
    music_model: MakerModel | UnsetType = UNSET
    effects_provider: Provider | UnsetType = UNSET
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
    """`lines` left out, without music and effects: of all that need it. `music`: also the music.
    `effects`: those of these scenes. `again`: also what is up to date, as another take.
    """

    lines: Annotated[list[UUID], Meta(max_length=MAX_SCENES)] | UnsetType = UNSET
    music: bool = False
    effects: Annotated[list[UUID], Meta(max_length=MAX_SCENES)] = []
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


class LibraryVersionIn(Strict):
    """A version of the studio's library."""

    version_id: UUID


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
        Literal[0, 1], Meta(description="1: only return what would be made and what it costs.")
    ] = 0


Strength = Annotated[
    int,
    Meta(ge=0, le=100, description="How closely the reference sheets are followed, in percent."),
]
MakerProvider = Annotated[
    str, Meta(max_length=40, description="A connection's name; empty: the story's provider.")
]

PersonId = Annotated[int, Meta(ge=1, le=2**63 - 1, description="Id of a person.")]


class AssignIn(Strict):
    """Null clears."""

    assignee_id: PersonId | None
    due_on: Annotated[date | None, Meta(description="The day until which it is to be done.")]


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


class SceneLengthIn(Strict):
    scene_id: UUID
    duration_seconds: SceneSeconds


class SceneLengthsIn(Strict):
    """All or nothing."""

    items: Annotated[list[SceneLengthIn], Meta(max_length=MAX_SCENES)]


class GenerateSceneIn(Strict):
    kind: TakeKind
    provider: Provider | UnsetType = UNSET
    seed: Seed | UnsetType = UNSET
    variants: Annotated[int, Meta(ge=1, le=4, description="Takes to make side by side.")] = 1
    reason: Annotated[str, text(most=200)] = ""
    confirm_total: Money | UnsetType = UNSET
    ask_again: AskAgain = False


MaskPart = Annotated[int, Meta(ge=0, le=1000)]


class MaskShapeIn(Strict):
    """A part of the picture that changes, in thousandths of its width and height.

    With a `brush` the points are a line that a round brush has drawn, else two opposite corners of
    a rectangle.
    """

    points: Annotated[
        list[Annotated[list[MaskPart], Meta(min_length=2, max_length=2)]],
        Meta(
            min_length=1, max_length=MOST_POINTS, description="Each is from the left, from the top."
        ),
    ]
    brush: Annotated[
        MaskPart, Meta(description="Its diameter, in thousandths of the width; 0: a rectangle.")
    ] = 0


class EditTakeIn(Strict):
    """`confirm_total` is the price that was seen. Without it only free work is started."""

    task: EditTask
    words: Annotated[
        str,
        text(most=MOST_WORDS),
        Meta(description="What is to change, or how an extended clip goes on."),
    ] = ""
    words_en: Annotated[
        str,
        text(most=MOST_WORDS),
        Meta(description="The same in English, for providers that understand English only."),
    ] = ""
    mask: Annotated[
        list[MaskShapeIn],
        Meta(max_length=MOST_SHAPES, description="Only these parts change; empty: the whole."),
    ] = []
    seconds: (
        Annotated[int, Meta(ge=1, le=30, description="How much longer a clip becomes.")] | UnsetType
    ) = UNSET
    provider: Provider | UnsetType = UNSET
    model: Annotated[
        str,
        Meta(max_length=80, description="A model of `provider`; empty: the first that does it."),
    ] = ""
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
    state: list[ApprovalState] = []


class Assigned(Changed, kw_only=True):
    """The filters of what can be assigned."""

    assignee: (
        Annotated[int, Meta(ge=1, le=2**63 - 1, description="Id of the person who is to do it.")]
        | UnsetType
    ) = UNSET
    due_by: Annotated[date, Meta(description="Only what is due on this day or earlier.")] | (
        UnsetType
    ) = UNSET

    def narrowed[M: Model, R](self, rows: QuerySet[M, R]) -> QuerySet[M, R]:
        rows = super().narrowed(rows)
        if self.assignee is not UNSET:
            rows = rows.filter(assignee_id=self.assignee)
        return rows if self.due_by is UNSET else rows.filter(due_on__lte=self.due_by)


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


class SceneFilter(Assigned):
    """With a story its scenes come in their order, else the newest first."""

    story: UUID | UnsetType = UNSET
    deleted: Annotated[bool, Meta(description="Those that were taken out of their film.")] = False


class TakeFilter(Paging):
    kind: TakeKind | UnsetType = UNSET
    verdict: ReviewStatus | UnsetType = UNSET
    doubtful: bool | UnsetType = UNSET


class FilmFileQuery(Strict):
    size: Annotated[
        Literal["whole", "light"], Meta(description="`light`: the copy for slow lines.")
    ] = "whole"


class FilmFilter(Paging):
    kind: FilmKind | UnsetType = UNSET


class TransitionFilter(Paging):
    """The newest change first."""


class JobFilter(Changed):
    story: UUID | UnsetType = UNSET
    scene: UUID | UnsetType = UNSET
    status: list[JobStatus] = []
    name: Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[a-z_]+$")] | UnsetType = (
        UNSET
    )


class WaitQuery(Waiting):
    """Holds the answer back until it changes."""
