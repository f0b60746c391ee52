"""Stopping and starting the queue: all of it, or the jobs of one name. What runs goes on; nothing new is taken."""

from typing import Any

from django.db import transaction

from jobs.bell import ring_on_commit
from jobs.models import Pause

EVERYTHING = ""


def pause(name: str = EVERYTHING, *, actor: Any = None, reason: str = "") -> Pause:
    """No worker takes jobs of this name from now on (none at all without a name). Pausing twice keeps the first."""
    return Pause.objects.get_or_create(name=name, defaults={"actor": actor, "reason": reason})[0]


def resume(name: str = EVERYTHING) -> bool:
    """Ends that pause; whether there was one."""
    with transaction.atomic():
        ended, _each = Pause.objects.filter(name=name).delete()
        if ended:
            ring_on_commit()
    return bool(ended)
