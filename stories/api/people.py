"""Endpoints for administrators: people, their log-ins, invitations and the audit log."""

from typing import Annotated, Any, Literal

import msgspec
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_noop
from msgspec import UNSET, Meta, UnsetType

from accounts import audit, invitations, login_throttle, mfa, session_pages
from accounts.models import AuditAction, AuditEntry, Invitation
from api.components import Body, Query
from api.controllers import ApiController, Call, operation
from api.inputs import Empty, Strict, text
from api.paging import Keyset, Page, Paging, page
from api.problems import forbidden, not_found
from api.responses import Created, NoContent
from api.schemas import named
from core.localized_messages import LocalizedMessage
from stories.api.inputs.parts import sent_values
from stories.errors import Invalid
from stories.services.people import change_person, require_administrator

from .base import ME, PEOPLE, api
from .outputs.parts import Moment

SEE_AUDIT = "web.view_auditentry"
BY_ID = Keyset("id", "id")
BY_USERNAME = Keyset("username", "id", descending=False)

PersonName = Annotated[str, text(most=150)]
RoleName = Annotated[str, text(least=1, most=150)]
Email = Annotated[str, Meta(description="May be empty."), text(most=254)]


class PersonFilter(Paging):
    """By user name."""

    active: Annotated[bool, Meta(description="Only accounts that may log in, or may not.")] | (
        UnsetType
    ) = UNSET


class PersonOut(msgspec.Struct):
    """An account of a person or a service."""

    id: Annotated[int, Meta(description="The account.")]
    username: Annotated[str, Meta(description="The user name.")]
    first_name: Annotated[str, Meta(description="Given name.")]
    last_name: Annotated[str, Meta(description="Family name.")]
    email: Annotated[str, Meta(description="May be empty.")]
    roles: Annotated[list[str], Meta(description="Names of the roles, sorted.")]
    is_active: Annotated[bool, Meta(description="Whether it may log in.")]
    is_staff: Annotated[bool, Meta(description="Whether it may use the studio.")]
    is_administrator: Annotated[bool, Meta(description="Whether it may do everything.")]
    has_second_factor: Annotated[bool, Meta(description="Whether a second factor is set up.")]
    last_login: Annotated[Moment | None, Meta(description="When it logged in last.")]


class PersonPatch(Strict):
    """Only what is sent is changed."""

    first_name: Annotated[PersonName, Meta(description="Given name.")] | UnsetType = UNSET
    last_name: Annotated[PersonName, Meta(description="Family name.")] | UnsetType = UNSET
    email: Email | UnsetType = UNSET
    is_active: Annotated[bool, Meta(description="Whether it may log in.")] | UnsetType = UNSET
    roles: (
        Annotated[list[RoleName], Meta(max_length=50, description="All its roles.")] | UnsetType
    ) = UNSET


LogInKind = Annotated[
    Literal["browser", "api"], named("LogInKind"), Meta(description="Where it is used.")
]


class LogInOut(msgspec.Struct):
    """A log-in that is open."""

    kind: LogInKind
    key: Annotated[str, Meta(description="Identifies it when it is ended.")]
    began_at: Annotated[Moment, Meta(description="When it began or was renewed.")]
    address: Annotated[str, Meta(description="From where; empty: not known.")]
    device: Annotated[str, Meta(description="The browser; empty: not known.")]


class LogInsOut(msgspec.Struct):
    items: Annotated[list[LogInOut], Meta(description="Browsers first, the newest first.")]


class EndLogInIn(Strict):
    """One log-in, or without `key` all of them."""

    kind: LogInKind | (UnsetType) = UNSET
    key: Annotated[str, Meta(max_length=40, description="From the list.")] | UnsetType = UNSET


class InvitationIn(Strict):
    name: Annotated[
        str, Meta(description="For whom it is."), text(least=1, most=invitations.NAME_LENGTH)
    ]
    role: Annotated[RoleName, Meta(description="The role of the account.")]


class InvitationOut(msgspec.Struct):
    """A link by which one person makes an account, once."""

    id: Annotated[int, Meta(description="The invitation.")]
    name: Annotated[str, Meta(description="For whom it is.")]
    role: Annotated[str, Meta(description="The role of the account.")]
    created_by: Annotated[str, Meta(description="Who invited.")]
    created_at: Annotated[Moment, Meta(description="When it was made.")]
    expires_at: Annotated[Moment, Meta(description="When it ends.")]


class NewInvitation(InvitationOut):
    url: Annotated[str, Meta(description="The link. It is shown only this once.")]


