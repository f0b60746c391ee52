"""Messages of Runway's API, as far as they are used (X-Runway-Version 2024-11-06).

Only a task's id and its state are required.
"""

from datetime import date
from typing import Any

import msgspec


class Credits(msgspec.Struct):
    credits: float


class Created(msgspec.Struct, rename="camel"):
    id: str
    estimated_cost: Credits | None = None


class Task(msgspec.Struct, rename="camel"):
    """A task in any state; an unrecognized state counts as running."""

    status: str
    id: str = ""
    progress: float | None = None
    output: Any = None
    failure: str = ""
    failure_code: str = ""
    cost: Credits | None = None


class Issue(msgspec.Struct):
    path: list[str] = []
    message: str = ""


class Problem(msgspec.Struct):
    error: Any = ""
    message: str = ""
    issues: list[Issue] = []

    @property
    def words(self) -> str:
        """The error, and for each issue its path and message."""
        error = self.error.get("message", "") if isinstance(self.error, dict) else self.error
        issues_text = [f"{'.'.join(issue.path)}: {issue.message}" for issue in self.issues]
        return "; ".join(filter(None, [str(error or self.message), *issues_text[:3]]))


class ModelTier(msgspec.Struct, rename="camel"):
    max_concurrent_generations: int | None = None
    max_daily_generations: int | None = None


class Tier(msgspec.Struct, rename="camel"):
    max_monthly_credit_spend: float | None = None
    models: dict[str, ModelTier] = {}


class Organization(msgspec.Struct, rename="camel"):
    credit_balance: float
    tier: Tier = msgspec.field(default_factory=Tier)


class ModelUsage(msgspec.Struct):
    """Credits spent on a model; below zero: more was refunded than charged."""

    model: str
    amount: float


class DayUsage(msgspec.Struct, rename="camel"):
    date: date
    used_credits: list[ModelUsage]


class Usage(msgspec.Struct):
    results: list[DayUsage]
