"""The list and the page of jobs. What a job works for, and who may steer it, is said by the floor above (`stories.admin.jobs`)."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop
from django.views.decorators.http import require_http_methods
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from ground.sentence import SaidError
from web.admin_dialog import ask
from web.admin_parts import Tone, ago, badge, bar

from .domain import queue
from .domain.pause import EVERYTHING, pause, resume
from .domain.statistics import depth
from .enums import ENDED, JobStatus, WaitFor
from .models import Job, Pause

TONE: dict[str, Tone] = {
    JobStatus.QUEUED: "idle",
    JobStatus.RUNNING: "live",
    JobStatus.WAITING: "live",
    JobStatus.UNCLEAR: "ask",
    JobStatus.SUCCEEDED: "good",
    JobStatus.FAILED: "bad",
    JobStatus.CANCELLED: "quiet",
}
PAUSE_PERMISSION = "jobs.change_job"
CAN_RETRY = (JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.UNCLEAR)


class ForbiddenError(SaidError):
    """The person may see the job and not steer it."""

    code = "forbidden"


def tone(job: Job) -> Tone:
    """A waiting job is somebody's turn when it waits for a person or for money; else it moves by itself."""
    if job.status == JobStatus.WAITING and job.wait_for in {WaitFor.PERSON, WaitFor.BUDGET}:
        return "ask"
    return TONE[job.status]


