"""Is the studio fit to work? Each check has a time limit, so the answer comes even when a service hangs, and tells no secret."""

import logging
import subprocess
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext, gettext_noop
from redis import Redis

from ground.away import AwayError
from ground.clock import DatabaseNow, host_ahead
from ground.sentence import SaidError, Sentence, Value
from jobs import registry
from jobs.models import PeriodicTask, Worker
from jobs.work import periodic
from providers.gate import spool
from providers.media import fonts
from providers.media.ffmpeg import binary

logger = logging.getLogger("ai_video.health")

LIMIT_SECONDS = 4.0  # for all checks together: they run side by side
FRESH_SECONDS = 2.0
DOOR = "health"  # folder of the media storage in which writing is tried


AHEAD = gettext_noop(
    "The clock of a host is %(seconds)s s ahead of the database's (allowed: %(limit)s s): synchronize it, for example with NTP. The monitoring page says which."
)
BEHIND = gettext_noop(
    "The clock of a host is %(seconds)s s behind the database's (allowed: %(limit)s s): synchronize it, for example with NTP. The monitoring page says which."
)


LONGEST_IN_SPOOL = 3600.0  # seconds
SPOOL_STUCK = gettext_noop(
    "%(n)s paid answers wait on this machine's disk, the oldest for %(minutes)s min. The log of manage.py work says why they cannot be taken up."
)


class NotWell(SaidError):  # noqa: N818  what the check found
    """What is wrong, in words that may be shown to anybody."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`detail` reads in the language of whoever looks; in `as_json`, which is for machines, it is English."""

    name: str
    ok: bool
    detail: Sentence
    seconds: float

    @property
    def title(self) -> str:
        return gettext(TITLES[self.name])

    def as_json(self) -> dict[str, Any]:
        return {"ok": self.ok, "detail": self.detail.english, "seconds": round(self.seconds, 3)}


def database() -> Sentence:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Sentence(str(connection.vendor))


def migrations() -> Sentence:
    executor = MigrationExecutor(connection)
    if plan := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotWell(gettext_noop("%(n)s migrations are missing: run manage.py migrate."), n=len(plan))
    return Sentence(gettext_noop("applied"))


def storage() -> Sentence:
    """Writes, reads and deletes a small file."""
    store, content = storages["media"], uuid.uuid4().hex.encode()
    name = store.save(f"{DOOR}/{content.decode()}", ContentFile(content))
    try:
        _read(store, name, content)
    except Exception:
        with suppress(AwayError):
            store.delete(name)
        raise
    store.delete(name)
    return Sentence(gettext_noop("writes and reads"))


def _read(store: Storage, name: str, content: bytes) -> None:
    with store.open(name, "rb") as file:
        if file.read() != content:
            raise NotWell(gettext_noop("What was written is not what was read."))
    # As before each file is written: a key that may not list the bucket cannot tell what is missing.
    if store.exists(f"{DOOR}/missing-{uuid.uuid4().hex}"):
        raise NotWell(gettext_noop("A file that was never written is said to be there."))


def bell() -> Sentence:
    """Redis, or the database when there is none."""
    if not settings.REDIS_URL:
        return Sentence(gettext_noop("in the database"))
    with Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1) as redis:
        redis.ping()
    return Sentence("Redis")


def workers() -> Sentence:
    """At least one worker process was seen within a lease."""
    recently = DatabaseNow(-timedelta(seconds=settings.JOB_LEASE_SECONDS))
    alive = Worker.objects.filter(seen_at__gte=recently, role="worker").count()
    if not alive:
        raise NotWell(gettext_noop("No worker is alive: start manage.py work."))
    return Sentence(gettext_noop("%(n)s alive"), {"n": alive})


def clocks() -> Sentence:
    """How far the clocks of the hosts, as their workers measured them, and of this one are from the database's."""
    recently = DatabaseNow(-timedelta(seconds=settings.JOB_LEASE_SECONDS))
    measured = Worker.objects.filter(seen_at__gte=recently).values_list("clock_ahead", flat=True)
    ahead = max([host_ahead(), *measured], key=abs)
    values: dict[str, Value] = {"seconds": f"{abs(ahead):.1f}", "limit": f"{settings.CLOCK_SKEW_SECONDS:g}"}
    if abs(ahead) <= settings.CLOCK_SKEW_SECONDS:
        return Sentence(gettext_noop("at most %(seconds)s s from the database's"), values)
    template = AHEAD if ahead > 0 else BEHIND
    raise NotWell(template, **values)


