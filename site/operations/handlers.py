"""Periodic tasks of every `manage.py work`. Each is independent of the others."""

import logging

from django.utils import timezone

from core.isolation import each
from jobs.registry import periodic_task
from notifications import send_jobs
from operations import retention
from providers import calls
from providers.backends.replicate import webhook
from stories.handlers.paid_results import record_leftover_results
from stories.services import assignments, budget_alerts

logger = logging.getLogger("ai_video.chores")

MINUTE, HOUR = 60.0, 3600.0


@periodic_task(MINUTE)
def look_after_calls() -> None:
    """Releases calls that were reserved and never sent, and marks calls without a response for
    review.
    """
    if moved := calls.reconcile():
        logger.info("%s forgotten calls were looked after.", moved)


@periodic_task(MINUTE)
def collect_results() -> None:
    """Collects accepted calls that no job polls any more."""
    if result_recorded := calls.collect():
        logger.info("%s results of calls that nobody waited for were recorded.", result_recorded)


@periodic_task(MINUTE)
def know_the_signing_secret() -> None:
    """Loads the webhook signing secret in advance, so that an incoming
    webhook triggers no request.
    """
    webhook.refresh_webhook_secret()


@periodic_task(MINUTE)
def record_results() -> None:
    """Records results that were paid for and have no take."""
    if result_recorded := record_leftover_results():
        logger.info("%s results that had been left were recorded.", result_recorded)


@periodic_task(MINUTE)
def send_messages() -> None:
    """Wakes the jobs that send messages, should a wake-up have been lost."""
    send_jobs.wake_all()


@periodic_task(MINUTE)
def look_at_budgets() -> None:
    """Tells people of budgets that are half used, nearly used or used up."""
    if made := budget_alerts.check():
        logger.info("%s budget alerts were written.", made)


@periodic_task(HOUR)
def remind() -> None:
    """Reminds people of what is due."""
    if reminded := assignments.remind(timezone.localdate()):
        logger.info("%s people were reminded of what is due.", reminded)


@periodic_task(HOUR)
def tidy() -> None:
    """Deletes expired rows. Files are only removed by `manage.py sweep`."""
    each(retention.findings(), _remove)


def _remove(find: retention.Find) -> None:
    finding = find()
    if done := finding.remove():
        logger.info("%s: %s removed.", finding.name, done)
