"""Extra columns of the story list, fetched for the whole page at once."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from django.core.paginator import Paginator
from django.db import connections
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from unfold.views import ChangeList

from jobs.enums import OPEN
from jobs.models import Job
from providers import ledger
from stories.models import Scene, Story

if TYPE_CHECKING:
    Pages = Paginator[Any]
else:
    Pages = Paginator

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


def facts_of(stories: Iterable[Story]) -> dict[Any, Facts]:
    """Cover, number of scenes, cost and running job of each story. Four queries."""
    found = {story.pk: Facts() for story in stories}
    names = {str(pk): pk for pk in found}
    counts = (
        Scene.live.filter(story__in=found)
        .order_by()
        .values_list("story_id")
        .annotate(n=Count("pk"))
    )
    for pk, count in counts:
        found[pk].scenes = count
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


class StoryList(ChangeList):
    """The rows of one page, each with its `facts` and without its script."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        return super().get_queryset(request, exclude_parameters).defer("script")

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        facts = facts_of(rows)
        for row in rows:
            row.facts = facts[row.pk]
        self.result_list = rows


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
