"""Response types for sound: lines, takes of sound, voices,
settings and what is still to be made.
"""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from api.controllers import Call
from stories.enums import LineKind, LoudnessPreset, Mood, ReviewStatus, SoundKind, TakeSource
from stories.models import (
    CastMember,
    Effect,
    Line,
    SceneSound,
    SoundTake,
    Story,
    StorySound,
    Voice,
)
from stories.services.cast_names import key_of
from stories.services.sound import speakers_of
from stories.services.sound_items import SoundItem
from stories.services.sound_plan import SoundPlan

from .parts import Link, Moment, Money, PlanState, link, money


class Mark(msgspec.Struct):
    """When a clause is heard, in the take."""

    text: str
    start_ms: int
    end_ms: int


class SoundTakeOut(msgspec.Struct):
    """One generation or upload of sound. `scene_id` is null for what belongs to the whole film,
    `line_id` for all but speech, `effect_id` for all but effects.
    """

    id: UUID
    story_id: UUID
    scene_id: UUID | None
    line_id: UUID | None
    effect_id: UUID | None
    kind: SoundKind
    source: TakeSource
    url: Link
    mime: str
    duration_ms: int
    samples: Annotated[int, Meta(description="At 48,000 a second.")]
    marks: list[Mark]
    provider: str
    model: str
    seed: int | None
    cost: Money
    verdict: ReviewStatus
    verdict_reason: str
    created_at: Moment


class LineOut(msgspec.Struct):
    """One line of a scene. `speech` is the take that the film speaks it with."""

    id: UUID
    scene_id: UUID
    position: int
    kind: LineKind
    speaker: Annotated[str, Meta(description="Empty: the narrator.")]
    member_id: Annotated[
        UUID | None, Meta(description="The cast member that the speaker is, if there is one.")
    ]
    direction: Annotated[str, Meta(description="How it is said; never spoken itself.")]
    text: str
    speech: SoundTakeOut | None


class Lines(msgspec.Struct):
    """The scene's lines in their order. Their words are the scene's narration."""

    items: list[LineOut]


class VoiceOut(msgspec.Struct):
    """Who speaks: the narrator (no speaker) or a speaker. The newest version speaks."""

    speaker: str
    version: int
    provider: str
    voice: str
    model: str
    speed: float


class SoundItemOut(msgspec.Struct):
    """The speech of a line, music, or an effect; music of the film has neither `line_id` nor
    `scene_id`. `will`: a take is made, at `price`. Music of the film that was made for another
    order of the scenes is `stale` and not made again by itself.
    """

    kind: SoundKind
    line_id: UUID | None
    effect_id: UUID | None
    scene_id: UUID | None
    position: Annotated[
        int, Meta(description="Of the scene; 0 for music and effects of the whole film.")
    ]
    state: PlanState
    will: bool
    price: Money
    provider: str
    why: str


class SoundOut(msgspec.Struct):
    """How the story sounds, and what is still to be made for it. Without `enabled` its film is
    silent.
    """

    enabled: bool
    mood: Mood
    music_provider: str
    music_model: str
    effects_provider: str
    speech_db: float
    music_db: float
    effects_db: float
    clips_db: float
    duck_db: float
    music_from: float
    music_until: float | None
    loudness: LoudnessPreset
    music: SoundTakeOut | None
    recording: Annotated[
        SoundTakeOut | None, Meta(description="Replaces the voices of the whole film.")
    ]
    speakers: Annotated[
        list[str], Meta(description="Those who speak in the story, besides the narrator.")
    ]
    voices: list[VoiceOut]
    items: list[SoundItemOut]
    total: Annotated[
        str,
        Meta(description="USD for all that is to be made; part of the plans of preview and film."),
    ]
    warnings: Annotated[
        list[str],
        Meta(
            description="Scenes that are too short for their lines, with the length that they "
            "need, and effects that begin too late to be heard."
        ),
    ]


class SceneSoundOut(msgspec.Struct):
    """What is heard in a scene besides its lines and its effects. The recording replaces the voices
    of its lines.
    """

    scene_id: UUID
    recording: SoundTakeOut | None
    clip_sound: Annotated[
        bool | None, Meta(description="Null: the clip is heard only if nobody speaks.")
    ]
    mood: Annotated[
        Mood | None,
        Meta(
            description="Of the scene's own music, `none` without. Null: the film's music goes on."
        ),
    ]
    music: Annotated[
        SoundTakeOut | None, Meta(description="The scene's selected music; heard with a mood.")
    ]


