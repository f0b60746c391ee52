"""Extra columns of the story list, fetched for the whole page at once."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from django.core.paginator import Paginator
from django.db import connections
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.safestring import SafeString
from unfold.views import ChangeList

from core.admin.display import quick_html
from jobs.enums import OPEN
from jobs.models import Job
from providers import ledger
from stories.enums import FilmKind, StoryStatus
from stories.models import Film, Scene, Story

from . import status_colors

if TYPE_CHECKING:
    Pages = Paginator[Any]
else:
    Pages = Paginator

OVER = frozenset({StoryStatus.COMPLETED, StoryStatus.ARCHIVED})
LARGE = 10_000  # rows from which PostgreSQL's estimate is good enough for a page count


class Cover(NamedTuple):
    """The selected picture of a story's first scene, with the fields its URL needs."""

    pk: UUID
    sha256: str


class Work(NamedTuple):
    """The open job of a story as a whole, with the fields that its colour and progress need."""

    status: str
    wait_for: str
    progress: int


@dataclass(slots=True)
class Facts:
    scenes: int = 0
    cover: Cover | None = None
    cost: Decimal = field(default_factory=Decimal)
    work: Work | None = None
    has_preview: bool = False


def facts_of(stories: Iterable[Story]) -> dict[Any, Facts]:
    """Cover, number of scenes, cost and running job of each story. Four queries."""
    found = {story.pk: Facts() for story in stories}
    names = {str(pk): pk for pk in found}
    counts = (
        Scene.live.filter(story__in=found)
        .order_by()
        .values_list("story_id")
        .annotate(n=Count("pk"), has_preview=_has_preview(OuterRef("story_id")))
    )
    for pk, count, has_preview in counts:
        found[pk].scenes = count
        found[pk].has_preview = has_preview
    covers = Scene.live.filter(story__in=found, position=1, image_take__isnull=False).order_by()
    for pk, take, sha256 in covers.values_list("story_id", "image_take_id", "image_take__sha256"):
        found[pk].cover = Cover(take, sha256)
    for subject, totals in ledger.breakdown("subject", subjects=names).items():
        found[names[subject]].cost = totals.actual
    jobs = Job.objects.filter(subject__in=names, parent=None, item="", status__in=OPEN).order_by(
        "created_at"
    )
    for subject, *work in jobs.values_list("subject", *Work._fields):
        found[names[subject]].work = Work._make(work)
    return found


def _has_preview(story: Any) -> Exists:
    return Exists(Film.objects.filter(story=story, kind=FilmKind.PREVIEW).order_by())


def state_words(story: Any) -> str:
    """The state of a story with its `facts`, in words."""
    facts: Facts = story.facts
    return status_colors.story_words(story.status, facts.work, has_preview=facts.has_preview)


class StoryList(ChangeList):
    """The rows of one page, each with its `facts` and without its script."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        return super().get_queryset(request, exclude_parameters).defer("script")

    def url_for_result(self, result: Any) -> str:
        return reverse("admin:stories_story_board", args=[result.pk])

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        facts = facts_of(rows)
        for row in rows:
            row.facts = facts[row.pk]
        self.result_list = rows


def due_text(story: Story) -> SafeString | str:
    """The day on which the story is due; marked if it is over and the story not finished."""
    if story.due_on is None:
        return "–"
    day = date_format(story.due_on, "SHORT_DATE_FORMAT")
    is_late = story.due_on < timezone.localdate() and story.status not in OVER
    return quick_html('<b class="vp-off">{}</b>', day) if is_late else day


class EstimatingPaginator(Pages):
    """Counts a large unfiltered table by PostgreSQL's estimate, and everything else exactly."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        connection = connections[rows.db]
        if connection.vendor == "postgresql" and not rows.query.where:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass",
                    [rows.model._meta.db_table],  # noqa: SLF001  Django's documented model API
                )
                estimate = int(cursor.fetchone()[0])
            if estimate >= LARGE:
                return estimate
        return int(rows.order_by().count())
