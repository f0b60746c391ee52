"""Expected failures of the job engine, each with a stable code and a localized message."""

from core.localized_messages import DomainError


class JobError(DomainError):
    code = "job_error"


class NoSuchJob(JobError):
    """There is no job with this id (404)."""

    code = "job_not_found"


class NotPossible(JobError):
    """The job's current state does not allow the operation (409)."""

    code = "job_state"


class AlreadyOpen(JobError):
    """An open job with the same unique key exists (409)."""

    code = "job_already_open"


class BadPriority(JobError):
    """The number is not a valid priority (409)."""

    code = "job_priority"


class LeaseLost(Exception):
    """The job was claimed by another worker, or ended, while this worker was still running it.

    Its result must not be written.
    """
