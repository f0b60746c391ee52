"""Take endpoints: list, select, review and upload."""

from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Prefetch
from django.utils.translation import gettext_noop
from msgspec import UNSET, Struct

from api.components import Body, Query, Upload
from api.controllers import ApiController, Call, operation
from api.inputs import Empty
from api.paging import Page, page
from api.problems import FieldError, invalid
from api.responses import Accepted, Created
from core.localized_messages import LocalizedMessage
from providers.preflight import UsedFields
from providers.requests import MaskShape
from stories.api.inputs.parts import VerdictIn, confirmed_total
from stories.api.inputs.takes import CropIn, EditTakeIn, MaskShapeIn, TakeFilter
from stories.enums import TakeKind
from stories.models import Take
from stories.services import takes as domain
from stories.services.edit_generation import edit_take
from stories.services.edit_plan import offers
from stories.services.permissions import scenes_for
from stories.services.scene_cast import appearances
from stories.services.uploads import LIMIT, add_take, read_upload

from .base import TAKES, api
from .lookups import admit_writer, scene_of, take_of
from .outputs.jobs import JobOut, job_out
from .outputs.parts import Money, money
from .outputs.scenes import SceneOut, scene_out
from .outputs.takes import EditOffersOut, TakeOut, edit_offer_out, take_out, with_checks

SENT = {
    "file": {
        "type": "string",
        "format": "binary",
        "description": (
            "PNG, JPEG, WebP, AVIF, HEIC or GIF for a picture; MP4, MOV or WebM for a clip."
        ),
    },
    "kind": {"$ref": "#/components/schemas/TakeKind"},
    "reason": {"type": "string", "maxLength": 200},
    "replace": {
        "type": "string",
        "enum": ["true", "false"],
        "description": (
            "Where an approved take is selected: `true` puts the file in its place, `false` "
            "only adds it to the takes. Left out: 409 `approved_take`."
        ),
    },
}
REPLACE = {None: None, "true": True, "false": False}
REASON = 200


@api.at("scenes/<uuid:scene_id>/takes/")
class SceneTakesController(ApiController):
    tags = (TAKES,)

    @operation("list_takes", summary="List a scene's takes")
    def get(self, scene_id: UUID, query: Query[TakeFilter]) -> Page[TakeOut]:
        """The newest first. `doubtful`: only those about which the automatic check has doubts, or
        only the others.
        """
        scene = ("scene__story", "scene__prompt", "scene__image_take", "scene__clip_take")
        rows = Take.objects.filter(
            scene_id=scene_id, scene__in=scenes_for(self.user)
        ).select_related("made_by", *scene)
        rows = rows.prefetch_related(Prefetch("scene__cast", queryset=appearances()), with_checks())
        if query.kind is not UNSET:
            rows = rows.filter(kind=query.kind)
        if query.verdict is not UNSET:
            rows = rows.filter(review_status=query.verdict)
        used = UsedFields()
        if query.doubtful is not UNSET:
            rows = rows.exclude(doubts="") if query.doubtful else rows.filter(doubts="")
        found = page(
            rows,
            query,
            out=lambda takes: [take_out(self, take.scene, take, used) for take in takes],
            key=lambda take: (take.created_at, take.pk),
            scope=str(scene_id),
        )
        if not found.items:
            # Checked only here: distinguishes a scene without takes from one that may not be seen.
            scene_of(self, scene_id)
        return found

    @operation(
        "upload_take",
        summary="Upload a take",
        upload=Upload(SENT, ("file", "kind"), LIMIT),
        admit=admit_writer,
    )
    def post(self, scene_id: UUID) -> Created[TakeOut]:
        """The file is read whole before anything is kept; the take becomes the scene's chosen one
        of its kind.

        Where an approved take is chosen, `replace` says what becomes of it; without it nothing is
        kept: 409 `approved_take`.
        """
        scene_of(self, scene_id)
        kind, reason, replace, file = _fields(self)
        read = read_upload(
            scene_id, kind, file=file, actor=self.user, reason=reason, replace=replace
        )
        self.begin()
        take = add_take(read)
        return Created(take_out(self, scene_of(self, scene_id), take))


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
        found.append(("kind", gettext_noop("This is not one of the allowed values.")))
    if len(form.get("reason", "")) > REASON or "\0" in form.get("reason", ""):
        found.append(("reason", gettext_noop("The text does not have the required format.")))
    if form.get("replace") not in REPLACE:
        found.append(("replace", gettext_noop("This is not one of the allowed values.")))
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


