"""Health checks. Each has a time limit, so a hanging service delays no response, and none reveals
secrets.
"""

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

from core.clock import DatabaseNow, host_ahead
from core.localized_messages import DomainError, LocalizedMessage, Value
from core.unavailable import ServiceUnavailableError
from jobs import registry
from jobs.models import PeriodicTask, Worker
from jobs.worker import periodic
from media import fonts
from media.ffmpeg import binary
from providers.calls import spool

logger = logging.getLogger("ai_video.health")

LIMIT_SECONDS = 4.0  # for all checks together; they run in parallel
FINDING_MAX_AGE = 2.0
PROBE_CHECKS = "health"  # folder of the media storage for the write test


AHEAD = gettext_noop(
    "The clock of a host is %(seconds)s s ahead of the database's (allowed: %(limit)s s): "
    "synchronize it, for example with NTP. The monitoring page says which."
)
BEHIND = gettext_noop(
    "The clock of a host is %(seconds)s s behind the database's (allowed: %(limit)s s): "
    "synchronize it, for example with NTP. The monitoring page says which."
)


LONGEST_IN_SPOOL = 3600.0  # seconds
SPOOL_STUCK = gettext_noop(
    "%(n)s paid answers wait on this machine's disk, the oldest for %(minutes)s min. The "
    "log of manage.py work says why they cannot be taken up."
)


class Unhealthy(DomainError):  # noqa: N818  a finding of a check
    """A failed check, described in words that anybody may see."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a check. `detail` is localized; `as_json`, for machines, has it in English."""

    name: str
    ok: bool
    detail: LocalizedMessage
    seconds: float

    @property
    def title(self) -> str:
        return gettext(TITLES[self.name])

    def as_json(self) -> dict[str, Any]:
        return {"ok": self.ok, "detail": self.detail.english, "seconds": round(self.seconds, 3)}


def database() -> LocalizedMessage:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return LocalizedMessage(str(connection.vendor))


def migrations() -> LocalizedMessage:
    executor = MigrationExecutor(connection)
    if plan := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise Unhealthy(
            gettext_noop("%(n)s migrations are missing: run manage.py migrate."), n=len(plan)
        )
    return LocalizedMessage(gettext_noop("applied"))


def storage() -> LocalizedMessage:
    """Writes, reads and deletes a small file."""
    store, content = storages["media"], uuid.uuid4().hex.encode()
    name = store.save(f"{PROBE_CHECKS}/{content.decode()}", ContentFile(content))
    try:
        _read(store, name, content)
    except Exception:
        with suppress(ServiceUnavailableError):
            store.delete(name)
        raise
    store.delete(name)
    return LocalizedMessage(gettext_noop("writes and reads"))


def _read(store: Storage, name: str, content: bytes) -> None:
    with store.open(name, "rb") as file:
        if file.read() != content:
            raise Unhealthy(gettext_noop("What was written is not what was read."))
    # As before each file write: without permission to list the bucket, a missing file cannot be
    # recognized.
    if store.exists(f"{PROBE_CHECKS}/missing-{uuid.uuid4().hex}"):
        raise Unhealthy(gettext_noop("A file that was never written is said to be there."))


def wakeup() -> LocalizedMessage:
    """Checks Redis, or the database without Redis."""
    if not settings.REDIS_URL:
        return LocalizedMessage(gettext_noop("in the database"))
    with Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1) as redis:
        redis.ping()
    return LocalizedMessage("Redis")


def workers() -> LocalizedMessage:
    """Checks that a worker process was seen within a lease."""
    recently = DatabaseNow(-timedelta(seconds=settings.JOB_LEASE_SECONDS))
    alive = Worker.objects.filter(seen_at__gte=recently, role="worker").count()
    if not alive:
        raise Unhealthy(gettext_noop("No worker is alive: start manage.py work."))
    return LocalizedMessage(gettext_noop("%(n)s alive"), {"n": alive})


def clocks() -> LocalizedMessage:
    """Compares the clocks of this host and, as their workers measured them, of the others with the
    database's.
    """
    recently = DatabaseNow(-timedelta(seconds=settings.JOB_LEASE_SECONDS))
    measured = Worker.objects.filter(seen_at__gte=recently).values_list("clock_ahead", flat=True)
    ahead = max([host_ahead(), *measured], key=abs)
    values: dict[str, Value] = {
        "seconds": f"{abs(ahead):.1f}",
        "limit": f"{settings.CLOCK_SKEW_SECONDS:g}",
    }
    if abs(ahead) <= settings.CLOCK_SKEW_SECONDS:
        return LocalizedMessage(gettext_noop("at most %(seconds)s s from the database's"), values)
    template = AHEAD if ahead > 0 else BEHIND
    raise Unhealthy(template, **values)


