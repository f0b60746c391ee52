"""Enqueues a story's jobs.

Call these functions inside the transaction of the change that needs the job. The wake-up is sent
after the commit.
"""

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage
from jobs.enums import WaitFor
from jobs.models import Job, JobLog
from jobs.services import queue
from providers import requests
from providers.enums import Kind
from stories.enums import JobName, SoundKind, TakeKind
from stories.models import Scene, Story, Take

from .edit_plan import EditPlan
from .job_data import (
    SCENE_JOB,
    SOUND_JOB,
    STORY_JOB,
    data,
    made_from,
    named_call,
    newest_confirmation,
    piece_of_work,
    planning_key,
    scene_key,
    segment_key,
    sheet_key,
    vision_key,
    with_check,
)
from .sheets import SheetPlan
from .sound_items import SoundItem

AFTER_ALL_PAID = 9  # the priority of segments


def enqueue_planning(
    story: Story,
    *,
    actor: Any,
    replace: bool,
    price: Decimal | None = None,
    request_hash: str = "",
) -> Job:
    """Enqueue the planning of a story.

    `price` is the confirmed price of the call in USD and `request_hash` that of its request; none
    if no call is made.
    """
    name = JobName.STORY_PLANNING
    wanted: dict[str, Any] = {"replace": replace}
    if price is not None:
        wanted |= {"price": str(price), "confirmation": newest_confirmation(story.pk)}
    if request_hash:
        key = planning_key(story, request_hash)
        wanted |= named_call(key, text_job=name, request_hash=request_hash)
    return _enqueue_for_story(story, name, wanted, actor=actor, priority=3)


def enqueue_story(
    story: Story, kind: str, *, actor: Any, parameters: dict[str, Any] | None = None
) -> Job:
    """Enqueue the job that makes missing takes of a kind and joins the film.

    A story has at most one open job of each kind.
    """
    name = STORY_JOB[TakeKind(kind)]
    return _enqueue_for_story(story, name, parameters or {}, actor=actor, priority=4)


def _enqueue_for_story(
    story: Story, name: JobName, wanted: dict[str, Any], *, actor: Any, priority: int
) -> Job:
    job, _ = queue.enqueue(
        name,
        data=data(story.pk, name, wanted),
        subject=str(story.pk),
        owner=actor if actor is not None else story.owner,
        priority=priority,
        unique_key=f"{name}:{story.pk}",
    )
    return job


def override(job: Job, reason: str, *, actor: Any) -> None:
    """Let a story's waiting job accept stale and rejected takes, for this reason.

    A caller that locks the story locks its jobs first (`lock_jobs`). The caller wakes the job.
    """
    note = LocalizedMessage(
        gettext_noop("%(person)s takes stale and rejected takes as they are: %(reason)s"),
        {"person": str(actor or ""), "reason": reason},
    )
    with transaction.atomic():
        locked = Job.objects.select_for_update(no_key=True).filter(pk=job.pk).first()
        if locked is None:
            return
        locked.data["parameters"]["override_reason"] = reason
        Job.objects.filter(pk=locked.pk).update(data=locked.data)
        JobLog.objects.create(job=locked, message_data=note.as_json())


def enqueue_scene(
    scene: Scene,
    kind: str,
    *,
    owner: Any,
    parent: Job | None = None,
    parameters: dict[str, Any] | None = None,
    variant: int = 0,
    priority: int | None = None,
    confirmed: bool = False,
) -> tuple[Job, bool]:
    """Enqueue the job that makes one take. Returns the job and whether it is new.

    With `variant` > 0 several jobs run side by side. Without a priority of its own the job comes
    right after its parent. `confirmed`: a person has confirmed its price, so a job that waits for
    that person continues after the commit.
    """
    name = SCENE_JOB[TakeKind(kind)]
    wanted = {
        **made_from(scene, kind),
        "confirmation": newest_confirmation(scene.story_id),
        **named_call(piece_of_work(scene.pk, kind, variant)),
        "replaces": str(getattr(scene, f"{kind}_take_id") or ""),
        **(parameters or {}),
    }
    job, new = queue.enqueue(
        name,
        data=data(scene.story_id, name, wanted),
        subject=str(scene.story_id),
        item=str(scene.pk),
        owner=owner,
        parent=parent,
        priority=priority,
        unique_key=scene_key(kind, scene.pk) + (f":{variant}" if variant else ""),
    )
    if confirmed and not new:
        _continue_on_commit(job)
    return job, new


def enqueue_segment(
    scene: Scene, kind: str, *, owner: Any, parent: Job | None = None
) -> tuple[Job, bool]:
    """Enqueue the job that encodes the scene's segment of a film from the rows that it finds."""
    name = JobName.SCENE_SEGMENT
    return queue.enqueue(
        name,
        data=data(scene.story_id, name, {"kind": kind}),
        subject=str(scene.story_id),
        item=str(scene.pk),
        owner=owner,
        parent=parent,
        priority=AFTER_ALL_PAID,
        unique_key=segment_key(kind, scene.pk),
    )


