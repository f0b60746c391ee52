"""Messages to people: each once, whatever happens between its row and its mark."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from core.localized_messages import LocalizedMessage
from jobs.models import Job
from jobs.runner import run_due
from notifications import personal, send_jobs, sending
from notifications.enums import Channel, DeliveryState, Event
from notifications.models import Delivery, Notification, NotificationPreference, Occurrence
from notifications.outbox import notify
from operations.models import Preference
from stories.models import Project
from tests.fakes.receiver import BREAK
from tests.fakes.smtp import BYE
from tests.stories.factories import make_story

pytestmark = pytest.mark.django_db(transaction=True)
READY = LocalizedMessage("%(film)s of “%(title)s” is ready.", {"film": "Preview 1", "title": "Sea"})
S = DeliveryState


class Killed(BaseException):
    """The process is gone: nothing after this line is done."""


def tell(person, event=Event.FILM_READY, **values):
    return notify(event, READY, people=[person.pk], path="/admin/here/", **values)


def states():
    return list(
        Delivery.objects.order_by("notification__created_at").values_list("state", flat=True)
    )


def send(person, **values):
    visible = values.get("visible", lambda _person, stories: stories)
    return sending.send_due(person.pk, visible=visible, should_stop=lambda: False)


def test_mail_says_what_happened_and_where(mina, mail_server):
    tell(mina)
    assert run_due() == 1
    [mail] = mail_server.received
    assert (mail["To"], mail["From"], mail["Subject"]) == (
        "mina@example.com",
        "studio@example.com",
        "Preview 1 of “Sea” is ready.",
    )
    row = Delivery.objects.get()
    assert mail["Message-ID"] == f"<{row.mail_id}@studio.example.com>"
    assert mail.get_content().splitlines()[:2] == [
        "Preview 1 of “Sea” is ready.",
        "https://studio.example.com/admin/here/",
    ]
    assert (row.state, row.ended_at is not None) == (S.SENT, True)
    assert run_due() == 0


def test_mail_is_in_the_language_of_the_person(mina, mail_server):
    Preference.objects.create(user=mina, language="ko")
    story = make_story(mina)
    for _ in range(4):
        tell(mina, story_id=story.pk)
    send(mina)
    [mail] = mail_server.received
    assert mail["Subject"] == "The lighthouse: 메시지 4개"


def test_without_mail_or_address_only_the_bell_rings(owner, mail_server, settings):
    owner.email = ""
    owner.save()
    tell(owner)
    owner.email = "mina@example.com"
    owner.save()
    settings.EMAIL_IS_SET_UP = False
    tell(owner)
    assert (Notification.objects.count(), Delivery.objects.count(), Job.objects.count()) == (
        2,
        0,
        0,
    )


def test_nothing_is_told_of_a_change_that_is_rolled_back(mina, mail_server):
    with transaction.atomic():
        tell(mina)
        transaction.set_rollback(True)
    assert (Notification.objects.count(), Job.objects.count(), run_due()) == (0, 0, 0)


def test_choices_are_per_event_and_channel(mina, mail_server, receiver):
    personal.choose(
        mina,
        channels={
            Event.FILM_READY: [Channel.CHAT],
            Event.MENTION: [],
            Event.REPLY: [Channel.EMAIL],
        },
        chat_url=f"{receiver.url}/services/T0/B0/token",
    )
    for event in (Event.FILM_READY, Event.MENTION, Event.REPLY):
        tell(mina, event)
    run_due()
    assert [one.json for one in receiver.received] == [
        {"text": "Preview 1 of “Sea” is ready.\nhttps://studio.example.com/admin/here/"}
    ]
    assert len(mail_server.received) == 1
    assert list(personal.bell_of(mina)) == []


def test_chat_escapes_what_would_call_everybody(mina, receiver, settings):
    personal.choose(mina, chat_url=receiver.url)
    notify(Event.MENTION, LocalizedMessage("<!channel> & co"), people=[mina.pk])
    run_due()
    assert receiver.received[0].json == {"text": "&lt;!channel&gt; &amp; co"}


def test_address_of_the_chat_is_kept_encrypted_and_never_logged(
    mina, receiver, everything_is_logged
):
    personal.choose(mina, chat_url=f"{receiver.url}/services/secret-token")
    receiver.answers = [404]
    tell(mina)
    run_due()
    row = Delivery.objects.get()
    stored = NotificationPreference.objects.get()
    assert stored.chat_host == "127.0.0.1"
    assert str(row.error) == "127.0.0.1 did not take it (HTTP 404)."
    assert row.state == S.FAILED
    for text in (stored.chat_url_enc, str(row.error), everything_is_logged.text):
        assert "secret-token" not in text
        assert "secret" not in str(row.error)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/x",
        "https://10.0.0.5/x",
        "https://127.0.0.1/x",
        "https://169.254.169.254/latest",
        "https://user:pass@example.com/x",
        "ftp://example.com",
        "https://[::1]/",
        "x" * 3000,
    ],
)
def test_addresses_of_chats_are_on_public_networks(mina, url, settings):
    settings.LOOPBACK_PROVIDERS = False
    with pytest.raises(personal.InvalidError) as error:
        personal.choose(mina, chat_url=url)
    assert error.value.field == "chat_url"
    assert NotificationPreference.objects.filter(chat_url_enc__gt="").count() == 0


# --- a process is killed


def test_killed_after_the_commit_it_is_sent_once(mina, mail_server, monkeypatch):
    """The wake-up is lost with the process; the periodic task finds the row."""
    monkeypatch.setattr(send_jobs, "_wake", lambda *_: None)
    tell(mina)
    monkeypatch.undo()
    assert (Job.objects.count(), states()) == (0, [S.PENDING])
    assert send_jobs.wake_all() == 1
    run_due()
    assert (len(mail_server.received), states()) == (1, [S.SENT])
    assert send_jobs.wake_all() == 0


def test_killed_while_it_connects_it_is_sent_once(mina, mail_server, monkeypatch):
    def gone(*_, **__):
        raise Killed

    tell(mina)
    monkeypatch.setattr("smtplib.SMTP.ehlo", gone)
    monkeypatch.setattr("smtplib.SMTP.connect", gone)
    with pytest.raises(Killed):
        send(mina)
    monkeypatch.undo()
    assert states() == [S.PENDING]
    first = Delivery.objects.get().mail_id
    send(mina)
    [mail] = mail_server.received
    assert (str(first) in mail["Message-ID"], states()) == (True, [S.SENT])


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.CHAT])
def test_killed_between_sending_and_its_mark_it_is_not_sent_again(
    mina, mail_server, receiver, monkeypatch, channel
):
    def gone(*_, **__):
        raise Killed

    personal.choose(mina, channels={Event.FILM_READY: [channel]}, chat_url=receiver.url)
    tell(mina)
    monkeypatch.setattr(sending, "_end", lambda rows, state, why: gone() if state == S.SENT else 0)
    with pytest.raises(Killed):
        send(mina)
    monkeypatch.undo()
    assert states() == [S.SENDING]
    send(mina)
    assert (len(mail_server.received) + len(receiver.received), states()) == (1, [S.UNCLEAR])
    assert str(Delivery.objects.get().error) == "Its sender was lost; it may have been sent."


def test_of_two_senders_one_sends(mina, mail_server, monkeypatch):
    """The second comes while the first is connected and has not begun."""
    tell(mina)
    real = sending.mail.send

    def slow(*args, begin, **values):
        monkeypatch.setattr(sending.mail, "send", real)
        Delivery.objects.update(mail_id=uuid4())
        send(mina)
        real(*args, begin=begin, **values)

    monkeypatch.setattr(sending.mail, "send", slow)
    send(mina)
    assert (len(mail_server.received), states()) == (1, [S.SENT])


# --- the server does not take it


def test_refused_for_now_it_is_sent_later_under_the_same_id(mina, mail_server, clock):
    mail_server.answers = ["451 later"]
    tell(mina)
    run_due()
    row = Delivery.objects.get()
    assert (row.state, row.attempts, len(mail_server.received)) == (S.PENDING, 1, 0)
    assert str(row.error) == "The mail server did not take it (451)."
    clock.forward(minutes=2)
    run_due()
    [mail] = mail_server.received
    assert (str(row.mail_id) in mail["Message-ID"], states()) == (True, [S.SENT])


def test_refused_for_good_it_has_failed(mina, mail_server):
    mail_server.answers = ["550 no"]
    tell(mina)
    send(mina)
    assert (states(), send(mina), len(mail_server.received)) == ([S.FAILED], None, 0)


def test_without_a_server_it_is_tried_for_two_hours(mina, mail_server, settings, clock):
    settings.MAILERS = {
        "default": {
            **mail_server.mailers["default"],
            "OPTIONS": {"host": "127.0.0.1", "port": 9, "timeout": 2},
        }
    }
    tell(mina)
    began = timezone.now()
    while due := send(mina):
        clock.forward(seconds=(due - timezone.now()).total_seconds() + 1)
    row = Delivery.objects.get()
    assert (row.state, row.attempts) == (S.FAILED, sending.MOST_ATTEMPTS - 1)
    assert timedelta(hours=2) < timezone.now() - began < timedelta(hours=3)


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.CHAT])
def test_broken_off_after_sending_it_is_not_sent_again(mina, mail_server, receiver, channel):
    personal.choose(mina, channels={Event.FILM_READY: [channel]}, chat_url=receiver.url)
    mail_server.answers, receiver.answers = [BYE], [BREAK]
    tell(mina)
    send(mina)
    assert (states(), send(mina)) == ([S.UNCLEAR], None)
    assert len(mail_server.received) + len(receiver.received) == 1


# --- many at once


@pytest.mark.moderate
def test_many_at_once_are_one_message(mina, mail_server):
    story, other = make_story(mina), make_story(mina)
    for _ in range(30):
        tell(mina, story_id=story.pk)
    for _ in range(3):
        tell(mina, story_id=other.pk)
    run_due()
    assert sorted(mail["Subject"] for mail in mail_server.received) == [
        "Preview 1 of “Sea” is ready.",
        "Preview 1 of “Sea” is ready.",
        "Preview 1 of “Sea” is ready.",
        "The lighthouse: 30 messages",
    ]
    digest = next(mail for mail in mail_server.received if "30" in mail["Subject"])
    lines = digest.get_content().splitlines()
    assert (lines[0], lines[21]) == ("A film is ready:", "And 10 more.")
    assert set(states()) == {S.SENT}


@pytest.mark.moderate
def test_what_comes_after_some_waits_and_becomes_one_message(mina, mail_server, clock):
    story = make_story(mina)
    for _ in range(8):
        tell(mina, story_id=story.pk)
        clock.forward(seconds=20)
        run_due()
    assert len(mail_server.received) == 3
    clock.forward(minutes=10)
    run_due()
    assert [mail["Subject"] for mail in mail_server.received][3:] == ["The lighthouse: 5 messages"]
    assert set(states()) == {S.SENT}


# --- who must not get it any more


def test_who_lost_the_story_gets_nothing_more(mina, mail_server):
    story = make_story(mina)
    tell(mina, story_id=story.pk)
    send(mina, visible=lambda _person, _stories: set())
    assert (states(), len(mail_server.received)) == ([S.DROPPED], 0)


def test_wall_is_asked_by_the_job(mina, colleague, mail_server):
    colleague.email = "c@example.com"
    colleague.save()
    story = make_story(mina)
    tell(colleague, story_id=story.pk)
    Project.objects.update(is_open=False)
    run_due()
    assert (states(), len(mail_server.received)) == ([S.DROPPED], 0)


def test_switched_off_account_gets_nothing(mina, mail_server):
    tell(mina)
    mina.is_active = False
    mina.save()
    run_due()
    assert (states(), len(mail_server.received)) == ([S.DROPPED], 0)


def test_once_is_once(mina, colleague):
    assert tell(mina, once="budget 80") is True
    assert tell(mina, once="budget 80") is False
    assert (Notification.objects.count(), Occurrence.objects.count()) == (1, 1)
