"""Types, bodies and query parameters that several requests share."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from django.db.models import Model, QuerySet
from msgspec import UNSET, Meta, UnsetType

from api.inputs import Strict, text
from api.long_polling import Waiting
from api.paging import Changed
from stories.enums import ReviewStatus
from stories.models import MAX_SCRIPT

# Money is sent as a decimal string, so that no digit is lost.
MoneyIn = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,8}(\.[0-9]{1,4})?$",
        max_length=13,
        description="USD as a decimal string, such as “1.23”.",
    ),
]
Budget = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,8}(\.[0-9]{1,2})?$",
        max_length=11,
        description="USD as a decimal string; null: no limit.",
    ),
]
Script = Annotated[str, text(most=MAX_SCRIPT)]
Style = Annotated[str, text(most=200)]
Provider = Annotated[
    str,
    Meta(
        pattern=r"^[-a-zA-Z0-9_]{1,40}$",
        description="Name of a provider of the studio, such as “local”.",
    ),
]
VisionProvider = Annotated[
    str,
    Meta(
        pattern=r"^[-a-zA-Z0-9_]{0,40}$",
        description=(
            "The connection whose model looks at each take that is made; empty: takes are not "
            "checked by a model."
        ),
    ),
]
Seed = Annotated[int, Meta(ge=0, le=2**32 - 1)]
Reason = Annotated[str, text(most=500)]
AskAgain = Annotated[
    bool, Meta(description="Ask a second person once more for exactly what one has refused.")
]
NeedsApproval = Annotated[
    bool, Meta(description="The final film is delivered once the client has approved it.")
]
ProjectCode = Annotated[
    str, Meta(pattern=r"^[A-Z0-9][A-Z0-9_-]{0,19}$", description="Code of a project.")
]
MakerModel = Annotated[
    str, Meta(max_length=80, description="A model of the connection; empty: its usual one.")
]
ChecksNewTakes = Annotated[
    bool,
    Meta(
        description=(
            "A model of `vision_provider` checks each new take as soon as it arrives. The price is "
            "part of every plan."
        )
    ),
]
LightFilms = Annotated[bool, Meta(description="Each final film gets a copy for slow connections.")]
PersonId = Annotated[int, Meta(ge=1, le=2**63 - 1, description="Id of a person.")]


def confirmed_total(sent: str | UnsetType) -> Decimal:
    """The price that a program confirmed, in USD. Naming none, it confirms what is free."""
    return Decimal(0) if sent is UNSET else Decimal(sent)


def sent_values(body: msgspec.Struct) -> dict[str, Any]:
    """The fields of a patch that were sent."""
    return {
        name: value for name, value in msgspec.structs.asdict(body).items() if value is not UNSET
    }


class VerdictIn(Strict):
    """A rejection needs a reason, so that the next take can be better."""

    verdict: ReviewStatus
    reason: Reason = ""


class CancelIn(Strict):
    reason: Reason = ""


class Assigned(Changed, kw_only=True):
    """The filters of what can be assigned."""

    assignee: (
        Annotated[int, Meta(ge=1, le=2**63 - 1, description="Id of the person who is to do it.")]
        | UnsetType
    ) = UNSET
    due_by: Annotated[date, Meta(description="Only what is due on this day or earlier.")] | (
        UnsetType
    ) = UNSET

    def narrowed[M: Model, R](self, rows: QuerySet[M, R]) -> QuerySet[M, R]:
        rows = super().narrowed(rows)
        if self.assignee is not UNSET:
            rows = rows.filter(assignee_id=self.assignee)
        return rows if self.due_by is UNSET else rows.filter(due_on__lte=self.due_by)


class WaitQuery(Waiting):
    """Holds the answer back until it changes."""