class AuditFilter(Paging):
    """The newest first."""

    person: Annotated[str, Meta(description="User name."), text(least=1, most=150)] | UnsetType = (
        UNSET
    )
    action: Annotated[AuditAction, Meta(description="What was done.")] | UnsetType = UNSET
    object_type: (
        Annotated[str, Meta(description="Such as `stories.story`."), text(least=1, most=100)]
        | UnsetType
    ) = UNSET
    object_id: Annotated[str, Meta(description="Its id."), text(least=1, most=64)] | UnsetType = (
        UNSET
    )


class AuditOut(msgspec.Struct):
    """Who did what, when, and from where. Entries are never changed and outlive accounts."""

    id: Annotated[int, Meta(description="The entry.")]
    at: Annotated[Moment, Meta(description="When it happened.")]
    actor_id: Annotated[int | None, Meta(description="The account; null: the studio itself.")]
    actor: Annotated[str, Meta(description="Its user name at that time.")]
    action: Annotated[AuditAction, Meta(description="What was done.")]
    object_type: Annotated[str, Meta(description="Kind of object.")]
    object_id: Annotated[str, Meta(description="Id of the object.")]
    object_name: Annotated[str, Meta(description="Name of the object at that time.")]
    detail: Annotated[str, Meta(description="What changed.")]
    address: Annotated[str, Meta(description="From where.")]


def _people(call: Call) -> QuerySet[User]:
    require_administrator(call.user)
    return User.objects.prefetch_related("groups", "authenticator_set")


def _person(call: Call, person_id: int) -> User:
    row = _people(call).filter(pk=person_id).first()
    if row is None:
        raise not_found()
    return row


def _person_out(row: Any) -> PersonOut:
    return PersonOut(
        id=row.pk,
        username=row.get_username(),
        first_name=row.first_name,
        last_name=row.last_name,
        email=row.email,
        roles=sorted(group.name for group in row.groups.all()),
        is_active=row.is_active,
        is_staff=row.is_staff,
        is_administrator=row.is_superuser,
        has_second_factor=any(one.type in mfa.FACTORS for one in row.authenticator_set.all()),
        last_login=row.last_login,
    )


def _log_ins(user: User) -> LogInsOut:
    return LogInsOut(
        [
            LogInOut(
                "browser" if one.kind == "browser" else "api",
                one.key,
                one.began,
                one.address,
                one.device,
            )
            for one in session_pages.log_ins_of(user)
        ]
    )


def _end(user: User, body: EndLogInIn, actor: User) -> NoContent:
    if body.key is UNSET:
        session_pages.end_others(user, actor=actor, but=None)
        return NoContent()
    kind = "browser" if body.kind is UNSET else body.kind
    if not session_pages.end_log_in(user, kind=kind, key=body.key, actor=actor):
        raise not_found()
    return NoContent()


@api.at("me/log_ins/")
class MyLogInsController(ApiController):
    tags = (ME,)

    @operation("list_my_log_ins", summary="List your open log-ins")
    def get(self) -> LogInsOut:
        """In browsers and over the API."""
        return _log_ins(self.user)


@api.at("me/log_ins/end/")
class MyLogInsEndController(ApiController):
    tags = (ME,)

    @operation("end_my_log_in", summary="End one of your log-ins, or all", problems=(404,))
    def post(self, body: Body[EndLogInIn]) -> NoContent:
        """At once. Ending all ends the one that this request is sent with, too."""
        return _end(self.user, body, self.user)


@api.at("people/")
class PeopleController(ApiController):
    tags = (PEOPLE,)

    @operation("list_people", summary="List people")
    def get(self, query: Query[PersonFilter]) -> Page[PersonOut]:
        """For administrators. By user name."""
        rows = _people(self)
        if query.active is not UNSET:
            rows = rows.filter(is_active=query.active)
        return page(
            rows,
            query,
            out=lambda found: [_person_out(row) for row in found],
            key=lambda row: (row.username, row.pk),
            keyset=BY_USERNAME,
        )


@api.at("people/<int:person_id>/")
class PersonController(ApiController):
    tags = (PEOPLE,)

    def locked(self) -> QuerySet[User]:
        return User.objects.filter(pk=self.kwargs["person_id"])

    @operation("get_person", summary="Show a person")
    def get(self, person_id: int) -> PersonOut:
        """For administrators."""
        return _person_out(_person(self, person_id))

    @operation("patch_person", summary="Change a person")
    def patch(self, person_id: int, body: Body[PersonPatch]) -> PersonOut:
        """For administrators. An account that may not log in any more loses its log-ins at once."""
        _person(self, person_id)
        change_person(person_id, actor=self.user, **sent_values(body))
        return _person_out(_person(self, person_id))


