"""Jobs: units of durable work."""

import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.localized_messages import LocalizedMessage
from jobs.enums import OPEN, JobStatus, WaitFor


def default_backoff() -> dict[str, Any]:
    """Return the delay before the second attempt in milliseconds. It doubles with each attempt
    (`jobs.services.backoff.delay`). A job keeps the one that it was created with.
    """
    return {"type": "exponential", "delay": 2000}


def new_job_id(subject: str) -> str:
    """Return `story_<8>_<12>`: the first eight characters of the subject's id and twelve random
    hexadecimal digits.
    """
    return f"story_{subject.replace('-', '')[:8]}_{secrets.token_hex(6)}"


class Job(models.Model):
    """One unit of durable work. `jobs.services.envelope` defines its public representation."""

    id = models.CharField(primary_key=True, max_length=40, editable=False)
    name = models.CharField(_("name"), max_length=60)
    subject = models.CharField(
        _("subject"), max_length=64, help_text=_("Id of what the job works for.")
    )
    item = models.CharField(
        _("item"),
        max_length=64,
        blank=True,
        help_text=_("Id of the part of it, if it is one part."),
    )
    data = models.JSONField(_("data"), default=dict)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("owner"),
    )
    parent = models.ForeignKey(
        "self",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("parent"),
    )
    unique_key = models.CharField(
        max_length=120, blank=True, help_text=_("At most one open job has a given key.")
    )

    status = models.CharField(
        _("status"), max_length=10, choices=JobStatus, default=JobStatus.QUEUED
    )
    wait_for = models.CharField(_("waits for"), max_length=10, choices=WaitFor, blank=True)
    note_data = models.JSONField(default=dict, blank=True)
    progress = models.PositiveSmallIntegerField(_("progress"), default=0, help_text=_("Percent."))
    result = models.JSONField(_("result"), null=True, blank=True)
    error = models.JSONField(_("error"), null=True, blank=True)

    priority = models.PositiveIntegerField(_("priority"), default=5, help_text=_("1 is first."))
    max_attempts = models.PositiveSmallIntegerField(_("attempts allowed"), default=3)
    backoff = models.JSONField(default=default_backoff)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    request_no = models.PositiveSmallIntegerField(
        default=1,
        help_text=_(
            "Counts who asked for it: one more each time that a person has it tried again."
        ),
    )

    run_at = models.DateTimeField(_("due"), default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    token = models.PositiveIntegerField(
        default=0, help_text=_("Fencing token: one more at each claim.")
    )
    worker = models.CharField(_("worker"), max_length=80, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    wakeup_count = models.PositiveIntegerField(
        default=0,
        help_text=_("Times it was woken. A wait that was overtaken by one is not waited."),
    )

    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    started_at = models.DateTimeField(_("first started"), null=True, blank=True)
    claimed_at = models.DateTimeField(
        _("claimed"),
        null=True,
        blank=True,
        help_text=_("Start of the current or most recent attempt."),
    )
    waiting_since = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    queue_wait = models.DurationField(
        _("queue wait"),
        default=timedelta,
        help_text=_("Time it was due and no worker was free, over all attempts."),
    )
    worked = models.DurationField(
        _("generation time"),
        default=timedelta,
        help_text=_("Time in handlers, at the provider and for children."),
    )
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ("-created_at", "-id")
        indexes = (
            # Queued means due now: the next job is the first row. The name lets the scan skip
            # paused jobs.
            models.Index(
                F("priority"),
                F("run_at"),
                F("id"),
                F("name"),
                name="job_due",
                condition=Q(status="queued"),
            ),
            models.Index(fields=("run_at",), name="job_waiting", condition=Q(status="waiting")),
            models.Index(fields=("lease_until",), name="job_lease", condition=Q(status="running")),
            # For the states users filter by. It must exclude queued jobs, or PostgreSQL would use
            # it and sort.
            models.Index(
                fields=("status", "-created_at", "-id"),
                name="job_trouble",
                condition=Q(status__in=("failed", "cancelled", "unclear")),
            ),
            models.Index(
                fields=("finished_at",), name="job_finished", condition=Q(finished_at__isnull=False)
            ),
            models.Index(fields=("subject", "-created_at", "-id"), name="job_subject"),
            models.Index(fields=("-created_at", "-id"), name="job_created"),
            models.Index(fields=("item", "name"), name="job_item"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("unique_key",),
                condition=Q(status__in=OPEN) & ~Q(unique_key=""),
                name="job_one_open_per_key",
            ),
            models.CheckConstraint(condition=Q(progress__lte=100), name="job_progress_percent"),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.id}"

    @property
    def retries(self) -> str:
        """The retries made and allowed, such as `1/2`: attempts after the first."""
        return f"{max(self.attempts - 1, 0)}/{max(self.max_attempts - 1, 0)}"

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def note(self) -> LocalizedMessage:
        """The localized message that explains why the job waits, what it does, or why it failed."""
        return LocalizedMessage.from_json(self.note_data or None)
