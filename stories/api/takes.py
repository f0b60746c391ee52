"""Take endpoints: list, select, review and upload."""

from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Prefetch
from django.utils.translation import gettext_noop
from msgspec import UNSET

from api.inputs import Empty
from api.paging import Page, page
from api.problems import FieldError, invalid
from api.responses import Created
from api.routes import Call, Upload
from core.localized_messages import LocalizedMessage
from stories.api import schemas
from stories.enums import TakeKind
from stories.models import Take
from stories.services import takes as domain
from stories.services.permissions import scenes_for
from stories.services.uploads import LIMIT, add_take, read_upload
from stories.services.worn import appearances

from .base import TAKES, api
from .lookups import admit_writer, scene_of, take_of
from .outputs.scenes import SceneOut, scene_out
from .outputs.takes import TakeOut, take_out

SENT = {
    "file": {
        "type": "string",
        "format": "binary",
        "description": (
            "PNG, JPEG, WebP, AVIF, HEIC or GIF for a picture; MP4, MOV or WebM for a clip."
        ),
    },
    "kind": {"type": "string", "enum": list(TakeKind.values)},
    "reason": {"type": "string", "maxLength": 200},
    "replace": {
        "type": "string",
        "enum": ["true", "false"],
        "description": (
            "Where an approved take stands: `true` puts the file in its place, `false` "
            "only adds it to the takes. Left out: 409 `approved_take`."
        ),
    },
}
REPLACE = {None: None, "true": True, "false": False}
REASON = 200


@api.get("scenes/<uuid:scene_id>/takes/", tag=TAKES, summary="List a scene's takes")
def list_takes(call: Call, scene_id: UUID, query: schemas.TakeFilter) -> Page[TakeOut]:
    """The newest first."""
    scene = ("scene__story", "scene__prompt", "scene__image_take", "scene__clip_take")
    rows = Take.objects.filter(scene_id=scene_id, scene__in=scenes_for(call.user)).select_related(
        "made_by", *scene
    )
    rows = rows.prefetch_related(Prefetch("scene__cast", queryset=appearances()))
    if query.kind is not UNSET:
        rows = rows.filter(kind=query.kind)
    if query.verdict is not UNSET:
        rows = rows.filter(review_status=query.verdict)
    found = page(
        rows,
        query,
        out=lambda takes: [take_out(call, take.scene, take) for take in takes],
        key=lambda take: (take.created_at, take.pk),
        scope=str(scene_id),
    )
    if not found.items:
        # Checked only here: distinguishes a scene without takes from one that may not be seen.
        scene_of(call, scene_id)
    return found


@api.post(
    "scenes/<uuid:scene_id>/takes/",
    tag=TAKES,
    summary="Upload a take",
    upload=Upload(SENT, ("file", "kind"), LIMIT),
    admit=admit_writer,
)
def upload_take(call: Call, scene_id: UUID) -> Created[TakeOut]:
    """The file is read whole before anything is kept; the take becomes the scene's chosen one of
    its kind.

    Where an approved take is chosen, `replace` says what becomes of it; without it nothing is kept:
    409 `approved_take`.
    """
    scene_of(call, scene_id)
    kind, reason, replace, file = _fields(call)
    read = read_upload(scene_id, kind, file=file, actor=call.user, reason=reason, replace=replace)
    call.begin()
    take = add_take(read)
    return Created(take_out(call, scene_of(call, scene_id), take))


def _fields(call: Call) -> "tuple[TakeKind, str, bool | None, UploadedFile[Any]]":
    """The form's fields and its file. Raises 422 with each that is missing, wrong or unknown."""
    form, files = call.request.POST, call.request.FILES
    found = []
    sent = files.get("file")
    if (
        not isinstance(sent, UploadedFile)
        or list(files) != ["file"]
        or len(files.getlist("file")) != 1
    ):
        found.append(("file", gettext_noop("Send exactly one file.")))
    if form.get("kind") not in TakeKind.values:
        found.append(("kind", gettext_noop("This is none of the values to choose from.")))
    if len(form.get("reason", "")) > REASON or "\0" in form.get("reason", ""):
        found.append(("reason", gettext_noop("The text has a form that is not taken here.")))
    if form.get("replace") not in REPLACE:
        found.append(("replace", gettext_noop("This is none of the values to choose from.")))
    found += [
        (name, gettext_noop("There is no such field."))
        for name in sorted(form.keys() - {"kind", "reason", "replace"})
    ]
    if found or not isinstance(sent, UploadedFile):
        raise invalid(
            [
                FieldError(detail=str(LocalizedMessage(template)), pointer=f"/{name}")
                for name, template in found
            ]
        )
    return TakeKind(form["kind"]), form.get("reason", ""), REPLACE[form.get("replace")], sent


@api.get("takes/<uuid:take_id>/", tag=TAKES, summary="Show a take")
def get_take(call: Call, take_id: UUID) -> TakeOut:
    return _out(call, take_of(call, take_id))


@api.post("takes/<uuid:take_id>/choose/", tag=TAKES, summary="Choose a take")
def choose_take(call: Call, take_id: UUID, body: Empty) -> SceneOut:  # noqa: ARG001  rejects a body that is not empty
    """The scene's take of its kind from now on. A rejected one cannot be chosen (422)."""
    take = take_of(call, take_id)
    domain.select_take(take_id, actor=call.user)
    return scene_out(call, scene_of(call, take.scene_id))


@api.post("takes/<uuid:take_id>/verdict/", tag=TAKES, summary="Approve or reject a take")
def judge_take(call: Call, take_id: UUID, body: schemas.VerdictIn) -> TakeOut:
    take_of(call, take_id)
    domain.review_take(take_id, review_status=body.verdict, actor=call.user, reason=body.reason)
    return _out(call, take_of(call, take_id))


@api.post("takes/<uuid:take_id>/crop/", tag=TAKES, summary="Choose what the film shows of a take")
def crop_take(call: Call, take_id: UUID, body: schemas.CropIn) -> TakeOut:
    """For a take of another format than the film. One of the film's format is refused (422): all of
    it is shown.
    """
    take_of(call, take_id)
    domain.choose_crop(take_id, x=body.x, y=body.y, actor=call.user)
    return _out(call, take_of(call, take_id))


def _out(call: Call, take: Take) -> TakeOut:
    return take_out(call, scene_of(call, take.scene_id), take)
