"""Locks a story or a scene for a change, after checking permission and status."""

from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils.translation import gettext_noop

from jobs.enums import OPEN, JobStatus, WaitFor
from jobs.models import Job
from stories.enums import JobName, StoryStatus, TakeKind
from stories.errors import Conflict, GuardRefused, Invalid
from stories.models import Scene, Story
from stories.selectors.job_facts import JobFacts

from .permissions import require_story_owner
from .plan import Item, plan_generation
from .planning import MAX_SCENES

CLOSED = frozenset({StoryStatus.PLANNING, StoryStatus.RENDERING, StoryStatus.ARCHIVED})
DELETED = gettext_noop("This scene has been deleted. Nothing was changed.")


def locked_story(story_id: UUID | str, actor: Any) -> Story:
    """Lock the story for a change of its scenes.

    Raises Story.DoesNotExist, Forbidden, or GuardRefused in a closed status.
    """
    story = Story.objects.select_for_update().get(pk=story_id)
    require_story_owner(actor, story)
    if why := why_locked(story):
        raise why
    return story


def locked_scene(scene_id: UUID | str, actor: Any) -> tuple[Story, Scene]:
    """Return the live scene with its prompt, and lock its story.

    Raises Scene.DoesNotExist, Conflict if it is deleted, and as `locked_story`.
    """
    story = locked_story(Scene.objects.values_list("story_id", flat=True).get(pk=scene_id), actor)
    return story, require_live(locked_row(scene_id))


def locked_for_words(scene_id: UUID | str, actor: Any) -> tuple[Story, Scene]:
    """As `locked_scene`, for a change of the scene alone.

    Also allowed while a final render waits for a correction of this scene.
    """
    story = Story.objects.select_for_update().get(
        pk=Scene.objects.values_list("story_id", flat=True).get(pk=scene_id)
    )
    require_story_owner(actor, story)
    scene = require_live(locked_row(scene_id))
    if why := why_words_locked(story, scene):
        raise why
    return story, scene


def locked_row(scene_id: UUID | str) -> Scene:
    """Lock the scene, after its story where both are locked, and return it with its takes.

    Without the lock, saving the whole row could overwrite a take recorded at the same moment. The
    related rows are read by a second query: PostgreSQL joins those that the scene had before it
    waited for the lock, so that a take selected meanwhile would be missing.
    """
    Scene.objects.select_for_update().values_list("pk").get(pk=scene_id)
    return Scene.objects.select_related("story", "prompt", "image_take", "clip_take").get(
        pk=scene_id
    )


def require_live(scene: Scene) -> Scene:
    """Reload the scene under the story's lock. Raises Conflict if it has been deleted."""
    if scene.deleted_at is not None:
        raise Conflict(DELETED)
    return scene


def require_room(story: Story, *, more: int = 1, field: str = "position") -> None:
    """Raises Invalid if the story cannot have that many more scenes.

    The caller holds the story's lock.
    """
    if Scene.live.filter(story=story).count() + more > MAX_SCENES:
        raise Invalid(
            gettext_noop("A story has at most %(most)s scenes."), most=MAX_SCENES, field=field
        )


def why_locked(story: Story) -> GuardRefused | None:
    """Why the story's current status does not allow changes to its scenes."""
    if story.status not in CLOSED:
        return None
    return GuardRefused(
        gettext_noop("Scenes cannot be changed while the story is “%(status)s”."),
        status=story.status,
    )


def why_words_locked(
    story: Story, scene: Scene, *, item: Item | None = None, facts: JobFacts | None = None
) -> GuardRefused | None:
    """Why the text of this scene cannot be changed now. Used by board, panel and API.

    During a final render a scene can be edited if its clip waits for a person or has failed, so
    that it can be corrected. `item` and `facts` are its plan item for clips and the story's job
    facts, if the caller has them.
    """
    why = why_locked(story)
    if why is None or story.status != StoryStatus.RENDERING:
        return why
    facts = JobFacts.of(story) if facts is None else facts
    if item is None:
        item = plan_generation(story, TakeKind.CLIP, scenes=[scene], facts=facts).items[0]
    return None if waits_for_person(item, facts) else why


def waits_for_person(item: Item, facts: JobFacts) -> bool:
    """Whether the scene's clip needs a person.

    It failed, is unclear, costs more than confirmed, or the film's job asks for it.
    """
    key = str(item.scene_id)
    if (
        item.failed
        or key in facts.unclear_of(TakeKind.CLIP)
        or key in facts.asks_price(TakeKind.CLIP)
    ):
        return True
    asks = any(
        job.name == JobName.STORY_RENDER
        and job.status == JobStatus.WAITING
        and job.wait_for == WaitFor.PERSON
        for job in facts.open
    )
    return asks and item.state not in {"running", "done"}


def lock_jobs(story_id: Any) -> None:
    """Lock the story's open jobs, children first, as the end of a job does.

    The story may then be locked without a deadlock.
    """
    rows = Job.objects.select_for_update().filter(subject=str(story_id), status__in=OPEN)
    list(rows.order_by(F("parent").asc(nulls_last=True), "pk").values_list("pk", flat=True))
