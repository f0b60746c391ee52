"""Response types for stories: list item, detail and state transitions."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.contrib.auth.models import User
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from msgspec import Meta

from jobs.enums import OPEN
from jobs.models import Job
from providers.errors import ProviderError
from stories.enums import AspectRatio, Language, Resolution, StoryStatus
from stories.models import Scene, Story, StoryStateTransition
from stories.selectors.cost_estimate import estimate_story
from stories.services.transitions import Choice, choices

from .jobs import JobBrief, job_brief
from .parts import Moment, Money, money


class StoryOut(msgspec.Struct):
    id: UUID
    title: str
    status: StoryStatus
    owner_id: int
    owner: str
    language: Language
    style: str
    aspect_ratio: AspectRatio
    resolution: Resolution
    duration_seconds: float
    burn_captions: bool
    planner_provider: str
    planner_model: str
    image_provider: str
    image_model: str
    clip_provider: str
    clip_model: str
    vision_provider: str
    check_new_takes: Annotated[
        bool, Meta(description="A model checks each new take as soon as it arrives.")
    ]
    light_films: Annotated[
        bool, Meta(description="Each final film gets a copy for slow connections.")
    ]
    budget: Decimal | None
    project: Annotated[str, Meta(description="Code of the project that it belongs to.")]
    needs_client_approval: Annotated[
        bool, Meta(description="The final film is delivered once the client has approved it.")
    ]
    assignee_id: Annotated[int | None, Meta(description="Who is to do it.")]
    due_on: Annotated[date | None, Meta(description="The day until which it is to be done.")]
    scene_count: int
    created_at: Moment
    updated_at: Moment


# In the order of the type's fields, so that a database row is its arguments.
_COLUMNS = {"owner": "owner__username", "project": "project__code"}
STORY_COLUMNS = tuple(_COLUMNS.get(name, name) for name in StoryOut.__struct_fields__)

_live = (
    Scene.live.filter(story=OuterRef("pk"))
    .order_by()
    .values("story")
    .annotate(n=Count("pk"))
    .values("n")
)
_SCENE_COUNT = Coalesce(Subquery(_live, output_field=IntegerField()), 0)


def with_scene_count(stories: QuerySet[Story]) -> QuerySet[Story]:
    """Add `scene_count`, the number of live scenes, to the stories in the same query."""
    return stories.annotate(scene_count=_SCENE_COUNT)


def story_rows(rows: Iterable[tuple[Any, ...]]) -> list[StoryOut]:
    return [StoryOut(*row) for row in rows]


class ChoiceOut(msgspec.Struct):
    """A change of state that this person may make now. `why_not` says what is still missing; empty:
    nothing.

    `price` is that of the call by which planning begins; null: none, or the plan gives it.
    """

    name: str
    label: str
    status: StoryStatus
    why_not: str
    price: Money | None


class EstimateOut(msgspec.Struct):
    """The guide's estimate: pictures + video + preview (half of the video) + storage."""

    scenes: int
    scene_cost: Money
    video_cost: Money
    preview_cost: Money
    storage_cost: Money
    total: Money


class StoryDetail(StoryOut):
    script: str
    choices: list[ChoiceOut]
    estimate: EstimateOut | None
    jobs: Annotated[list[JobBrief], Meta(description="The story's own open jobs.")]
    pictures: Annotated[int, Meta(description="Scenes that have a picture.")]
    clips: Annotated[int, Meta(description="Scenes that have a clip.")]


def story_detail(story: Story, user: User) -> StoryDetail:
    """The story with everything its page needs. Needs the story with `owner` and `project`."""
    takes = list(Scene.live.filter(story=story).values_list("image_take_id", "clip_take_id"))
    fields = {
        name: getattr(story, name)
        for name in StoryOut.__struct_fields__
        if name not in {"owner", "project", "scene_count"}
    }
    open_jobs = Job.objects.filter(subject=str(story.pk), item="", status__in=OPEN).order_by(
        "created_at", "id"
    )
    return StoryDetail(
        **fields,
        owner=story.owner.get_username(),
        project=story.project.code,
        scene_count=len(takes),
        script=story.script,
        choices=[_choice(way) for way in choices(story, user)],
        estimate=_estimate(story),
        jobs=[job_brief(job) for job in open_jobs],
        pictures=sum(image is not None for image, _clip in takes),
        clips=sum(clip is not None for _image, clip in takes),
    )


def _choice(way: Choice) -> ChoiceOut:
    price = None if way.price is None else money(way.price)
    return ChoiceOut(
        way.name, way.label, StoryStatus(way.target), str(way.why_not) if way.why_not else "", price
    )


def _estimate(story: Story) -> EstimateOut | None:
    """The estimate, or None while a provider has no price."""
    try:
        made = estimate_story(story)
    except ProviderError:
        return None
    return EstimateOut(
        made.scenes,
        money(made.scene_cost),
        money(made.video_cost),
        money(made.preview_cost),
        money(made.storage_cost),
        money(made.total),
    )


class TransitionOut(msgspec.Struct):
    id: int
    from_status: StoryStatus
    to_status: StoryStatus
    name: str
    actor: Annotated[str, Meta(description="Empty: the studio itself.")]
    reason: str
    job_id: str
    at: Moment


def transition_out(row: StoryStateTransition) -> TransitionOut:
    actor = row.actor.get_username() if row.actor else ""
    return TransitionOut(
        row.pk,
        StoryStatus(row.from_status),
        StoryStatus(row.to_status),
        row.name,
        actor,
        row.why,
        row.job_id,
        row.at,
    )
