"""After the secrets are rotated, the older one is needed no more."""

import io

import pytest
from django.core.management import CommandError, call_command

from core.localized_messages import LocalizedMessage
from jobs.runner import run_due
from notifications import personal, webhooks
from notifications.enums import Channel, Event
from notifications.outbox import notify

pytestmark = pytest.mark.django_db(transaction=True)
OLD, NEW = "old-secret-" * 4, "new-secret-" * 4


def test_chats_and_webhooks_work_with_the_new_secret_alone(admin_user, receiver, settings):
    settings.PROVIDER_SECRETS = [OLD]
    personal.choose(
        admin_user, channels={Event.BUDGET: [Channel.CHAT]}, chat_url=f"{receiver.url}/chat"
    )
    row, _secret = webhooks.add(
        name="x", url=f"{receiver.url}/hook", events=["budget"], actor=admin_user
    )
    webhooks.rotate_secret(row.pk, actor=admin_user)
    settings.PROVIDER_SECRETS = [NEW, OLD]
    out = io.StringIO()
    call_command("rotate_secrets", stdout=out)
    assert "chats and webhooks: 2" in out.getvalue()
    settings.PROVIDER_SECRETS = [NEW]
    notify(Event.BUDGET, LocalizedMessage("80%"), people=[admin_user.pk])
    run_due()
    assert sorted(one.path for one in receiver.received) == ["/chat", "/hook"]


def test_what_no_secret_opens_is_said(admin_user, receiver, settings):
    settings.PROVIDER_SECRETS = [OLD]
    personal.choose(admin_user, chat_url=receiver.url)
    settings.PROVIDER_SECRETS = [NEW]
    with pytest.raises(CommandError, match="enter it again"):
        call_command("rotate_secrets", stdout=io.StringIO())
