"""The studio's settings with django-q2 as it comes: its own broker, all defaults, the same number
of workers.
"""

from config import settings as studio
from config.settings import *  # noqa: F403  settings are made of all names

Q_CLUSTER = {
    "name": "bench",
    "workers": 2,
    **({"redis": studio.REDIS_URL} if studio.REDIS_URL else {"orm": "default"}),
}
SILENCED_SYSTEM_CHECKS = ["jobs.E001"]