# The functions below enqueue work whose price a person has confirmed. A job that waits for that
# person continues after the commit.


def enqueue_english(
    scene: Scene, *, owner: Any, provider: str, price: Decimal, seen: str, request_hash: str
) -> Job:
    """Enqueue the job that translates the scene's prompt."""
    name = JobName.SCENE_ENGLISH
    wanted = {
        "prompt_id": scene.prompt_id,
        "seen": seen,
        "provider": provider,
        "price": str(price),
        "confirmation": newest_confirmation(scene.story_id),
        **named_call(piece_of_work(scene.pk, Kind.TEXT), text_job=name, request_hash=request_hash),
    }
    return _enqueue_confirmed(
        name, wanted, story_id=scene.story_id, item=str(scene.pk), owner=owner
    )


def enqueue_sound(
    item: SoundItem,
    story: Story,
    *,
    owner: Any,
    parent: Job | None = None,
    price: Decimal,
    reason: str = "",
) -> Job:
    """Enqueue the job that makes one take of sound. At most one is open for a line, for the music
    of the film or of a scene, or for an effect.
    """
    wanted = {
        "provider": item.provider,
        "request": requests.to_json(item.request),
        "input_hash": item.input_hash,
        "text_id": item.line.current_id if item.line else None,
        "replaces": str(item.take.pk) if item.take else "",
        "price": str(price),
        "reason": reason,
        **({"scene_order": list(item.scene_order)} if item.scene_order else {}),
        **named_call(item.key),
    }
    name = SOUND_JOB[SoundKind(item.kind)]
    return _enqueue_confirmed(
        name, wanted, story_id=story.pk, item=item.item, owner=owner, parent=parent
    )


def enqueue_sheet(
    plan: SheetPlan,
    story: Story,
    *,
    owner: Any,
    price: Decimal,
    variant: int = 0,
    reason: str = "",
    select: bool = True,
) -> Job:
    """Enqueue the job that makes one reference sheet. Variants run side by side."""
    look = plan.look
    wanted = {
        "provider": plan.provider,
        "request": requests.to_json(plan.request),
        "replaces": str(look.sheet_id or ""),
        "price": str(price),
        "confirmation": newest_confirmation(story.pk),
        "reason": reason,
        "select": select,
        **named_call(sheet_key(look.pk, variant)),
    }
    return _enqueue_confirmed(
        JobName.LOOK_SHEET,
        wanted,
        story_id=story.pk,
        item=look.key,
        owner=owner,
        unique=f"{look.pk}:{variant}",
    )


def enqueue_edit(
    plan: EditPlan, story: Story, *, owner: Any, price: Decimal, reason: str = ""
) -> Job:
    """Enqueue the job that edits a take. At most one is open for the same edit."""
    wanted = {
        "provider": plan.order.provider,
        "request": requests.to_json(plan.request),
        "edit": plan.order.as_json(),
        "change_hash": plan.change_hash,
        "price": str(price),
        "reason": reason,
        **with_check(plan.check_price),
        **named_call(plan.key),
    }
    return _enqueue_confirmed(
        JobName.TAKE_EDIT,
        wanted,
        story_id=story.pk,
        item=str(plan.take.pk),
        owner=owner,
        unique=plan.key,
    )


def enqueue_vision_check(
    take: Take,
    story: Story,
    *,
    owner: Any,
    provider: str,
    price: Decimal,
    request: Any,
    parent: Job | None = None,
) -> Job:
    """Enqueue the job that has a take checked by a model. At most one is open for a take."""
    wanted = {
        "provider": provider,
        "request": requests.to_json(request),
        "price": str(price),
        "confirmation": newest_confirmation(story.pk),
        **named_call(vision_key(take.pk)),
    }
    return _enqueue_confirmed(
        JobName.TAKE_CHECK,
        wanted,
        story_id=story.pk,
        item=str(take.pk),
        owner=owner,
        parent=parent,
        priority=2,  # before the next takes of a batch, which its findings may halt
    )


def _enqueue_confirmed(
    name: JobName,
    wanted: dict[str, Any],
    *,
    story_id: Any,
    item: str,
    owner: Any,
    parent: Job | None = None,
    priority: int | None = None,
    unique: str = "",
) -> Job:
    """At most one job of this name is open for `unique`, which is the item unless it is given.

    Its priority is its parent's unless it is given.
    """
    if priority is None and parent is None:
        priority = 2
    job, new = queue.enqueue(
        name,
        data=data(story_id, name, wanted),
        subject=str(story_id),
        item=item,
        owner=owner,
        parent=parent,
        priority=priority,
        unique_key=f"{name}:{unique or item}",
    )
    if not new:
        _continue_on_commit(job)
    return job


def _continue_on_commit(job: Job) -> None:
    transaction.on_commit(lambda: queue.wake(item=job.item, name=job.name, wait_for=WaitFor.PERSON))
