"""System checks for the settings of the job engine."""

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register

BROKERS = {"jobs.wakeup.database.DatabaseWakeup", "jobs.wakeup.redis.RedisWakeup"}
LONGEST_TICK = 0.5  # of a lease


@register()
def wakeup(**_kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.Q_CLUSTER.get("broker_class") not in BROKERS:
        hint = f"Set broker_class to one of {', '.join(sorted(BROKERS))}."
        found.append(
            Error(
                "Q_CLUSTER has a broker that is not the studio's: workers would not be woken.",
                hint=hint,
                id="jobs.E001",
            )
        )
    if settings.Q_CLUSTER.get("sync"):
        found.append(
            Error(
                "Q_CLUSTER runs tasks inside the caller.",
                hint="Remove sync from Q_CLUSTER.",
                id="jobs.E002",
            )
        )
    return found


@register()
def lease(**_kwargs: Any) -> list[CheckMessage]:
    if settings.JOB_TICK_MS / 1000 > LONGEST_TICK * settings.JOB_LEASE_SECONDS:
        hint = "Lower JOB_TICK_MS or raise JOB_LEASE_SECONDS."
        return [
            checks.Warning(
                (
                    "The ticker looks less often than twice a lease: vanished workers are "
                    "noticed late."
                ),
                hint=hint,
                id="jobs.W001",
            )
        ]
    return []
