"""The cache on a real Redis that comes and goes: no page may notice."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache.backends.base import BaseCache

from config import cache as module
from config import services
from config.cache import TolerantRedisCache
from tests.services import Redis, redis


@pytest.fixture(scope="module")
def server() -> Iterator[Redis]:
    with redis() as server:
        yield server


@pytest.fixture
def cache(server: Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[TolerantRedisCache]:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.0)
    parameters = dict(services.caches(server.url)["default"])
    del parameters["BACKEND"]
    found = TolerantRedisCache(parameters.pop("LOCATION"), parameters)
    yield found
    found._cache.get_client().connection_pool.disconnect()


def everything(cache: BaseCache) -> list[Any]:
    """What each operation answers."""
    answers: list[Any] = [
        cache.add("a", 1),
        cache.get("a", "nothing"),
        cache.set("b", [2]),
        cache.touch("b", 60),
        cache.get_many(["a", "b"]),
    ]
    answers += [
        cache.has_key("a"),
        cache.incr("a"),
        cache.set_many({"c": 3}, 60),
        cache.delete_many(["b", "c"]),
        cache.delete("a"),
        cache.get_or_set("d", 5),
    ]
    return [*answers, cache.clear()]


def test_every_operation_works(cache: TolerantRedisCache) -> None:
    assert everything(cache) == [
        True,
        1,
        None,
        True,
        {"a": 1, "b": [2]},
        True,
        2,
        [],
        None,
        True,
        5,
        None,
    ]
    with pytest.raises(ValueError, match="not found"):
        cache.incr("nobody")


def test_while_redis_is_away_it_is_an_empty_cache_and_afterwards_works(
    cache: TolerantRedisCache, server: Redis, caplog: Any
) -> None:
    assert cache.add("a", 1)
    server.kill()
    try:
        assert everything(cache) == [
            True,
            "nothing",
            None,
            False,
            {},
            False,
            1,
            ["c"],
            None,
            False,
            5,
            None,
        ]
    finally:
        server.start()
    cache.set("e", 6)
    assert cache.get("e") == 6


def test_redis_that_hangs_slows_one_request_and_not_each(
    cache: TolerantRedisCache, server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 600.0)
    cache.set("f", 7)
    server.freeze()
    try:
        assert cache.get("f") is None
        quiet_until = cache.quiet_until
        assert quiet_until > 0
        assert [cache.get("f") for _ in range(49)] == [None] * 49
        assert cache.quiet_until == quiet_until  # it was not asked again
    finally:
        server.thaw()
