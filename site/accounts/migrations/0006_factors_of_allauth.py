"""Second factors, recovery codes and open sessions move into the tables of django-allauth.

Secrets stay encrypted as they are, and codes stay hashes. A set-up that was not finished begins
anew.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session as SessionOfNow
from django.db import migrations
from django.utils import timezone

HASHED = "sha256$"
NO_ADDRESS = "0.0.0.0"  # noqa: S104  not bound to: the sessions of before have no address


def carry_over(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001  the form of a migration
    authenticator = apps.get_model("mfa", "Authenticator")
    second_factor = apps.get_model("web", "SecondFactor")
    codes = apps.get_model("web", "RecoveryCode")
    for row in second_factor.objects.filter(confirmed_at__isnull=False).iterator():
        authenticator.objects.create(
            user_id=row.user_id,
            type="totp",
            data={"secret": row.encrypted, "last_step": row.last_step},
            created_at=row.confirmed_at,
        )
        hashes = codes.objects.filter(user_id=row.user_id, used_at=None).order_by("pk")
        authenticator.objects.create(
            user_id=row.user_id,
            type="recovery_codes",
            data={"migrated_codes": [HASHED + code.code_hash for code in hashes]},
            created_at=row.confirmed_at,
        )


def list_sessions(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001  as above
    """Sessions that are open stay open, and appear in the list of their user."""
    known = set(apps.get_model("auth", "User").objects.values_list("pk", flat=True))
    user_session = apps.get_model("usersessions", "UserSession")
    for row in SessionOfNow.objects.filter(expire_date__gt=timezone.now()).iterator():
        found = str(row.get_decoded().get(SESSION_KEY, ""))
        if found.isdecimal() and int(found) in known:
            user_session.objects.create(
                user_id=int(found), session_key=row.pk, ip=NO_ADDRESS, user_agent=""
            )


def carry_back(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001  as above
    second_factor = apps.get_model("web", "SecondFactor")
    codes = apps.get_model("web", "RecoveryCode")
    for row in apps.get_model("mfa", "Authenticator").objects.iterator():
        if row.type == "totp":
            second_factor.objects.create(
                user_id=row.user_id,
                encrypted=row.data["secret"],
                last_step=row.data["last_step"],
                confirmed_at=row.created_at,
            )
        elif row.type == "recovery_codes":
            codes.objects.bulk_create(
                codes(user_id=row.user_id, code_hash=code.removeprefix(HASHED))
                for code in row.data["migrated_codes"]
            )
        row.delete()


class Migration(migrations.Migration):
    dependencies = [
        ("web", "0005_api_keys"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("sessions", "0001_initial"),
        ("usersessions", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(carry_over, carry_back),
        migrations.RunPython(list_sessions, migrations.RunPython.noop),
        migrations.DeleteModel("RecoveryCode"),
        migrations.DeleteModel("SecondFactor"),
    ]
