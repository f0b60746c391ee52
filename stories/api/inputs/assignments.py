"""Body of the request that assigns a story or a scene."""

from datetime import date
from typing import Annotated

from msgspec import Meta

from api.inputs import Strict

from .parts import PersonId


class AssignIn(Strict):
    """Null clears."""

    assignee_id: PersonId | None
    due_on: Annotated[date | None, Meta(description="The day until which it is to be done.")]
