"""A take that a person brings: read whole and safely, kept under its content, chosen for the scene."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from ground.sentence import sentence_of
from providers.media import clips, pictures
from providers.media.errors import MediaError
from providers.store import Stored, keep, workplace
from stories.enums import TakeKind, TakeSource, Verdict
from stories.errors import ApprovedTake, Invalid
from stories.models import Scene, Take

from . import work
from .locks import locked_for_words, require_live
from .permissions import require_story_owner
from .takes import FIELD

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

NOT_TAKEN = gettext_noop("Scene %(position)s: the upload was not taken. %(why)s")
LIMIT = clips.MAX_BYTES  # of an upload; pictures have a smaller limit of their own


def upload(scene_id: UUID | str, kind: TakeKind, *, file: "UploadedFile[Any]", actor: Any, reason: str = "", replace: bool | None = False) -> Take:
    """Keep the file as a take of the scene and choose it, over an approved take only with `replace`; None: ask.
    It is written anew, so that only its pictures and its sound pass.

    The file is read before the transaction begins, in a process of its own. What was done to it is noted on the take. Raises
    Scene.DoesNotExist, Forbidden, Conflict (the scene is deleted), GuardRefused (closed by the story's status),
    ApprovedTake (nothing is kept), Invalid (too large), MediaError (cannot be read)
    or BusyError.
    """
    scene = Scene.objects.select_related("story", "image_take", "clip_take").get(pk=scene_id)
    require_story_owner(actor, scene.story)
    require_live(scene)
    if replace is None:
        _require_no_approved(scene, kind)  # before the file is read
    if (file.size or 0) > (pictures.MAX_BYTES if kind == TakeKind.IMAGE else LIMIT):
        raise Invalid(gettext_noop("The file is too large."), field="file")
    with workplace() as folder, _naming(scene):
        kept, facts = _picture(file, folder) if kind == TakeKind.IMAGE else _clip(file, folder)
    with transaction.atomic():
        story, scene = locked_for_words(scene_id, actor)
        if replace is None:
            _require_no_approved(scene, kind)
        take = Take.objects.create(
            scene=scene, kind=kind, source=TakeSource.UPLOADED, file=kept.name, sha256=kept.sha256, prompt=scene.prompt, made_by=actor, reason=reason, **facts
        )
        # An approved take leaves the film only if the person has said so; looked at under the lock.
        standing = scene.take(kind)
        if replace or standing is None or standing.verdict != Verdict.APPROVED:
            setattr(scene, FIELD[kind], take)
            scene.save(update_fields=[FIELD[kind], "updated_at"])
            work.look_again(story.pk)
    return take


def _require_no_approved(scene: Scene, kind: TakeKind) -> None:
    standing = scene.take(kind)
    if standing is not None and standing.verdict == Verdict.APPROVED:
        raise ApprovedTake(gettext_noop("An approved take stands there. Say whether the file replaces it."), take=str(standing.pk))


@contextmanager
def _naming(scene: Scene) -> Iterator[None]:
    """A file that cannot be read is told with its scene: the words may be shown on the board, beside all of them."""
    try:
        yield
    except MediaError as error:
        why = sentence_of(error)
        raise MediaError(NOT_TAKEN, code=error.code, detail=error.detail, position=scene.position, why=why) from error


def _picture(file: "UploadedFile[Any]", folder: Path) -> tuple[Stored, dict[str, Any]]:
    taken = pictures.taken_in(_sent(file, folder), folder / "picture")
    facts = {"mime": taken.mime, "width": taken.size[0], "height": taken.size[1], "notes": [note.as_json() for note in taken.notes]}
    return keep(taken.path, "jpg" if taken.mime == "image/jpeg" else "png"), facts


def _clip(file: "UploadedFile[Any]", folder: Path) -> tuple[Stored, dict[str, Any]]:
    taken = clips.taken_in(_sent(file, folder), folder / "clip")
    facts = {"mime": taken.mime, "width": taken.size[0], "height": taken.size[1], "notes": [note.as_json() for note in taken.notes]}
    return keep(taken.path, taken.extension), {**facts, "duration_ms": taken.duration_ms}


def _sent(file: "UploadedFile[Any]", folder: Path) -> Path:
    path = folder / "sent"
    with path.open("wb") as target:
        for chunk in file.chunks():
            target.write(chunk)
    return path
