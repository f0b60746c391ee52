"""Writes the event log of a job."""

from core.localized_messages import LocalizedMessage
from jobs.models import Job, JobLog


def log(
    job: Job, sentence: LocalizedMessage, *, level: str = JobLog.Level.INFO, detail: str = ""
) -> None:
    JobLog.objects.create(job=job, message_data=sentence.as_json(), level=level, detail=detail)
