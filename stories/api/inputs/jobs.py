"""Bodies and query parameters of requests about jobs."""

from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from api.inputs import Strict
from api.paging import Changed
from jobs.enums import JobStatus

from .parts import MoneyIn


class RetryIn(Strict):
    confirm_total: MoneyIn | UnsetType = UNSET


class JobFilter(Changed):
    story: UUID | UnsetType = UNSET
    scene: UUID | UnsetType = UNSET
    status: list[JobStatus] = []
    name: Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[a-z_]+$")] | UnsetType = (
        UNSET
    )
