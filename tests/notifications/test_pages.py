"""The bell, the page of notifications and the choices, in the browser and over the API."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.localized_messages import LocalizedMessage
from notifications.enums import Channel, Event
from notifications.models import Notification, NotificationPreference
from notifications.outbox import notify
from stories.models import Project
from tests.stories.factories import make_story

pytestmark = pytest.mark.django_db
PAGE, CHOICES = "admin:notifications", "admin:notification_choices"


def tell(person, number=1, story=None):
    message = LocalizedMessage("Number %(n)s.", {"n": number})
    notify(
        Event.MENTION,
        message,
        people=[person.pk],
        story_id=story.pk if story else None,
        path=reverse(CHOICES),
    )


@pytest.mark.moderate
def test_bell_counts_what_is_unread(owner, colleague, client):
    client.force_login(owner)
    assert "vp-bell-count" not in client.get(reverse("admin:index")).content.decode()
    tell(owner)
    tell(owner)
    tell(colleague)
    text = client.get(reverse("admin:index")).content.decode()
    assert 'aria-label="Notifications: 2 unread"' in text
    assert '<span class="vp-bell-count">2</span>' in text


@pytest.mark.parametrize("address", ["admin:index", PAGE])
@pytest.mark.moderate
def test_queries_do_not_grow_with_the_notifications(owner, client, address):
    client.force_login(owner)
    counts = []
    for more in (1, 30):
        for number in range(more):
            tell(owner, number, make_story(owner))
        client.get(reverse(address))
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse(address))
        counts.append(len([q for q in captured if "notifications_notification" in q["sql"]]))
    assert counts == ([3, 3] if address == PAGE else [1, 1])


def test_opening_one_marks_it_and_leads_on(owner, colleague, client):
    client.force_login(owner)
    tell(owner, 1)
    tell(owner, 2)
    tell(colleague, 3)
    text = client.get(reverse(PAGE)).content.decode()
    assert text.index("Number 2.") < text.index("Number 1.")
    assert "Number 3." not in text
    first, other = (Notification.objects.get(message_data__values__n=n) for n in (1, 3))
    answer = client.post(reverse(PAGE), {"open": first.pk})
    assert (answer.status_code, answer["Location"]) == (302, reverse(CHOICES))
    assert client.post(reverse(PAGE), {"open": other.pk}).status_code == 404
    assert client.post(reverse(PAGE), {"open": "nonsense"}).status_code == 404
    read = Notification.objects.filter(read_at__isnull=False)
    assert list(read) == [first]
    client.post(reverse(PAGE))
    assert Notification.objects.filter(read_at=None).get() == other


def test_nothing_is_shown_of_a_story_behind_a_wall(owner, colleague, client):
    client.force_login(colleague)
    tell(colleague, 1, make_story(owner))
    assert "Number 1." in client.get(reverse(PAGE)).content.decode()
    Project.objects.update(is_open=False)
    text = client.get(reverse(PAGE)).content.decode()
    assert ("Number 1." in text, "vp-bell-count" in text) == (False, False)


def test_choices_are_kept_and_the_address_is_not_shown(owner, client):
    client.force_login(owner)
    data = {Event.MENTION: ["bell", "chat"], "chat_url": "https://hooks.slack.com/services/T/token"}
    assert client.post(reverse(CHOICES), data)["Location"] == reverse(CHOICES)
    row = NotificationPreference.objects.get()
    assert row.channels_of(Event.MENTION) == [Channel.BELL, Channel.CHAT]
    assert row.channels_of(Event.REPLY) == []
    text = client.get(reverse(CHOICES)).content.decode()
    assert ("hooks.slack.com." in text, "token" in text.replace("csrfmiddlewaretoken", "")) == (
        True,
        False,
    )
    client.post(reverse(CHOICES), {"remove_chat": "1"})
    assert NotificationPreference.objects.get().chat_url_enc == ""


def test_wrong_address_loses_nothing(owner, client):
    client.force_login(owner)
    answer = client.post(reverse(CHOICES), {Event.DUE: ["chat"], "chat_url": "http://10.0.0.1/x"})
    text = answer.content.decode()
    assert (answer.status_code, 'value="http://10.0.0.1/x"' in text) == (409, True)
    assert "must begin with https://" in text
    assert text.count(" checked") == 1
    assert not NotificationPreference.objects.filter(chat_host="10.0.0.1").exists()


def test_unknown_channel_is_refused(owner, client):
    client.force_login(owner)
    assert client.post(reverse(CHOICES), {Event.DUE: ["pigeon"]}).status_code == 409
