"""Writes log-ins, log-outs and every change recorded by the admin into the audit log, and into the
log `ai_video.audit`.
"""

import logging
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_save
from django.http import HttpRequest

from accounts import audit
from accounts.models import AuditAction
from core.client_address import client_address

logger = logging.getLogger("ai_video.audit")

DID = {ADDITION: "added", CHANGE: "changed", DELETION: "deleted"}
LONGEST_NAME = 150
# The services of these record every change themselves, whether a page or a program makes it.
RECORDED = frozenset({"providers.aiproviderconfig"})


def _where(request: HttpRequest | None) -> str:
    return client_address(request) if request is not None else "no request"


def _quoted(text: Any) -> str:
    """Return the text on one line, because external names may contain any character."""
    return repr(str(text)[:LONGEST_NAME])


def _known(name: Any) -> str | None:
    """Return the name if it belongs to an account.

    Any other text may be a password typed into the wrong field.
    """
    # Django's documented way to a swappable model's rows
    people = get_user_model()._default_manager  # noqa: SLF001
    is_name = "\0" not in str(name) and people.filter(username=str(name)[:LONGEST_NAME]).exists()
    return str(name)[:LONGEST_NAME] if is_name else None


def logged_in(sender: Any, *, request: HttpRequest | None = None, user: Any, **_: Any) -> None:  # noqa: ARG001  the signal's form
    audit.record(AuditAction.LOG_IN, actor=user, request=request)
    logger.info("%s logged in from %s", _quoted(user.get_username()), _where(request))


def logged_out(
    sender: Any,  # noqa: ARG001  the signal's form
    *,
    request: HttpRequest | None = None,
    user: Any = None,
    **_: Any,
) -> None:
    if user is not None:
        audit.record(AuditAction.LOG_OUT, actor=user, request=request)
        logger.info("%s logged out from %s", _quoted(user.get_username()), _where(request))


def refused(
    sender: Any,  # noqa: ARG001  the signal's form
    *,
    credentials: dict[str, Any],
    request: HttpRequest | None = None,
    **_: Any,
) -> None:
    name = _known(credentials.get("username", ""))
    audit.record(AuditAction.LOG_IN_REFUSED, name=name or "", request=request)
    shown = "a name without an account" if name is None else _quoted(name)
    logger.warning("Log-in refused: %s from %s", shown, _where(request))


# The signal's form
def written(sender: Any, *, instance: LogEntry, created: bool, **_: Any) -> None:  # noqa: ARG001
    if created:
        what = (
            f"{instance.content_type.app_label}.{instance.content_type.model}"
            if instance.content_type
            else "something"
        )
        if what not in RECORDED:
            audit.record_log_entry(instance)
        logger.info(
            "%s %s %s %s",
            _quoted(instance.user.get_username()),
            DID.get(instance.action_flag, "touched"),
            what,
            instance.object_id,
        )


def connect() -> None:
    user_logged_in.connect(logged_in, dispatch_uid="config.audit_log")
    user_logged_out.connect(logged_out, dispatch_uid="config.audit_log")
    user_login_failed.connect(refused, dispatch_uid="config.audit_log")
    post_save.connect(written, sender=LogEntry, dispatch_uid="config.audit_log")
