"""The states of a job, and the reasons for which a job waits."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class JobStatus(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    WAITING = "waiting", _("Waiting")
    UNCLEAR = "unclear", _("Needs checking")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class WaitFor(models.TextChoices):
    PROVIDER = "provider", _("The provider")
    RATE_LIMIT = "rate_limit", _("A rate limit")
    BUDGET = "budget", _("Budget")
    CHILDREN = "children", _("Other jobs")
    BACKOFF = "backoff", _("The next try")
    PERSON = "person", _("A decision")
    TIME = "time", _("Its time")


OPEN = (JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.WAITING, JobStatus.UNCLEAR)
ENDED = (JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED)
# Only these waits count towards the generation time.
GENERATING = (WaitFor.PROVIDER, WaitFor.CHILDREN)
