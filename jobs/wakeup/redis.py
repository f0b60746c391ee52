"""Wake-ups through Redis: fast and across machines. No job is lost if Redis fails."""

import logging
import time
from functools import cached_property

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from .base import WakeupBroker
from .notifications import WAKEUP
from .notify_batcher import NotifyBatcher

logger = logging.getLogger("ai_video.jobs")

CONNECT_SECONDS = 0.5
ANSWER_SECONDS = 2.0
# More notifications have no effect: a woken worker runs jobs until none is due.
MAX_PENDING = 32
PUSH = (
    f"if redis.call('LLEN', KEYS[1]) < {MAX_PENDING} then redis.call('RPUSH', KEYS[1], "
    f"ARGV[1]) end return 1"
)


class RedisWakeup(WakeupBroker):
    """A Redis list of at most MAX_PENDING notifications.

    While Redis is unreachable, the pusher checks the database once per tick.
    """

    away = False

    @staticmethod
    def get_connection(list_key: str | None = None) -> Redis:  # noqa: ARG004  django-q2's signature
        # No retries: the sender does not wait, and the listener tries again at the next tick.
        return Redis.from_url(
            settings.REDIS_URL,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
            health_check_interval=0,
        )

    @property
    def key(self) -> str:
        return f"videoplanet:{self.list_key}:wakeups"

    @cached_property
    def notify_batcher(self) -> NotifyBatcher:
        return NotifyBatcher(lambda: self.connection.eval(PUSH, 1, self.key, WAKEUP))

    def enqueue(self, _task: str) -> None:
        self.notify_batcher.notify()

    def wait(self, seconds: float) -> None:
        begun = time.monotonic()
        try:
            self.connection.blpop([self.key], timeout=seconds)
        except RedisError as error:
            if not self.away:
                logger.warning("Redis is unreachable (%s); checking the database instead.", error)
            self.away = True
            time.sleep(max(0.0, begun + seconds - time.monotonic()))
        else:
            if self.away:
                logger.warning("Redis is reachable again.")
            self.away = False

    def info(self) -> str:
        return "Redis wake-ups"
