"""Cast endpoints: members and looks, their reference sheets, and who is in a scene."""

from typing import Any
from uuid import UUID

import msgspec
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.utils.translation import gettext_noop
from msgspec import UNSET, Struct

from api.components import Body, Query, Upload
from api.controllers import ApiController, Call, operation
from api.inputs import Empty
from api.paging import Page, page
from api.problems import FieldError, invalid, not_found
from api.responses import Accepted, Created
from core.localized_messages import LocalizedMessage
from media import image_import
from stories import errors
from stories.api.inputs.cast import (
    GenerateSheetIn,
    LibraryVersionIn,
    LookIn,
    LookPatch,
    MemberIn,
    MemberPatch,
    SceneCastIn,
    SheetFilter,
)
from stories.api.inputs.parts import VerdictIn, confirmed_total
from stories.models import CastMember, LibraryVersion, Look, SheetTake, Story
from stories.services import cast as domain
from stories.services import library, sheets
from stories.services.permissions import stories_for
from stories.services.scene_cast import appearances_in
from stories.services.sheet_generation import generate_sheet

from .base import CAST, api
from .lookups import admit_writer, scene_of, story_of
from .outputs.cast import (
    CastOut,
    LibraryOut,
    LibraryVersionOut,
    MemberOut,
    NewerOut,
    SceneCastOut,
    SheetOut,
    appearance_out,
    cast_out,
    sheet_out,
    version_out,
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


@api.at("stories/<uuid:story_id>/cast/")
class StoryCastController(ApiController):
    tags = (CAST,)

    @operation("list_cast", summary="List a story's cast")
    def get(self, story_id: UUID) -> CastOut:
        """Members with their looks, the price of a sheet for each, and the scenes that show
        them.
        """
        story = story_of(self, story_id)
        return cast_out(self, story, list(domain.members_of(story)))

    @operation("add_member", summary="Add a cast member", problems=(409,))
    def post(self, story_id: UUID, body: Body[MemberIn]) -> Created[MemberOut]:
        """It has a first look."""
        story_of(self, story_id)
        return Created(
            _shown(self, domain.create_member(story_id, actor=self.user, **_values(body)))
        )


@api.at("cast/<uuid:member_id>/")
class CastController(ApiController):
    tags = (CAST,)

    def locked(self) -> QuerySet[Story]:
        member = CastMember.objects.filter(pk=self.kwargs["member_id"])
        return Story.objects.filter(pk__in=member.values("story"))

    @operation("get_member", summary="Show a cast member")
    def get(self, member_id: UUID) -> MemberOut:
        """With its looks, and the scenes that show it."""
        return _shown(self, _member_of(self, member_id))

    @operation("patch_member", summary="Change a cast member", problems=(409,))
    def patch(self, member_id: UUID, body: Body[MemberPatch]) -> MemberOut:
        """Only what is sent is changed. A changed description makes the takes of the scenes that
        show the member stale; a changed name does not, and the earlier one stays among its other
        names.
        """
        _member_of(self, member_id)
        return _shown(self, domain.edit_member(member_id, actor=self.user, **_values(body)))


@api.at("cast/<uuid:member_id>/remove/")
class CastRemoveController(ApiController):
    tags = (CAST,)

    @operation("remove_member", summary="Remove a cast member", problems=(409,))
    # Rejects a body that is not empty
    def post(self, member_id: UUID, body: Body[Empty]) -> CastOut:  # noqa: ARG002
        """It is set aside with its looks and sheets, and can be restored."""
        member = _member_of(self, member_id)
        domain.delete_member(member_id, actor=self.user)
        story = story_of(self, member.story_id)
        return cast_out(self, story, list(domain.members_of(story)))


@api.at("cast/<uuid:member_id>/restore/")
class CastRestoreController(ApiController):
    tags = (CAST,)

    @operation("restore_member", summary="Restore a cast member", problems=(409,))
    # Rejects a body that is not empty
    def post(self, member_id: UUID, body: Body[Empty]) -> MemberOut:  # noqa: ARG002
        """An archived member can be put into scenes again."""
        _member_of(self, member_id)
        return _shown(self, domain.restore_member(member_id, actor=self.user))


@api.at("cast/library/")
class LibraryController(ApiController):
    tags = (CAST,)

    @operation("list_library", summary="List the studio's library")
    def get(self) -> LibraryOut:
        """The newest version of each member, the latest first, at most 200."""
        versions = library.newest_versions(self.user)[: library.MOST_SHOWN]
        return LibraryOut([version_out(one) for one in versions])


@api.at("stories/<uuid:story_id>/cast/library/")
class StoryLibraryController(ApiController):
    tags = (CAST,)

    @operation("use_library", summary="Add a member from the library", problems=(409,))
    def post(self, story_id: UUID, body: Body[LibraryVersionIn]) -> Created[MemberOut]:
        """The story uses exactly this version until a newer one is taken."""
        story_of(self, story_id)
        if not LibraryVersion.objects.filter(pk=body.version_id).exists():
            raise errors.Invalid(
                gettext_noop("The library has no such version."), field="version_id"
            )
        return Created(_shown(self, library.use(story_id, body.version_id, actor=self.user)))


@api.at("cast/<uuid:member_id>/publish/")
class CastPublishController(ApiController):
    tags = (CAST,)

    @operation("publish_member", summary="Put a member into the library", problems=(409,))
    def post(self, member_id: UUID, body: Body[Empty]) -> Created[LibraryVersionOut]:  # noqa: ARG002  rejects a body that is not empty
        """Its present state, as the first or the next version."""
        _member_of(self, member_id)
        return Created(version_out(library.publish(member_id, actor=self.user)))


@api.at("cast/<uuid:member_id>/newer/")
class CastNewerController(ApiController):
    tags = (CAST,)

    @operation("show_newer", summary="Show what a newer version would change", problems=(409,))
    def get(self, member_id: UUID) -> NewerOut:
        """409 if the story uses the newest one."""
        _member_of(self, member_id)
        quote = library.quote(member_id, actor=self.user)
        return NewerOut(
            version_out(quote.version),
            quote.scenes,
            len(quote.pictures),
            len(quote.clips),
            money(quote.total),
        )

    @operation("take_newer", summary="Take a newer version", problems=(409,))
    def post(self, member_id: UUID, body: Body[LibraryVersionIn]) -> MemberOut:
        """For this story alone. Nothing is made again by itself."""
        _member_of(self, member_id)
        newer = library.update(member_id, actor=self.user, version_id=body.version_id)
        return _shown(self, newer)


@api.at("cast/<uuid:member_id>/looks/")
class CastLooksController(ApiController):
    tags = (CAST,)

    @operation("add_look", summary="Add a look", problems=(409,))
    def post(self, member_id: UUID, body: Body[LookIn]) -> Created[MemberOut]:
        """Answers the whole member, with all its looks."""
        member = _member_of(self, member_id)
        domain.add_look(member_id, actor=self.user, **_values(body))
        return Created(_shown(self, member))


@api.at("looks/<uuid:look_id>/")
class LookController(ApiController):
    tags = (CAST,)

    @operation("patch_look", summary="Change a look", problems=(409,))
    def patch(self, look_id: UUID, body: Body[LookPatch]) -> MemberOut:
        """Only what is sent is changed."""
        look = _look_of(self, look_id)
        domain.edit_look(look_id, actor=self.user, **_values(body))
        return _shown(self, look.member)


@api.at("looks/<uuid:look_id>/remove/")
class LookRemoveController(ApiController):
    tags = (CAST,)

    @operation("remove_look", summary="Remove a look", problems=(409,))
    # Rejects a body that is not empty
    def post(self, look_id: UUID, body: Body[Empty]) -> MemberOut:  # noqa: ARG002
        """A look that a scene shows, or the only one of its member, is not removed (409)."""
        look = _look_of(self, look_id)
        domain.delete_look(look_id, actor=self.user)
        return _shown(self, look.member)


@api.at("looks/<uuid:look_id>/generate/")
class LookGenerateController(ApiController):
    tags = (CAST,)

    @operation("make_sheet", summary="Make a reference sheet", problems=(409,))
    def post(self, look_id: UUID, body: Body[GenerateSheetIn]) -> Accepted[SheetStarted]:
        """One sheet, or several side by side. If it costs more than you may start alone: as for the
        preview.
        """
        _look_of(self, look_id)
        start = generate_sheet(
            look_id,
            actor=self.user,
            provider="" if body.provider is UNSET else body.provider,
            variants=body.variants,
            reason=body.reason,
            confirm_total=confirmed_total(body.confirm_total),
            ask_again=body.ask_again,
        ).require()
        return Accepted(SheetStarted([job_out(job) for job in start.jobs], money(start.total)))


@api.at("looks/<uuid:look_id>/sheets/")
class LookSheetsController(ApiController):
    tags = (CAST,)

    @operation("list_sheets", summary="List a look's sheets")
    def get(self, look_id: UUID, query: Query[SheetFilter]) -> Page[SheetOut]:
        """The newest first."""
        _look_of(self, look_id)
        return page(
            SheetTake.objects.filter(look_id=look_id),
            query,
            out=lambda takes: [sheet_out(self, take) for take in takes],
            key=lambda take: (take.created_at, take.pk),
            scope=str(look_id),
        )

    @operation(
        "upload_sheet",
        summary="Upload a reference sheet",
        problems=(409,),
        upload=Upload(SENT, ("file",), image_import.MAX_BYTES),
        admit=admit_writer,
    )
    def post(self, look_id: UUID) -> Created[SheetOut]:
        """The file is read whole before anything is kept, and becomes the look's chosen sheet. An
        approved one stays unless `replace` is `true` (409 `approved_take`).
        """
        _look_of(self, look_id)
        file, replace = _fields(self)
        read = sheets.read_upload(look_id, file=file, actor=self.user, replace=replace)
        self.begin()
        return Created(sheet_out(self, sheets.add_upload(read)))


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
        found.append(("replace", gettext_noop("This is not one of the allowed values.")))
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


@api.at("looks/<uuid:look_id>/deselect/")
class LookDeselectController(ApiController):
    tags = (CAST,)

    @operation("deselect_sheet", summary="Go without a sheet", problems=(409,))
    # Rejects a body that is not empty
    def post(self, look_id: UUID, body: Body[Empty]) -> MemberOut:  # noqa: ARG002
        """The look's description alone is sent from now on."""
        look = _look_of(self, look_id)
        sheets.deselect(look_id, actor=self.user)
        return _shown(self, look.member)


@api.at("sheets/<uuid:take_id>/choose/")
class SheetChooseController(ApiController):
    tags = (CAST,)

    @operation("choose_sheet", summary="Choose a sheet", problems=(409,))
    # Rejects a body that is not empty
    def post(self, take_id: UUID, body: Body[Empty]) -> SheetOut:  # noqa: ARG002
        """It is sent to providers from now on; takes of the scenes that show its look become
        stale.
        """
        _sheet_of(self, take_id)
        return sheet_out(self, sheets.select(take_id, actor=self.user))


@api.at("sheets/<uuid:take_id>/verdict/")
class SheetVerdictController(ApiController):
    tags = (CAST,)

    @operation("judge_sheet", summary="Approve or reject a sheet", problems=(409,))
    def post(self, take_id: UUID, body: Body[VerdictIn]) -> SheetOut:
        """A rejected sheet is no longer sent."""
        _sheet_of(self, take_id)
        return sheet_out(
            self,
            sheets.review(take_id, review_status=body.verdict, actor=self.user, reason=body.reason),
        )


@api.at("scenes/<uuid:scene_id>/cast/")
class SceneCastController(ApiController):
    tags = (CAST,)

    @operation("get_scene_cast", summary="List who is in a scene")
    def get(self, scene_id: UUID) -> SceneCastOut:
        """The members that the scene shows, and in which look."""
        scene = scene_of(self, scene_id)
        return SceneCastOut([appearance_out(row) for row in appearances_in(scene)])

    @operation("set_scene_cast", summary="Say who is in a scene", problems=(409,))
    def post(self, scene_id: UUID, body: Body[SceneCastIn]) -> SceneCastOut:
        """The scene shows exactly these members then."""
        scene_of(self, scene_id)
        appearances = [domain.Appearance(one.look_id, one.with_sheet) for one in body.items]
        try:
            scene = domain.set_scene_cast(scene_id, actor=self.user, appearances=appearances)
        except errors.Invalid as error:
            error.field = f"items/{error.field}" if error.field[:1].isdigit() else "items"
            raise
        return SceneCastOut([appearance_out(row) for row in appearances_in(scene)])


def _values(body: Struct) -> dict[str, Any]:
    return {
        name: value for name, value in msgspec.structs.asdict(body).items() if value is not UNSET
    }
