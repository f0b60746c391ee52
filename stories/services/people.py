"""Changing accounts: their names, roles, and whether they may log in. For administrators."""

from collections.abc import Collection
from typing import Any

from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import AuditAction
from core.localized_messages import listed
from providers.services import money_changes
from stories.errors import Forbidden, Invalid

FIELDS = ("first_name", "last_name", "email", "is_active")


def require_administrator(actor: Any) -> None:
    """Raises Forbidden."""
    if not (actor.is_active and actor.is_superuser):
        raise Forbidden(gettext_noop("Only administrators may do this."))


def change_person(
    person_id: int, *, actor: Any, roles: Collection[str] | None = None, **values: Any
) -> User:
    """Change any of FIELDS, and the roles by their names. What is not given stays as it is.

    An account that may not log in any more loses its sessions, tokens and keys at once. Raises
    User.DoesNotExist, Forbidden, or Invalid with the field.
    """
    require_administrator(actor)
    with money_changes.of_limits(actor=actor):
        person = User.objects.get(pk=person_id)
        if person.pk == actor.pk and values.get("is_active") is False:
            raise Invalid(
                gettext_noop("You cannot switch off your own account."), field="is_active"
            )
        for name, value in values.items():
            setattr(person, name, value)
        try:
            person.full_clean()
        except ValidationError as error:
            field, messages = next(iter(error.message_dict.items()))
            raise Invalid("%(message)s", message=" ".join(messages), field=field) from error
        person.save(update_fields=[name for name in FIELDS if name in values])
        if roles is not None:
            person.groups.set(_roles(roles))
        names = audit.names_of(User, values)
        changed = listed([*names, *([] if roles is None else [Group._meta.verbose_name_plural])])  # noqa: SLF001  Django's documented way to a model's name
        audit.record(AuditAction.CHANGED, actor=actor, target=person, detail=changed)
    return person


def _roles(names: Collection[str]) -> list[Group]:
    found = {group.name: group for group in Group.objects.filter(name__in=names)}
    if missing := sorted(set(names) - found.keys()):
        raise Invalid(
            gettext_noop("There is no role “%(name)s”."), name=missing[0][:150], field="roles"
        )
    return list(found.values())
