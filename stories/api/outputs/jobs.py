"""Response types for jobs, with their queue envelope and log."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from core.localized_messages import LocalizedMessage
from jobs.enums import JobStatus
from jobs.models import Job, JobLog
from jobs.services.envelope import answer, envelope

from .parts import Moment


class JobBrief(msgspec.Struct):
    id: str
    name: str
    status: JobStatus
    progress: int
    note: str


def job_brief(job: Job) -> JobBrief:
    return JobBrief(job.pk, job.name, JobStatus(job.status), job.progress, str(job.note))


class JobError(msgspec.Struct):
    code: str
    detail: str


class JobOut(msgspec.Struct):
    id: str
    name: str
    story_id: str
    scene_id: str
    parent_id: str | None
    owner_id: int | None
    status: JobStatus
    wait_for: Annotated[
        str,
        Meta(
            description=(
                "What a waiting job waits for: provider, rate_limit, budget, children, "
                "backoff, person or time."
            )
        ),
    ]
    note: Annotated[str, Meta(description="Why it waits, what it does now, or why it failed.")]
    progress: Annotated[int, Meta(description="Percent.")]
    attempts: int
    max_attempts: int
    priority: Annotated[int, Meta(description="1 is first.")]
    result: Annotated[
        dict[str, Any] | None,
        Meta(
            description=(
                "The worker's answer: success, result with preview_url, metadata and "
                "generation_time, error."
            )
        ),
    ]
    error: JobError | None
    run_at: Moment
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    updated_at: Moment


def job_out(job: Job) -> JobOut:
    error = (
        JobError(
            str(job.error.get("code", "")),
            str(LocalizedMessage.from_json(job.error.get("sentence"))),
        )
        if job.error
        else None
    )
    return JobOut(
        id=job.pk,
        name=job.name,
        story_id=job.subject,
        scene_id=job.item,
        parent_id=job.parent_id,
        owner_id=job.owner_id,
        status=JobStatus(job.status),
        wait_for=job.wait_for,
        note=str(job.note),
        progress=job.progress,
        attempts=job.attempts,
        max_attempts=job.max_attempts,
        priority=job.priority,
        result=answer(job),
        error=error,
        run_at=job.run_at,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        updated_at=job.updated_at,
    )


class LogLine(msgspec.Struct):
    at: Moment
    level: str
    message: str


def log_line(line: JobLog) -> LogLine:
    return LogLine(line.at, line.level, str(line.message))


class Envelope(msgspec.Struct):
    """The job as it stands on the queue."""

    id: str
    name: str
    data: dict[str, Any]
    opts: dict[str, Any]


def envelope_out(job: Job) -> Envelope:
    return Envelope(**envelope(job))


class JobDetail(msgspec.Struct):
    job: JobOut
    envelope: Envelope
    log: Annotated[list[LogLine], Meta(description="The newest lines, oldest first.")]
