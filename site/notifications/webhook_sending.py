"""Sends to programs what happened, signed as Standard Webhooks describes it.

A message is sent until it is answered with a 2xx status, at most `MOST_ATTEMPTS` times, always with
the same id. A program may therefore get one twice, and leaves out an id that it knows.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Min
from django.utils import timezone
from django.utils.translation import gettext_noop
from standardwebhooks import Webhook

from core.localized_messages import DomainError, LocalizedMessage

from . import outbox, posting, webhooks
from .enums import DeliveryState, Event
from .models import WebhookDelivery, WebhookEndpoint

MOST_ATTEMPTS = 12
FIRST_DELAY = timedelta(seconds=30)  # doubles with each attempt: the last comes after 17 hours
DISABLED_AFTER = timedelta(days=3)  # without any success
AT_ONCE = 100
MOST_TOLD = 50  # administrators
AGENT = "VideoPlanet-Studio"
S = DeliveryState
ANSWERED = gettext_noop("Answered with HTTP %(status)s.")


def send_due(endpoint_id: str, *, should_stop: Callable[[], bool]) -> datetime | None:
    """Send what is due, the oldest first. Returns when the next is due, or None.

    A failure puts off what comes after it: there is one attempt in each run.
    """
    endpoint = WebhookEndpoint.objects.filter(pk=endpoint_id).first()
    if endpoint is None:
        return None
    rows = WebhookDelivery.objects.filter(endpoint=endpoint)
    # Left over from a sender that is gone. The program recognizes the id.
    rows.filter(state=S.SENDING).update(state=S.PENDING)
    waiting = rows.filter(state=S.PENDING)
    if not endpoint.is_active:
        waiting = waiting.filter(event=webhooks.TEST)
    for row in waiting.filter(due_at__lte=timezone.now()).order_by("created_at", "id")[:AT_ONCE]:
        if should_stop() or not _attempt(endpoint, row):
            break
    if (
        endpoint.is_active
        and not WebhookEndpoint.objects.filter(pk=endpoint.pk, is_active=True).exists()
    ):
        return None
    next_due: datetime | None = waiting.aggregate(next=Min("due_at"))["next"]
    return next_due


def _attempt(endpoint: WebhookEndpoint, row: WebhookDelivery) -> bool:
    """Send it once and write the outcome. Returns whether it was taken."""
    ours = WebhookDelivery.objects.filter(pk=row.pk)
    attempts = row.attempts + 1
    if not ours.filter(state=S.PENDING).update(state=S.SENDING, attempts=attempts):
        return True
    status: int | None = None
    try:
        url = posting.opened(webhooks.URL, endpoint.url_enc)
        body = json.dumps(row.payload, ensure_ascii=False, separators=(",", ":"))
        answer = posting.post(
            url,
            host=endpoint.host,
            body=body.encode(),
            headers=signed(endpoint, row, body),
            clear=range(400, 600),
        )
        status = answer.status
        error = None if answer.ok else LocalizedMessage(ANSWERED, {"status": status})
    except DomainError as failure:
        error = failure.sentence
    with transaction.atomic():
        if error is None:
            ours.update(state=S.SENT, http_status=status, ended_at=timezone.now(), error_data={})
            WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=None)
            return True
        over = attempts >= MOST_ATTEMPTS or row.event == webhooks.TEST
        ours.update(
            state=S.FAILED if over else S.PENDING,
            http_status=status,
            error_data=error.as_json(),
            ended_at=timezone.now() if over else None,
            due_at=timezone.now() + FIRST_DELAY * 2 ** (attempts - 1),
        )
        if row.event != webhooks.TEST:
            _count_failure(endpoint, error, is_gone=status == HTTPStatus.GONE)
    return False


def signed(endpoint: WebhookEndpoint, row: WebhookDelivery, body: str) -> dict[str, str]:
    """The headers of the message: id, time and a signature with each valid secret."""
    now = datetime.now(tz=UTC)
    kept = [endpoint.secret_enc]
    if endpoint.old_secret_enc and endpoint.old_secret_until and endpoint.old_secret_until > now:
        kept.append(endpoint.old_secret_enc)
    message_id = f"msg_{row.pk.hex}"
    signatures = [
        Webhook(posting.opened(webhooks.SECRET, secret)).sign(message_id, now, body)
        for secret in kept
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
        "User-Agent": AGENT,
    }


def _count_failure(endpoint: WebhookEndpoint, why: LocalizedMessage, *, is_gone: bool) -> None:
    """Note since when it fails; switch it off after three days without success, or if it is gone.

    The administrators are told. What waits is kept for when it is switched on again.
    """
    rows = WebhookEndpoint.objects.filter(pk=endpoint.pk, is_active=True)
    now = timezone.now()
    rows.filter(failing_since=None).update(failing_since=now)
    long = rows if is_gone else rows.filter(failing_since__lt=now - DISABLED_AFTER)
    if not long.update(is_active=False, disabled_at=now):
        return
    administrators = get_user_model().objects.filter(is_superuser=True, is_active=True)
    outbox.notify(
        Event.WEBHOOK_DISABLED,
        LocalizedMessage(
            gettext_noop("The webhook “%(name)s” was switched off: %(why)s"),
            {"name": endpoint.name, "why": why},
        ),
        people=list(administrators.order_by("pk").values_list("pk", flat=True)[:MOST_TOLD]),
        path=f"/admin/webhooks/{endpoint.pk}/",
    )
