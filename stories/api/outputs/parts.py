"""Parts shared by several response types: money, timestamps and links."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta

from api.controllers import Call
from api.schemas import named
from core.file_serving import signed_url

Money = Annotated[str, Meta(pattern=r"^[0-9]+\.[0-9]{4}$", description="USD as a decimal string.")]


Moment = Annotated[datetime, Meta(tz=True)]


# How far a take, sheet or sound is that a plan looks at.
PlanState = Annotated[
    Literal["missing", "stale", "rejected", "running", "done", "blocked"], named("PlanState")
]
ApprovalState = Annotated[
    Literal["asked", "approved", "started", "refused", "withdrawn"], named("ApprovalState")
]


Link = Annotated[
    str, Meta(description="Works without a header, and ends; ask again for a new one.")
]


def money(amount: Decimal | None) -> str:
    return f"{amount or 0:.4f}"


def link(call: Call, name: str, *, filename: str = "", download: bool = False) -> str:
    """A URL for a stored file, valid without a header for the next hour."""
    return call.request.build_absolute_uri(signed_url(name, filename=filename, download=download))
