"""Scene endpoints: list, detail, bulk creation, reordering and generation."""

from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct

from api.paging import NEWEST_FIRST, Keyset, Page, page
from api.problems import not_found
from api.responses import Accepted, Created, NoContent
from api.routes import Call
from stories import errors
from stories.api import schemas
from stories.models import Scene
from stories.services import scenes as domain
from stories.services.generation import generate_scene
from stories.services.permissions import scenes_for, stories_for
from stories.services.worn import with_cast

from .base import SCENES, api
from .lookups import admit_writer, scene_of
from .outputs.jobs import JobOut, job_out
from .outputs.parts import Money, money
from .outputs.scenes import SceneOut, scene_out

BY_POSITION = Keyset("position", "id", descending=False)
BULK_LIMIT = 8 * 1024 * 1024  # bytes: 500 scenes with long prompts


class Bulk(Struct):
    """The new scenes in their order."""

    items: list[SceneOut]


class SceneStarted(Struct):
    jobs: list[JobOut]
    price: Money


@api.get("scenes/", tag=SCENES, summary="List scenes")
def list_scenes(call: Call, query: schemas.SceneFilter) -> Page[SceneOut]:
    rows = scenes_for(call.user).select_related("story", "prompt", "image_take", "clip_take")
    rows = rows.prefetch_related(with_cast())
    keyset = NEWEST_FIRST
    if query.story is not UNSET:
        rows, keyset = rows.filter(story_id=query.story), BY_POSITION
    return page(
        rows,
        query,
        out=lambda found: [scene_out(call, scene) for scene in found],
        key=_place(keyset),
        keyset=keyset,
    )


def _place(keyset: Keyset) -> Any:
    return lambda scene: (getattr(scene, keyset.first), scene.pk)


@api.get("scenes/<uuid:scene_id>/", tag=SCENES, summary="Show a scene")
def get_scene(call: Call, scene_id: UUID, query: schemas.WaitQuery) -> SceneOut:  # noqa: ARG001  long polling is handled by `Api`
    return scene_out(call, scene_of(call, scene_id))


@api.patch("scenes/<uuid:scene_id>/", tag=SCENES, summary="Change a scene", problems=(409,))
def patch_scene(call: Call, scene_id: UUID, body: schemas.ScenePatch) -> SceneOut:
    """IsStoryOwner."""
    scene_of(call, scene_id)
    domain.edit(scene_id, actor=call.user, **_values(body))
    return scene_out(call, scene_of(call, scene_id))


@api.delete(
    "scenes/<uuid:scene_id>/", tag=SCENES, summary="Take a scene out of the film", problems=(409,)
)
def delete_scene(call: Call, scene_id: UUID) -> NoContent:
    """Its takes stay, and the studio can bring it back."""
    scene_of(call, scene_id)
    domain.delete(scene_id, actor=call.user)
    return NoContent()


@api.post(
    "scenes/bulk_create/",
    tag=SCENES,
    summary="Write many scenes at once",
    body_limit=BULK_LIMIT,
    admit=admit_writer,
    problems=(404,),
)
def bulk_create_scenes(call: Call, body: schemas.BulkIn) -> Created[Bulk]:
    """Appends the scenes to the story, or puts them in the place of the present ones. An error
    names its scene by its index.
    """
    if not stories_for(call.user).filter(pk=body.story_id).exists():
        raise not_found()
    try:
        made = domain.bulk_create(
            body.story_id,
            actor=call.user,
            scenes=[_values(scene) for scene in body.scenes],
            replace=body.mode == "replace",
        )
    except errors.Invalid as error:
        error.field = f"scenes/{_name(error.field)}" if error.field[:1].isdigit() else "scenes"
        raise
    scenes = (
        Scene.live.filter(pk__in=[scene.pk for scene in made])
        .select_related("story", "prompt", "image_take", "clip_take")
        .prefetch_related(with_cast())
        .order_by("position")
    )
    return Created(Bulk([scene_out(call, scene) for scene in scenes]))


@api.post("scenes/<uuid:scene_id>/generate/", tag=SCENES, summary="Make a take for a scene")
def generate_take(
    call: Call, scene_id: UUID, body: schemas.GenerateSceneIn
) -> Accepted[SceneStarted]:
    """One take, or several side by side. With `confirm_total` nothing is started if the price is
    another one now. Dearer than you may start alone: 409 `approval_needed`, as for the preview.
    """
    scene_of(call, scene_id)
    start = generate_scene(
        scene_id,
        body.kind,
        actor=call.user,
        provider="" if body.provider is UNSET else body.provider,
        seed=None if body.seed is UNSET else body.seed,
        variants=body.variants,
        reason=body.reason,
        confirm_total=schemas.confirmed_total(body.confirm_total),
        ask_again=body.ask_again,
    ).require()
    return Accepted(SceneStarted([job_out(job) for job in start.jobs], money(start.total)))


@api.post("scenes/<uuid:scene_id>/reorder/", tag=SCENES, summary="Move a scene")
def reorder_scene(call: Call, scene_id: UUID, body: schemas.ReorderIn) -> SceneOut:
    """To a position, or right before or after another scene of the story."""
    scene_of(call, scene_id)
    domain.move(
        scene_id,
        actor=call.user,
        **{
            name: value
            for name, value in msgspec.structs.asdict(body).items()
            if value is not UNSET
        },
    )
    return scene_out(call, scene_of(call, scene_id))


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
