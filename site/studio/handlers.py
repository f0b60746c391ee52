"""What the studio does now and then by itself, in every `manage.py work`. Each step is on its own: none waits for another."""

import logging

from ground.isolation import each
from jobs.registry import every
from providers import gate
from providers.replicate import webhook
from stories.handlers import land_what_was_left
from studio import sweep

logger = logging.getLogger("ai_video.chores")

MINUTE, HOUR = 60.0, 3600.0


@every(MINUTE)
def look_after_calls() -> None:
    """Calls that were reserved and never sent are freed, those that were sent and never answered are put before a person."""
    if moved := gate.tend():
        logger.info("%s forgotten calls were looked after.", moved)


@every(MINUTE)
def collect_results() -> None:
    """Accepted calls that no job asks for any more."""
    if landed := gate.collect():
        logger.info("%s results of calls that nobody waited for have landed.", landed)


@every(MINUTE)
def know_the_signing_secret() -> None:
    """Webhooks are judged by a secret that is there already: nothing that comes from outside has anything asked for."""
    webhook.keep_secret_fresh()


@every(MINUTE)
def land_results() -> None:
    """Results that were paid for and became no take."""
    if landed := land_what_was_left():
        logger.info("%s results that had been left have landed.", landed)


@every(HOUR)
def tidy() -> None:
    """Rows whose time is over; files are swept by `manage.py sweep` alone."""
    each(sweep.findings(), _remove)


def _remove(find: sweep.Find) -> None:
    finding = find()
    if done := finding.remove():
        logger.info("%s: %s removed.", finding.name, done)
