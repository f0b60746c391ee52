"""Jobs with a story's eyes: what they work for, who may see them and who may steer them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from unfold.views import ChangeList

from jobs.admin import JobAdmin
from jobs.models import Job
from providers.models import ProviderCall
from stories.domain import work
from stories.domain.permissions import is_job_owner, jobs_for
from stories.models import Scene, Story

from .state import job_label


class JobList(ChangeList):
    """The rows of one page, each with the story it works for; two queries more."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        titles = {str(pk): title for pk, title in Story.objects.filter(pk__in={row.subject for row in rows if _is_id(row.subject)}).values_list("pk", "title")}
        items = {row.item for row in rows if _is_id(row.item)}
        places = {str(pk): position for pk, position in Scene.objects.filter(pk__in=items).values_list("pk", "position")}
        for row in rows:
            title = titles.get(row.subject, "")
            row.about_name = f"{title} · {_('scene %(n)s') % {'n': places[row.item]}}" if row.item in places else title
        self.result_list = rows


def _is_id(text: str) -> bool:
    return len(text) == 36  # noqa: PLR2004  a UUID with its dashes


@admin.register(Job)
class StoryJobAdmin(JobAdmin):
    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[JobList]:  # noqa: ARG002  Django's signature
        return JobList

    def visible(self, request: HttpRequest) -> QuerySet[Job]:
        return jobs_for(request.user)

    def may_steer(self, request: HttpRequest, job: Job) -> bool:
        return is_job_owner(request.user, job)

    def label(self, job: Job) -> str:
        return job_label(job)

    def about(self, request: HttpRequest, job: Job) -> dict[str, Any]:  # noqa: ARG002  the signature of the hook
        story = Story.objects.filter(pk=job.subject).first() if _is_id(job.subject) else None
        scene = Scene.objects.filter(pk=job.item).first() if _is_id(job.item) else None
        calls = list(ProviderCall.objects.filter(key=work.call_key(job)).select_related("provider").order_by("generation")) if "parameters" in job.data else []
        return {
            "about_name": story.title if story else job.subject,
            "about_url": reverse("admin:stories_story_change", args=[story.pk]) if story else "",
            "about_jobs_url": reverse("admin:stories_story_jobs", args=[story.pk]) if story else reverse("admin:jobs_job_changelist"),
            "scene": scene,
            "calls": calls,
        }
