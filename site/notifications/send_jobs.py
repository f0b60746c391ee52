"""The jobs that send: one for each person with messages to be sent, and one for each webhook.

A job sends what is due, then waits for what is due later. At most one job of a person or webhook
is open, so that no two workers send for the same.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from jobs.enums import WaitFor
from jobs.services import queue

from .enums import OPEN_DELIVERY
from .models import Delivery, WebhookDelivery

SEND_MESSAGES, SEND_WEBHOOK = "send_messages", "send_webhook"
PRIORITY = 8  # after the work of stories
ATTEMPTS = 5  # of a job that fails unexpectedly; failures of messages are counted in their rows


def wake_on_commit(*, people: Iterable[int] = (), endpoints: Iterable[UUID] = ()) -> None:
    """Have the messages of these people and webhooks sent, once this is committed."""
    for person in people:
        transaction.on_commit(partial(_wake, SEND_MESSAGES, f"person-{person}", person))
    for endpoint in endpoints:
        transaction.on_commit(partial(_wake, SEND_WEBHOOK, f"webhook-{endpoint}", str(endpoint)))


def _wake(name: str, subject: str, target: Any) -> None:
    with transaction.atomic():
        _job, is_new = queue.enqueue(
            name,
            subject=subject,
            data={"story_id": "", "action": name, "parameters": {"id": target}},
            priority=PRIORITY,
            max_attempts=ATTEMPTS,
            unique_key=f"{name} {target}",
        )
        if not is_new:
            queue.wake(subject=subject, name=name, wait_for=WaitFor.TIME)


def wake_all() -> int:
    """Wake the jobs of everybody with messages that are due. Returns their number."""
    now = timezone.now()
    people = Delivery.objects.filter(state__in=OPEN_DELIVERY, due_at__lte=now)
    ids = set(people.values_list("notification__recipient_id", flat=True))
    webhooks = WebhookDelivery.objects.filter(
        state__in=OPEN_DELIVERY, due_at__lte=now, endpoint__is_active=True
    )
    endpoints = set(webhooks.values_list("endpoint_id", flat=True))
    with transaction.atomic():
        wake_on_commit(people=sorted(ids), endpoints=endpoints)
    return len(ids) + len(endpoints)
