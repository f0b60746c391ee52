"""Cast endpoints: members and looks, their reference sheets, and who is in a scene."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_noop
from msgspec import UNSET, Struct

from api.inputs import Empty
from api.paging import Page, page
from api.problems import FieldError, invalid, not_found
from api.responses import Accepted, Created
from api.routes import Call, Upload
from core.localized_messages import LocalizedMessage
from media import image_import
from stories import errors
from stories.api import schemas
from stories.models import CastMember, Look, SheetTake
from stories.services import cast as domain
from stories.services import sheets
from stories.services.permissions import stories_for
from stories.services.sheet_generation import generate_sheet
from stories.services.worn import shown_in

from .base import CAST, api
from .lookups import admit_writer, scene_of, story_of
from .outputs.cast import (
    CastOut,
    MemberOut,
    SceneCastOut,
    SheetOut,
    cast_out,
    sheet_out,
    worn_out,
)
from .outputs.jobs import JobOut, job_out
from .outputs.parts import Money, money

SENT = {
    "file": {
        "type": "string",
        "format": "binary",
        "description": "PNG, JPEG, WebP, AVIF, HEIC or GIF.",
    },
    "replace": {
        "type": "string",
        "enum": ["true", "false"],
        "description": "`true`: the file takes the place of an approved sheet.",
    },
}
REPLACE = {None: False, "true": True, "false": False}


class SheetStarted(Struct):
    jobs: list[JobOut]
    price: Money


def _member_of(call: Call, member_id: UUID) -> CastMember:
    """A member that this user may see, deleted or not."""
    member = CastMember.objects.filter(pk=member_id, story__in=stories_for(call.user)).first()
    if member is None:
        raise not_found()
    return member


def _look_of(call: Call, look_id: UUID) -> Look:
    look = (
        Look.objects.select_related("member")
        .filter(pk=look_id, member__story__in=stories_for(call.user))
        .first()
    )
    if look is None:
        raise not_found()
    return look


def _sheet_of(call: Call, take_id: UUID) -> SheetTake:
    take = SheetTake.objects.filter(
        pk=take_id, look__member__story__in=stories_for(call.user)
    ).first()
    if take is None:
        raise not_found()
    return take


def _shown(call: Call, member: CastMember) -> MemberOut:
    story = story_of(call, member.story_id)
    return cast_out(call, story, list(domain.members_of(story).filter(pk=member.pk))).items[0]


@api.get("stories/<uuid:story_id>/cast/", tag=CAST, summary="List a story's cast")
def list_cast(call: Call, story_id: UUID) -> CastOut:
    """Members with their looks, the price of a sheet for each, and the scenes that show them."""
    story = story_of(call, story_id)
    return cast_out(call, story, list(domain.members_of(story)))


@api.post("stories/<uuid:story_id>/cast/", tag=CAST, summary="Add a cast member", problems=(409,))
def add_member(call: Call, story_id: UUID, body: schemas.MemberIn) -> Created[MemberOut]:
    """It has a first look."""
    story_of(call, story_id)
    return Created(_shown(call, domain.create_member(story_id, actor=call.user, **_values(body))))


@api.patch("cast/<uuid:member_id>/", tag=CAST, summary="Change a cast member", problems=(409,))
def patch_member(call: Call, member_id: UUID, body: schemas.MemberPatch) -> MemberOut:
    """Only what is sent is changed. A changed description makes the takes of the scenes that show
    the member stale; a changed name does not, and the earlier one stays among its other names.
    """
    _member_of(call, member_id)
    return _shown(call, domain.edit_member(member_id, actor=call.user, **_values(body)))


@api.post(
    "cast/<uuid:member_id>/remove/", tag=CAST, summary="Remove a cast member", problems=(409,)
)
def remove_member(call: Call, member_id: UUID, body: Empty) -> CastOut:  # noqa: ARG001  rejects a body that is not empty
    """It is set aside with its looks and sheets, and can be restored."""
    member = _member_of(call, member_id)
    domain.delete_member(member_id, actor=call.user)
    story = story_of(call, member.story_id)
    return cast_out(call, story, list(domain.members_of(story)))


@api.post(
    "cast/<uuid:member_id>/restore/", tag=CAST, summary="Restore a cast member", problems=(409,)
)
def restore_member(call: Call, member_id: UUID, body: Empty) -> MemberOut:  # noqa: ARG001  rejects a body that is not empty
    _member_of(call, member_id)
    return _shown(call, domain.restore_member(member_id, actor=call.user))


@api.post("cast/<uuid:member_id>/looks/", tag=CAST, summary="Add a look", problems=(409,))
def add_look(call: Call, member_id: UUID, body: schemas.LookIn) -> Created[MemberOut]:
    member = _member_of(call, member_id)
    domain.add_look(member_id, actor=call.user, **_values(body))
    return Created(_shown(call, member))


@api.patch("looks/<uuid:look_id>/", tag=CAST, summary="Change a look", problems=(409,))
def patch_look(call: Call, look_id: UUID, body: schemas.LookPatch) -> MemberOut:
    """Only what is sent is changed."""
    look = _look_of(call, look_id)
    domain.edit_look(look_id, actor=call.user, **_values(body))
    return _shown(call, look.member)


@api.post("looks/<uuid:look_id>/remove/", tag=CAST, summary="Remove a look", problems=(409,))
def remove_look(call: Call, look_id: UUID, body: Empty) -> MemberOut:  # noqa: ARG001  rejects a body that is not empty
    """A look that a scene shows, or the only one of its member, is not removed (409)."""
    look = _look_of(call, look_id)
    domain.delete_look(look_id, actor=call.user)
    return _shown(call, look.member)


@api.get("looks/<uuid:look_id>/sheets/", tag=CAST, summary="List a look's sheets")
def list_sheets(call: Call, look_id: UUID, query: schemas.SheetFilter) -> Page[SheetOut]:
    """The newest first."""
    _look_of(call, look_id)
    return page(
        SheetTake.objects.filter(look_id=look_id),
        query,
        out=lambda takes: [sheet_out(call, take) for take in takes],
        key=lambda take: (take.created_at, take.pk),
        scope=str(look_id),
    )


@api.post(
    "looks/<uuid:look_id>/generate/", tag=CAST, summary="Make a reference sheet", problems=(409,)
)
def make_sheet(call: Call, look_id: UUID, body: schemas.GenerateSheetIn) -> Accepted[SheetStarted]:
    """One sheet, or several side by side. Dearer than you may start alone: as for the preview."""
    _look_of(call, look_id)
    start = generate_sheet(
        look_id,
        actor=call.user,
        provider="" if body.provider is UNSET else body.provider,
        variants=body.variants,
        reason=body.reason,
        confirm_total=None if body.confirm_total is UNSET else Decimal(body.confirm_total),
        ask_again=body.ask_again,
    ).require()
    return Accepted(SheetStarted([job_out(job) for job in start.jobs], money(start.total)))


@api.post(
    "looks/<uuid:look_id>/sheets/",
    tag=CAST,
    summary="Upload a reference sheet",
    problems=(409,),
    upload=Upload(SENT, ("file",), image_import.MAX_BYTES),
    admit=admit_writer,
)
def upload_sheet(call: Call, look_id: UUID) -> Created[SheetOut]:
    """The file is read whole before anything is kept, and becomes the look's chosen sheet. An
    approved one stays unless `replace` is `true` (409 `approved_take`).
    """
    _look_of(call, look_id)
    file, replace = _fields(call)
    read = sheets.read_upload(look_id, file=file, actor=call.user, replace=replace)
    call.begin()
    return Created(sheet_out(call, sheets.add_upload(read)))


def _fields(call: Call) -> "tuple[UploadedFile[Any], bool]":
    """The form's file and field. Raises 422 with each that is missing, wrong or unknown."""
    form, files = call.request.POST, call.request.FILES
    found = []
    sent = files.get("file")
    if (
        not isinstance(sent, UploadedFile)
        or list(files) != ["file"]
        or len(files.getlist("file")) != 1
    ):
        found.append(("file", gettext_noop("Send exactly one file.")))
    if form.get("replace") not in REPLACE:
        found.append(("replace", gettext_noop("This is none of the values to choose from.")))
    found += [
        (name, gettext_noop("There is no such field."))
        for name in sorted(form.keys() - {"replace"})
    ]
    if found or not isinstance(sent, UploadedFile):
        raise invalid(
            FieldError(detail=str(LocalizedMessage(template)), pointer=f"/{name}")
            for name, template in found
        )
    return sent, REPLACE[form.get("replace")]


