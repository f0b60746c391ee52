"""Story endpoints: list, detail, state transitions, preview and final film."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import QuerySet
from msgspec import UNSET

from api.components import Body, Query
from api.controllers import ApiController, Call, operation
from api.paging import NEWEST_FIRST, Keyset, Page, page
from api.responses import Accepted, Created
from stories.api.inputs.parts import CancelIn, WaitQuery, confirmed_total
from stories.api.inputs.stories import (
    EnglishIn,
    GenerateStoryIn,
    PlanQuery,
    StoryFilter,
    StoryIn,
    StoryPatch,
    TakeChecksIn,
    TransitionFilter,
    TransitionIn,
)
from stories.enums import TakeKind
from stories.models import Story, StoryStateTransition
from stories.services import projects
from stories.services import stories as domain
from stories.services.approvals import approval_preview
from stories.services.english import plan_english
from stories.services.generation import (
    put_into_english,
    start_generation,
    start_vision_checks,
)
from stories.services.permissions import stories_for
from stories.services.plan import plan_generation
from stories.services.spend_requests import ask_for_plan
from stories.services.transitions import give_up, transition_to
from stories.services.vision_checks import plan_vision_checks

from .base import STORIES, api
from .lookups import story_of
from .outputs.jobs import job_out
from .outputs.plans import (
    EnglishOut,
    Started,
    TakeChecksOut,
    english_out,
    plan_out,
    take_checks_out,
)
from .outputs.stories import (
    STORY_COLUMNS,
    StoryDetail,
    StoryOut,
    TransitionOut,
    story_detail,
    story_rows,
    transition_out,
    with_scene_count,
)

BY_ID = Keyset("id", "id")


@api.at("stories/")
class StoriesController(ApiController):
    tags = (STORIES,)

    @operation("list_stories", summary="List stories")
    def get(self, query: Query[StoryFilter]) -> Page[StoryOut]:
        """The newest first, unless `sort` says otherwise."""
        rows = stories_for(self.user)
        if query.status:
            rows = rows.filter(status__in=query.status)
        if query.owner is not UNSET:
            rows = rows.filter(owner_id=query.owner)
        if query.mine:
            rows = rows.filter(owner_id=self.user.pk)
        if query.project is not UNSET:
            rows = rows.filter(project__code=query.project)
        if query.title is not UNSET:
            rows = rows.filter(title__icontains=query.title)
        keyset = query.keyset(NEWEST_FIRST)
        place, key = STORY_COLUMNS.index(keyset.first), STORY_COLUMNS.index("id")
        columns = with_scene_count(query.narrowed(rows)).values_list(*STORY_COLUMNS)
        return page(
            columns,
            query,
            out=story_rows,
            key=lambda row: (row[place], row[key]),
            keyset=keyset,
        )

    @operation("create_story", summary="Write a new story", problems=(403,))
    def post(self, body: Body[StoryIn]) -> Created[StoryDetail]:
        """The story is a draft. Nothing is made or paid yet."""
        values = _values(body)
        if body.project is not UNSET:
            values["project"] = projects.project_by_code(self.user, body.project)
        story = domain.create(owner=self.user, **values)
        return Created(story_detail(story, self.user), Location=f"{self.request.path}{story.pk}/")


@api.at("stories/<uuid:story_id>/")
class StoryController(ApiController):
    tags = (STORIES,)

    def locked(self) -> QuerySet[Story]:
        return Story.objects.filter(pk=self.kwargs["story_id"])

    @operation("get_story", summary="Show a story")
    def get(self, story_id: UUID, query: Query[WaitQuery]) -> StoryDetail:  # noqa: ARG002  long polling is handled by `Api`
        """With `wait` the answer comes when something changes: the status, a job's progress, a
        take.
        """
        return story_detail(story_of(self, story_id), self.user)

    @operation("patch_story", summary="Change a story", problems=(409,))
    def patch(self, story_id: UUID, body: Body[StoryPatch]) -> StoryDetail:
        """A story moves to another `project` with all it cost, if its owner sees that project."""
        story_of(self, story_id)
        values = _values(body)
        code = values.pop("project", "")
        with transaction.atomic():
            domain.edit(story_id, actor=self.user, **values)
            if code:
                project = projects.project_by_code(self.user, code)
                projects.move(story_id, project, actor=self.user)
        return story_detail(story_of(self, story_id), self.user)


@api.at("stories/<uuid:story_id>/transition/")
class StoryTransitionController(ApiController):
    tags = (STORIES,)

    @operation("transition_story", summary="Move a story to another status")
    def post(self, story_id: UUID, body: Body[TransitionIn]) -> StoryDetail:
        """CanTransitionStory. A transition that the state table does not have is 409, which
        lists the allowed ones (`allowed`).

        Planning by a language model that costs money has a price (`price` of the choice), which
        binds: a price above what you may start alone is 409 `approval_needed`, as for the preview.
        """
        story = story_of(self, story_id)
        confirmed = confirmed_total(body.confirm_total)
        transition_to(
            story, body.status, actor=self.user, reason=body.reason, confirm_total=confirmed
        )
        return story_detail(story, self.user)


@api.at("stories/<uuid:story_id>/stop_production/")
class StoryStopController(ApiController):
    tags = (STORIES,)

    @operation("stop_production", summary="Stop a story's production")
    def post(self, story_id: UUID, body: Body[CancelIn]) -> StoryDetail:
        """What is running is cancelled and the story is marked as failed. Scenes, takes and what
        was paid for stay; it can be taken up again.
        """
        story_of(self, story_id)
        give_up(story_id, actor=self.user, reason=body.reason)
        return story_detail(story_of(self, story_id), self.user)


@api.at("stories/<uuid:story_id>/generate_preview/")
class StoryGeneratePreviewController(ApiController):
    tags = (STORIES,)

    @operation("generate_preview", summary="Make the preview")
    def post(
        self, story_id: UUID, query: Query[PlanQuery], body: Body[GenerateStoryIn]
    ) -> Accepted[Started] | Started:
        """A picture for each scene that has none, then the animatic film. Made already in part,
        only what is missing is made.

        If it costs more than you may start alone: 409 `approval_needed` with the `approval` that a
        second person is asked for; once approved, the same request (with another Idempotency-Key)
        starts it. 409 `approval_refused` gives the reason.
        """
        return _generate(self, story_id, TakeKind.IMAGE, query, body)


@api.at("stories/<uuid:story_id>/render_final/")
class StoryRenderFinalController(ApiController):
    tags = (STORIES,)

    @operation("render_final", summary="Render the final film")
    def post(
        self, story_id: UUID, query: Query[PlanQuery], body: Body[GenerateStoryIn]
    ) -> Accepted[Started] | Started:
        """A clip for each scene that has none, then the film. If it costs more than you may start
        alone: as for the preview.
        """
        return _generate(self, story_id, TakeKind.CLIP, query, body)


@api.at("stories/<uuid:story_id>/english/")
class StoryEnglishController(ApiController):
    tags = (STORIES,)

    @operation("put_story_into_english", summary="Put prompts into English")
    def post(
        self, story_id: UUID, query: Query[PlanQuery], body: Body[EnglishIn]
    ) -> Accepted[EnglishOut] | EnglishOut:
        """For providers that understand English only: one call of the story's provider for planning
        for each prompt that has no English, or one that is older than the prompt. The result stands
        in `prompt.text_en` and can be changed. If it costs more than you may start alone: as for
        the preview.
        """
        story = story_of(self, story_id)
        scenes = None if body.scenes is UNSET else body.scenes
        if query.plan:
            return english_out(plan_english(story, scenes, replace=body.replace), [])
        confirmed = confirmed_total(body.confirm_total)
        wanted: dict[str, Any] = {
            "scene_ids": scenes,
            "replace": body.replace,
            "confirm_total": confirmed,
            "ask_again": body.ask_again,
        }
        start, plan = put_into_english(story_id, actor=self.user, **wanted)
        return Accepted(english_out(plan, [job_out(job) for job in start.require().jobs]))


@api.at("stories/<uuid:story_id>/take_checks/")
class StoryTakeChecksController(ApiController):
    tags = (STORIES,)

    @operation("check_takes", summary="Have takes checked by a model")
    def post(
        self, story_id: UUID, query: Query[PlanQuery], body: Body[TakeChecksIn]
    ) -> Accepted[TakeChecksOut] | TakeChecksOut:
        """A model of the story's `vision_provider` looks at each take with the doubt `unchecked`
        that nobody has reviewed: does it fit its prompt, are the faces those of the reference
        sheets? A take about which nothing is found is selected as any new take; `unfit` and
        `other_face` leave it to a person. If it costs more than you may start alone: as for the
        preview.
        """
        story = story_of(self, story_id)
        scenes = None if body.scenes is UNSET else body.scenes
        if query.plan:
            return take_checks_out(plan_vision_checks(story, scenes), [])
        start, plan = start_vision_checks(
            story_id,
            actor=self.user,
            scene_ids=scenes,
            confirm_total=confirmed_total(body.confirm_total),
            ask_again=body.ask_again,
        )
        return Accepted(take_checks_out(plan, [job_out(job) for job in start.require().jobs]))


@api.at("stories/<uuid:story_id>/transitions/")
class StoryTransitionsController(ApiController):
    tags = (STORIES,)

    @operation("list_transitions", summary="List a story's changes of state")
    def get(self, story_id: UUID, query: Query[TransitionFilter]) -> Page[TransitionOut]:
        """Who moved it from which status to which, and why."""
        rows = StoryStateTransition.objects.filter(
            story_id=story_id, story__in=stories_for(self.user)
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
            story_of(self, story_id)
        return found


def _generate(
    call: Call,
    story_id: UUID,
    kind: TakeKind,
    query: PlanQuery,
    body: GenerateStoryIn,
) -> Accepted[Started] | Started:
    story = story_of(call, story_id)
    if query.plan:
        plan = plan_generation(story, kind, mode=body.mode, as_is=bool(body.override_reason))
        return Started(None, plan_out(plan, approval_preview(ask_for_plan(plan), call.user).state))
    confirmed = confirmed_total(body.confirm_total)
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