@api.at("people/<int:person_id>/log_ins/")
class PersonLogInsController(ApiController):
    tags = (PEOPLE,)

    @operation("list_log_ins", summary="List a person's open log-ins")
    def get(self, person_id: int) -> LogInsOut:
        """For administrators."""
        return _log_ins(_person(self, person_id))


@api.at("people/<int:person_id>/log_ins/end/")
class PersonLogInsEndController(ApiController):
    tags = (PEOPLE,)

    @operation("end_log_in", summary="End a person's log-in, or all")
    def post(self, person_id: int, body: Body[EndLogInIn]) -> NoContent:
        """For administrators."""
        return _end(_person(self, person_id), body, self.user)


@api.at("people/<int:person_id>/unlock/")
class PersonUnlockController(ApiController):
    tags = (PEOPLE,)

    @operation("unlock_person", summary="Forget a person's wrong log-ins")
    def post(self, person_id: int, body: Body[Empty]) -> PersonOut:  # noqa: ARG002  rejects a body that is not empty
        """For administrators. The person can log in again at once."""
        row = _person(self, person_id)
        login_throttle.unlock(row.get_username())
        detail = LocalizedMessage(gettext_noop("Wrong log-in tries were forgotten."))
        audit.record(AuditAction.CHANGED, actor=self.user, target=row, detail=detail)
        return _person_out(row)


def _invitation_out(row: Invitation) -> InvitationOut:
    return InvitationOut(
        id=row.pk,
        name=row.name,
        role=row.role.name,
        created_by=row.created_by.get_username() if row.created_by else "",
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


@api.at("invitations/")
class InvitationsController(ApiController):
    tags = (PEOPLE,)

    @operation("list_invitations", summary="List open invitations")
    def get(self, query: Query[Paging]) -> Page[InvitationOut]:
        """For administrators. The newest first."""
        require_administrator(self.user)
        return page(
            invitations.open_invitations().select_related("role", "created_by"),
            query,
            out=lambda found: [_invitation_out(row) for row in found],
            key=lambda row: (row.created_at, row.pk),
            scope="invitations",
        )

    @operation("create_invitation", summary="Invite a person")
    def post(self, body: Body[InvitationIn]) -> Created[NewInvitation]:
        """For administrators. The answer has the link, which is shown only this once."""
        require_administrator(self.user)
        role = Group.objects.filter(name=body.role).first()
        if role is None:
            raise Invalid(
                gettext_noop("There is no role “%(name)s”."), name=body.role, field="role"
            )
        made, token = invitations.invite(name=body.name, role=role, actor=self.user)
        address = self.request.build_absolute_uri(reverse("invited", args=[token]))
        values: dict[str, Any] = msgspec.structs.asdict(_invitation_out(made))
        return Created(NewInvitation(**values, url=address))


@api.at("invitations/<int:invitation_id>/")
class InvitationController(ApiController):
    tags = (PEOPLE,)

    @operation("withdraw_invitation", summary="Withdraw an invitation")
    def delete(self, invitation_id: int) -> NoContent:
        """For administrators. Its link makes no account any more."""
        require_administrator(self.user)
        row = invitations.open_invitations().filter(pk=invitation_id).first()
        if row is None:
            raise not_found()
        invitations.withdraw(row, actor=self.user)
        return NoContent()


@api.at("audit/")
class AuditController(ApiController):
    tags = (PEOPLE,)

    @operation("list_audit_entries", summary="List entries of the audit log")
    def get(self, query: Query[AuditFilter]) -> Page[AuditOut]:
        """For those with the right to view it. The newest first."""
        if not self.user.has_perm(SEE_AUDIT):
            raise forbidden()
        rows = AuditEntry.objects.all()
        if query.person is not UNSET:
            rows = rows.filter(actor_name__iexact=query.person)
        if query.action is not UNSET:
            rows = rows.filter(action=query.action)
        if query.object_type is not UNSET:
            rows = rows.filter(object_type=query.object_type)
        if query.object_id is not UNSET:
            rows = rows.filter(object_id=query.object_id)
        return page(
            rows,
            query,
            out=lambda found: [
                AuditOut(
                    id=row.pk,
                    at=row.at,
                    actor_id=row.actor_id,
                    actor=row.actor_name,
                    action=AuditAction(row.action),
                    object_type=row.object_type,
                    object_id=row.object_id,
                    object_name=row.object_name,
                    detail=audit.words_of(row),
                    address=row.address,
                )
                for row in found
            ],
            key=lambda row: (row.pk, row.pk),
            keyset=BY_ID,
        )