class EffectOut(msgspec.Struct):
    """A sound effect of a scene, or of the whole film (no scene). `take` is the one that is heard.
    Only an effect with a prompt is generated.
    """

    id: UUID
    story_id: UUID
    scene_id: UUID | None
    prompt: str
    seconds: Annotated[float, Meta(description="The length that is ordered.")]
    begins: Annotated[float, Meta(description="Seconds of its scene, or of the film.")]
    level_db: float
    take: Annotated[SoundTakeOut | None, Meta(description="Null: none yet.")]


def effect_out(call: Call, effect: Effect) -> EffectOut:
    return EffectOut(
        effect.pk,
        effect.story_id,
        effect.scene_id,
        effect.prompt,
        effect.seconds,
        effect.begins,
        effect.level_db,
        sound_take_out(call, effect.take) if effect.take else None,
    )


def scene_sound_out(call: Call, row: SceneSound) -> SceneSoundOut:
    return SceneSoundOut(
        scene_id=row.scene_id,
        recording=sound_take_out(call, row.recording) if row.recording else None,
        clip_sound=row.clip_sound,
        mood=Mood(row.mood) if row.mood else None,
        music=sound_take_out(call, row.music_take) if row.music_take else None,
    )


def sound_take_out(call: Call, take: SoundTake) -> SoundTakeOut:
    return SoundTakeOut(
        id=take.pk,
        story_id=take.story_id,
        scene_id=take.scene_id,
        line_id=take.line_id,
        effect_id=take.effect_id,
        kind=SoundKind(take.kind),
        source=TakeSource(take.source),
        url=link(call, take.file),
        mime=take.mime,
        duration_ms=take.duration_ms,
        samples=take.samples,
        marks=[Mark(mark["text"], mark["start_ms"], mark["end_ms"]) for mark in take.marks],
        provider=take.provider,
        model=take.model,
        seed=take.seed,
        cost=money(take.cost),
        verdict=ReviewStatus(take.review_status),
        verdict_reason=take.review_reason,
        created_at=take.created_at,
    )


def line_out(call: Call, line: Line, members: dict[str, CastMember]) -> LineOut:
    """Needs the line with its text and its speech, and the cast by names (`by_name`)."""
    text = line.current
    member = members.get(key_of(text.speaker)) if text.speaker else None
    speech = sound_take_out(call, line.speech_take) if line.speech_take else None
    return LineOut(
        line.pk,
        line.scene_id,
        line.position,
        LineKind(text.kind),
        text.speaker,
        member.pk if member else None,
        text.direction,
        text.text,
        speech,
    )


def voice_out(voice: Voice) -> VoiceOut:
    return VoiceOut(
        voice.speaker, voice.version, voice.provider, voice.voice, voice.model, voice.speed
    )


def sound_item_out(item: SoundItem) -> SoundItemOut:
    line_id = item.line.pk if item.line else None
    return SoundItemOut(
        SoundKind(item.kind),
        line_id,
        item.effect.pk if item.effect else None,
        item.scene.pk if item.scene else None,
        item.position,
        item.state,
        item.will,
        money(item.price),
        item.provider,
        str(item.why),
    )


def sound_out(call: Call, story: Story, plan: SoundPlan, voices: list[Voice]) -> SoundOut:
    settings = plan.settings or StorySound(story=story, enabled=False)
    return SoundOut(
        enabled=settings.enabled,
        mood=Mood(settings.mood),
        music_provider=settings.music_provider,
        music_model=settings.music_model,
        effects_provider=settings.effects_provider,
        speech_db=settings.speech_db,
        music_db=settings.music_db,
        effects_db=settings.effects_db,
        clips_db=settings.clips_db,
        duck_db=settings.duck_db,
        music_from=settings.music_from,
        music_until=settings.music_until,
        loudness=LoudnessPreset(settings.loudness),
        music=sound_take_out(call, settings.music_take) if settings.music_take else None,
        recording=sound_take_out(call, settings.recording) if settings.recording else None,
        speakers=speakers_of(story),
        voices=[voice_out(voice) for voice in voices],
        items=[sound_item_out(item) for item in plan.items],
        total=money(plan.total),
        warnings=[str(warning) for warning in plan.warnings],
    )
