"""How the web and the workers are broken and repaired."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from .disks import filled
from .installation import Installation, kill


@contextmanager
def workers_killed(installation: Installation) -> Iterator[None]:
    """The machine of the workers loses its power."""
    lost, installation.worker_groups = installation.worker_groups, []
    for group in lost:
        kill(group)
    yield
    for _ in lost:
        installation.start_worker_group()


@contextmanager
def workers_restarted(installation: Installation) -> Iterator[None]:
    """One group after the other is asked to end and another begun, as with a new version."""
    for _ in range(len(installation.worker_groups)):
        installation.replace_worker_group()
    yield


@contextmanager
def workers_frozen(installation: Installation) -> Iterator[None]:
    """One group of two hangs for longer than a lease, then goes on as if nothing had been."""
    group = installation.worker_groups[0]
    os.killpg(group.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(group.pid, signal.SIGCONT)


@contextmanager
def workers_disk_full(installation: Installation) -> Iterator[None]:
    with filled(installation.work_disk):
        yield


@contextmanager
def web_killed(installation: Installation) -> Iterator[None]:
    assert installation.web is not None
    kill(installation.web)
    yield
    installation.start_web()


@contextmanager
def web_restarted(installation: Installation) -> Iterator[None]:
    assert installation.web is not None
    installation.web.terminate()
    installation.web.wait(20)
    installation.start_web()
    yield


@contextmanager
def web_frozen(installation: Installation) -> Iterator[None]:
    assert installation.web is not None
    os.killpg(installation.web.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(installation.web.pid, signal.SIGCONT)
