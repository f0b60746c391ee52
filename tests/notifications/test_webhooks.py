"""Webhooks: signed, sent again under the same id, and switched off after long failure."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from accounts.models import AuditEntry
from core.localized_messages import LocalizedMessage
from jobs.runner import run_due
from notifications import webhook_sending, webhooks
from notifications.enums import DeliveryState, Event
from notifications.models import Notification, WebhookDelivery, WebhookEndpoint
from notifications.outbox import notify
from tests.fakes.receiver import BREAK

pytestmark = pytest.mark.django_db(transaction=True)
S = DeliveryState
READY = LocalizedMessage("%(film)s is ready.", {"film": "v1"})


@pytest.fixture
def endpoint(admin_user, receiver):
    row, row.plain_secret = webhooks.add(
        name="Billing",
        url=f"{receiver.url}/hooks/secret-path",
        events=["film_ready", "budget"],
        actor=admin_user,
    )
    return row


def happen(event=Event.FILM_READY):
    notify(event, READY, people=[], data={"film_id": "f1"})


def states():
    return list(WebhookDelivery.objects.order_by("created_at").values_list("state", flat=True))


def send(endpoint):
    return webhook_sending.send_due(str(endpoint.pk), should_stop=lambda: False)


def test_message_is_signed_as_standard_webhooks_has_it(endpoint, receiver):
    happen()
    happen(Event.MENTION)  # not asked for
    run_due()
    [one] = receiver.received
    payload = Webhook(endpoint.plain_secret).verify(one.body, one.headers)
    assert payload.pop("timestamp")
    assert payload == {
        "type": "film_ready",
        "data": {"story_id": None, "message": "v1 is ready.", "film_id": "f1"},
    }
    row = WebhookDelivery.objects.get()
    assert one.headers["webhook-id"] == f"msg_{row.pk.hex}"
    assert (row.state, row.http_status, row.attempts, str(row.error)) == (S.SENT, 200, 1, "")
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint.plain_secret).verify(one.body + b" ", one.headers)


def test_for_a_day_both_secrets_sign(endpoint, receiver, admin_user, clock):
    _row, fresh = webhooks.rotate_secret(endpoint.pk, actor=admin_user)
    happen()
    run_due()
    [one] = receiver.received
    for secret in (endpoint.plain_secret, fresh):
        Webhook(secret).verify(one.body, one.headers)
    WebhookEndpoint.objects.update(old_secret_until=timezone.now() - timedelta(seconds=1))
    happen()
    run_due()
    last = receiver.received[-1]
    Webhook(fresh).verify(last.body, last.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint.plain_secret).verify(last.body, last.headers)


@pytest.mark.parametrize("answer", [500, 404, 302, BREAK])
def test_what_is_not_taken_is_sent_again_under_the_same_id(endpoint, receiver, clock, answer):
    receiver.answers = [answer]
    happen()
    happen()
    due = send(endpoint)
    assert (states(), len(receiver.received)) == ([S.PENDING, S.PENDING], 1)
    assert due <= timezone.now()  # the second waits for its turn
    clock.forward(seconds=40)
    assert send(endpoint) is None
    assert states() == [S.SENT, S.SENT]
    ids = [one.headers["webhook-id"] for one in receiver.received]
    assert (ids[0] == ids[1], len(set(ids))) == (True, 2)


def test_killed_between_sending_and_its_mark_it_keeps_its_id(endpoint, receiver, monkeypatch):
    class Killed(BaseException):
        pass

    def gone(*_, **__):
        raise Killed

    happen()
    monkeypatch.setattr(webhook_sending.timezone, "now", timezone.now)
    monkeypatch.setattr(webhook_sending.transaction, "atomic", gone)
    with pytest.raises(Killed):
        send(endpoint)
    monkeypatch.undo()
    assert states() == [S.SENDING]
    send(endpoint)
    assert states() == [S.SENT]
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 1


def test_after_twelve_attempts_it_has_failed(endpoint, receiver, clock):
    receiver.answers = [503] * 20
    happen()
    began = timezone.now()
    while due := send(endpoint):
        clock.forward(seconds=max(0, (due - timezone.now()).total_seconds()) + 1)
    row = WebhookDelivery.objects.get()
    assert (row.state, row.attempts, row.http_status) == (S.FAILED, 12, 503)
    assert str(row.error) == "Answered with HTTP 503."
    assert timedelta(hours=16) < timezone.now() - began < timedelta(hours=18)


def test_after_three_days_without_success_it_is_switched_off(endpoint, receiver, admin_user, clock):
    receiver.answers = [500, 500]
    happen()
    send(endpoint)
    WebhookEndpoint.objects.update(failing_since=timezone.now() - timedelta(days=3, seconds=1))
    clock.forward(seconds=40)
    assert send(endpoint) is None
    endpoint.refresh_from_db()
    assert (endpoint.is_active, endpoint.disabled_at is not None) == (False, True)
    [notification] = Notification.objects.all()
    assert (notification.recipient, str(notification)) == (
        admin_user,
        "The webhook “Billing” was switched off: Answered with HTTP 500.",
    )
    assert notification.path == reverse("admin:webhook", args=[endpoint.pk])
    happen()
    assert states() == [S.PENDING]
    clock.forward(minutes=5)
    webhooks.change(endpoint.pk, actor=admin_user, is_active=True)
    run_due()
    assert states() == [S.SENT]


def test_gone_is_gone_at_once(endpoint, receiver, admin_user):
    receiver.answers = [410]
    happen()
    send(endpoint)
    endpoint.refresh_from_db()
    assert (endpoint.is_active, Notification.objects.count()) == (False, 1)


def test_success_ends_the_time_of_failure(endpoint, receiver, clock):
    receiver.answers = [500]
    happen()
    send(endpoint)
    endpoint.refresh_from_db()
    assert endpoint.failing_since is not None
    clock.forward(seconds=40)
    send(endpoint)
    endpoint.refresh_from_db()
    assert endpoint.failing_since is None


def test_test_message_is_sent_by_one_that_is_off_and_once(endpoint, receiver, admin_user):
    webhooks.change(endpoint.pk, actor=admin_user, is_active=False)
    receiver.answers = [500]
    webhooks.send_test(endpoint.pk, actor=admin_user)
    run_due()
    assert (receiver.received[0].json["type"], states()) == ("test", [S.FAILED])


def test_address_secret_and_answer_are_kept_out_of_logs_and_rows(
    endpoint, receiver, everything_is_logged
):
    receiver.answers = [404]
    happen()
    run_due()
    row = WebhookDelivery.objects.get()
    endpoint.refresh_from_db()
    assert row.http_status == 404
    for text in (str(row.error), everything_is_logged.text, endpoint.url_enc, endpoint.secret_enc):
        assert "secret-path" not in text
        assert endpoint.plain_secret not in text
    assert "secret" not in str(row.error)


# --- the pages


@pytest.mark.moderate
def test_page_adds_and_shows_the_secret_once(admin_user, manager, client, settings):
    settings.LOOPBACK_PROVIDERS = False
    client.force_login(manager)
    assert client.get(reverse("admin:webhooks")).status_code == 403
    client.force_login(admin_user)
    data = {"name": "Billing", "url": "https://hooks.example.com/x/y", "events": ["film_ready"]}
    text = client.post(reverse("admin:webhooks"), data).content.decode()
    row = WebhookEndpoint.objects.get()
    assert ("whsec_" in text, row.host, row.events) == (True, "hooks.example.com", ["film_ready"])
    page = reverse("admin:webhook", args=[row.pk])
    text = client.get(page).content.decode()
    assert ("whsec_" in text, "/x/y" in text, "hooks.example.com" in text) == (False, False, True)
    assert "whsec_" in client.post(page, {"do": "rotate"}).content.decode()
    assert client.post(page, {"do": "off"}).status_code == 302
    assert not WebhookEndpoint.objects.get().is_active
    change = {"name": "Bills", "events": ["film_ready", "budget"]}
    client.post(page, change)
    row.refresh_from_db()
    assert (row.name, row.events, row.host) == ("Bills", ["budget", "film_ready"][::-1], row.host)
    client.post(page, {"do": "test"})
    assert WebhookDelivery.objects.get().event == "test"
    client.post(page, {"do": "delete"})
    assert (WebhookEndpoint.objects.count(), client.get(page).status_code) == (0, 404)
    kept = AuditEntry.objects.filter(object_type="notifications.webhookendpoint")
    assert [row.action for row in kept.order_by("id")] == [
        "added",
        "changed",
        "changed",
        "changed",
        "deleted",
    ]
    assert not kept.filter(detail__contains="/x/y").exists()


@pytest.mark.parametrize(
    ("wrong", "payload"),
    [
        ({"url": "http://hooks.example.com/"}, "must begin with https://"),
        ({"url": "https://192.168.0.1/"}, "not public"),
        ({"events": []}, "Choose at least one event."),
        ({"events": ["due"]}, "Choose at least one event."),
        ({"name": " "}, "Give it a name."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(admin_user, client, settings, wrong, payload):
    settings.LOOPBACK_PROVIDERS = False
    client.force_login(admin_user)
    data = {"name": "Billing", "url": "https://hooks.example.com/", "events": ["budget"], **wrong}
    answer = client.post(reverse("admin:webhooks"), data)
    text = answer.content.decode()
    assert (answer.status_code, payload in text, WebhookEndpoint.objects.count()) == (409, True, 0)
    assert f'value="{data["url"]}"' in text
