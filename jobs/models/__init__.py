"""The models of the job engine: jobs, log lines, workers, periodic tasks and pauses."""

from .job import Job, default_backoff, new_job_id
from .job_log import JobLog
from .pause import Pause
from .periodic_task import PeriodicTask
from .worker import Worker

__all__ = [
    "Job",
    "JobLog",
    "Pause",
    "PeriodicTask",
    "Worker",
    "default_backoff",
    "new_job_id",
]
