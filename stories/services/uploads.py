"""Uploaded takes: validated completely, stored by content, selected for the scene."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from core.localized_messages import sentence_of
from media import clip_import, image_import
from media.errors import MediaError
from media.measures import measures_of
from providers.store import Stored, save, workplace
from stories.enums import ReviewStatus, TakeKind, TakeSource
from stories.errors import ApprovedTake, Invalid
from stories.models import Scene, Take

from . import checks, segment_jobs, waking
from .locking import locked_for_words, require_live
from .permissions import require_story_owner
from .takes import FIELD

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

NOT_TAKEN = gettext_noop("Scene %(position)s: the upload was not taken. %(why)s")
LIMIT = clip_import.MAX_BYTES  # for uploads; pictures have a smaller limit of their own


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was read and stored, and what its take will be."""

    scene_id: UUID | str
    kind: TakeKind
    actor: Any
    reason: str
    replace: bool | None
    kept: Stored
    facts: dict[str, Any]
    measures: dict[str, Any]


def most_bytes(kind: TakeKind) -> int:
    """The size of the largest file that is taken."""
    return image_import.MAX_BYTES if kind == TakeKind.IMAGE else LIMIT


def upload(
    scene_id: UUID | str,
    kind: TakeKind,
    *,
    file: "UploadedFile[Any]",
    actor: Any,
    reason: str = "",
    replace: bool | None = False,
) -> Take:
    """Store the file as a take of the scene and select it. Raises what its two steps raise."""
    return add_take(
        read_upload(scene_id, kind, file=file, actor=actor, reason=reason, replace=replace)
    )


def read_upload(
    scene_id: UUID | str,
    kind: TakeKind,
    *,
    file: "UploadedFile[Any]",
    actor: Any,
    reason: str = "",
    replace: bool | None = False,
) -> Upload:
    """Read and store the file. Call it outside of a transaction.

    The file is read in a separate process and rewritten, so that only its pictures and sound are
    kept. Changes made to it are noted on the take. Raises Scene.DoesNotExist, Forbidden, Conflict
    (the scene is deleted), ApprovedTake (nothing is stored), Invalid (too large), MediaError
    (unreadable) or BusyError.
    """
    scene = Scene.objects.select_related("story", "image_take", "clip_take").get(pk=scene_id)
    require_story_owner(actor, scene.story)
    require_live(scene)
    if replace is None:
        _require_no_approved(scene, kind)  # before reading the file
    if (file.size or 0) > most_bytes(kind):
        raise Invalid(gettext_noop("The file is too large."), field="file")
    with workplace() as folder, _naming(scene):
        found = _picture(file, folder) if kind == TakeKind.IMAGE else _clip(file, folder)
    return Upload(scene_id, kind, actor, reason, replace, *found)


def add_take(read: Upload) -> Take:
    """Make the stored file a take of the scene and select it.

    An approved take is replaced only with `replace`; with None, ApprovedTake is raised if there is
    one. Raises Scene.DoesNotExist, Forbidden, Conflict (the scene is deleted) or GuardRefused
    (closed by the story's status).
    """
    kind, kept, replace = read.kind, read.kept, read.replace
    with transaction.atomic():
        story, scene = locked_for_words(read.scene_id, read.actor)
        if replace is None:
            _require_no_approved(scene, kind)
        source = {"source": TakeSource.UPLOADED, "made_by": read.actor, "reason": read.reason}
        take = Take.objects.create(
            scene=scene,
            kind=kind,
            file=kept.name,
            sha256=kept.sha256,
            prompt=scene.prompt,
            **source,
            **read.facts,
        )
        checks.record(take, read.measures)
        # An approved take leaves the film only if the person has agreed. Checked under the lock.
        standing = scene.take(kind)
        if replace or standing is None or standing.review_status != ReviewStatus.APPROVED:
            setattr(scene, FIELD[kind], take)
            scene.save(update_fields=[FIELD[kind], "updated_at"])
            waking.wake_story_jobs_on_commit(story.pk)
            segment_jobs.encode_on_commit(scene.pk, kind)
    return take


def _require_no_approved(scene: Scene, kind: TakeKind) -> None:
    standing = scene.take(kind)
    if standing is not None and standing.review_status == ReviewStatus.APPROVED:
        raise ApprovedTake(
            gettext_noop("There is already an approved take. Choose whether the file replaces it."),
            take=str(standing.pk),
        )


@contextmanager
def _naming(scene: Scene) -> Iterator[None]:
    """Add the scene to an error about an unreadable file.

    The board may show the message beside all scenes.
    """
    try:
        yield
    except MediaError as error:
        why = sentence_of(error)
        raise MediaError(
            NOT_TAKEN, code=error.code, detail=error.detail, position=scene.position, why=why
        ) from error


type _Read = tuple[Stored, dict[str, Any], dict[str, Any]]  # the file, its facts, its measures


def _picture(file: "UploadedFile[Any]", folder: Path) -> _Read:
    taken = image_import.ingested(write_upload(file, folder), folder / "picture")
    facts = {
        "mime": taken.mime,
        "width": taken.size[0],
        "height": taken.size[1],
        "notes": [note.as_json() for note in taken.notes],
    }
    kept = save(taken.path, "jpg" if taken.mime == "image/jpeg" else "png")
    return kept, facts, measures_of(taken.path, is_clip=False)


def _clip(file: "UploadedFile[Any]", folder: Path) -> _Read:
    taken = clip_import.ingested(write_upload(file, folder), folder / "clip")
    facts: dict[str, Any] = {
        "mime": taken.mime,
        "width": taken.size[0],
        "height": taken.size[1],
        "notes": [note.as_json() for note in taken.notes],
    }
    kept = save(taken.path, taken.extension)
    facts["duration_ms"] = taken.duration_ms
    facts["has_sound"] = taken.has_sound
    return kept, facts, measures_of(taken.path, is_clip=True)


def write_upload(file: "UploadedFile[Any]", folder: Path) -> Path:
    path = folder / "sent"
    with path.open("wb") as target:
        for chunk in file.chunks():
            target.write(chunk)
    return path