@api.post("looks/<uuid:look_id>/deselect/", tag=CAST, summary="Go without a sheet", problems=(409,))
def deselect_sheet(call: Call, look_id: UUID, body: Empty) -> MemberOut:  # noqa: ARG001  rejects a body that is not empty
    """The look's description alone is sent from now on."""
    look = _look_of(call, look_id)
    sheets.deselect(look_id, actor=call.user)
    return _shown(call, look.member)


@api.post("sheets/<uuid:take_id>/choose/", tag=CAST, summary="Choose a sheet", problems=(409,))
def choose_sheet(call: Call, take_id: UUID, body: Empty) -> SheetOut:  # noqa: ARG001  rejects a body that is not empty
    """It is sent to providers from now on; takes of the scenes that show its look become stale."""
    _sheet_of(call, take_id)
    return sheet_out(call, sheets.select(take_id, actor=call.user))


@api.post(
    "sheets/<uuid:take_id>/verdict/",
    tag=CAST,
    summary="Approve or reject a sheet",
    problems=(409,),
)
def judge_sheet(call: Call, take_id: UUID, body: schemas.VerdictIn) -> SheetOut:
    """A rejected sheet is no longer sent."""
    _sheet_of(call, take_id)
    return sheet_out(
        call,
        sheets.review(take_id, review_status=body.verdict, actor=call.user, reason=body.reason),
    )


@api.get("scenes/<uuid:scene_id>/cast/", tag=CAST, summary="List who is in a scene")
def get_scene_cast(call: Call, scene_id: UUID) -> SceneCastOut:
    scene = scene_of(call, scene_id)
    return SceneCastOut([worn_out(row) for row in shown_in(scene)])


@api.post(
    "scenes/<uuid:scene_id>/cast/", tag=CAST, summary="Say who is in a scene", problems=(409,)
)
def set_scene_cast(call: Call, scene_id: UUID, body: schemas.SceneCastIn) -> SceneCastOut:
    """The scene shows exactly these members then."""
    scene_of(call, scene_id)
    worn = [domain.Worn(one.look_id, one.with_sheet) for one in body.items]
    try:
        scene = domain.set_scene_cast(scene_id, actor=call.user, worn=worn)
    except errors.Invalid as error:
        error.field = f"items/{error.field}" if error.field[:1].isdigit() else "items"
        raise
    return SceneCastOut([worn_out(row) for row in shown_in(scene)])


def _values(body: Struct) -> dict[str, Any]:
    return {
        name: value for name, value in msgspec.structs.asdict(body).items() if value is not UNSET
    }
