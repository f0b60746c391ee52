"""What is under way, as light rows: the overview and the list of stories look at all of it."""

import json
from typing import NamedTuple

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from ground.sentence import Sentence
from jobs.enums import OPEN, JobStatus, WaitFor
from jobs.models import Job

WAITS_FOR_PEOPLE = Q(status=JobStatus.UNCLEAR) | Q(status=JobStatus.WAITING, wait_for__in=(WaitFor.PERSON, WaitFor.BUDGET))


class OpenJob(NamedTuple):
    """An open job; the fields are the model's."""

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
    def note(self) -> Sentence:
        return Sentence.from_json(json.loads(self.note_text) or None)

    @property
    def waits(self) -> bool:
        """For a person or for money."""
        return self.status == JobStatus.WAITING and self.wait_for in {WaitFor.PERSON, WaitFor.BUDGET}

    @property
    def asks(self) -> bool:
        """Goes on only when a person does something."""
        return self.waits or self.status == JobStatus.UNCLEAR

    def get_status_display(self) -> str:
        return str(JobStatus(self.status).label)


def under_way() -> list[OpenJob]:
    """The open jobs that are no other's part, and those that go on only when a person does something, the oldest first; one query."""
    jobs = Job.objects.filter(Q(parent=None) | WAITS_FOR_PEOPLE, status__in=OPEN).order_by("created_at", "pk")
    return [OpenJob._make(row) for row in jobs.values_list(*OpenJob._fields[:-1], Cast("note_data", TextField()))]
