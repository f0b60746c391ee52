"""How a story sounds: its settings, and who speaks its lines."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_noop

from core import visible
from core.unicode_normalization import composed_values
from providers import registry
from providers.models import AIProviderConfig
from providers.prices import config_of
from stories.enums import SoundKind, StoryStatus
from stories.errors import GuardRefused, Invalid
from stories.models import (
    CastMember,
    Effect,
    Line,
    LineText,
    Scene,
    SceneSound,
    Story,
    StorySound,
    Voice,
)

from . import waking
from .makers import require_model, with_models
from .permissions import require_story_owner
from .pronunciations import ARCHIVED, Pronunciations, pronunciations_of
from .speech_prediction_jobs import predict_on_commit

SETTINGS = (
    "enabled",
    "mood",
    "music_provider",
    "music_model",
    "effects_provider",
    "speech_db",
    "music_db",
    "effects_db",
    "clips_db",
    "duck_db",
    "music_from",
    "music_until",
    "loudness",
)
OF_SCENE = ("clip_sound", "mood")
VOICE = ("provider", "voice", "model", "speed")
# The voices that a story has before a person chooses: its provider's default for the language.
DEFAULT = "local"


def settings_of(story: Story) -> StorySound | None:
    """The story's sound settings. None: its film is silent."""
    found = StorySound.objects.filter(story=story).select_related("music_take", "recording").first()
    if found is not None:
        found.story = story
    return found


def is_on(story: Story) -> bool:
    return StorySound.objects.filter(story=story, enabled=True).exists()


def makes(provider: str, kind: str) -> bool:
    """Whether this kind of sound can be asked of the provider."""
    known = AIProviderConfig.objects.filter(provider=provider).values_list("kind", flat=True)
    return any(registry.makes(connection, kind) for connection in known)


def locked_for_sound(story_id: UUID | str, actor: Any) -> Story:
    """Lock the story for a change of its sound.

    Raises Story.DoesNotExist, Forbidden or GuardRefused (archived).
    """
    story = Story.objects.select_for_update().get(pk=story_id)
    require_story_owner(actor, story)
    if story.status == StoryStatus.ARCHIVED:
        raise GuardRefused(ARCHIVED)
    return story


def change_settings(story_id: UUID | str, *, actor: Any, **values: Any) -> StorySound:
    """Change the story's sound settings, and turn its sound on if it has none yet.

    A changed level or mood changes no picture. Raises Story.DoesNotExist, Forbidden, GuardRefused
    or Invalid.
    """
    if unknown := set(values) - set(SETTINGS):
        raise Invalid(
            gettext_noop("The sound has no “%(field_name)s”."),
            field_name=min(unknown),
            field=min(unknown),
        )
    with transaction.atomic():
        story = locked_for_sound(story_id, actor)
        sound = StorySound.objects.filter(story=story).first() or StorySound(story=story)
        values = with_models(sound, values)
        for name, value in values.items():
            setattr(sound, name, value)
            check(sound, name)
        if "music_provider" in values and not makes(sound.music_provider, SoundKind.MUSIC):
            raise Invalid(gettext_noop("This provider makes no music."), field="music_provider")
        if values.get("music_model"):
            require_model(config_of(sound.music_provider), "music_provider", sound.music_model)
        if "effects_provider" in values and not makes(sound.effects_provider, SoundKind.SOUND):
            raise Invalid(gettext_noop("This provider makes no effects."), field="effects_provider")
        if sound.music_until is not None and sound.music_until <= sound.music_from:
            raise Invalid(gettext_noop("The music ends after it begins."), field="music_until")
        sound.save()
        waking.wake_story_jobs_on_commit(story.pk)
        predict_on_commit(story.pk)
    return sound


def scene_sounds_of(story: Story) -> dict[UUID, SceneSound]:
    """The sound settings of the scenes that have some. One query."""
    rows = SceneSound.objects.filter(scene__story=story)
    return {row.scene_id: row for row in rows.select_related("recording", "music_take__call")}


def change_scene_sound(scene_id: UUID | str, *, actor: Any, **values: Any) -> SceneSound:
    """Change whether a scene's clip is heard, and its music. No picture is made again for it.

    `mood`: of the scene's own music; empty: the film's music goes on, "none": no music.

    Raises Scene.DoesNotExist, Forbidden, GuardRefused or Invalid.
    """
    if unknown := set(values) - set(OF_SCENE):
        raise Invalid(
            gettext_noop("The sound has no “%(field_name)s”."),
            field_name=min(unknown),
            field=min(unknown),
        )
    with transaction.atomic():
        story = locked_for_sound(
            Scene.live.values_list("story_id", flat=True).get(pk=scene_id), actor
        )
        scene = Scene.live.get(pk=scene_id)
        row = SceneSound.objects.filter(scene=scene).first() or SceneSound(scene=scene)
        for name, value in values.items():
            setattr(row, name, value)
            check(row, name)
        row.save()
        waking.wake_story_jobs_on_commit(story.pk)
    return row


