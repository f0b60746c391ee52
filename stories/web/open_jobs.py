"""Open jobs as lightweight rows, for the overview and the story list."""

import json
from typing import NamedTuple

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from core.localized_messages import LocalizedMessage
from jobs.enums import OPEN, JobStatus, WaitFor
from jobs.models import Job

WAITS_FOR_PEOPLE = Q(status=JobStatus.UNCLEAR) | Q(
    status=JobStatus.WAITING, wait_for__in=(WaitFor.PERSON, WaitFor.BUDGET)
)


class OpenJob(NamedTuple):
    """An open job. The fields are the model's."""

    pk: str
    name: str
    subject: str
    item: str
    parent_id: str | None
    owner_id: int | None
    status: str
    wait_for: str
    progress: int
    note_text: str

    @property
    def note(self) -> LocalizedMessage:
        return LocalizedMessage.from_json(json.loads(self.note_text) or None)

    @property
    def waits(self) -> bool:
        """Whether it waits for a person or for budget."""
        return self.status == JobStatus.WAITING and self.wait_for in {
            WaitFor.PERSON,
            WaitFor.BUDGET,
        }

    @property
    def asks(self) -> bool:
        """Whether it continues only after a person acts."""
        return self.waits or self.status == JobStatus.UNCLEAR

    def get_status_display(self) -> str:
        return str(JobStatus(self.status).label)


def under_way() -> list[OpenJob]:
    """The open top-level jobs, and those that continue only after a person acts, oldest first.

    One query.
    """
    jobs = Job.objects.filter(Q(parent=None) | WAITS_FOR_PEOPLE, status__in=OPEN).order_by(
        "created_at", "pk"
    )
    return [
        OpenJob._make(row)
        for row in jobs.values_list(*OpenJob._fields[:-1], Cast("note_data", TextField()))
    ]
