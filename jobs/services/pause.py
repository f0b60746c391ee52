"""Pauses and resumes the queue, or the jobs of one name. Running jobs finish; no new job is
claimed.
"""

from typing import Any

from django.db import transaction

from jobs.models import Pause
from jobs.wakeup import notify_on_commit

EVERYTHING = ""


def pause(name: str = EVERYTHING, *, actor: Any = None, reason: str = "") -> Pause:
    """Stop workers from claiming jobs of this name, or any job if the name is empty.

    A second call keeps the existing pause.
    """
    return Pause.objects.get_or_create(name=name, defaults={"actor": actor, "reason": reason})[0]


def resume(name: str = EVERYTHING) -> bool:
    """End the pause and return whether there was one."""
    with transaction.atomic():
        ended, _each = Pause.objects.filter(name=name).delete()
        if ended:
            notify_on_commit()
    return bool(ended)
