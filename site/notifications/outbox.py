"""Writes notifications, and what is to be sent of them, in the transaction of a change.

Nothing is sent here. After the commit the jobs that send are woken; a periodic task wakes them
again, so that a lost wake-up delays a message by a minute at most.
"""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils import timezone

from core.localized_messages import LocalizedMessage

from . import send_jobs
from .enums import FOR_PROGRAMS, Channel, Event
from .models import (
    Delivery,
    Notification,
    NotificationPreference,
    Occurrence,
    WebhookDelivery,
    WebhookEndpoint,
)

LONGEST_PATH = 300


def notify(
    event: Event,
    message: LocalizedMessage,
    *,
    people: Collection[int],
    story_id: UUID | str | None = None,
    path: str = "",
    data: dict[str, Any] | None = None,
    once: str = "",
) -> bool:
    """Tell these people, by their ids, and the programs that asked for the event.

    `path` leads to what it is about. `data` is for programs. `once` is a key; of a second
    notification with it nothing is written. Returns whether anything may have been written.
    """
    with transaction.atomic():
        if once and not remember(once):
            return False
        _tell_people(event, message, set(people), story_id=story_id, path=path[:LONGEST_PATH])
        if event in FOR_PROGRAMS:
            _tell_programs(event, message, story_id=story_id, data=data or {})
    return True


def remember(key: str) -> bool:
    """Note that this was told of. Returns whether it was not yet."""
    try:
        with transaction.atomic():
            Occurrence.objects.create(key=key)
    except IntegrityError:
        return False
    return True


def _tell_people(
    event: Event,
    message: LocalizedMessage,
    people: set[int],
    *,
    story_id: UUID | str | None,
    path: str,
) -> None:
    if not people:
        return
    preferences = NotificationPreference.objects.in_bulk(people)
    reachable = reachable_by_mail(people)
    rows, deliveries = [], []
    for person in sorted(people):
        preference = preferences.get(person) or NotificationPreference(user_id=person)
        channels = preference.channels_of(event)
        row = Notification(
            recipient_id=person,
            event=event,
            story_id=story_id,
            message_data=message.as_json(),
            path=path,
            in_bell=Channel.BELL in channels,
        )
        sent = []
        if Channel.EMAIL in channels and person in reachable:
            sent.append(Channel.EMAIL)
        if Channel.CHAT in channels and preference.chat_url_enc:
            sent.append(Channel.CHAT)
        if row.in_bell or sent:
            rows.append(row)
            deliveries += [Delivery(notification=row, channel=channel) for channel in sent]
    Notification.objects.bulk_create(rows)
    if deliveries:
        Delivery.objects.bulk_create(deliveries)
        send_jobs.wake_on_commit(
            people=sorted({one.notification.recipient_id for one in deliveries})
        )


def reachable_by_mail(people: Iterable[int]) -> set[int]:
    """Those of these people who have an address, if mail is set up."""
    if not settings.EMAIL_IS_SET_UP:
        return set()
    found = get_user_model().objects.filter(pk__in=people, is_active=True).exclude(email="")
    return set(found.values_list("pk", flat=True))


def _tell_programs(
    event: Event,
    message: LocalizedMessage,
    *,
    story_id: UUID | str | None,
    data: dict[str, Any],
) -> None:
    endpoints = [
        row for row in WebhookEndpoint.objects.filter(is_active=True) if event in row.events
    ]
    if not endpoints:
        return
    payload = {
        "type": str(event),
        "timestamp": timezone.now().isoformat(timespec="seconds"),
        "data": {
            "story_id": None if story_id is None else str(story_id),
            "message": message.english,
            **data,
        },
    }
    WebhookDelivery.objects.bulk_create(
        [WebhookDelivery(endpoint=row, event=event, payload=payload) for row in endpoints]
    )
    send_jobs.wake_on_commit(endpoints=[row.pk for row in endpoints])
