"""What tests that commit leave to the next."""

import pytest
from django.contrib.auth.models import Group, Permission, User

from accounts import audit
from accounts.models import AuditAction
from providers.models import AIProviderConfig, ProviderModel
from tests.migrated_rows import MigratedRows


@pytest.mark.django_db(transaction=True)
def test_rows_of_a_test_go_and_those_of_migrations_come_back() -> None:
    rows = MigratedRows()
    assert User._meta.db_table in rows.empty
    person = User.objects.create_user("person")
    person.groups.add(Group.objects.get(name="producer"))
    audit.record(AuditAction.ADDED, actor=person)
    ProviderModel.objects.all().delete()
    AIProviderConfig.objects.update(is_active=False)
    Permission.objects.all().delete()

    rows.restore()

    left = MigratedRows()
    assert (left.empty, left.filled) == (rows.empty, rows.filled)
