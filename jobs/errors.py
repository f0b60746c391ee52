"""Expected failures of the engine, each with a stable code and a sentence for a person."""

from ground.sentence import SaidError


class JobError(SaidError):
    code = "job_error"


class NoSuchJob(JobError):
    """There is no job with this id (404)."""

    code = "job_not_found"


class NotPossible(JobError):
    """The job's present state does not allow it (409)."""

    code = "job_state"


class AlreadyOpen(JobError):
    """An open job for the same thing exists (409)."""

    code = "job_already_open"


class BadPriority(JobError):
    """The number is no priority (409)."""

    code = "job_priority"


class LeaseLost(Exception):
    """The job was given to another worker, or ended, while this one still worked: its result must not be written."""
