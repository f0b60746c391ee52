"""Effects of account changes on log-ins and history.

An account that is deactivated or loses staff status loses its log-ins permanently, even if it is
reactivated. An account that appears in the history cannot be deleted, only deactivated.
"""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import ManyToOneRel, ProtectedError
from django.db.models.signals import post_save, pre_delete, pre_save
from django.utils.translation import gettext as _

from . import sessions

# Models deleted together with the account. All other rows that refer to an account are history.
OWN = frozenset(
    {
        "web.RefreshToken",
        "web.AccountVersion",
        "account.EmailAddress",
        "mfa.Authenticator",
        "socialaccount.SocialAccount",
        "usersessions.UserSession",
        "web.IdempotencyRecord",
        "stories.ProjectMember",
        "studio.Preference",
        "notifications.Notification",
        "notifications.NotificationPreference",
    }
)
ENDING = ("is_active", "is_staff", "is_superuser")


def history_of(user: User) -> list[str]:
    """Return the verbose names of the models that refer to this account; empty if it may be
    deleted.
    """
    found = []
    # Django's documented way to a model's relations
    for relation in User._meta.get_fields(include_hidden=True):  # noqa: SLF001
        if not isinstance(relation, ManyToOneRel) or relation.on_delete is None:
            continue
        model = relation.related_model
        # As above; roles are no history
        if model._meta.label in OWN or model._meta.auto_created:  # noqa: SLF001
            continue
        # Also hidden rows
        if model._base_manager.filter(**{relation.field.name: user.pk}).exists():  # noqa: SLF001
            found.append(str(model._meta.verbose_name_plural))  # noqa: SLF001  as above
    return sorted(set(found))


def note_change(sender: Any, *, instance: User, raw: bool = False, **_: Any) -> None:  # noqa: ARG001  the signal's form
    """Before an account is saved, record whether it loses active, staff or superuser status."""
    before = (
        None
        if raw or instance.pk is None
        else User.objects.filter(pk=instance.pk).values(*ENDING).first()
    )
    lost = before is not None and any(
        before[name] and not getattr(instance, name) for name in ENDING
    )
    instance._ends_log_ins = lost  # type: ignore[attr-defined]  # noqa: SLF001  for `end_log_ins`, right afterwards


# The signal's form
def end_log_ins(sender: Any, *, instance: User, **_: Any) -> None:  # noqa: ARG001
    if getattr(instance, "_ends_log_ins", False):
        sessions.end_all(instance)


# The signal's form
def keep_history(sender: Any, *, instance: User, **_kwargs: Any) -> None:  # noqa: ARG001
    """Raise ProtectedError for an account that appears in the history."""
    if found := history_of(instance):
        text = _(
            "The account cannot be deleted, because the history refers to it (%(kinds)s). "
            "Switch it off instead."
        ) % {"kinds": ", ".join(found)}
        raise ProtectedError(text, {instance})


def connect() -> None:
    pre_save.connect(note_change, sender=User, dispatch_uid="accounts.account_changes.note")
    post_save.connect(end_log_ins, sender=User, dispatch_uid="accounts.account_changes.end")
    pre_delete.connect(keep_history, sender=User, dispatch_uid="accounts.account_changes.keep")
