"""The view filter of the story list, with its "needs attention" view."""

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.admin.filters import DropdownFilter, RelatedFilter
from stories.enums import StoryStatus
from stories.models import Story
from stories.services.permissions import visible_projects

from .open_jobs import OpenJob, under_way

MINE, RUNNING, FINISHED, ARCHIVED = "mine", "running", "finished", "archived"
NEEDS_PERSON = "turn"  # in addresses that people have saved
TITLES = (
    (MINE, _("Mine")),
    (RUNNING, _("Running")),
    (NEEDS_PERSON, _("Needs a person")),
    (FINISHED, _("Finished")),
    (ARCHIVED, _("Archived")),
)


def running_subjects(jobs: Iterable[OpenJob]) -> set[str]:
    """Ids of the stories that have an open job of their own."""
    return {job.subject for job in jobs if job.parent_id is None and not job.item}


def needs_person(stories: QuerySet[Story], jobs: Collection[OpenJob]) -> QuerySet[Story]:
    """The stories that need a person.

    These are planned and waiting for the preview, previewed and waiting for the film, failed, or
    have a job that waits for a person.
    """
    resting = Q(status=StoryStatus.PREVIEWING) & ~Q(pk__in=running_subjects(jobs))
    needs_person = {job.subject for job in jobs if job.asks}
    return stories.filter(
        Q(status__in=(StoryStatus.PLANNED, StoryStatus.FAILED)) | resting | Q(pk__in=needs_person)
    )


class ProjectFilter(RelatedFilter):
    """Offers the projects that the user sees: the others' names are their clients' own."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        return field.get_choices(
            include_blank=False,
            ordering=self.field_admin_ordering(field, request, model_admin),
            limit_choices_to={"pk__in": visible_projects(request.user)},
        )


class Due(DropdownFilter):
    title = _("due date")
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("late", _("Late")), ("week", _("Within a week")), ("none", _("Without a date")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Story]) -> QuerySet[Story]:
        today = timezone.localdate()
        match self.value():
            case "late":
                open_ones = queryset.exclude(
                    status__in=(StoryStatus.COMPLETED, StoryStatus.ARCHIVED)
                )
                return open_ones.filter(due_on__lt=today)
            case "week":
                return queryset.filter(due_on__range=(today, today + timedelta(days=7)))
            case "none":
                return queryset.filter(due_on=None)
        return queryset


class ViewFilter(SimpleListFilter):
    """Shown as tabs above the list. Here it only carries its value through the other filters."""

    title = _("view")
    parameter_name = "view"
    template = "studio/story/list_view_parameters.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return TITLES

    def queryset(self, request: HttpRequest, queryset: QuerySet[Story]) -> QuerySet[Story]:
        if self.value() == ARCHIVED:
            return queryset.filter(status=StoryStatus.ARCHIVED)
        # A filter by status replaces the default.
        if not any(name.startswith("status") for name in request.GET):
            queryset = queryset.exclude(status=StoryStatus.ARCHIVED)
        if self.value() == MINE:
            return queryset.filter(owner_id=request.user.pk)
        if self.value() == RUNNING:
            return queryset.filter(pk__in=running_subjects(under_way()))
        if self.value() == NEEDS_PERSON:
            return needs_person(queryset, under_way())
        if self.value() == FINISHED:
            return queryset.filter(status=StoryStatus.COMPLETED)
        return queryset
