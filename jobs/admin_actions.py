"""Admin actions of the queue: retry, cancel and priority of one job, pause and resume of the queue.

Each action shows a confirm dialog on GET and executes on POST.
"""

from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, pgettext_lazy
from django.views.decorators.http import require_http_methods

from core import visible
from core.admin.confirm_dialog import ask, back_from
from core.localized_messages import DomainError
from core.numbers import whole_number

from .errors import BadPriority
from .models import Job
from .services import priority, queue
from .services.pause import EVERYTHING, pause, resume

if TYPE_CHECKING:
    from unfold.admin import ModelAdmin as Base
else:
    Base = object

PAUSE_PERMISSION = "jobs.change_job"
REASON = 500  # characters
# The choices in the dialog. The studio assigns 2 to manual requests, 3 to plans, 4 to story jobs.
LEVELS = (
    (1, pgettext_lazy("priority", "Urgent"), gettext_lazy("Taken before everything else.")),
    (3, pgettext_lazy("priority", "High"), gettext_lazy("Before the usual work of the stories.")),
    (
        5,
        pgettext_lazy("priority", "Normal"),
        gettext_lazy("With the usual work, the oldest first."),
    ),
    (9, pgettext_lazy("priority", "Low"), gettext_lazy("When nothing else is due.")),
)


class ForbiddenError(DomainError):
    """The user may see the job but not manage it."""

    code = "forbidden"


class JobActions(Base):
    """Mixin for the job admin, which provides `may_steer`, `about` and `kept`."""

    if TYPE_CHECKING:

        def found(self, request: HttpRequest, job_id: str) -> Job: ...
        def frame(self, request: HttpRequest, job: Job, **values: Any) -> dict[str, Any]: ...
        def may_steer(self, request: HttpRequest, job: Job) -> bool: ...
        def label(self, job: Job) -> str: ...
        def about(self, request: HttpRequest, job: Job) -> dict[str, Any]: ...

    def kept(self, job: Job, parts: list[Job]) -> list[str]:
        """Return what remains when this job and its open child jobs are cancelled."""
        raise NotImplementedError

    def retry(self, request: HttpRequest, job: Job) -> None:
        """Queue the job again on behalf of the current user. Raises DomainError."""
        raise NotImplementedError

    def steer(self, request: HttpRequest, job_id: str, name: str) -> HttpResponse:
        """Retry or cancel the job, or change its priority."""
        if name not in {"retry", "cancel", "priority"}:
            raise Http404
        job = self.found(request, job_id)
        story_page = request.GET.get("from") == "story"
        back = (
            self.about(request, job).get("about_jobs_url", "")
            if story_page
            else back_from(request, reverse("admin:jobs_job_change", args=[job.pk]))
        )

        def act() -> str:
            if not self.may_steer(request, job):
                raise ForbiddenError(
                    gettext_noop("Only the owner of the story or a manager may control this job.")
                )
            return self._steer(request, job, name)

        def context() -> dict[str, Any]:
            now = self.found(request, job_id)
            values = {
                "name": name,
                "denied": not self.may_steer(request, now),
                "label": self.label(now),
                **self.about(request, now),
            }
            if name == "cancel":
                parts = queue.open_below(now)
                values |= {"parts": len(parts), "kept": self.kept(now, parts)}
            if name == "priority":
                values |= {
                    "levels": LEVELS,
                    "own": all(now.priority != level for level, *_words in LEVELS),
                }
            return self.frame(request, now, **values)

        return ask(request, template="studio/job_do.html", context=context, act=act, back=back)

    def _steer(self, request: HttpRequest, job: Job, name: str) -> str:
        reason = visible.stripped(request.POST.get("reason", ""))[:REASON]
        match name:
            case "retry":
                self.retry(request, job)
                return _("The job is queued again.")
            case "cancel":
                queue.cancel(job.pk, actor=request.user, reason=reason)
                return _("The job is being cancelled.")
        wanted = request.POST.get("priority", "")
        if (number := whole_number(wanted)) is None or len(wanted) > len(str(priority.LAST)):
            raise BadPriority(gettext_noop("Choose one of the priorities."))
        priority.set_priority(job.pk, priority=number, actor=request.user, reason=reason)
        return _("The priority is changed.")

    def hold(self, request: HttpRequest, name: str) -> HttpResponse:
        """Pause or resume the whole queue."""
        if name not in {"pause", "resume"}:
            raise Http404
        back = reverse("admin:jobs_job_changelist")

        def act() -> str:
            if not request.user.has_perm(PAUSE_PERMISSION):
                raise ForbiddenError(gettext_noop("You may not pause the queue."))
            if name == "pause":
                pause(
                    EVERYTHING,
                    actor=request.user,
                    reason=visible.stripped(request.POST.get("reason", ""))[:200],
                )
                return _("The queue is paused. What runs now still ends.")
            resume(EVERYTHING)
            return _("The queue is resumed.")

        def context() -> dict[str, Any]:
            site: Any = self.admin_site
            title = _("Pause the queue") if name == "pause" else _("Resume the queue")
            frame: dict[str, Any] = site.page_context(
                request,
                title=title,
                crumbs=[(_("Queue"), back)],
                name=name,
                denied=not request.user.has_perm(PAUSE_PERMISSION),
            )
            return frame

        return ask(request, template="studio/queue_do.html", context=context, act=act, back=back)

    def get_urls(self) -> list[URLPattern]:
        view = require_http_methods(["GET", "POST"])(self.admin_site.admin_view(self.steer))
        hold = require_http_methods(["GET", "POST"])(self.admin_site.admin_view(self.hold))
        own = [
            path("queue/<slug:name>/", hold, name="jobs_queue_do"),
            path("<str:job_id>/do/<slug:name>/", view, name="jobs_job_do"),
        ]
        return [*own, *super().get_urls()]
