"""Wake-up notifications for idle workers.

A notification carries no job, so losing one loses no work.
"""

from .notifications import notify, notify_on_commit

__all__ = ["notify", "notify_on_commit"]
