"""Scene endpoints: list, detail, bulk creation, reordering and generation."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.db.models import QuerySet
from msgspec import UNSET, Meta, Struct

from api.components import Body, Query
from api.controllers import ApiController, operation
from api.inputs import Empty, Strict
from api.paging import NEWEST_FIRST, Keyset, Page, page
from api.problems import not_found
from api.responses import Accepted, Created, NoContent
from providers.preflight import UsedFields
from stories import errors
from stories.api.inputs.parts import WaitQuery, confirmed_total
from stories.api.inputs.scenes import (
    BulkIn,
    GenerateSceneIn,
    NewScene,
    ReorderIn,
    SceneFilter,
    ScenePatch,
)
from stories.models import MAX_SCRIPT, Scene, Story
from stories.services import scene_splits
from stories.services import scenes as domain
from stories.services.continuity import with_keyframes
from stories.services.generation import generate_scene
from stories.services.permissions import deleted_scenes_for, scenes_for, stories_for
from stories.services.scene_cast import with_cast

from .base import SCENES, api
from .lookups import admit_writer, deleted_scene_of, scene_of, story_of, story_of_scene
from .outputs.jobs import JobOut, job_out
from .outputs.parts import Money, money
from .outputs.scenes import SceneOut, scene_out

BY_POSITION = Keyset("position", "id", descending=False)
BULK_LIMIT = 8 * 1024 * 1024  # bytes: 500 scenes with long prompts


class Bulk(Struct):
    """The new scenes in their order."""

    items: list[SceneOut]


class SceneParts(Struct):
    items: Annotated[list[SceneOut], Meta(description="Both scenes, in their order.")]


class SplitIn(Strict):
    at: Annotated[
        int,
        Meta(
            ge=1,
            le=MAX_SCRIPT,
            description="Characters of the narration that stay in the first part.",
        ),
    ]


class UnmergeIn(Strict):
    other_id: Annotated[UUID, Meta(description="The scene that was merged into this one.")]


class SceneStarted(Struct):
    jobs: list[JobOut]
    price: Money


@api.at("scenes/")
class ScenesController(ApiController):
    tags = (SCENES,)

    @operation("list_scenes", summary="List scenes")
    def get(self, query: Query[SceneFilter]) -> Page[SceneOut]:
        """With `deleted=true` those that were taken out of their film, which can be restored."""
        rows = deleted_scenes_for(self.user) if query.deleted else scenes_for(self.user)
        rows = rows.select_related("story", "prompt", "image_take", "clip_take")
        rows = with_keyframes(rows).prefetch_related(with_cast())
        keyset, used = NEWEST_FIRST, UsedFields()
        if query.story is not UNSET:
            rows, keyset = rows.filter(story_id=query.story), BY_POSITION
        rows, keyset = query.narrowed(rows), query.keyset(keyset)
        return page(
            rows,
            query,
            out=lambda found: [scene_out(self, scene, used) for scene in found],
            key=_place(keyset),
            keyset=keyset,
        )

    @operation("create_scene", summary="Write a scene", problems=(404,))
    def post(self, body: Body[NewScene]) -> Created[SceneOut]:
        """At a position of the film, or at its end."""
        values = _values(body)
        story_id = values.pop("story_id")
        story_of(self, story_id)
        made = domain.create(story_id, actor=self.user, **values)
        address = f"{self.request.path}{made.pk}/"
        return Created(scene_out(self, scene_of(self, made.pk)), Location=address)


def _place(keyset: Keyset) -> Any:
    return lambda scene: (getattr(scene, keyset.first), scene.pk)


@api.at("scenes/<uuid:scene_id>/")
class SceneController(ApiController):
    tags = (SCENES,)

    def locked(self) -> QuerySet[Story]:
        return story_of_scene(self.kwargs["scene_id"])

    @operation("get_scene", summary="Show a scene")
    # Long polling is handled by `Api`
    def get(self, scene_id: UUID, query: Query[WaitQuery]) -> SceneOut:  # noqa: ARG002
        """With `wait`, answers as soon as the scene changes."""
        return scene_out(self, scene_of(self, scene_id))

    @operation("patch_scene", summary="Change a scene", problems=(409,))
    def patch(self, scene_id: UUID, body: Body[ScenePatch]) -> SceneOut:
        """IsStoryOwner."""
        scene_of(self, scene_id)
        domain.edit(scene_id, actor=self.user, **_values(body))
        return scene_out(self, scene_of(self, scene_id))

    @operation("delete_scene", summary="Take a scene out of the film", problems=(409,))
    def delete(self, scene_id: UUID) -> NoContent:
        """Its takes stay, and `restore` puts it back."""
        scene_of(self, scene_id)
        domain.delete(scene_id, actor=self.user)
        return NoContent()


@api.at("scenes/bulk_create/")
class ScenesBulkCreateController(ApiController):
    tags = (SCENES,)

    @operation(
        "bulk_create_scenes",
        summary="Write many scenes at once",
        body_limit=BULK_LIMIT,
        admit=admit_writer,
        problems=(404,),
    )
    def post(self, body: Body[BulkIn]) -> Created[Bulk]:
        """Appends the scenes to the story, or puts them in the place of the present ones. An error
        names its scene by its index.
        """
        if not stories_for(self.user).filter(pk=body.story_id).exists():
            raise not_found()
        try:
            made = domain.bulk_create(
                body.story_id,
                actor=self.user,
                scenes=[_values(scene) for scene in body.scenes],
                replace=body.mode == "replace",
            )
        except errors.Invalid as error:
            error.field = f"scenes/{_name(error.field)}" if error.field[:1].isdigit() else "scenes"
            raise
        scenes = (
            with_keyframes(Scene.live.filter(pk__in=[scene.pk for scene in made]))
            .select_related("story", "prompt", "image_take", "clip_take")
            .prefetch_related(with_cast())
            .order_by("position")
        )
        used = UsedFields()
        return Created(Bulk([scene_out(self, scene, used) for scene in scenes]))


@api.at("scenes/<uuid:scene_id>/generate/")
class SceneGenerateController(ApiController):
    tags = (SCENES,)

    @operation("generate_take", summary="Make a take for a scene")
    def post(self, scene_id: UUID, body: Body[GenerateSceneIn]) -> Accepted[SceneStarted]:
        """One take, or several side by side. With `confirm_total` nothing is started if the price
        is another one now. If it costs more than you may start alone: 409 `approval_needed`, as for
        the preview.
        """
        scene_of(self, scene_id)
        start = generate_scene(
            scene_id,
            body.kind,
            actor=self.user,
            provider="" if body.provider is UNSET else body.provider,
            seed=None if body.seed is UNSET else body.seed,
            variants=body.variants,
            reason=body.reason,
            confirm_total=confirmed_total(body.confirm_total),
            ask_again=body.ask_again,
        ).require()
        return Accepted(SceneStarted([job_out(job) for job in start.jobs], money(start.total)))


@api.at("scenes/<uuid:scene_id>/reorder/")
class SceneReorderController(ApiController):
    tags = (SCENES,)

    @operation("reorder_scene", summary="Move a scene")
    def post(self, scene_id: UUID, body: Body[ReorderIn]) -> SceneOut:
        """To a position, or right before or after another scene of the story."""
        scene_of(self, scene_id)
        domain.move(
            scene_id,
            actor=self.user,
            **{
                name: value
                for name, value in msgspec.structs.asdict(body).items()
                if value is not UNSET
            },
        )
        return scene_out(self, scene_of(self, scene_id))


@api.at("scenes/<uuid:scene_id>/restore/")
class SceneRestoreController(ApiController):
    tags = (SCENES,)

    @operation("restore_scene", summary="Put a deleted scene back into the film")
    # Rejects a body that is not empty
    def post(self, scene_id: UUID, body: Body[Empty]) -> SceneOut:  # noqa: ARG002
        """At its old position, or at the end if the film is shorter now. Its takes come along."""
        deleted_scene_of(self, scene_id)
        domain.restore(scene_id, actor=self.user)
        return scene_out(self, scene_of(self, scene_id))


@api.at("scenes/<uuid:scene_id>/duplicate/")
class SceneDuplicateController(ApiController):
    tags = (SCENES,)

    @operation("duplicate_scene", summary="Duplicate a scene")
    # Rejects a body that is not empty
    def post(self, scene_id: UUID, body: Body[Empty]) -> Created[SceneOut]:  # noqa: ARG002
        """The copy follows the scene, with the same prompt, lines and cast, and without takes."""
        scene_of(self, scene_id)
        copy = domain.duplicate(scene_id, actor=self.user)
        return Created(scene_out(self, scene_of(self, copy.pk)))


@api.at("scenes/<uuid:scene_id>/split/")
class SceneSplitController(ApiController):
    tags = (SCENES,)

    @operation("split_scene", summary="Split a scene")
    def post(self, scene_id: UUID, body: Body[SplitIn]) -> SceneParts:
        """The lengths follow the narration; the takes stay with the first part."""
        scene_of(self, scene_id)
        parts = scene_splits.split(scene_id, actor=self.user, at=body.at)
        return SceneParts([scene_out(self, scene_of(self, part.pk)) for part in parts])


@api.at("scenes/<uuid:scene_id>/merge/")
class SceneMergeController(ApiController):
    tags = (SCENES,)

    @operation("merge_scene", summary="Merge a scene with the next one")
    # Rejects a body that is not empty
    def post(self, scene_id: UUID, body: Body[Empty]) -> SceneOut:  # noqa: ARG002
        """Narrations and lengths are combined; prompt and takes are the first one's. The second is
        taken out of the film, and `unmerge` undoes it.
        """
        scene_of(self, scene_id)
        scene_splits.merge_with_next(scene_id, actor=self.user)
        return scene_out(self, scene_of(self, scene_id))


@api.at("scenes/<uuid:scene_id>/unmerge/")
class SceneUnmergeController(ApiController):
    tags = (SCENES,)

    @operation("unmerge_scene", summary="Separate two merged scenes")
    def post(self, scene_id: UUID, body: Body[UnmergeIn]) -> SceneParts:
        """409 `conflict` if the scene no longer ends with the words of the other."""
        scene = scene_of(self, scene_id)
        other = deleted_scene_of(self, body.other_id)
        if other.story_id != scene.story_id:
            raise not_found()
        scene_splits.unmerge(scene_id, other.pk, actor=self.user)
        return SceneParts([scene_out(self, scene_of(self, part)) for part in (scene_id, other.pk)])


# The API uses prompt and prompt_en where the prompt's model uses text and text_en.
NAMES = {"prompt": "text", "prompt_en": "text_en"}


def _values(body: Struct) -> dict[str, Any]:
    return {
        NAMES.get(name, name): value
        for name, value in msgspec.structs.asdict(body).items()
        if value is not UNSET
    }


def _name(field: str) -> str:
    """The location of an invalid value, in the API's field names."""
    index, _, name = field.partition("/")
    back = {theirs: ours for ours, theirs in NAMES.items()}
    return f"{index}/{back.get(name, name)}"
