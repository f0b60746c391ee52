"""The admin list and detail page of jobs.

The subclass in `stories.web.jobs` supplies what a job works for and who may manage it.
"""

from typing import Any, Protocol
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.views import ChangeList

from core.admin.confirm_dialog import in_dialog
from core.admin.display import Tone, ago, badge, bar, quick_html
from core.admin.filters import ChoicesFilter
from core.admin.model_admin import ModelAdmin

from .admin_actions import PAUSE_PERMISSION, JobActions
from .enums import ENDED, JobStatus, WaitFor
from .models import Job, Pause
from .services.finish import NEVER
from .services.pause import EVERYTHING
from .services.queue_position import queue_position
from .services.statistics import depth

TONE: dict[str, Tone] = {
    JobStatus.QUEUED: "idle",
    JobStatus.RUNNING: "live",
    JobStatus.WAITING: "live",
    JobStatus.UNCLEAR: "ask",
    JobStatus.SUCCEEDED: "good",
    JobStatus.FAILED: "bad",
    JobStatus.CANCELLED: "quiet",
}
MOST_COUNTED = 1000  # failed jobs that the list's head counts
CAN_RETRY = (JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.UNCLEAR)


class Stated(Protocol):
    """A job, or a lightweight row with the same status fields."""

    @property
    def status(self) -> str: ...
    @property
    def wait_for(self) -> str: ...


def tone(job: Stated) -> Tone:
    """Return the tone of a job's status.

    A job that waits for a person or a budget needs attention.
    """
    if job.status == JobStatus.WAITING and job.wait_for in {WaitFor.PERSON, WaitFor.BUDGET}:
        return "ask"
    return TONE[job.status]


def next_look(job: Job) -> SafeString | str:
    """Return when a waiting job is checked again, or an empty string.

    Jobs that wait for a person, a budget or other jobs are woken by an event, not by time.
    """
    by_itself = job.status == JobStatus.WAITING and job.wait_for not in {
        WaitFor.PERSON,
        WaitFor.CHILDREN,
        WaitFor.BUDGET,
    }
    return ago(job.run_at) if by_itself and timezone.now() < job.run_at < NEVER else ""


class JobList(ChangeList):
    """The rows of one page, with the values that the columns need in addition
    to the model fields.
    """

    model_admin: "JobAdmin"

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        self.model_admin.prepare(request, self.result_list)


