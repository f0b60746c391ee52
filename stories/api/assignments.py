"""Assignment endpoints: who is to do a story or a scene, and until when."""

from uuid import UUID

from api.components import Body
from api.controllers import ApiController, Call, operation
from stories.api.inputs.assignments import AssignIn
from stories.errors import Invalid
from stories.services.assignments import assign

from .base import SCENES, STORIES, api
from .lookups import scene_of, story_of
from .outputs.scenes import SceneOut, scene_out
from .outputs.stories import StoryDetail, story_detail


@api.at("stories/<uuid:story_id>/assign/")
class StoryAssignController(ApiController):
    tags = (STORIES,)

    @operation("assign_story", summary="Say who is to do a story, and until when")
    def post(self, story_id: UUID, body: Body[AssignIn]) -> StoryDetail:
        """To a person who sees the story."""
        story_of(self, story_id)
        _assign(self, story_id, body)
        return story_detail(story_of(self, story_id), self.user)


@api.at("scenes/<uuid:scene_id>/assign/")
class SceneAssignController(ApiController):
    tags = (SCENES,)

    @operation("assign_scene", summary="Say who is to do a scene, and until when")
    def post(self, scene_id: UUID, body: Body[AssignIn]) -> SceneOut:
        """To a person who sees the story."""
        scene = scene_of(self, scene_id)
        _assign(self, scene.story_id, body, scene_id)
        return scene_out(self, scene_of(self, scene_id))


def _assign(call: Call, story_id: UUID, body: AssignIn, scene_id: UUID | None = None) -> None:
    try:
        assign(
            story_id,
            actor=call.user,
            assignee_id=body.assignee_id,
            due_on=body.due_on,
            scene_id=scene_id,
        )
    except Invalid as error:
        error.field = "assignee_id" if error.field == "assignee" else error.field
        raise