def split_scene_sound(scene: Scene, second: Scene) -> None:
    """Let the second part of a scene have the scene's music. The caller holds the story's lock.

    A recording and the clip stay with the first part.
    """
    row = SceneSound.objects.filter(scene=scene).exclude(mood="").first()
    if row is not None:
        SceneSound.objects.create(scene=second, mood=row.mood, music_take_id=row.music_take_id)


def copy_scene_sound(scene: Scene, target: Scene) -> None:
    """Let a copy of a scene sound as the scene does. The caller holds the story's lock."""
    row = SceneSound.objects.filter(scene=scene).first()
    if row is not None:
        row.scene = target
        row.save(force_insert=True)


def check(row: StorySound | SceneSound | Effect | Voice, name: str) -> None:
    """Check and clean one field. Raises Invalid."""
    field: Any = row._meta.get_field(name)  # noqa: SLF001  Django's documented model API
    try:
        setattr(row, name, field.clean(getattr(row, name), row))
    except ValidationError as error:
        raise Invalid("%(message)s", message=" ".join(error.messages), field=name) from error


@dataclass(frozen=True, slots=True)
class Cast:
    """The newest voice of each speaker; the narrator has no name. How words are pronounced.

    `other_names`: the voices of cast members by their other names, so that a renamed member keeps
    its voice whichever name a line has.
    """

    voices: dict[str, Voice]
    pronunciations: Pronunciations = field(default_factory=Pronunciations)
    other_names: dict[str, Voice] = field(default_factory=dict)

    def voice_of(self, speaker: str) -> Voice:
        """The speaker's voice, else the narrator's, else the local provider's default."""
        own = self.voices.get(speaker) or self.other_names.get(speaker)
        return own or self.voices.get("") or Voice(provider=DEFAULT)

    def spoken(self, text: LineText) -> str:
        """The words that are sent to the voice."""
        return self.pronunciations.spoken(text.text)

    def speaking(self, text: LineText) -> Voice:
        return self.voice_of(text.voice_of)


def cast_of(story: Story) -> Cast:
    """Two queries."""
    found: dict[str, Voice] = {}
    for voice in Voice.objects.filter(story=story).order_by("version"):
        found[voice.speaker] = voice
    other_names = _by_other_names(story, found) if any(found) else {}
    return Cast(found, pronunciations_of(story), other_names)


def _by_other_names(story: Story, voices: dict[str, Voice]) -> dict[str, Voice]:
    """The newest voice of each member of the cast, by those of its names that have none."""
    found: dict[str, Voice] = {}
    for member in CastMember.live.filter(story=story):
        own = [voices[name] for name in member.names if name in voices]
        if own:
            voice = max(own, key=lambda voice: voice.pk)
            found |= {name: voice for name in member.names if name not in voices}
    return found


def speakers_of(story: Story) -> list[str]:
    """The names of those who speak in the story's live scenes, in the order of their first line."""
    rows = Line.live.filter(
        scene__story=story, scene__deleted_at=None, current__kind="dialogue"
    ).exclude(current__speaker="")
    return list(
        dict.fromkeys(
            rows.order_by("scene__position", "position").values_list("current__speaker", flat=True)
        )
    )


def set_voice(story_id: UUID | str, *, actor: Any, speaker: str = "", **values: Any) -> Voice:
    """Choose the voice of the narrator (no speaker) or of a speaker.

    The lines that it speaks become stale, no picture does. The same voice again changes nothing.
    Raises Story.DoesNotExist, Forbidden, GuardRefused or Invalid.
    """
    if unknown := set(values) - set(VOICE):
        raise Invalid(
            gettext_noop("A voice has no “%(field_name)s”."),
            field_name=min(unknown),
            field=min(unknown),
        )
    wanted = composed_values({"speaker": visible.stripped(speaker), **values})
    with transaction.atomic():
        story = locked_for_sound(story_id, actor)
        newest = (
            Voice.objects.filter(story=story, speaker=wanted["speaker"])
            .order_by("-version")
            .first()
        )
        kept = {name: getattr(newest, name) for name in VOICE} if newest else {}
        if wanted.get("provider", kept.get("provider")) != kept.get("provider"):
            kept |= {"voice": "", "model": ""}  # those of another provider
        voice = Voice(
            story=story,
            version=newest.version + 1 if newest else 1,
            made_by=actor,
            **{**kept, **wanted},
        )
        if len(voice.speaker) > Voice._meta.get_field("speaker").max_length:  # type: ignore[operator]  # noqa: SLF001  Django's documented model API
            raise Invalid(gettext_noop("At most %(most)s characters."), most=100, field="speaker")
        for name in VOICE:
            check(voice, name)
        if "provider" in values and not makes(voice.provider, SoundKind.SPEECH):
            raise Invalid(gettext_noop("This provider does not speak."), field="provider")
        if newest is not None and all(
            getattr(voice, name) == getattr(newest, name) for name in VOICE
        ):
            return newest
        voice.save()
        waking.wake_story_jobs_on_commit(story.pk)
        predict_on_commit(story.pk)
    return voice