def periodic_tasks() -> Sentence:
    """The steps of the periodic work that failed the last time."""
    known = [periodic.name(one) for one in registry.periodic()]
    tasks = PeriodicTask.objects.filter(name__in=known)
    failing = list(tasks.filter(failed_at__isnull=False))
    if failing:
        names = ", ".join(f"{row.name.rpartition('.')[2]} ({row.error})" for row in failing)
        raise NotWell(gettext_noop("Periodic work fails: %(names)s. The log of manage.py work says why."), names=names)
    return Sentence(gettext_noop("%(n)s succeeded"), {"n": tasks.count()})


def paid_answers() -> Sentence:
    """What waits in this machine's spool until database and file store take it."""
    found = spool.contents()
    if not found.count:
        return Sentence(gettext_noop("none waits"))
    values: dict[str, Value] = {
        "n": found.count,
        "minutes": int(found.oldest_seconds // 60),
    }
    if found.oldest_seconds > LONGEST_IN_SPOOL:
        raise NotWell(SPOOL_STUCK, **values)
    return Sentence(gettext_noop("%(n)s wait, the oldest for %(minutes)s min"), values)


def film_tools() -> Sentence:
    return Sentence(_version(binary()))


@lru_cache(maxsize=4)
def _version(program: str) -> str:
    """A program that has told its version once is there; it is not started for every question."""
    said = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=LIMIT_SECONDS, check=True).stdout  # noqa: S603  our own ffmpeg
    return " ".join(said.split()[:3])


def caption_font() -> Sentence:
    return Sentence(", ".join(fonts.face(name).name.partition("-")[0] for name in fonts.FONTS))


TITLES = {
    "database": gettext_noop("Database"),
    "migrations": gettext_noop("Migrations"),
    "storage": gettext_noop("File storage"),
    "bell": gettext_noop("Bell of the workers"),
    "workers": gettext_noop("Workers"),
    "clocks": gettext_noop("Clocks"),
    "periodic": gettext_noop("Periodic work"),
    "spool": gettext_noop("Paid answers on this machine's disk"),
    "ffmpeg": "ffmpeg",
    "font": gettext_noop("Font of the captions"),
}
CHECKS: dict[str, Callable[[], Sentence]] = {
    "database": database,
    "migrations": migrations,
    "storage": storage,
    "bell": bell,
    "workers": workers,
    "clocks": clocks,
    "periodic": periodic_tasks,
    "spool": paid_answers,
    "ffmpeg": film_tools,
    "font": caption_font,
}


class _Last:
    """What was found last, and the checks that hang: none is begun again before it has ended."""

    lock = threading.Lock()
    looking: dict[str, threading.Thread] = {}
    findings: dict[str, tuple[float, Finding]] = {}


def examine(names: list[str] | None = None, *, limit: float = LIMIT_SECONDS, fresh: float = FRESH_SECONDS) -> list[Finding]:
    """The findings of these checks (of all by default), run side by side.

    A check that is not done within `limit` seconds is told as such and left behind. Findings of the last `fresh` seconds
    are told again: whoever asks often costs nothing.
    """
    wanted = names or list(CHECKS)
    begun = time.monotonic()
    with _Last.lock:
        for name in wanted:
            known = _Last.findings.get(name)
            looking = _Last.looking.get(name)
            if (known and begun < known[0] + fresh) or (looking and looking.is_alive()):
                continue
            _Last.findings.pop(name, None)
            _Last.looking[name] = threading.Thread(target=_look, args=(name,), name=f"health {name}", daemon=True)
            _Last.looking[name].start()
    for name in wanted:
        if thread := _Last.looking.get(name):
            thread.join(max(0.0, begun + limit - time.monotonic()))
    return [_found(name, limit) for name in wanted]


def _found(name: str, limit: float) -> Finding:
    thread, known = _Last.looking.get(name), _Last.findings.get(name)
    if known is None or (thread and thread.is_alive()):
        return Finding(name, ok=False, detail=Sentence(gettext_noop("No answer within %(n)s s."), {"n": f"{limit:g}"}), seconds=limit)
    return known[1]


def forget() -> None:
    """The next question is looked into anew."""
    with _Last.lock:
        _Last.findings.clear()


def _look(name: str) -> None:
    """An unexpected error is told by its kind alone: its text may hold an address or a name."""
    begun = time.monotonic()
    try:
        detail, ok = CHECKS[name](), True
    except (NotWell, AwayError) as error:
        detail, ok = error.sentence, False
    except Exception as error:  # noqa: BLE001  whatever is broken, the answer is a finding
        logger.warning("Health check %s: %s", name, error)
        detail, ok = Sentence(type(error).__name__), False
    finally:
        connection.close()
    _Last.findings[name] = (time.monotonic(), Finding(name, ok, detail, time.monotonic() - begun))
