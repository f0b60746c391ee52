"""The other side of a fault test: a process of the studio that enqueues and looks, as a web server
would. One JSON command a line, one answer a line.
"""

import json
import sys
import time
import traceback
from datetime import timedelta
from typing import Any

import django


def enqueue(*, name: str, jobs: list[dict[str, Any]]) -> list[str]:
    """One job for each of `jobs`: {"seconds": ..., "priority": ..., "after": seconds}; all in one
    transaction.
    """
    from django.db import transaction

    with transaction.atomic():
        return [put(name, **job) for job in jobs]


def put(
    name: str, *, seconds: float = 0, priority: int = 5, after: float = 0, max_attempts: int = 10
) -> str:
    from django.utils import timezone

    from jobs.services.queue import enqueue

    data = {"story_id": "chaos", "action": name, "parameters": {"seconds": seconds}}
    run_at = timezone.now() + timedelta(seconds=after)
    return enqueue(
        name,
        data=data,
        subject="chaos",
        run_at=run_at,
        priority=priority,
        max_attempts=max_attempts,
    )[0].pk


def cancel(*, job: str) -> str:
    from jobs.services.queue import cancel as end

    return end(job).status


def rows() -> list[dict[str, Any]]:
    from django.db.models import Count, Q

    from jobs.models import Job
    from jobs.services.reclaim import VANISHED

    effects = Count("log", filter=Q(log__message_data__template="effect"))
    vanished = Count("log", filter=Q(log__message_data__template=VANISHED))
    fields = (
        "id",
        "status",
        "wait_for",
        "attempts",
        "token",
        "priority",
        "worker",
        "result",
        "error",
    )
    return list(
        Job.objects.annotate(effects=effects, vanished=vanished)
        .order_by("created_at")
        .values(*fields, "effects", "vanished")
    )


def workers() -> list[str]:
    from jobs.models import Worker

    return sorted(Worker.objects.values_list("role", flat=True))


def is_writable() -> bool:
    """Whether somebody else can write now; it has a moment for that. On PostgreSQL nobody keeps all
    others from writing.
    """
    from django.db import OperationalError, connection

    if connection.vendor != "sqlite":
        return True
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 300")
        try:
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("ROLLBACK")
        except OperationalError:
            return False
        finally:
            cursor.execute("PRAGMA busy_timeout = 20000")
    return True


def clear() -> None:
    from jobs.models import Job, Worker

    Job.objects.all().delete()
    Worker.objects.all().delete()


def answer(command: dict[str, Any]) -> dict[str, Any]:
    """The result or the traceback; the process goes on either way."""
    begun = time.monotonic()
    found: Any = None
    error = ""
    try:
        found = globals()[command.pop("do")](**command)
    except Exception:  # noqa: BLE001  a fault test breaks what this process uses: whoever asked judges it
        error = traceback.format_exc()
    return {"answer": found, "error": error, "seconds": time.monotonic() - begun}


def main() -> None:
    django.setup()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
