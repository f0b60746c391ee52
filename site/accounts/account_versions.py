"""The version of each account, which ends log-ins for good.

A database trigger raises it in the transaction in which an account is deactivated or loses staff or
superuser status, whatever makes the change: `save()`, a bulk `update()` or SQL. A log-in stores the
version it began with and ends as soon as that differs, also if the change was undone in between.
"""

from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ObjectDoesNotExist
from django.db import connections

from accounts.models import AccountVersion

TRIGGER = "account_version_raised"
LOST = " OR ".join(
    f"(OLD.{mark} AND NOT NEW.{mark})" for mark in ("is_active", "is_staff", "is_superuser")
)
RAISE = """INSERT INTO web_accountversion (user_id, number) VALUES (NEW.id, 1)
ON CONFLICT (user_id) DO UPDATE SET number = web_accountversion.number + 1;"""
ON = (
    f"{TRIGGER} AFTER UPDATE OF is_active, is_staff, is_superuser ON auth_user FOR EACH ROW "
    f"WHEN ({LOST})"
)
CREATE = {
    "sqlite": (f"CREATE TRIGGER {ON} BEGIN {RAISE} END",),
    "postgresql": (
        (
            f"CREATE OR REPLACE FUNCTION {TRIGGER}() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN {RAISE} RETURN NULL; END $$"
        ),
        f"CREATE TRIGGER {ON} EXECUTE FUNCTION {TRIGGER}()",
    ),
}
EXISTS = {
    "sqlite": "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name = %s",
    "postgresql": "SELECT 1 FROM pg_trigger WHERE tgname = %s AND tgrelid = 'auth_user'::regclass",
}


def current_version(user: User) -> int:
    """The version in the database now. One query."""
    return AccountVersion.objects.filter(user=user).values_list("number", flat=True).first() or 0


def loaded_version(user: User) -> int:
    """The version as it was when the account
    was loaded with `select_related("account_version")`.
    """
    try:
        return int(user.account_version.number)
    except ObjectDoesNotExist:
        return 0


# The signal's form
def create_trigger(sender: Any = None, *, using: str = "default", **_: Any) -> None:  # noqa: ARG001
    """Create the trigger unless it exists.

    Runs after each `migrate`, because Django copies tables to alter them on SQLite, and a copy has
    no triggers.
    """
    connection = connections[using]
    if "web_accountversion" not in connection.introspection.table_names():
        return  # migrated back to before it
    with connection.cursor() as cursor:
        cursor.execute(EXISTS[connection.vendor], [TRIGGER])
        if cursor.fetchone() is None:
            for statement in CREATE[connection.vendor]:
                cursor.execute(statement)