class JobAdmin(JobActions, ModelAdmin):
    """A read-only admin with the actions retry, cancel and priority.

    The registered subclass decides who may view and who may manage a job.
    """

    list_display = (
        "what",
        "state",
        "progressed",
        "why",
        "order",
        "retried",
        "person",
        "made",
        "actions_column",
    )
    list_filter = (("status", ChoicesFilter), ("wait_for", ChoicesFilter))
    list_filter_submit = True
    list_fullwidth = True
    # Unfold writes None without a type
    list_before_template = "studio/queue_head.html"  # type: ignore[assignment]
    list_per_page = 25
    list_select_related = ("owner",)
    ordering = ("-created_at", "-id")
    search_fields = ("id", "subject", "item", "name", "owner__username")
    search_help_text = gettext_lazy("Story, person, kind of job or id")
    show_full_result_count = False
    actions = None

    # Hooks for the subclass

    def visible(self, request: HttpRequest) -> QuerySet[Job]:
        """Return the jobs that the current user may see."""
        raise NotImplementedError

    def may_steer(self, request: HttpRequest, job: Job) -> bool:
        raise NotImplementedError

    def may_retry(self, job: Job) -> bool:
        """Whether the job has ended without success and is still wanted."""
        return job.status in CAN_RETRY

    def label(self, job: Job) -> str:
        """Return a description of what the job does."""
        raise NotImplementedError

    def about(self, request: HttpRequest, job: Job) -> dict[str, Any]:
        """Return extra context for the page of one job: `about_name`, `about_url`, `calls`."""
        raise NotImplementedError

    def sources(self, request: HttpRequest) -> list[dict[str, Any]]:
        """Return the job sources this user can pause, each with `name`, `paused`, `why`, `url`."""
        raise NotImplementedError

    def prepare(self, request: HttpRequest, rows: list[Any]) -> None:
        """Set `queue_position`, `steers` and `page` on each row of a list.

        Runs three queries if any row is queued.
        """
        why = queue_position(rows)
        for row in rows:
            row.queue_position, row.steers, row.page = (
                why.get(row.pk),
                self.may_steer(request, row),
                request.get_full_path(),
            )

    # Permissions

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        return self.visible(request).select_related("owner").order_by(*self.ordering)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_staff)

    def has_view_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        return obj is None or self.visible(request).filter(pk=obj.pk).exists()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        return False

    # The list

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[JobList]:
        return JobList

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        counts = depth(self.visible(request))
        shown = [
            (JobStatus(status).label, TONE[status], status, count)
            for status, count in counts.items()
        ]
        everything = Pause.objects.filter(name=EVERYTHING).select_related("actor").first()
        values = {
            "title": _("Queue"),
            "crumbs": [],
            "depth": shown,
            "under_way": any(counts.values()),
            "failed": self.visible(request).filter(status=JobStatus.FAILED)[:MOST_COUNTED].count(),
            "most_counted": MOST_COUNTED,
            "paused": everything,
        }
        values |= {
            "may_pause": request.user.has_perm(PAUSE_PERMISSION),
            "sources": self.sources(request),
        }
        response: HttpResponse = super().changelist_view(
            request, {**values, **(extra_context or {})}
        )
        if in_dialog(request) and isinstance(response, TemplateResponse):
            response.template_name = (
                "studio/queue_live.html"  # a polling request needs no page layout
            )
        return response

    @admin.display(description=gettext_lazy("job"))
    def what(self, job: Any) -> SafeString:
        return quick_html(
            '<span class="vp-two"><b>{}</b><small>{}</small></span>',
            self.label(job),
            getattr(job, "about_name", "") or job.pk,
        )

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, job: Job) -> SafeString:
        return badge(JobStatus(job.status).label, tone(job))

    @admin.display(description=gettext_lazy("progress"))
    def progressed(self, job: Job) -> SafeString | str:
        return bar(job.progress, tone(job), label=self.label(job)) if job.is_open else ""

    @admin.display(description=gettext_lazy("why it waits, what it does"))
    def why(self, job: Any) -> SafeString:
        text = (
            job.queue_position
            or str(job.note)
            or (WaitFor(job.wait_for).label if job.wait_for else "")
        )
        return quick_html(
            '<span class="vp-note">{} <span class="vp-soft">{}</span></span>', text, next_look(job)
        )

    @admin.display(description=gettext_lazy("priority"), ordering="priority")
    def order(self, job: Any) -> SafeString | str:
        if not (job.is_open and job.steers):
            return str(job.priority) if job.is_open else ""
        return _action_link(
            job,
            "priority",
            quick_html(
                '{}<span class="vp-hidden"> {}</span>', job.priority, _("Change the priority")
            ),
        )

    @admin.display(description="")
    def actions_column(self, job: Any) -> SafeString | str:
        if not job.steers or job.status == JobStatus.SUCCEEDED:
            return ""
        retry = _action_link(job, "retry", _("Retry")) if self.may_retry(job) else ""
        cancel = _action_link(job, "cancel", _("Cancel")) if job.is_open else ""
        return quick_html('<span class="vp-row-actions">{}{}</span>', retry, cancel)

    @admin.display(description=gettext_lazy("retries"))
    def retried(self, job: Job) -> str:
        return job.retries

    @admin.display(description=gettext_lazy("for"), ordering="owner__username")
    def person(self, job: Job) -> str:
        return str(job.owner.get_full_name() or job.owner.get_username()) if job.owner else "–"

    @admin.display(description=gettext_lazy("created"), ordering="created_at")
    def made(self, job: Job) -> SafeString | str:
        return ago(job.created_at)

    # One job

    def found(self, request: HttpRequest, job_id: str) -> Job:
        job: Job = get_object_or_404(
            self.visible(request).select_related("owner", "parent"), pk=job_id
        )
        return job

    def frame(self, request: HttpRequest, job: Job, **values: Any) -> dict[str, Any]:
        crumbs = [(_("Queue"), reverse("admin:jobs_job_changelist"))]
        site: Any = self.admin_site
        frame: dict[str, Any] = site.page_context(
            request, title=self.label(job), crumbs=crumbs, job=job, tone=tone(job), **values
        )
        return frame

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        job = self.found(request, object_id)
        steers = self.may_steer(request, job)
        values = {
            "log": list(job.log.order_by("-id")[:200]),
            "children": list(job.children.order_by("created_at")[:200]),
            "may_retry": steers and self.may_retry(job),
            "may_cancel": steers and job.status not in ENDED,
            "queue_position": queue_position([job]).get(job.pk),
            "next_look": next_look(job),
            **self.about(request, job),
        }
        self.prepare(request, values["children"])
        for child in values["children"]:
            child.tone, child.label = tone(child), self.label(child)
        return TemplateResponse(request, "studio/job.html", self.frame(request, job, **values))


def _action_link(job: Any, name: str, text: str) -> SafeString:
    url = f"{reverse('admin:jobs_job_do', args=[job.pk, name])}?{urlencode({'back': job.page})}"
    return quick_html(
        '<a class="vp-btn vp-small" id="{}-{}" data-dialog href="{}">{}</a>',
        name,
        job.pk,
        url,
        text,
    )
