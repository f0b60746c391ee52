"""Inviting a person by link: made and withdrawn by administrators, used once."""

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.models import AuditAction, Invitation
from core import visible
from core.localized_messages import DomainError, LocalizedMessage
from core.unicode_normalization import composed

from . import audit
from .api_keys import InvalidError, NotAllowedError
from .roles import LABELS

LIFE = timedelta(days=7)
NAME_LENGTH = 150


class UsedUpError(DomainError):
    code = "conflict"


def invite(*, name: str, role: Group, actor: User) -> tuple[Invitation, str]:
    """Return the invitation and its token, which is not stored and not shown again.

    Raises `NotAllowedError` or `InvalidError`.
    """
    _require_administrator(actor)
    name = visible.stripped(name)
    if not name or len(name) > NAME_LENGTH:
        raise InvalidError(gettext_noop("Enter the name of the person to invite."), field="name")
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        made = Invitation.objects.create(
            name=name,
            role=role,
            token_hash=_hash(token),
            created_by=actor,
            expires_at=timezone.now() + LIFE,
        )
        audit.record(
            AuditAction.ADDED,
            actor=actor,
            target=made,
            detail=LocalizedMessage(
                gettext_noop("Role: %(role)s."), {"role": LABELS.get(role.name, role.name)}
            ),
        )
    return made, token


def withdraw(invitation: Invitation, *, actor: User) -> None:
    """End an invitation that has not been used. Raises `NotAllowedError`."""
    _require_administrator(actor)
    with transaction.atomic():
        if open_invitations().filter(pk=invitation.pk).update(withdrawn_at=timezone.now()):
            audit.record(AuditAction.DELETED, actor=actor, target=invitation)


def open_invitations() -> QuerySet[Invitation]:
    return Invitation.objects.filter(used_at=None, withdrawn_at=None, expires_at__gt=timezone.now())


def invitation_of(token: str) -> Invitation | None:
    """Return the invitation of this token while it can be used."""
    return open_invitations().select_related("role").filter(token_hash=_hash(token)).first()


def accept(token: str, *, username: str, password: str) -> User:
    """Make the account of the invitation, and use the invitation up.

    Of two requests with one token, one makes an account. Raises `UsedUpError` or `InvalidError`.
    """
    invitation = invitation_of(token)
    if invitation is None:
        raise _used_up()
    user = User(username=composed(username).strip(), is_staff=True)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidError("%(problem)s", problem=" ".join(error.messages), field="password") from (
            error
        )
    user.set_password(password)
    try:
        user.clean_fields()
        with transaction.atomic():
            claimed = open_invitations().filter(pk=invitation.pk).update(used_at=timezone.now())
            if claimed != 1:
                raise _used_up()
            user.save()
            user.groups.add(invitation.role)
            audit.record(
                AuditAction.ADDED,
                actor=user,
                target=user,
                detail=LocalizedMessage(
                    gettext_noop("Invited as %(name)s, with the role %(role)s."),
                    {
                        "name": invitation.name,
                        "role": LABELS.get(invitation.role.name, invitation.role.name),
                    },
                ),
            )
    except ValidationError as error:
        raise InvalidError(
            gettext_noop("This name cannot be used: %(problem)s"),
            problem=error.messages[0],
            field="username",
        ) from error
    except IntegrityError as error:
        raise InvalidError(
            gettext_noop("There is an account named “%(name)s” already."),
            name=user.username,
            field="username",
        ) from error
    return user


def _used_up() -> UsedUpError:
    return UsedUpError(gettext_noop("This invitation has been used, has ended or was withdrawn."))


def _require_administrator(actor: User) -> None:
    if not (actor.is_active and actor.is_superuser):
        raise NotAllowedError(gettext_noop("Only an administrator may invite people."))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
