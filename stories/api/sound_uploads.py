"""A story's takes of sound, their uploads, and what is heard in a scene besides its lines."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.utils.translation import gettext_noop
from msgspec import UNSET

from api.components import Body, Query, Upload
from api.controllers import ApiController, Call, operation
from api.inputs import Empty
from api.paging import Page, page
from api.problems import FieldError, invalid
from api.responses import Created
from core.localized_messages import LocalizedMessage
from stories.api.inputs.parts import sent_values
from stories.api.inputs.sound_uploads import SceneSoundPatch, SoundFilter
from stories.enums import SoundKind
from stories.models import Scene, SceneSound, SoundTake, Story
from stories.services import sound as domain
from stories.services import sound_takes
from stories.services.permissions import stories_for
from stories.services.sound_uploads import LIMIT, MAX_REASON, add_sound, read_sound

from .base import SOUND, api
from .lookups import admit_writer, scene_of, sound_take_of, story_of, story_of_scene
from .outputs.sound import SceneSoundOut, SoundTakeOut, scene_sound_out, sound_take_out

NONE_OF_THESE = gettext_noop("This is not one of the allowed values.")
SENT = {
    "file": {
        "type": "string",
        "format": "binary",
        "description": "WAV, AIFF, FLAC, MP3, M4A, AAC, Ogg or WebM; at most 60 minutes.",
    },
    "kind": {"$ref": "#/components/schemas/SoundKind"},
    "line": {"type": "string", "format": "uuid", "description": "The line of a speech."},
    "scene": {
        "type": "string",
        "format": "uuid",
        "description": "The scene of a recording, of music or of a new effect. A recording "
        "without one replaces the voices of the whole film, music and an effect without one "
        "belong to it.",
    },
    "effect": {
        "type": "string",
        "format": "uuid",
        "description": "The effect that gets another take. Left out: an effect is added.",
    },
    "reason": {"type": "string", "maxLength": MAX_REASON},
    "replace": {
        "type": "string",
        "enum": ["true", "false"],
        "description": "Where an approved take is selected: `true` puts the file in its place, "
        "`false` only adds it to the takes. Left out: 409 `approved_take`.",
    },
}
REPLACE = {None: None, "true": True, "false": False}


@dataclass(frozen=True, slots=True)
class _Form:
    file: "UploadedFile[Any]"
    kind: SoundKind
    line: UUID | None
    scene: UUID | None
    effect: UUID | None
    reason: str
    replace: bool | None


@api.at("stories/<uuid:story_id>/sounds/")
class StorySoundsController(ApiController):
    tags = (SOUND,)

    @operation("list_sounds", summary="List a story's takes of sound")
    def get(self, story_id: UUID, query: Query[SoundFilter]) -> Page[SoundTakeOut]:
        """The newest first."""
        rows = SoundTake.objects.filter(story_id=story_id, story__in=stories_for(self.user))
        if query.kind is not UNSET:
            rows = rows.filter(kind=query.kind)
        if query.line is not UNSET:
            rows = rows.filter(line_id=query.line)
        found = page(
            rows,
            query,
            out=lambda takes: [sound_take_out(self, take) for take in takes],
            key=lambda take: (take.created_at, take.pk),
            scope=str(story_id),
        )
        if not found.items:
            # Checked only here: distinguishes a story without sound from one that may not be seen.
            story_of(self, story_id)
        return found

    @operation(
        "upload_sound",
        summary="Upload a sound",
        upload=Upload(SENT, ("file", "kind"), LIMIT),
        admit=admit_writer,
    )
    def post(self, story_id: UUID) -> Created[SoundTakeOut]:
        """The file is read to its end before anything is kept, and one that was cut short is
        refused. The take is heard from now on: a speech for its line, a new effect from the start
        of its scene or of the film, music for the film or its scene, a recording in place of the
        voices.
        """
        story_of(self, story_id)
        form = _form(self)
        read = read_sound(
            story_id,
            form.kind,
            file=form.file,
            actor=self.user,
            scene_id=form.scene,
            line_id=form.line,
            effect_id=form.effect,
            reason=form.reason,
            replace=form.replace,
        )
        self.begin()
        return Created(sound_take_out(self, add_sound(read)))


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
        wrong.append(("reason", gettext_noop("The text does not have the required format.")))
    if form.get("replace") not in REPLACE:
        wrong.append(("replace", NONE_OF_THESE))
    ids: dict[str, UUID | None] = {}
    for name in ("line", "scene", "effect"):
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
    return _Form(sent, kind, **ids, reason=reason, replace=REPLACE[form.get("replace")])


@api.at("sounds/<uuid:take_id>/deselect/")
class SoundDeselectController(ApiController):
    tags = (SOUND,)

    @operation("deselect_sound", summary="Leave a take of sound out of the film", problems=(409,))
    def post(self, take_id: UUID, body: Body[Empty]) -> SoundTakeOut:  # noqa: ARG002  rejects a body that is not empty
        """Without a recording the voices speak again; a line without speech is spoken anew."""
        sound_take_of(self, take_id)
        return sound_take_out(self, sound_takes.deselect(take_id, actor=self.user))


def _scene_sound(call: Call, scene: Scene) -> SceneSoundOut:
    row = SceneSound.objects.filter(scene=scene).select_related("recording", "music_take").first()
    return scene_sound_out(call, row or SceneSound(scene=scene))


@api.at("scenes/<uuid:scene_id>/sound/")
class SceneSoundController(ApiController):
    tags = (SOUND,)

    def locked(self) -> QuerySet[Story]:
        return story_of_scene(self.kwargs["scene_id"])

    @operation("get_scene_sound", summary="Show how a scene sounds")
    def get(self, scene_id: UUID) -> SceneSoundOut:
        """What is heard in it besides its lines and its effects."""
        return _scene_sound(self, scene_of(self, scene_id))

    @operation("patch_scene_sound", summary="Change how a scene sounds", problems=(409,))
    def patch(self, scene_id: UUID, body: Body[SceneSoundPatch]) -> SceneSoundOut:
        """Only what is sent is changed. No picture is made or encoded again for it."""
        scene = scene_of(self, scene_id)
        values: dict[str, Any] = sent_values(body)
        if "mood" in values:
            values["mood"] = values["mood"] or ""
        domain.change_scene_sound(scene_id, actor=self.user, **values)
        return _scene_sound(self, scene)
