"""Writes the audit log, and keeps it append-only by triggers in the database."""

import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from allauth.core import context
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import connections, models
from django.http import HttpRequest

from accounts.models import AuditAction, AuditEntry
from core.client_address import client_address
from core.localized_messages import LocalizedMessage, Value

LONGEST_DETAIL = 4000
MESSAGE = '{"template"'  # the beginning of a stored message of the studio
TABLE = "web_auditentry"
ACTIONS = {
    ADDITION: AuditAction.ADDED,
    CHANGE: AuditAction.CHANGED,
    DELETION: AuditAction.DELETED,
}
# The tests empty all tables. They make this table, which no installation has.
UNLOCKED = "audit_log_may_be_emptied"
LOCKED = "NOT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'audit_log_may_be_emptied')"
REFUSED = "The audit log is append-only."
EXISTS = {
    "sqlite": "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name = %s",
    "postgresql": (
        "SELECT 1 FROM pg_trigger WHERE tgname = %s AND tgrelid = 'web_auditentry'::regclass"
    ),
}
FUNCTION = (
    "CREATE OR REPLACE FUNCTION audit_refused() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    f"IF TG_OP = 'TRUNCATE' AND to_regclass('{UNLOCKED}') IS NOT NULL THEN RETURN NULL; END IF; "
    f"RAISE EXCEPTION '{REFUSED}'; END $$"
)
# SQLite has no TRUNCATE.
EVENTS = {"sqlite": ("UPDATE", "DELETE"), "postgresql": ("UPDATE", "DELETE", "TRUNCATE")}


def record(
    action: AuditAction,
    *,
    actor: User | None = None,
    name: str = "",
    target: models.Model | None = None,
    detail: str | LocalizedMessage = "",
    request: HttpRequest | None = None,
) -> None:
    """Add an entry, in the transaction of what it tells of.

    `detail` is a message of the studio, or words that a person wrote. `name` is of an account that
    could not be loaded. Without `request` the address is that of the
    request that runs now, if one does.
    """
    found = request if request is not None else context.request
    AuditEntry.objects.create(
        action=action,
        actor_id=actor.pk if actor else None,
        actor_name=actor.get_username() if actor else name[:150],
        object_type=target._meta.label_lower if target else "",  # noqa: SLF001  Django's documented way to a model's name
        object_id=str(target.pk)[:64] if target else "",
        object_name=str(target)[:200] if target else "",
        detail=_stored(detail),
        address=client_address(found) if found is not None else "",
    )


def _stored(detail: str | LocalizedMessage) -> str:
    """A message is stored with its values, so that each reader has it in their own language."""
    if not isinstance(detail, LocalizedMessage):
        # What a person wrote is never read as a message, whose template could ask for any length.
        words = f" {detail}" if detail.startswith(MESSAGE) else detail
        return words[:LONGEST_DETAIL]
    text = json.dumps(detail.as_json(), ensure_ascii=False)
    return text if len(text) <= LONGEST_DETAIL else detail.english[:LONGEST_DETAIL]


def names_of(model: type[models.Model], fields: Iterable[str]) -> list[Value]:
    """The names on screen of these fields, for a detail."""
    found: list[Any] = [model._meta.get_field(name) for name in fields]  # noqa: SLF001  Django's documented way to a field
    return [field.verbose_name for field in found]


def words_of(entry: AuditEntry) -> str:
    """The detail in the active language. The admin stores what changed as JSON of its own."""
    if entry.detail.startswith(f" {MESSAGE}"):
        return entry.detail[1:]
    if entry.detail.startswith(MESSAGE):
        with suppress(ValueError, KeyError, TypeError, AttributeError):
            return str(LocalizedMessage.from_json(json.loads(entry.detail)))
    return str(LogEntry(change_message=entry.detail).get_change_message())


def log(actor: Any, person: User, message: LocalizedMessage, flag: int = CHANGE) -> None:
    """Write into the history of an account, and so into the audit log, who changed it."""
    entry = LogEntry(
        user_id=actor.pk,
        content_type=ContentType.objects.get_for_model(person),
        object_id=str(person.pk),
        object_repr=str(person)[:200],
        action_flag=flag,
        change_message=message.english,
    )
    entry.audit_detail = message  # type: ignore[attr-defined]  # read in `record_log_entry`
    entry.save()


def record_log_entry(entry: LogEntry) -> None:
    """Add an entry for what the admin's history was told. `detail` is its message."""
    kind = entry.content_type
    detail: str | LocalizedMessage = getattr(entry, "audit_detail", entry.change_message)
    AuditEntry.objects.create(
        action=ACTIONS.get(entry.action_flag, AuditAction.CHANGED),
        actor_id=entry.user_id,
        actor_name=entry.user.get_username(),
        object_type=f"{kind.app_label}.{kind.model}" if kind else "",
        object_id=str(entry.object_id or "")[:64],
        object_name=entry.object_repr[:200],
        detail=_stored(detail),
        address=client_address(context.request) if context.request is not None else "",
    )


def create_triggers(sender: Any = None, *, using: str = "default", **_: Any) -> None:  # noqa: ARG001  the signal's form
    """Create the triggers unless they exist.

    Runs after each `migrate`, because Django copies tables to alter them on SQLite, and a copy has
    no triggers.
    """
    connection = connections[using]
    if TABLE not in connection.introspection.table_names():
        return  # migrated back to before it
    with connection.cursor() as cursor:
        for event in EVENTS[connection.vendor]:
            trigger = f"audit_no_{event.lower()}"
            cursor.execute(EXISTS[connection.vendor], [trigger])
            if cursor.fetchone() is not None:
                continue
            each = "STATEMENT" if event == "TRUNCATE" else "ROW"
            begin = f"CREATE TRIGGER {trigger} BEFORE {event} ON {TABLE} FOR EACH {each} "
            if connection.vendor == "postgresql":
                cursor.execute(FUNCTION)
                cursor.execute(f"{begin} EXECUTE FUNCTION audit_refused()")
            else:
                cursor.execute(f"{begin} WHEN {LOCKED} BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END")
