"""Uploaded sound: read to its end, stored by content, and selected where it belongs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from core import visible
from media import audio_import
from providers.store import Stored, save, workplace
from stories.enums import ReviewStatus, SoundKind, TakeSource
from stories.errors import ApprovedTake, Invalid
from stories.models import Effect, Line, Scene, SoundTake, Story

from . import waking
from .effects import new_effect_locked
from .permissions import require_story_owner
from .sound import locked_for_sound
from .sound_takes import choose_locked, let_be_heard_locked, selected_locked
from .uploads import write_upload

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

LIMIT = audio_import.MAX_BYTES
MAX_REASON = 200
MIME = "audio/flac"
CHANNELS = {
    SoundKind.SPEECH: 1,
    SoundKind.RECORDING: 1,
    SoundKind.MUSIC: 2,
    SoundKind.SOUND: 2,
}
SILENT = gettext_noop("Nothing can be heard in this file.")
WANTS_LINE = gettext_noop("Say which line it speaks.")
WANTS_SCENE = gettext_noop("Choose the scene in which it is heard.")
NO_EFFECT = gettext_noop("There is no such effect.")
APPROVED = gettext_noop("There is already an approved take. Choose whether the file replaces it.")


@dataclass(frozen=True, slots=True)
class SoundUpload:
    """A sound that was read and stored, and what its take will be.

    `replace`: whether an approved take leaves the film for it; None: ApprovedTake is raised then.
    """

    story_id: UUID
    kind: SoundKind
    scene_id: UUID | None
    line_id: UUID | None
    effect_id: UUID | None
    actor: Any
    reason: str
    replace: bool | None
    stored: Stored
    samples: int


def upload_sound(story_id: UUID | str, kind: SoundKind, **values: Any) -> SoundTake:
    """Store the file as a take and select it. Raises what its two steps raise."""
    return add_sound(read_sound(story_id, kind, **values))


def read_sound(
    story_id: UUID | str,
    kind: SoundKind,
    *,
    file: "UploadedFile[Any]",
    actor: Any,
    scene_id: UUID | None = None,
    line_id: UUID | None = None,
    effect_id: UUID | None = None,
    reason: str = "",
    replace: bool | None = False,
) -> SoundUpload:
    """Read and store the file. Call it outside of a transaction.

    It is decoded to its end in a limited process and stored as FLAC: speech and recordings in one
    channel, music and effects in two. Raises Story.DoesNotExist, Forbidden, Invalid (too large, of
    the wrong place, silent), MediaError (unreadable, damaged, cut short) or BusyError; then
    nothing has changed.
    """
    story = Story.objects.get(pk=story_id)
    require_story_owner(actor, story)
    scene_id = _place(story, kind, scene_id, line_id, effect_id)
    reason = visible.stripped(reason)
    if len(reason) > MAX_REASON:
        raise Invalid(gettext_noop("At most %(most)s characters."), most=MAX_REASON, field="reason")
    if (file.size or 0) > LIMIT:
        raise Invalid(gettext_noop("The file is too large."), field="file")
    if not file.size:
        raise Invalid(gettext_noop("The file is empty."), field="file")
    with workplace() as folder:
        sent, clean = write_upload(file, folder), folder / "clean.flac"
        found = audio_import.ingested(sent, clean, channels=CHANNELS[kind], must_be_whole=True)
        if found.is_silent:
            raise Invalid(SILENT, field="file")
        stored = save(clean, "flac")
    return SoundUpload(
        story.pk, kind, scene_id, line_id, effect_id, actor, reason, replace, stored, found.samples
    )


def _place(
    story: Story,
    kind: SoundKind,
    scene_id: UUID | None,
    line_id: UUID | None,
    effect_id: UUID | None,
) -> UUID | None:
    """The scene that the sound belongs to. Raises Invalid for a place that its kind has not."""
    if effect_id is not None and kind != SoundKind.SOUND:
        raise Invalid(NO_EFFECT, field="effect")
    if kind == SoundKind.SPEECH:
        lines = Line.live.filter(scene__story=story, scene__deleted_at=None)
        line = lines.filter(pk=line_id).first() if line_id else None
        if line is None or scene_id not in {None, line.scene_id}:
            raise Invalid(WANTS_LINE, field="line")
        return line.scene_id
    if line_id is not None:
        raise Invalid(WANTS_SCENE, field="line")
    if effect_id is not None:
        effect = Effect.live.filter(pk=effect_id, story=story).first()
        if effect is None or scene_id not in {None, effect.scene_id}:
            raise Invalid(NO_EFFECT, field="effect")
        scene_id = effect.scene_id
    if scene_id is not None and not Scene.live.filter(pk=scene_id, story=story).exists():
        raise Invalid(WANTS_SCENE, field="scene")
    return scene_id


def add_sound(read: SoundUpload) -> SoundTake:
    """Make the stored file a take and select it. An effect that is not named is added.

    An approved take stays selected unless `replace` says otherwise. Raises Story.DoesNotExist,
    Forbidden, GuardRefused, ApprovedTake, or Invalid if its line, effect or scene was deleted
    meanwhile.
    """
    with transaction.atomic():
        story = locked_for_sound(read.story_id, read.actor)
        _place(story, read.kind, read.scene_id, read.line_id, read.effect_id)
        effect_id = read.effect_id
        if read.kind == SoundKind.SOUND and effect_id is None:
            effect = new_effect_locked(story, read.scene_id)
            effect.save()
            effect_id = effect.pk
        line = Line.live.filter(pk=read.line_id).first() if read.line_id else None
        take = SoundTake(
            story=story,
            scene_id=read.scene_id,
            line=line,
            effect_id=effect_id,
            text_id=line.current_id if line else None,
            kind=read.kind,
            source=TakeSource.UPLOADED,
            file=read.stored.name,
            sha256=read.stored.sha256,
            mime=MIME,
            samples=read.samples,
            made_by=read.actor,
            reason=read.reason,
        )
        standing = selected_locked(take)
        approved = standing is not None and standing.review_status == ReviewStatus.APPROVED
        if approved and standing is not None and read.replace is None:
            raise ApprovedTake(APPROVED, take=str(standing.pk))
        take.save()
        if not approved or read.replace:
            choose_locked(take)
            let_be_heard_locked(take)
            waking.wake_story_jobs_on_commit(story.pk)
    return take
