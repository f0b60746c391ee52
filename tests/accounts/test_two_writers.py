"""Each row lock of accounts with two writers. Each test fails without its `select_for_update`."""

import pytest
from django.contrib.auth.models import Group

from accounts import api_keys
from accounts.api_keys import InvalidError
from accounts.models import ApiKey
from tests.two_writers import in_turn

pytestmark = [pytest.mark.row_locks, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def program(admin_user):
    return api_keys.create_account(
        name="robot", role=Group.objects.get(name="producer"), purpose="Nightly", actor=admin_user
    )


@pytest.fixture
def issue(program, admin_user):
    def issue():
        return api_keys.issue(program, name="main", scopes=["read"], days=9, actor=admin_user)[0]

    return issue


def test_keys_that_two_issue_do_not_pass_the_most(issue):
    for _ in range(api_keys.MOST_KEYS - 1):
        issue()
    (error,) = in_turn(issue, issue)
    assert isinstance(error, InvalidError)
    assert ApiKey.objects.count() == api_keys.MOST_KEYS


def test_key_that_is_revoked_meanwhile_is_not_replaced(issue, admin_user):
    key = issue()
    (error,) = in_turn(
        lambda: api_keys.revoke(key, actor=admin_user),
        lambda: api_keys.rotate(key, actor=admin_user),
    )
    assert isinstance(error, InvalidError)
    assert ApiKey.objects.count() == 1
