"""A take that a person brings: read whole and safely, kept under its content, chosen for the scene."""

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from providers.media import pictures
from providers.media.ffmpeg import probe
from providers.store import Stored, keep, workplace
from stories.enums import TakeKind, TakeSource
from stories.errors import Invalid
from stories.models import Scene, Take

from . import work
from .locks import locked_scene
from .permissions import require_story_owner
from .takes import FIELD

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

LIMIT = 256 * 1024 * 1024  # bytes of an upload; pictures have a smaller limit of their own
CONTAINERS = {b"ftyp": ("mp4", "video/mp4"), b"\x1a\x45\xdf\xa3": ("webm", "video/webm")}


def upload(scene_id: UUID | str, kind: TakeKind, *, file: "UploadedFile[Any]", actor: Any, reason: str = "") -> Take:
    """Keep the file as a take of the scene and choose it. A picture is written anew, so that only its pixels pass.

    The file is read before the transaction begins. Raises Scene.DoesNotExist, Forbidden, GuardRefused (closed by the
    story's status), Invalid (too large, no film container) or MediaError (cannot be read).
    """
    require_story_owner(actor, Scene.live.select_related("story").get(pk=scene_id).story)
    if (file.size or 0) > (pictures.MAX_BYTES if kind == TakeKind.IMAGE else LIMIT):
        raise Invalid(gettext_noop("The file is too large."), field="file")
    with workplace() as folder:
        kept, facts = _picture(file, folder) if kind == TakeKind.IMAGE else _clip(file, folder)
    with transaction.atomic():
        story, scene = locked_scene(scene_id, actor)
        take = Take.objects.create(
            scene=scene, kind=kind, source=TakeSource.UPLOADED, file=kept.name, sha256=kept.sha256, prompt=scene.prompt, made_by=actor, reason=reason, **facts
        )
        setattr(scene, FIELD[kind], take)
        scene.save(update_fields=[FIELD[kind], "updated_at"])
        work.look_again(story.pk)
    return take


def _picture(file: "UploadedFile[Any]", folder: Path) -> tuple[Stored, dict[str, Any]]:
    data, mime, (width, height) = pictures.clean(file.read())
    path = folder / "picture"
    path.write_bytes(data)
    return keep(path, "jpg" if mime == "image/jpeg" else "png"), {"mime": mime, "width": width, "height": height}


def _clip(file: "UploadedFile[Any]", folder: Path) -> tuple[Stored, dict[str, Any]]:
    path = folder / "clip"
    with path.open("wb") as target:
        for chunk in file.chunks():
            target.write(chunk)
    with path.open("rb") as head:
        start = head.read(12)
    found = CONTAINERS.get(start[4:8]) or CONTAINERS.get(start[:4])
    if found is None:
        raise Invalid(gettext_noop("The file is not a clip that can be read: MP4, MOV and WebM are."), field="file")
    extension, mime = found
    facts = probe(path)
    return keep(path, extension), {"mime": mime, "width": facts.width, "height": facts.height, "duration_ms": facts.duration_ms}
