"""Each row lock of notifications with two writers. Each test fails without its
`select_for_update`.
"""

import io

import pytest
from django.core.management import call_command

from accounts.models import AuditAction, AuditEntry
from notifications import chat, personal, posting, webhooks
from notifications.enums import Channel, Event
from notifications.models import NotificationPreference, WebhookEndpoint
from tests.two_writers import in_turn

pytestmark = [pytest.mark.row_locks, pytest.mark.django_db(transaction=True)]
OLD, NEW = "o" * 40, "n" * 40


@pytest.fixture
def endpoint(admin_user, receiver):
    row, _secret = webhooks.add(
        name="Billing", url=f"{receiver.url}/hook", events=["budget"], actor=admin_user
    )
    return row


def rotate():
    call_command("rotate_secrets", stdout=io.StringIO())


def test_channels_that_a_person_chooses_at_once_are_both_kept(owner):
    personal.choose(owner)
    assert (
        in_turn(
            lambda: personal.choose(owner, channels={Event.BUDGET: [Channel.EMAIL]}),
            lambda: personal.choose(owner, channels={Event.MENTION: [Channel.BELL]}),
        )
        == []
    )
    kept = NotificationPreference.objects.get().channels
    assert kept == {Event.BUDGET: [Channel.EMAIL], Event.MENTION: [Channel.BELL]}


def test_chat_that_is_entered_while_secrets_are_rotated_stays(owner, receiver, settings):
    settings.PROVIDER_SECRETS = [OLD]
    personal.choose(owner, chat_url=f"{receiver.url}/before")
    settings.PROVIDER_SECRETS = [NEW, OLD]

    def enter():
        personal.choose(owner, chat_url=f"{receiver.url}/after")

    assert in_turn(enter, rotate) == []
    settings.PROVIDER_SECRETS = [NEW]
    row = NotificationPreference.objects.get()
    assert posting.opened(chat.PURPOSE, row.chat_url_enc) == f"{receiver.url}/after"


def test_webhook_that_is_moved_while_secrets_are_rotated_stays(
    endpoint, admin_user, receiver, settings
):
    settings.PROVIDER_SECRETS = [NEW, *settings.PROVIDER_SECRETS]
    url = f"{receiver.url}/after"

    def move():
        webhooks.change(endpoint.pk, actor=admin_user, url=url)

    assert in_turn(move, rotate) == []
    settings.PROVIDER_SECRETS = [NEW]
    assert posting.opened(webhooks.URL, WebhookEndpoint.objects.get().url_enc) == url


def test_changes_that_two_make_to_a_webhook_are_both_kept(endpoint, admin_user):
    assert (
        in_turn(
            lambda: webhooks.change(endpoint.pk, actor=admin_user, name="Invoices"),
            lambda: webhooks.change(endpoint.pk, actor=admin_user, is_active=False),
        )
        == []
    )
    now = WebhookEndpoint.objects.get()
    assert (now.name, now.is_active) == ("Invoices", False)


def test_webhook_that_two_remove_has_one_entry(endpoint, admin_user):
    def remove():
        webhooks.remove(endpoint.pk, actor=admin_user)

    (error,) = in_turn(remove, remove)
    assert isinstance(error, WebhookEndpoint.DoesNotExist)
    assert AuditEntry.objects.filter(action=AuditAction.DELETED).count() == 1


def test_secret_that_two_replace_is_followed_by_the_second(endpoint, admin_user):
    made = []

    def replace():
        made.append(webhooks.rotate_secret(endpoint.pk, actor=admin_user)[1])

    assert in_turn(replace, replace) == []
    now = WebhookEndpoint.objects.get()
    signed_with = [posting.opened(webhooks.SECRET, now.old_secret_enc)]
    signed_with.append(posting.opened(webhooks.SECRET, now.secret_enc))
    assert signed_with == made
