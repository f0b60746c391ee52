"""What the fault tests have in common: databases, ways to wake workers, variables and jobs."""

import random
from collections.abc import Callable
from typing import Any

import pytest

EVERY = [
    ("sqlite", "database"),
    ("sqlite", "redis"),
    ("postgresql", "database"),
    ("postgresql", "redis"),
]
BOTH = [EVERY[0], EVERY[3]]
on_every = pytest.mark.parametrize("system", EVERY, indirect=True, ids="-".join)
on_both = pytest.mark.parametrize("system", BOTH, indirect=True, ids="-".join)
on_redis = pytest.mark.parametrize("system", [EVERY[1], EVERY[3]], indirect=True, ids="-".join)


def under(**variables: str) -> Callable[[Any], Any]:
    """The workers of this test have these variables beside the usual ones."""

    def mark(function: Any) -> Any:
        function.fault_environment = variables
        return function

    return mark


# Where no lease is meant to run out: on a busy machine a short one would, for a worker that lives.
long_lease = under(JOB_LEASE_SECONDS="30")


def forty(seconds: float = 0.12) -> list[dict[str, Any]]:
    """Forty jobs of mixed priority, the same in every run."""
    mixed = random.Random(40)
    return [{"seconds": seconds, "priority": mixed.randint(1, 9)} for _ in range(40)]
