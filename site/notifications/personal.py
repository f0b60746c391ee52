"""A person's own notifications and choices."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from core.localized_messages import DomainError

from . import chat, posting
from .enums import Channel, Event
from .models import Notification, NotificationPreference


class InvalidError(DomainError):
    code = "invalid"

    def __init__(self, template: str, /, *, field: str, **values: Any) -> None:
        super().__init__(template, **values)
        self.field = field


def preference_of(user: Any) -> NotificationPreference:
    """What the person has chosen; unsaved if nothing."""
    found = NotificationPreference.objects.filter(user_id=user.pk).first()
    return found or NotificationPreference(user_id=user.pk)


def choose(
    user: Any,
    *,
    channels: Mapping[str, list[str]] | None = None,
    chat_url: str | None = None,
) -> NotificationPreference:
    """Set the channels of these events, and the address of the chat; an empty one removes it.

    Raises `InvalidError`.
    """
    with transaction.atomic():
        NotificationPreference.objects.get_or_create(user_id=user.pk)
        row = NotificationPreference.objects.select_for_update().get(user_id=user.pk)
        for event, wanted in (channels or {}).items():
            if event not in Event.values or not set(wanted) <= set(Channel.values):
                raise InvalidError(
                    gettext_noop("“%(value)s” is not a choice."), value=event, field="channels"
                )
            row.channels[event] = [channel for channel in Channel.values if channel in wanted]
        if chat_url is not None:
            _set_chat(row, chat_url.strip())
        row.save()
    return row


def _set_chat(row: NotificationPreference, url: str) -> None:
    if not url:
        row.chat_url_enc = row.chat_host = ""
        return
    try:
        url, row.chat_host = posting.checked_url(url)
    except DomainError as error:
        sentence = error.sentence
        raise InvalidError(sentence.template, field="chat_url", **sentence.values) from error
    row.chat_url_enc = posting.sealed(chat.PURPOSE, url)


def bell_of(user: Any) -> QuerySet[Notification]:
    """The notifications of the person, whether or not the person still sees their stories."""
    return Notification.objects.filter(recipient_id=user.pk, in_bell=True)


def mark_read(user: Any, ids: list[Any] | None = None) -> int:
    """Mark these, or all notifications of the person, as read. Returns how many were unread."""
    rows = bell_of(user).filter(read_at=None)
    return (rows if ids is None else rows.filter(pk__in=ids)).update(read_at=timezone.now())
