"""How Redis is broken and repaired."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis

from .installation import Installation

# seconds that each block waits in each direction: less than the time limits, more than anybody
# likes
DELAY = 0.3


@contextmanager
def killed(installation: Installation) -> Iterator[None]:
    installation.redis.kill()
    yield
    installation.redis.start()


@contextmanager
def restarted(installation: Installation) -> Iterator[None]:
    installation.redis.stop()
    installation.redis.start()
    yield


@contextmanager
def frozen(installation: Installation) -> Iterator[None]:
    installation.redis.freeze()
    try:
        yield
    finally:
        installation.redis.thaw()


@contextmanager
def slow(installation: Installation) -> Iterator[None]:
    with installation.wires["redis"].slow(DELAY):
        yield


def _redis(installation: Installation, password: str = "") -> Redis:
    return Redis(port=installation.redis.port, password=password or None)


@contextmanager
def full(installation: Installation) -> Iterator[None]:
    """It has no memory left and throws nothing away, so every write is refused."""
    with _redis(installation) as redis:
        redis.config_set("maxmemory-policy", "noeviction")
        redis.config_set("maxmemory", "1")
        try:
            yield
        finally:
            redis.config_set("maxmemory", "0")


@contextmanager
def emptied(installation: Installation) -> Iterator[None]:
    with _redis(installation) as redis:
        redis.flushall()
    yield


@contextmanager
def refuses(installation: Installation) -> Iterator[None]:
    word = "another-password"
    with _redis(installation) as redis:
        redis.config_set("requirepass", word)
    with _redis(installation, word) as redis:
        redis.client_kill_filter(_type="normal", skipme=True)
    yield
    with _redis(installation, word) as redis:
        redis.config_set("requirepass", "")
