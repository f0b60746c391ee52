"""What is broken, how it is mended, and what must hold meanwhile."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass

import psycopg
from redis import Redis

from .house import House, kill

LONG = 8.0  # seconds that a fault lasts: longer than a lease and than the time limits of most requests


@dataclass(frozen=True, slots=True)
class Fault:
    """`break_` is a context: what it does is undone at its end. `blames` are the health checks that must fail meanwhile."""

    name: str
    promise: str
    break_: Callable[[House], AbstractContextManager[None]]
    blames: frozenset[str] = frozenset()
    seconds: float = LONG
    web_stays: bool = True  # pages that need no broken service go on being served


@contextmanager
def database_killed(house: House) -> Iterator[None]:
    house.database.kill()
    yield
    house.database.start()


@contextmanager
def database_restarted(house: House) -> Iterator[None]:
    house.database.stop()
    house.database.start()
    yield


@contextmanager
def database_frozen(house: House) -> Iterator[None]:
    house.database.freeze()
    try:
        yield
    finally:
        house.database.thaw()


@contextmanager
def database_refuses(house: House) -> Iterator[None]:
    """As with a wrong password: nobody is let in, and who is in is thrown out."""
    with psycopg.connect(house.env["DATABASE_URL"].rpartition("/")[0] + "/postgres", autocommit=True) as connection:
        connection.execute("ALTER DATABASE studio WITH ALLOW_CONNECTIONS false")
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'studio'")
        try:
            yield
        finally:
            connection.execute("ALTER DATABASE studio WITH ALLOW_CONNECTIONS true")


@contextmanager
def redis_killed(house: House) -> Iterator[None]:
    house.redis.kill()
    yield
    house.redis.start()


@contextmanager
def redis_frozen(house: House) -> Iterator[None]:
    house.redis.freeze()
    try:
        yield
    finally:
        house.redis.thaw()


def _redis(house: House, password: str = "") -> Redis:
    return Redis(port=house.redis.port, password=password or None)


@contextmanager
def redis_emptied(house: House) -> Iterator[None]:
    with _redis(house) as redis:
        redis.flushall()
    yield


@contextmanager
def redis_refuses(house: House) -> Iterator[None]:
    word = "another-password"
    with _redis(house) as redis:
        redis.config_set("requirepass", word)
    with _redis(house, word) as redis:
        redis.client_kill_filter(_type="normal", skipme=True)
    yield
    with _redis(house, word) as redis:
        redis.config_set("requirepass", "")


@contextmanager
def store_killed(house: House) -> Iterator[None]:
    house.store.kill()
    yield
    house.store.start()


@contextmanager
def store_frozen(house: House) -> Iterator[None]:
    house.store.freeze()
    try:
        yield
    finally:
        house.store.thaw()


@contextmanager
def store_refuses(house: House) -> Iterator[None]:
    """Somebody has changed the key in the store and not in the settings."""
    right = house.store.secret_key
    house.store.kill()
    house.store.secret_key = right[::-1]
    house.store.start()
    yield
    house.store.kill()
    house.store.secret_key = right
    house.store.start()


@contextmanager
def store_slow(house: House) -> Iterator[None]:
    house.wire.delay = 0.4
    try:
        yield
    finally:
        house.wire.delay = 0.0


@contextmanager
def disk_full(house: House) -> Iterator[None]:
    """The disk on which work is done, a small one mounted for this drill, is filled to the last byte."""
    filler = house.work_disk / "filler"
    with filler.open("wb") as file, suppress(OSError):
        while True:
            os.write(file.fileno(), b"\0" * (1 << 16))
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def workers_killed(house: House) -> Iterator[None]:
    """The machine of the workers loses its power."""
    lost, house.crews = house.crews, []
    for crew in lost:
        kill(crew)
    yield
    for _crew in lost:
        house.start_crew()


@contextmanager
def web_killed(house: House) -> Iterator[None]:
    assert house.web is not None
    kill(house.web)
    yield
    house.start_web()


FAULTS = (
    Fault("PostgreSQL is killed", "pages say so in words; all goes on by itself", database_killed, frozenset({"database"})),
    Fault("PostgreSQL is restarted", "nobody notices but by a moment's wait", database_restarted, seconds=1.0),
    Fault("PostgreSQL hangs", "probes still answer and say so; all goes on by itself", database_frozen, frozenset({"database"}), web_stays=False),
    Fault("PostgreSQL refuses the studio", "pages say so in words; all goes on by itself", database_refuses, frozenset({"database"})),
    Fault("Redis is killed", "pages and work go on", redis_killed, frozenset({"bell"})),
    Fault("Redis hangs", "pages and work go on", redis_frozen, frozenset({"bell"})),
    Fault("Redis is emptied", "nobody notices", redis_emptied, seconds=1.0),
    Fault("Redis refuses the studio", "pages and work go on", redis_refuses, frozenset({"bell"})),
    Fault("The store is killed", "pages go on; work waits and goes on by itself", store_killed, frozenset({"storage"})),
    Fault("The store hangs", "pages go on; work waits and goes on by itself", store_frozen, frozenset({"storage"}), seconds=20.0),
    Fault("The store refuses the key", "pages go on; work waits and goes on by itself", store_refuses, frozenset({"storage"})),
    Fault("The store is slow", "pages and work go on, slower", store_slow),
    Fault("The workers' disk is full", "pages go on; work waits and goes on by itself", disk_full),
    Fault(
        "All workers are killed",
        "the next workers take everything up; what was being sent is not sent again, a person decides",
        workers_killed,
        frozenset({"workers"}),
        seconds=LONG + 2,
    ),
    Fault("The web is killed", "work goes on; clients send their wishes again, each is done once", web_killed, web_stays=False),
)


def mounted(folder: os.PathLike[str], size: str = "24m") -> bool:
    """Whether a small disk could be mounted there; only root may."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "studio-drill", os.fspath(folder)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603  fixed words
    except OSError:
        return False


def unmounted(folder: os.PathLike[str]) -> None:
    subprocess.run(["umount", "--lazy", os.fspath(folder)], capture_output=True, check=False)  # noqa: S603, S607  fixed words
