"""Whose turn it is: the question that the list of stories is opened with."""

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from jobs.enums import OPEN, JobStatus, WaitFor
from jobs.models import Job
from stories.enums import StoryStatus
from stories.models import Story

MINE, RUNNING, TURN, FINISHED = "mine", "running", "turn", "finished"
TITLES = ((MINE, _("Mine")), (RUNNING, _("Running")), (TURN, _("Needs a person")), (FINISHED, _("Finished")))
WAITS_FOR_PEOPLE = Q(status=JobStatus.UNCLEAR) | Q(status=JobStatus.WAITING, wait_for__in=(WaitFor.PERSON, WaitFor.BUDGET))


def running_subjects() -> set[str]:
    """Ids of the stories that have an open job of their own; one query."""
    return set(Job.objects.filter(parent=None, item="", status__in=OPEN).values_list("subject", flat=True))


def asking_subjects() -> set[str]:
    """Ids of the stories with a job that goes on only when a person does something; one query."""
    return set(Job.objects.filter(WAITS_FOR_PEOPLE, status__in=OPEN).values_list("subject", flat=True))


def needs_person(stories: QuerySet[Story]) -> QuerySet[Story]:
    """Planned and waiting for the preview, previewed and waiting for the film, failed, or with a job that asks for somebody."""
    resting = Q(status=StoryStatus.PREVIEWING) & ~Q(pk__in=running_subjects())
    return stories.filter(Q(status__in=(StoryStatus.PLANNED, StoryStatus.FAILED)) | resting | Q(pk__in=asking_subjects()))


class Turn(SimpleListFilter):
    """Shown as tabs above the list, so here it only carries its value through the other filters."""

    title = _("turn")
    parameter_name = "view"
    template = "studio/story/list_view_kept.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:  # noqa: ARG002  Django's signature
        return TITLES

    def queryset(self, request: HttpRequest, queryset: QuerySet[Story]) -> QuerySet[Story]:
        match self.value():
            case "mine":
                return queryset.filter(owner_id=request.user.pk)
            case "running":
                return queryset.filter(pk__in=running_subjects())
            case "turn":
                return needs_person(queryset)
            case "finished":
                return queryset.filter(status=StoryStatus.COMPLETED)
        return queryset
