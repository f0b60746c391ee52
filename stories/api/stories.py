"""Story endpoints: list, detail, state transitions, preview and final film."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET

from api.paging import Keyset, Page, page
from api.responses import Accepted, Created
from api.routes import Call
from stories.api import schemas
from stories.enums import TakeKind
from stories.models import StoryStateTransition
from stories.services import stories as domain
from stories.services.approvals import approval_preview
from stories.services.english import plan_english
from stories.services.generation import put_into_english, start_generation
from stories.services.permissions import stories_for
from stories.services.plan import plan_generation
from stories.services.spend_requests import ask_for_plan
from stories.services.transitions import transition_to

from .base import STORIES, api
from .lookups import story_of
from .outputs.jobs import job_out
from .outputs.plans import EnglishOut, Started, english_out, plan_out
from .outputs.stories import (
    STORY_COLUMNS,
    STORY_KEY,
    StoryDetail,
    StoryOut,
    TransitionOut,
    story_detail,
    story_rows,
    transition_out,
    with_scene_count,
)

BY_ID = Keyset("id", "id")


@api.get("stories/", tag=STORIES, summary="List stories")
def list_stories(call: Call, query: schemas.StoryFilter) -> Page[StoryOut]:
    """The newest first."""
    rows = stories_for(call.user)
    if query.status:
        rows = rows.filter(status__in=query.status)
    if query.owner is not UNSET:
        rows = rows.filter(owner_id=query.owner)
    if query.mine:
        rows = rows.filter(owner_id=call.user.pk)
    if query.title is not UNSET:
        rows = rows.filter(title__icontains=query.title)
    created, key = STORY_KEY
    columns = with_scene_count(rows).values_list(*STORY_COLUMNS)
    return page(columns, query, out=story_rows, key=lambda row: (row[created], row[key]))


@api.post("stories/", tag=STORIES, summary="Write a new story", problems=(403,))
def create_story(call: Call, body: schemas.StoryIn) -> Created[StoryDetail]:
    story = domain.create(owner=call.user, **_values(body))
    return Created(story_detail(story, call.user), Location=f"{call.request.path}{story.pk}/")


@api.get("stories/<uuid:story_id>/", tag=STORIES, summary="Show a story")
def get_story(call: Call, story_id: UUID, query: schemas.WaitQuery) -> StoryDetail:  # noqa: ARG001  long polling is handled by `Api`
    """With `wait` the answer comes when something changes: the status, a job's progress, a take."""
    return story_detail(story_of(call, story_id), call.user)


@api.patch("stories/<uuid:story_id>/", tag=STORIES, summary="Change a story", problems=(409,))
def patch_story(call: Call, story_id: UUID, body: schemas.StoryPatch) -> StoryDetail:
    story_of(call, story_id)
    return story_detail(domain.edit(story_id, actor=call.user, **_values(body)), call.user)


@api.post(
    "stories/<uuid:story_id>/transition/", tag=STORIES, summary="Move a story to another status"
)
def transition_story(call: Call, story_id: UUID, body: schemas.TransitionIn) -> StoryDetail:
    """CanTransitionStory. A way that the table of states does not have is 409 and tells which there
    are (`allowed`).

    Planning by a language model that costs money has a price (`price` of the choice), which binds:
    dearer than you may start alone is 409 `approval_needed`, as for the preview.
    """
    story = story_of(call, story_id)
    confirmed = schemas.confirmed_total(body.confirm_total)
    transition_to(story, body.status, actor=call.user, reason=body.reason, confirm_total=confirmed)
    return story_detail(story, call.user)


@api.post("stories/<uuid:story_id>/generate_preview/", tag=STORIES, summary="Make the preview")
def generate_preview(
    call: Call, story_id: UUID, query: schemas.PlanQuery, body: schemas.GenerateStoryIn
) -> Accepted[Started] | Started:
    """A picture for each scene that has none, then the animatic film. Made already in part, only
    what is missing is made.

    Dearer than you may start alone: 409 `approval_needed` with the `approval` that a second person
    is asked for; once approved, the same request (with another Idempotency-Key) starts it. 409
    `approval_refused` tells the reason.
    """
    return _generate(call, story_id, TakeKind.IMAGE, query, body)


@api.post("stories/<uuid:story_id>/render_final/", tag=STORIES, summary="Render the final film")
def render_final(
    call: Call, story_id: UUID, query: schemas.PlanQuery, body: schemas.GenerateStoryIn
) -> Accepted[Started] | Started:
    """A clip for each scene that has none, then the film. Dearer than you may start alone: as for
    the preview.
    """
    return _generate(call, story_id, TakeKind.CLIP, query, body)


@api.post("stories/<uuid:story_id>/english/", tag=STORIES, summary="Put prompts into English")
def put_story_into_english(
    call: Call, story_id: UUID, query: schemas.PlanQuery, body: schemas.EnglishIn
) -> Accepted[EnglishOut] | EnglishOut:
    """For providers that understand English only: one call of the story's provider for planning for
    each prompt that has no English, or one that is older than the prompt. The result stands in
    `prompt.text_en` and can be changed. Dearer than you may start alone: as for the preview.
    """
    story = story_of(call, story_id)
    scenes = None if body.scenes is UNSET else body.scenes
    if query.plan:
        return english_out(plan_english(story, scenes, replace=body.replace), [])
    confirmed = schemas.confirmed_total(body.confirm_total)
    wanted: dict[str, Any] = {
        "scene_ids": scenes,
        "replace": body.replace,
        "confirm_total": confirmed,
        "ask_again": body.ask_again,
    }
    start, plan = put_into_english(story_id, actor=call.user, **wanted)
    return Accepted(english_out(plan, [job_out(job) for job in start.require().jobs]))


@api.get(
    "stories/<uuid:story_id>/transitions/", tag=STORIES, summary="List a story's changes of state"
)
def list_transitions(
    call: Call, story_id: UUID, query: schemas.TransitionFilter
) -> Page[TransitionOut]:
    rows = StoryStateTransition.objects.filter(
        story_id=story_id, story__in=stories_for(call.user)
    ).select_related("actor")
    found = page(
        rows,
        query,
        out=lambda found: [transition_out(row) for row in found],
        key=lambda row: (row.pk, row.pk),
        keyset=BY_ID,
        scope=str(story_id),
    )
    if not found.items:
        # Checked only here: distinguishes a story without rows from one that may not be seen.
        story_of(call, story_id)
    return found


def _generate(
    call: Call,
    story_id: UUID,
    kind: TakeKind,
    query: schemas.PlanQuery,
    body: schemas.GenerateStoryIn,
) -> Accepted[Started] | Started:
    story = story_of(call, story_id)
    if query.plan:
        plan = plan_generation(story, kind, mode=body.mode, as_is=bool(body.override_reason))
        return Started(None, plan_out(plan, approval_preview(ask_for_plan(plan), call.user).state))
    confirmed = schemas.confirmed_total(body.confirm_total)
    wanted: dict[str, Any] = {
        "mode": body.mode,
        "confirm_total": confirmed,
        "override_reason": body.override_reason,
        "ask_again": body.ask_again,
    }
    start, plan = start_generation(
        story_id, kind, actor=call.user, advance="unless_begun", **wanted
    )
    (job,) = start.require().jobs
    return Accepted(Started(job_out(job), plan_out(plan)))


def _values(body: msgspec.Struct) -> dict[str, Any]:
    """The submitted values, in the domain's field names."""
    values = {
        name: value for name, value in msgspec.structs.asdict(body).items() if value is not UNSET
    }
    if values.get("budget") is not None:
        values["budget"] = Decimal(values["budget"])
    return values
