"""Uploads of sound, and what is heard in a scene besides its lines."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_noop

from api.inputs import Empty
from api.problems import FieldError, invalid
from api.responses import Created
from api.routes import Call, Upload
from core.localized_messages import LocalizedMessage
from stories.api import schemas
from stories.enums import SoundKind
from stories.models import Scene, SceneSound
from stories.services import sound as domain
from stories.services import sound_takes
from stories.services.sound_uploads import LIMIT, MAX_REASON, add_sound, read_sound

from .base import SOUND, api
from .lookups import admit_writer, scene_of, sound_take_of, story_of
from .outputs.sound import SceneSoundOut, SoundTakeOut, scene_sound_out, sound_take_out

NONE_OF_THESE = gettext_noop("This is none of the values to choose from.")
SENT = {
    "file": {
        "type": "string",
        "format": "binary",
        "description": "WAV, AIFF, FLAC, MP3, M4A, AAC, Ogg or WebM; at most 60 minutes.",
    },
    "kind": {"type": "string", "enum": list(SoundKind.values)},
    "line": {"type": "string", "format": "uuid", "description": "The line of a speech."},
    "scene": {
        "type": "string",
        "format": "uuid",
        "description": "The scene of an effect or of a recording. A recording without one "
        "replaces the voices of the whole film.",
    },
    "reason": {"type": "string", "maxLength": MAX_REASON},
    "replace": {
        "type": "string",
        "enum": ["true", "false"],
        "description": "Where an approved take stands: `true` puts the file in its place, `false` "
        "only adds it to the takes. Left out: 409 `approved_take`.",
    },
}
REPLACE = {None: None, "true": True, "false": False}


@dataclass(frozen=True, slots=True)
class _Form:
    file: "UploadedFile[Any]"
    kind: SoundKind
    line: UUID | None
    scene: UUID | None
    reason: str
    replace: bool | None


@api.post(
    "stories/<uuid:story_id>/sounds/",
    tag=SOUND,
    summary="Upload a sound",
    upload=Upload(SENT, ("file", "kind"), LIMIT),
    admit=admit_writer,
)
def upload_sound(call: Call, story_id: UUID) -> Created[SoundTakeOut]:
    """The file is read to its end before anything is kept, and one that was cut short is refused.
    The take is heard from now on: a speech for its line, an effect from the start of its scene,
    music for the film, a recording in place of the voices.
    """
    story_of(call, story_id)
    form = _form(call)
    read = read_sound(
        story_id,
        form.kind,
        file=form.file,
        actor=call.user,
        scene_id=form.scene,
        line_id=form.line,
        reason=form.reason,
        replace=form.replace,
    )
    call.begin()
    return Created(sound_take_out(call, add_sound(read)))


def _form(call: Call) -> _Form:
    """The form's fields and its file. Raises 422 with each that is missing, wrong or unknown."""
    form, files = call.request.POST, call.request.FILES
    wrong: list[tuple[str, str]] = []
    sent = files.get("file")
    if list(files) != ["file"] or len(files.getlist("file")) != 1:
        wrong.append(("file", gettext_noop("Send exactly one file.")))
    if form.get("kind") not in SoundKind.values:
        wrong.append(("kind", NONE_OF_THESE))
    reason = form.get("reason", "")
    if len(reason) > MAX_REASON or "\0" in reason:
        wrong.append(("reason", gettext_noop("The text has a form that is not taken here.")))
    if form.get("replace") not in REPLACE:
        wrong.append(("replace", NONE_OF_THESE))
    ids: dict[str, UUID | None] = {}
    for name in ("line", "scene"):
        try:
            ids[name] = UUID(form[name]) if name in form else None
        except ValueError:
            wrong.append((name, gettext_noop("This is not an id.")))
    wrong += [
        (name, gettext_noop("There is no such field."))
        for name in sorted(form.keys() - (SENT.keys() - {"file"}))
    ]
    if wrong or not isinstance(sent, UploadedFile):
        raise invalid(
            [
                FieldError(detail=str(LocalizedMessage(template)), pointer=f"/{name}")
                for name, template in wrong
            ]
        )
    kind = SoundKind(form["kind"])
    return _Form(sent, kind, ids["line"], ids["scene"], reason, REPLACE[form.get("replace")])


@api.post(
    "sounds/<uuid:take_id>/deselect/",
    tag=SOUND,
    summary="Leave a take of sound out of the film",
    problems=(409,),
)
def deselect_sound(call: Call, take_id: UUID, body: Empty) -> SoundTakeOut:  # noqa: ARG001  rejects a body that is not empty
    """Without a recording the voices speak again; a line without speech is spoken anew."""
    sound_take_of(call, take_id)
    return sound_take_out(call, sound_takes.deselect(take_id, actor=call.user))


@api.get("scenes/<uuid:scene_id>/sound/", tag=SOUND, summary="Show how a scene sounds")
def get_scene_sound(call: Call, scene_id: UUID) -> SceneSoundOut:
    return _scene_sound(call, scene_of(call, scene_id))


def _scene_sound(call: Call, scene: Scene) -> SceneSoundOut:
    row = SceneSound.objects.filter(scene=scene).select_related("recording", "effect").first()
    return scene_sound_out(call, row or SceneSound(scene=scene))


@api.patch(
    "scenes/<uuid:scene_id>/sound/",
    tag=SOUND,
    summary="Change how a scene sounds",
    problems=(409,),
)
def patch_scene_sound(call: Call, scene_id: UUID, body: schemas.SceneSoundPatch) -> SceneSoundOut:
    """Only what is sent is changed. No picture is made or encoded again for it."""
    scene = scene_of(call, scene_id)
    domain.change_scene_sound(scene_id, actor=call.user, **schemas.sent_values(body))
    return _scene_sound(call, scene)
