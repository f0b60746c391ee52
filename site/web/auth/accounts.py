"""What happens to log-ins and to history when an account changes.

An account that is switched off or no longer staff loses its log-ins for good, also if it is switched on again. An account
that has done something is not deleted but switched off: the history names it.
"""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import ManyToOneRel, ProtectedError
from django.db.models.signals import post_save, pre_delete, pre_save
from django.utils.translation import gettext as _

from . import sessions

# What belongs to the account itself and goes with it. Every other row that names an account is history.
OWN = frozenset({"web.RefreshToken", "web.SecondFactor", "web.RecoveryCode", "web.KeptAnswer", "studio.Preference"})
ENDING = ("is_active", "is_staff", "is_superuser")


def history_of(user: User) -> list[str]:
    """The kinds of rows that name this account, by their names for people; empty if it may be deleted."""
    found = []
    for relation in User._meta.get_fields(include_hidden=True):  # noqa: SLF001  Django's documented way to a model's relations
        if not isinstance(relation, ManyToOneRel) or relation.on_delete is None:
            continue
        model = relation.related_model
        if model._meta.label in OWN or model._meta.auto_created:  # noqa: SLF001  as above; roles are no history
            continue
        if model._base_manager.filter(**{relation.field.name: user.pk}).exists():  # noqa: SLF001  also hidden rows
            found.append(str(model._meta.verbose_name_plural))  # noqa: SLF001  as above
    return sorted(set(found))


def note_change(sender: Any, *, instance: User, raw: bool = False, **_: Any) -> None:  # noqa: ARG001  the signal's form
    """Before an account is saved: does it lose what its log-ins stand on?"""
    before = None if raw or instance.pk is None else User.objects.filter(pk=instance.pk).values(*ENDING).first()
    lost = before is not None and any(before[name] and not getattr(instance, name) for name in ENDING)
    instance._ends_log_ins = lost  # type: ignore[attr-defined]  # noqa: SLF001  for `end_log_ins`, right afterwards


def end_log_ins(sender: Any, *, instance: User, **_: Any) -> None:  # noqa: ARG001  the signal's form
    if getattr(instance, "_ends_log_ins", False):
        sessions.end_all(instance)


def keep_history(sender: Any, *, instance: User, **_kwargs: Any) -> None:  # noqa: ARG001  the signal's form
    """Raises ProtectedError for an account that the history names."""
    if found := history_of(instance):
        text = _("The history names this account (%(kinds)s). Switch it off instead.") % {"kinds": ", ".join(found)}
        raise ProtectedError(text, {instance})


def connect() -> None:
    pre_save.connect(note_change, sender=User, dispatch_uid="web.auth.accounts.note")
    post_save.connect(end_log_ins, sender=User, dispatch_uid="web.auth.accounts.end")
    pre_delete.connect(keep_history, sender=User, dispatch_uid="web.auth.accounts.keep")