class JobAdmin(ModelAdmin):
    """Read only, with two doors: retry and cancel. The subclass that is registered says who may see and who may steer."""

    list_display = ("what", "state", "progressed", "why", "tries", "person", "made")
    list_filter = (("status", ChoicesDropdownFilter), ("wait_for", ChoicesDropdownFilter))
    list_filter_submit = True
    list_fullwidth = True
    list_before_template = "studio/queue_head.html"  # type: ignore[assignment]  # Unfold writes None without a type
    list_per_page = 30
    list_select_related = ("owner",)
    ordering = ("-created_at", "-id")
    search_fields = ("id", "subject", "item", "name")
    search_help_text = gettext_lazy("Job, story or scene id")
    show_full_result_count = False
    actions = None

    # What the floor above says

    def visible(self, request: HttpRequest) -> QuerySet[Job]:
        """The jobs that this person may see."""
        raise NotImplementedError

    def may_steer(self, request: HttpRequest, job: Job) -> bool:
        raise NotImplementedError

    def label(self, job: Job) -> str:
        """What it does, in words."""
        raise NotImplementedError

    def about(self, request: HttpRequest, job: Job) -> dict[str, Any]:
        """What the page of one job shows beside the job: `about_name`, `about_url`, `calls`."""
        raise NotImplementedError

    # Who may

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        return self.visible(request).select_related("owner").order_by(*self.ordering)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_staff)

    def has_view_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        return obj is None or self.visible(request).filter(pk=obj.pk).exists()

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002  Django's signature
        return False

    def has_change_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:  # noqa: ARG002  Django's signature
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:  # noqa: ARG002  Django's signature
        return False

    # The list

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        counts = depth(self.visible(request))
        shown = [(JobStatus(status).label, TONE[status], status, count) for status, count in counts.items()]
        everything = Pause.objects.filter(name=EVERYTHING).select_related("actor").first()
        values = {"title": _("Queue"), "crumbs": [], "depth": shown, "under_way": any(counts.values()), "paused": everything}
        values["may_pause"] = request.user.has_perm(PAUSE_PERMISSION)
        response: HttpResponse = super().changelist_view(request, {**values, **(extra_context or {})})
        return response

    @admin.display(description=gettext_lazy("job"))
    def what(self, job: Any) -> SafeString:
        return format_html('<span class="vp-two"><b>{}</b><small>{}</small></span>', self.label(job), getattr(job, "about_name", "") or job.pk)

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def state(self, job: Job) -> SafeString:
        return badge(JobStatus(job.status).label, tone(job))

    @admin.display(description=gettext_lazy("progress"))
    def progressed(self, job: Job) -> SafeString | str:
        return bar(job.progress, tone(job), label=self.label(job)) if job.is_open else ""

    @admin.display(description=gettext_lazy("note"))
    def why(self, job: Job) -> SafeString:
        return format_html('<span class="vp-note">{}</span>', str(job.note) or (WaitFor(job.wait_for).label if job.wait_for else ""))

    @admin.display(description=gettext_lazy("tries"))
    def tries(self, job: Job) -> str:
        return f"{job.attempts}/{job.max_attempts}"

    @admin.display(description=gettext_lazy("for"), ordering="owner__username")
    def person(self, job: Job) -> str:
        return str(job.owner.get_full_name() or job.owner.get_username()) if job.owner else "–"

    @admin.display(description=gettext_lazy("created"), ordering="created_at")
    def made(self, job: Job) -> SafeString | str:
        return ago(job.created_at)

    # One job

    def _job(self, request: HttpRequest, job_id: str) -> Job:
        job: Job = get_object_or_404(self.visible(request).select_related("owner", "parent"), pk=job_id)
        return job

    def _frame(self, request: HttpRequest, job: Job, **values: Any) -> dict[str, Any]:
        crumbs = [(_("Queue"), reverse("admin:jobs_job_changelist"))]
        site: Any = self.admin_site
        frame: dict[str, Any] = site.page_context(request, title=self.label(job), crumbs=crumbs, job=job, tone=tone(job), **values)
        return frame

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:  # noqa: ARG002  Django's signature
        job = self._job(request, object_id)
        steers = self.may_steer(request, job)
        values = {
            "log": list(job.log.order_by("-id")[:200]),
            "children": list(job.children.order_by("created_at")[:200]),
            "may_retry": steers and job.status in CAN_RETRY,
            "may_cancel": steers and job.status not in ENDED,
            **self.about(request, job),
        }
        for child in values["children"]:
            child.tone, child.label = tone(child), self.label(child)
        return TemplateResponse(request, "studio/job.html", self._frame(request, job, **values))

    def steer(self, request: HttpRequest, job_id: str, name: str) -> HttpResponse:
        """Retry or cancel: asks on GET, acts on POST."""
        if name not in {"retry", "cancel"}:
            raise Http404
        job = self._job(request, job_id)
        story_page = request.GET.get("from") == "story"
        back = self.about(request, job).get("about_jobs_url", "") if story_page else reverse("admin:jobs_job_change", args=[job.pk])

        def act() -> str:
            if not self.may_steer(request, job):
                raise ForbiddenError(gettext_noop("Only the owner of the story or a manager may steer this job."))
            if name == "retry":
                queue.retry(job.pk, actor=request.user)
                return _("The job is queued again.")
            queue.cancel(job.pk, actor=request.user, reason=request.POST.get("reason", "").strip()[:500])
            return _("The job is being cancelled.")

        def context() -> dict[str, Any]:
            now = self._job(request, job_id)
            return self._frame(request, now, name=name, denied=not self.may_steer(request, now), label=self.label(now), **self.about(request, now))

        return ask(request, template="studio/job_do.html", context=context, act=act, back=back)

    def hold(self, request: HttpRequest, name: str) -> HttpResponse:
        """Pause or resume the whole queue: asks on GET, acts on POST."""
        if name not in {"pause", "resume"}:
            raise Http404
        back = reverse("admin:jobs_job_changelist")

        def act() -> str:
            if not request.user.has_perm(PAUSE_PERMISSION):
                raise ForbiddenError(gettext_noop("You may not pause the queue."))
            if name == "pause":
                pause(EVERYTHING, actor=request.user, reason=request.POST.get("reason", "").strip()[:200])
                return _("The queue is paused. What runs now still ends.")
            resume(EVERYTHING)
            return _("The queue goes on.")

        def context() -> dict[str, Any]:
            site: Any = self.admin_site
            title = _("Pause the queue") if name == "pause" else _("Resume the queue")
            frame: dict[str, Any] = site.page_context(
                request, title=title, crumbs=[(_("Queue"), back)], name=name, denied=not request.user.has_perm(PAUSE_PERMISSION)
            )
            return frame

        return ask(request, template="studio/queue_do.html", context=context, act=act, back=back)

    def get_urls(self) -> list[URLPattern]:
        view = require_http_methods(["GET", "POST"])(self.admin_site.admin_view(self.steer))
        hold = require_http_methods(["GET", "POST"])(self.admin_site.admin_view(self.hold))
        own = [path("queue/<slug:name>/", hold, name="jobs_queue_do"), path("<str:job_id>/do/<slug:name>/", view, name="jobs_job_do")]
        return [*own, *super().get_urls()]
