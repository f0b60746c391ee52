"""How Redis is broken and mended."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis

from .house import House

DELAY = 0.3  # seconds that each block waits in each direction: less than the time limits, more than anybody likes


@contextmanager
def killed(house: House) -> Iterator[None]:
    house.redis.kill()
    yield
    house.redis.start()


@contextmanager
def restarted(house: House) -> Iterator[None]:
    house.redis.stop()
    house.redis.start()
    yield


@contextmanager
def frozen(house: House) -> Iterator[None]:
    house.redis.freeze()
    try:
        yield
    finally:
        house.redis.thaw()


@contextmanager
def slow(house: House) -> Iterator[None]:
    with house.wires["redis"].slow(DELAY):
        yield


def _redis(house: House, password: str = "") -> Redis:
    return Redis(port=house.redis.port, password=password or None)


@contextmanager
def full(house: House) -> Iterator[None]:
    """It has no memory left and throws nothing away, so every write is refused."""
    with _redis(house) as redis:
        redis.config_set("maxmemory-policy", "noeviction")
        redis.config_set("maxmemory", "1")
        try:
            yield
        finally:
            redis.config_set("maxmemory", "0")


@contextmanager
def emptied(house: House) -> Iterator[None]:
    with _redis(house) as redis:
        redis.flushall()
    yield


@contextmanager
def refuses(house: House) -> Iterator[None]:
    word = "another-password"
    with _redis(house) as redis:
        redis.config_set("requirepass", word)
    with _redis(house, word) as redis:
        redis.client_kill_filter(_type="normal", skipme=True)
    yield
    with _redis(house, word) as redis:
        redis.config_set("requirepass", "")