@api.at("takes/<uuid:take_id>/")
class TakeController(ApiController):
    tags = (TAKES,)

    @operation("get_take", summary="Show a take")
    def get(self, take_id: UUID) -> TakeOut:
        """A picture or clip of a scene."""
        return _out(self, take_of(self, take_id))


@api.at("takes/<uuid:take_id>/choose/")
class TakeChooseController(ApiController):
    tags = (TAKES,)

    @operation("choose_take", summary="Choose a take")
    def post(self, take_id: UUID, body: Body[Empty]) -> SceneOut:  # noqa: ARG002  rejects a body that is not empty
        """The scene's take of its kind from now on. A rejected one cannot be chosen (422)."""
        take = take_of(self, take_id)
        domain.select_take(take_id, actor=self.user)
        return scene_out(self, scene_of(self, take.scene_id))


@api.at("takes/<uuid:take_id>/verdict/")
class TakeVerdictController(ApiController):
    tags = (TAKES,)

    @operation("judge_take", summary="Approve or reject a take")
    def post(self, take_id: UUID, body: Body[VerdictIn]) -> TakeOut:
        """A rejection needs a reason."""
        take_of(self, take_id)
        domain.review_take(take_id, review_status=body.verdict, actor=self.user, reason=body.reason)
        return _out(self, take_of(self, take_id))


@api.at("takes/<uuid:take_id>/crop/")
class TakeCropController(ApiController):
    tags = (TAKES,)

    @operation("crop_take", summary="Choose what the film shows of a take")
    def post(self, take_id: UUID, body: Body[CropIn]) -> TakeOut:
        """For a take of another format than the film. One of the film's format is refused (422):
        all of it is shown.
        """
        take_of(self, take_id)
        domain.choose_crop(take_id, x=body.x, y=body.y, actor=self.user)
        return _out(self, take_of(self, take_id))


class EditStarted(Struct):
    """The job that edits the take, and what it costs at most."""

    jobs: list[JobOut]
    price: Money


@api.at("takes/<uuid:take_id>/edits/")
class TakeEditsController(ApiController):
    tags = (TAKES,)

    @operation("list_edits", summary="Show how a take can be edited")
    def get(self, take_id: UUID) -> EditOffersOut:
        """The models in use that change, upscale, extend or finish such a take, each with its
        price now. A length of five seconds is assumed for an extended clip. Only a draft is
        finished, by the connection that made it; one that is too old says so in `why`.
        """
        take_of(self, take_id)
        return EditOffersOut([edit_offer_out(offer) for offer in offers(_for_edit(take_id))])

    @operation("edit_take", summary="Edit a take", problems=(409,))
    def post(self, take_id: UUID, body: Body[EditTakeIn]) -> Accepted[EditStarted]:
        """Gives another take of the scene, which is compared and chosen like any other. What the
        model cannot do is refused (409) before anything is paid. The price to confirm is `price`
        and `check` of the offer together. Dearer than you may start alone: 409 `approval_needed`,
        as for the preview.
        """
        take_of(self, take_id)
        start = edit_take(
            take_id,
            actor=self.user,
            task=body.task,
            words=body.words,
            words_en=body.words_en,
            mask=[_shape(shape) for shape in body.mask],
            seconds=None if body.seconds is UNSET else body.seconds,
            provider="" if body.provider is UNSET else body.provider,
            model=body.model,
            reason=body.reason,
            confirm_total=confirmed_total(body.confirm_total),
            ask_again=body.ask_again,
        ).require()
        return Accepted(EditStarted([job_out(job) for job in start.jobs], money(start.total)))


def _shape(sent: MaskShapeIn) -> MaskShape:
    return MaskShape([(x, y) for x, y in sent.points], sent.brush)


def _for_edit(take_id: UUID) -> Take:
    return Take.objects.select_related("scene__story", "prompt").get(pk=take_id)


def _out(call: Call, take: Take) -> TakeOut:
    return take_out(call, scene_of(call, take.scene_id), take)