def periodic_tasks() -> LocalizedMessage:
    """Reports the periodic tasks whose last run failed."""
    known = [periodic.name(one) for one in registry.periodic()]
    tasks = PeriodicTask.objects.filter(name__in=known)
    failing = list(tasks.filter(failed_at__isnull=False))
    if failing:
        names = ", ".join(f"{row.name.rpartition('.')[2]} ({row.error})" for row in failing)
        raise Unhealthy(
            gettext_noop("Periodic work fails: %(names)s. The log of manage.py work says why."),
            names=names,
        )
    return LocalizedMessage(gettext_noop("%(n)s succeeded"), {"n": tasks.count()})


def paid_answers() -> LocalizedMessage:
    """Reports paid responses in this machine's spool that wait for the database
    and the file store.
    """
    found = spool.contents()
    if not found.count:
        return LocalizedMessage(gettext_noop("none waits"))
    values: dict[str, Value] = {
        "n": found.count,
        "minutes": int(found.oldest_seconds // 60),
    }
    if found.oldest_seconds > LONGEST_IN_SPOOL:
        raise Unhealthy(SPOOL_STUCK, **values)
    return LocalizedMessage(gettext_noop("%(n)s wait, the oldest for %(minutes)s min"), values)


def film_tools() -> LocalizedMessage:
    return LocalizedMessage(_version(binary()))


@lru_cache(maxsize=4)
def _version(program: str) -> str:
    """Returns the version of a program. It is run once, not for every check."""
    version = subprocess.run(  # noqa: S603  our own ffmpeg
        [program, "-version"], capture_output=True, text=True, timeout=LIMIT_SECONDS, check=True
    ).stdout
    return " ".join(version.split()[:3])


def caption_font() -> LocalizedMessage:
    return LocalizedMessage(
        ", ".join(fonts.face(name).name.partition("-")[0] for name in fonts.FONTS)
    )


TITLES = {
    "database": gettext_noop("Database"),
    "migrations": gettext_noop("Migrations"),
    "storage": gettext_noop("File storage"),
    "wakeup": gettext_noop("Wake-ups of the workers"),
    "workers": gettext_noop("Workers"),
    "clocks": gettext_noop("Clocks"),
    "periodic": gettext_noop("Periodic work"),
    "spool": gettext_noop("Paid answers on this machine's disk"),
    "ffmpeg": "ffmpeg",
    "font": gettext_noop("Font of the captions"),
}
CHECKS: dict[str, Callable[[], LocalizedMessage]] = {
    "database": database,
    "migrations": migrations,
    "storage": storage,
    "wakeup": wakeup,
    "workers": workers,
    "clocks": clocks,
    "periodic": periodic_tasks,
    "spool": paid_answers,
    "ffmpeg": film_tools,
    "font": caption_font,
}


class _Last:
    """The latest findings, and checks that hang: none is started again before it has ended."""

    lock = threading.Lock()
    looking: dict[str, threading.Thread] = {}
    findings: dict[str, tuple[float, Finding]] = {}


def examine(
    names: list[str] | None = None,
    *,
    limit: float = LIMIT_SECONDS,
    max_age: float = FINDING_MAX_AGE,
) -> list[Finding]:
    """Runs these checks (all by default) in parallel and returns their findings.

    A check that exceeds `limit` seconds is reported and abandoned. Findings of the last `fresh`
    seconds are reused, so frequent calls cost nothing.
    """
    wanted = names or list(CHECKS)
    begun = time.monotonic()
    with _Last.lock:
        for name in wanted:
            known = _Last.findings.get(name)
            looking = _Last.looking.get(name)
            if (known and begun < known[0] + max_age) or (looking and looking.is_alive()):
                continue
            _Last.findings.pop(name, None)
            _Last.looking[name] = threading.Thread(
                target=_look, args=(name,), name=f"health {name}", daemon=True
            )
            _Last.looking[name].start()
    for name in wanted:
        if thread := _Last.looking.get(name):
            thread.join(max(0.0, begun + limit - time.monotonic()))
    return [_found(name, limit) for name in wanted]


def _found(name: str, limit: float) -> Finding:
    thread, known = _Last.looking.get(name), _Last.findings.get(name)
    if known is None or (thread and thread.is_alive()):
        return Finding(
            name,
            ok=False,
            detail=LocalizedMessage(gettext_noop("No answer within %(n)s s."), {"n": f"{limit:g}"}),
            seconds=limit,
        )
    return known[1]


def forget() -> None:
    """Clears the cached findings."""
    with _Last.lock:
        _Last.findings.clear()


def _look(name: str) -> None:
    """Runs one check. An unexpected error is reported by its type, because its text may hold an
    address or a name.
    """
    begun = time.monotonic()
    try:
        detail, ok = CHECKS[name](), True
    except (Unhealthy, ServiceUnavailableError) as error:
        detail, ok = error.sentence, False
    except Exception as error:  # noqa: BLE001  any failure becomes a finding
        logger.warning("Health check %s: %s", name, error)
        detail, ok = LocalizedMessage(type(error).__name__), False
    finally:
        connection.close()
    _Last.findings[name] = (time.monotonic(), Finding(name, ok, detail, time.monotonic() - begun))
