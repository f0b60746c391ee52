"""The worker pool: the sentinel of django-q2 with its pusher, monitor and workers, made so that no kill can lock it up.

The sentinel is run without django-q2's `Cluster` around it, whose signal handler waits for a lock that it may hold itself.
"""

import os
import signal
import threading
import uuid
from typing import Any

from django.db import connections
from django_q.brokers import get_broker
from django_q.cluster import Sentinel
from django_q.conf import Conf
from django_q.signals import post_spawn

from . import member, processes
from .shared import Flag, TaskQueue


def run_pool(*, team: str, stop: Flag, workers: int) -> None:
    """Runs until `stop` is set and all workers have ended. To be called in a process of its own, as its last act."""
    Conf.WORKERS = workers
    member.prepare(team=team, stop=stop)
    post_spawn.connect(member.begin, dispatch_uid="jobs.work.member")
    os.register_at_fork(before=_remember, after_in_child=_die_with_the_pool)
    sentinel: Any = Sentinel(stop, threading.Event(), uuid.uuid4(), broker=get_broker(), start=False)
    # Terminal and service manager send their signals to the whole group; only the supervisor answers them.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sentinel.task_queue = TaskQueue(stop)
    sentinel.result_queue = TaskQueue(stop, lossy=True)
    connections.close_all()
    sentinel.start()


class _Fork:
    parent = 0


def _remember() -> None:
    _Fork.parent = os.getpid()


def _die_with_the_pool(*_nothing: Any) -> None:
    processes.die_with(_Fork.parent)
