"""What the studio does now and then by itself, in every `manage.py work`."""

import logging

from jobs.registry import every
from providers import gate
from providers.replicate import webhook
from stories.handlers import land_what_was_left
from studio import sweep

logger = logging.getLogger("ai_video.chores")

MINUTE, HOUR = 60.0, 3600.0


@every(MINUTE)
def look_after_calls() -> None:
    """Calls that nobody asks about any more: what was never sent is freed, what was paid still lands."""
    if moved := gate.tend():
        logger.info("%s forgotten calls were looked after.", moved)
    if landed := gate.collect() + land_what_was_left():
        logger.info("%s results of calls that nobody waited for have landed.", landed)


@every(MINUTE)
def know_the_signing_secret() -> None:
    """Webhooks are judged by a secret that is there already: nothing that comes from outside has anything asked for."""
    webhook.keep_secret_fresh()


@every(HOUR)
def tidy() -> None:
    """Rows whose time is over; files are swept by `manage.py sweep` alone."""
    for finding in sweep.rows():
        if done := finding.remove():
            logger.info("%s: %s removed.", finding.name, done)
