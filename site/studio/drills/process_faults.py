"""How the web and the workers are broken and mended."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from .disks import filled
from .house import House, kill


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
def workers_restarted(house: House) -> Iterator[None]:
    """One group after the other is asked to end and another begun, as with a new version."""
    for _ in range(len(house.crews)):
        house.replace_crew()
    yield


@contextmanager
def workers_frozen(house: House) -> Iterator[None]:
    """One group of two hangs for longer than a lease, then goes on as if nothing had been."""
    crew = house.crews[0]
    os.killpg(crew.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(crew.pid, signal.SIGCONT)


@contextmanager
def workers_disk_full(house: House) -> Iterator[None]:
    with filled(house.work_disk):
        yield


@contextmanager
def web_killed(house: House) -> Iterator[None]:
    assert house.web is not None
    kill(house.web)
    yield
    house.start_web()


@contextmanager
def web_restarted(house: House) -> Iterator[None]:
    assert house.web is not None
    house.web.terminate()
    house.web.wait(20)
    house.start_web()
    yield


@contextmanager
def web_frozen(house: House) -> Iterator[None]:
    assert house.web is not None
    os.killpg(house.web.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(house.web.pid, signal.SIGCONT)
