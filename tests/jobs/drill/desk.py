"""The other side of a drill: a process of the studio that enqueues and looks, as a web server would. One JSON command a line, one answer a line."""

import json
import sys
import time
from datetime import timedelta
from typing import Any

import django


def enqueue(*, name: str, jobs: list[dict[str, Any]]) -> list[str]:
    """One job for each of `jobs`: {"seconds": ..., "priority": ..., "after": seconds}."""
    from django.utils import timezone

    from jobs.domain.queue import enqueue as put

    made = []
    for job in jobs:
        data = {"story_id": "drill", "action": name, "parameters": {"seconds": job.get("seconds", 0)}}
        run_at = timezone.now() + timedelta(seconds=job.get("after", 0))
        made.append(put(name, data=data, subject="drill", run_at=run_at, priority=job.get("priority", 5), max_attempts=job.get("max_attempts", 10))[0].pk)
    return made


def cancel(*, job: str) -> str:
    from jobs.domain.queue import cancel as end

    return end(job).status


def rows() -> list[dict[str, Any]]:
    from django.db.models import Count, Q

    from jobs.models import Job

    effects = Count("log", filter=Q(log__message_data__template="effect"))
    fields = ("id", "status", "wait_for", "attempts", "token", "priority", "worker", "result", "error")
    return list(Job.objects.annotate(effects=effects).order_by("created_at").values(*fields, "effects"))


def workers() -> list[str]:
    from jobs.models import Worker

    return sorted(Worker.objects.values_list("role", flat=True))


def clear() -> None:
    from jobs.models import Job, Worker

    Job.objects.all().delete()
    Worker.objects.all().delete()


def main() -> None:
    django.setup()
    for line in sys.stdin:
        command = json.loads(line)
        begun = time.monotonic()
        answer = globals()[command.pop("do")](**command)
        sys.stdout.write(json.dumps({"answer": answer, "seconds": time.monotonic() - begun}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
