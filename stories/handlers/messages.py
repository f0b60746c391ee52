"""Handlers that send notifications, webhooks and links to set a password, and the notice of calls
that became unclear.
"""

import logging
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver

from jobs.enums import WaitFor
from jobs.outcomes import Done, Wait
from jobs.registry import handler
from jobs.run import Run
from notifications import password_reset, send_jobs, sending, webhook_sending
from providers.enums import CallState
from providers.models import CallEvent
from stories.services import notices
from stories.services.permissions import stories_for

logger = logging.getLogger("ai_video.messages")


@handler(send_jobs.SEND_MESSAGES)
def send_messages(run: Run) -> Done | Wait:
    person = run.job.data["parameters"]["id"]
    return _until(sending.send_due(person, visible=_visible, should_stop=run.should_stop))


@handler(send_jobs.SEND_WEBHOOK)
def send_webhook(run: Run) -> Done | Wait:
    endpoint = run.job.data["parameters"]["id"]
    return _until(webhook_sending.send_due(endpoint, should_stop=run.should_stop))


@handler(password_reset.SEND_RESET_LINK)
def send_reset_link(run: Run) -> Done:
    parameters = run.job.data["parameters"]
    password_reset.send_link(parameters["id"], origin=parameters["origin"])
    return Done()


def _until(next_due: datetime | None) -> Done | Wait:
    return Done() if next_due is None else Wait(until=next_due, wait_for=WaitFor.TIME)


def _visible(person: Any, stories: set[Any]) -> set[Any]:
    return set(stories_for(person).filter(pk__in=stories).values_list("pk", flat=True))


@receiver(post_save, sender=CallEvent)
def tell_of_unclear_call(
    sender: Any,  # noqa: ARG001  the signal's form
    *,
    instance: CallEvent,
    created: bool,
    **_: Any,
) -> None:
    """In the call's transaction, which is committed whatever happens here."""
    if (
        not created
        or instance.to_state != CallState.UNCLEAR
        or (instance.from_state == CallState.UNCLEAR)
    ):
        return
    try:
        with transaction.atomic():
            notices.unclear(instance.call)
    except Exception:
        logger.exception("Nobody was told of the unclear call %s", instance.call_id)
