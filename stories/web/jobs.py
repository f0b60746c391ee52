"""The job admin with story data: what jobs work for, who may see them and who may control them."""

import re
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from core.identifiers import is_uuid
from jobs.admin import JobAdmin
from jobs.models import Job
from providers.models import AIProviderConfig, ProviderCall
from stories.enums import JobName
from stories.models import Scene, Story, Take
from stories.services import job_data, retry
from stories.services.permissions import is_job_owner, jobs_for, stories_for

from .cancel_impact import kept
from .story_state import closed_to_retry, job_label

FOUND = 200  # maximum number of stories whose title a search matches, and of scenes by number
SCENE_NUMBER = re.compile(r"(?:scene|장면)\s*#?(\d{1,4})", re.IGNORECASE)  # as rows name them


@admin.register(Job)
class StoryJobAdmin(JobAdmin):
    def visible(self, request: HttpRequest) -> QuerySet[Job]:
        return jobs_for(request.user)

    def may_steer(self, request: HttpRequest, job: Job) -> bool:
        return is_job_owner(request.user, job)

    def retry(self, request: HttpRequest, job: Job) -> None:
        retry.retry_job(job.pk, actor=request.user).require()

    def may_retry(self, job: Job) -> bool:
        return super().may_retry(job) and not self._is_closed(job)

    def _is_closed(self, job: Any) -> bool:
        """Whether the story's status refuses a retry; read for all rows of a list at once."""
        if not hasattr(job, "is_closed"):
            known = Story.objects.filter(pk__in=[job.subject] if is_uuid(job.subject) else [])
            statuses = {str(pk): status for pk, status in known.values_list("pk", "status")}
            job.is_closed = bool(closed_to_retry([job], statuses))
        return bool(job.is_closed)

    def label(self, job: Job) -> str:
        return job_label(job)

    def prepare(self, request: HttpRequest, rows: list[Any]) -> None:
        """Add the story and the scene that each job works for, and whether its story's status
        refuses a retry. Three more queries.
        """
        super().prepare(request, rows)
        titles: dict[str, str] = {}
        states: dict[str, str] = {}
        for pk, title, status in Story.objects.filter(
            pk__in={row.subject for row in rows if is_uuid(row.subject)}
        ).values_list("pk", "title", "status"):
            titles[str(pk)], states[str(pk)] = title, status
        items = {row.item for row in rows if is_uuid(row.item)}
        places = {
            str(pk): position
            for pk, position in Scene.objects.filter(pk__in=items).values_list("pk", "position")
        }
        if edited := [row.item for row in rows if row.name == JobName.TAKE_EDIT]:
            found = Take.objects.filter(pk__in=edited).values_list("pk", "scene__position")
            places |= {str(pk): position for pk, position in found}
        closed = closed_to_retry(rows, states)
        for row in rows:
            title = titles.get(row.subject, "")
            row.is_closed = row.pk in closed
            row.place = _("scene %(n)s") % {"n": places[row.item]} if row.item in places else ""
            row.about_name = f"{title} · {row.place}" if row.place else title

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Job], search_term: str
    ) -> tuple[QuerySet[Job], bool]:
        """Search also by the story's title, by the scene's number and by the job's label in the
        user's language.
        """
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if not search_term:
            return found, may_repeat
        titled = (
            stories_for(request.user)
            .filter(title__icontains=search_term)
            .order_by("-created_at")
            .values_list("pk", flat=True)[:FOUND]
        )
        numbered = Scene.objects.none()
        if (scene := SCENE_NUMBER.fullmatch(search_term.strip())) is not None:
            found = queryset.none()  # the words alone are in the names and ids of many jobs
            numbered = Scene.live.filter(
                position=int(scene[1]), story__in=stories_for(request.user)
            ).order_by("-story__created_at")
        scenes = [str(pk) for pk in numbered.values_list("pk", flat=True)[:FOUND]]
        named = [name.value for name in JobName if search_term.lower() in str(name.label).lower()]
        return found | queryset.filter(
            Q(subject__in=[str(pk) for pk in titled]) | Q(item__in=scenes) | Q(name__in=named)
        ), may_repeat

    def sources(self, request: HttpRequest) -> list[dict[str, Any]]:
        """The active providers and the paused ones. One query."""
        may = request.user.has_perm("providers.pause_provider")
        back = urlencode({"back": request.get_full_path()})
        shown = AIProviderConfig.objects.filter(Q(is_active=True) | Q(is_paused=True)).order_by(
            "name"
        )
        return [
            {
                "name": config.name,
                "paused": config.is_paused,
                "why": config.paused_because,
                "url": reverse(
                    "admin:providers_do",
                    args=[config.pk, "resume" if config.is_paused else "pause"],
                )
                + f"?{back}"
                if may
                else "",
            }
            for config in shown
        ]

    def kept(self, job: Job, parts: list[Job]) -> list[str]:
        return kept(job, parts)

    def about(self, request: HttpRequest, job: Job) -> dict[str, Any]:
        story = Story.objects.filter(pk=job.subject).first() if is_uuid(job.subject) else None
        scene = Scene.objects.filter(pk=job.item).first() if is_uuid(job.item) else None
        calls = (
            list(
                ProviderCall.objects.filter(key=job_data.call_key(job))
                .select_related("provider")
                .order_by("attempt_no")
            )
            if "parameters" in job.data
            else []
        )
        return {
            "about_name": story.title if story else job.subject,
            "about_url": reverse("admin:stories_story_board", args=[story.pk]) if story else "",
            "about_jobs_url": reverse("admin:stories_story_jobs", args=[story.pk])
            if story
            else reverse("admin:jobs_job_changelist"),
            "scene": scene,
            "calls": calls,
        }
