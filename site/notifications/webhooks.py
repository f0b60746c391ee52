"""Webhooks of programs: adding, changing, testing and switching off. For administrators."""

import base64
import secrets
from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import AuditAction
from core import visible
from core.localized_messages import DomainError, LocalizedMessage

from . import posting, send_jobs
from .enums import FOR_PROGRAMS
from .models import WebhookDelivery, WebhookEndpoint

URL, SECRET = "webhook address", "webhook secret"
PREFIX = "whsec_"  # as Standard Webhooks has it
OLD_SECRET_LIFE = timedelta(hours=24)
TEST = "test"
MOST = 50
NAME_LENGTH = 80


class NotAllowedError(DomainError):
    code = "forbidden"


class InvalidError(DomainError):
    code = "invalid"

    def __init__(self, template: str, /, *, field: str, **values: Any) -> None:
        super().__init__(template, **values)
        self.field = field


def add(*, name: str, url: str, events: Collection[str], actor: Any) -> tuple[WebhookEndpoint, str]:
    """Return the webhook and its signing secret, which is shown only now.

    Raises `NotAllowedError` or `InvalidError`.
    """
    _require_administrator(actor)
    secret = _new_secret()
    row = WebhookEndpoint(secret_enc=posting.sealed(SECRET, secret), created_by=actor)
    _assign(row, name=name, url=url, events=events)
    with transaction.atomic():
        if WebhookEndpoint.objects.count() >= MOST:
            raise InvalidError(
                gettext_noop("There are %(most)s webhooks already."), most=MOST, field="name"
            )
        row.save(force_insert=True)
        audit.record(
            AuditAction.ADDED,
            actor=actor,
            target=row,
            detail=LocalizedMessage(gettext_noop("To %(host)s."), {"host": row.host}),
        )
    return row, secret


def change(
    webhook_id: UUID,
    *,
    actor: Any,
    name: str | None = None,
    url: str | None = None,
    events: Collection[str] | None = None,
    is_active: bool | None = None,
) -> WebhookEndpoint:
    """Change what is given. Switched on again, it is sent what has waited.

    Raises WebhookEndpoint.DoesNotExist, `NotAllowedError` or `InvalidError`.
    """
    _require_administrator(actor)
    with transaction.atomic():
        row = WebhookEndpoint.objects.select_for_update().get(pk=webhook_id)
        _assign(row, name=name, url=url, events=events)
        if is_active is not None and is_active != row.is_active:
            row.is_active = is_active
            row.failing_since = row.disabled_at = None
        row.save()
        audit.record(
            AuditAction.CHANGED,
            actor=actor,
            target=row,
            detail=LocalizedMessage(gettext_noop("To %(host)s."), {"host": row.host}),
        )
        if row.is_active:
            send_jobs.wake_on_commit(endpoints=[row.pk])
    return row


def remove(webhook_id: UUID, *, actor: Any) -> None:
    """Delete it with its log. Raises WebhookEndpoint.DoesNotExist or `NotAllowedError`."""
    _require_administrator(actor)
    with transaction.atomic():
        row = WebhookEndpoint.objects.select_for_update().get(pk=webhook_id)
        audit.record(AuditAction.DELETED, actor=actor, target=row)
        row.delete()


def rotate_secret(webhook_id: UUID, *, actor: Any) -> tuple[WebhookEndpoint, str]:
    """Return a new secret, shown only now. For a day messages are signed with both.

    Raises WebhookEndpoint.DoesNotExist or `NotAllowedError`.
    """
    _require_administrator(actor)
    secret = _new_secret()
    with transaction.atomic():
        row = WebhookEndpoint.objects.select_for_update().get(pk=webhook_id)
        row.old_secret_enc, row.secret_enc = row.secret_enc, posting.sealed(SECRET, secret)
        row.old_secret_until = timezone.now() + OLD_SECRET_LIFE
        row.save()
        audit.record(
            AuditAction.CHANGED,
            actor=actor,
            target=row,
            detail=LocalizedMessage(gettext_noop("Secret replaced.")),
        )
    return row, secret


def send_test(webhook_id: UUID, *, actor: Any) -> WebhookDelivery:
    """Have a message of the type `test` sent, also by a webhook that is switched off.

    Raises WebhookEndpoint.DoesNotExist or `NotAllowedError`.
    """
    _require_administrator(actor)
    with transaction.atomic():
        row = WebhookEndpoint.objects.get(pk=webhook_id)
        made = WebhookDelivery.objects.create(
            endpoint=row,
            event=TEST,
            payload={
                "type": TEST,
                "timestamp": timezone.now().isoformat(timespec="seconds"),
                "data": {"message": "This is a test."},
            },
        )
        send_jobs.wake_on_commit(endpoints=[row.pk])
    return made


def _assign(
    row: WebhookEndpoint,
    *,
    name: str | None = None,
    url: str | None = None,
    events: Collection[str] | None = None,
) -> None:
    if name is not None:
        name = visible.stripped(name)
        if not name or len(name) > NAME_LENGTH:
            raise InvalidError(gettext_noop("Give it a name."), field="name")
        row.name = name
    if url is not None:
        try:
            url, row.host = posting.checked_url(url)
        except DomainError as error:
            sentence = error.sentence
            raise InvalidError(sentence.template, field="url", **sentence.values) from error
        row.url_enc = posting.sealed(URL, url)
    if events is not None:
        unknown = [event for event in events if event not in FOR_PROGRAMS]
        if unknown or not events:
            raise InvalidError(gettext_noop("Choose at least one event."), field="events")
        row.events = [str(event) for event in FOR_PROGRAMS if event in events]


def _new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def _require_administrator(actor: Any) -> None:
    if not (actor.is_active and actor.is_superuser):
        raise NotAllowedError(gettext_noop("Only an administrator may change webhooks."))
