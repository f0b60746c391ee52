"""Bodies of requests about lines, voices and the sound of a story."""

from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from api.inputs import Strict, text
from stories.enums import LineKind, LoudnessPreset, Mood
from stories.models import MAX_SCRIPT
from stories.models.line import MAX_DIRECTION, MAX_SPEAKER
from stories.models.story_sound import DEEPEST_DUCK, LOUDEST_DB, SILENT_DB
from stories.services.line_edits import MAX_LINES
from stories.services.planning import MAX_SCENES

from .parts import AskAgain, MakerModel, MoneyIn, Provider


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


class VoiceIn(Strict):
    """Of the narrator if no speaker is named. What is left out stays as it is."""

    speaker: Annotated[str, text(most=MAX_SPEAKER)] = ""
    provider: Provider | UnsetType = UNSET
    voice: Annotated[str, text(most=100)] | UnsetType = UNSET
    model: Annotated[str, text(most=80)] | UnsetType = UNSET
    speed: Annotated[float, Meta(ge=0.7, le=1.2)] | UnsetType = UNSET


class GenerateSoundIn(Strict):
    """`lines` left out, without music and effects: of all that need it. `music`: also the music of
    the film. `scene_music`: the own music of these scenes. `effects`: these effects. `again`: also
    what is up to date, as another take.
    """

    lines: Annotated[list[UUID], Meta(max_length=MAX_SCENES)] | UnsetType = UNSET
    music: bool = False
    scene_music: Annotated[list[UUID], Meta(max_length=MAX_SCENES)] = []
    effects: Annotated[list[UUID], Meta(max_length=MAX_SCENES)] = []
    again: bool = False
    confirm_total: MoneyIn | UnsetType = UNSET
    ask_again: AskAgain = False
