"""A Redis cache that tolerates outages. A failed read is a miss; a failed write is dropped."""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger("ai_video.cache")

PAUSE_SECONDS = (
    5.0  # after a failure Redis is not used, so that a hanging server does not slow every request
)


class TolerantRedisCache(RedisCache):
    """Behaves as an empty cache while Redis is unavailable. Raises no Redis errors."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self.quiet_until = 0.0  # monotonic
        self.away = False

    def _asked[T](self, ask: Callable[[], T], otherwise: T) -> T:
        if time.monotonic() < self.quiet_until:
            return otherwise
        try:
            answer = ask()
        except (RedisError, OSError) as error:
            self.quiet_until = time.monotonic() + PAUSE_SECONDS
            if not self.away:
                logger.warning(
                    "The cache is away (%s); the studio goes on without it.", type(error).__name__
                )
            self.away = True
            return otherwise
        if self.away:
            logger.warning("The cache is back.")
            self.away = False
        return answer

    def add(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        return self._asked(
            lambda: super(TolerantRedisCache, self).add(key, value, timeout, version),
            otherwise=True,
        )

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return self._asked(
            lambda: super(TolerantRedisCache, self).get(key, default, version), otherwise=default
        )

    def set(
        self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        self._asked(
            lambda: super(TolerantRedisCache, self).set(key, value, timeout, version),
            otherwise=None,
        )

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._asked(
            lambda: super(TolerantRedisCache, self).touch(key, timeout, version), otherwise=False
        )

    def delete(self, key: str, version: int | None = None) -> bool:
        return self._asked(
            lambda: super(TolerantRedisCache, self).delete(key, version), otherwise=False
        )

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        return self._asked(
            lambda: super(TolerantRedisCache, self).get_many(keys, version), otherwise={}
        )

    def has_key(self, key: str, version: int | None = None) -> bool:
        return self._asked(
            lambda: super(TolerantRedisCache, self).has_key(key, version), otherwise=False
        )

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Raise ValueError for a missing key, as every cache does. While Redis is unavailable,
        return `delta`.
        """
        return self._asked(
            lambda: super(TolerantRedisCache, self).incr(key, delta, version), otherwise=delta
        )

    def set_many(
        self, data: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[Any]:
        return self._asked(
            lambda: super(TolerantRedisCache, self).set_many(data, timeout, version),
            otherwise=list(data),
        )

    def delete_many(self, keys: Any, version: int | None = None) -> None:
        self._asked(
            lambda: super(TolerantRedisCache, self).delete_many(keys, version), otherwise=None
        )

    def clear(self) -> None:
        self._asked(lambda: super(TolerantRedisCache, self).clear(), otherwise=None)
