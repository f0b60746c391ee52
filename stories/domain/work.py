"""Puts a story's work on the queue. Call inside the transaction of the change that asks for it; it rings after the commit."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_noop

from ground.sentence import Sentence
from jobs.domain import queue
from jobs.enums import OPEN
from jobs.models import Job, JobLog
from providers.enums import OVER, CallState
from providers.models import ProviderCall
from stories.enums import JobName, TakeKind
from stories.models import Scene, Story

SCENE_JOB = {TakeKind.IMAGE: JobName.SCENE_PREVIEW, TakeKind.CLIP: JobName.SCENE_RENDER}
TAKE_KIND = {name: kind for kind, name in SCENE_JOB.items()}
STORY_JOB = {TakeKind.IMAGE: JobName.STORY_PREVIEW, TakeKind.CLIP: JobName.STORY_RENDER}
ACTION = {
    JobName.STORY_PLANNING: "plan_story",
    JobName.STORY_PREVIEW: "generate_preview",
    JobName.STORY_RENDER: "render_final",
    JobName.SCENE_PREVIEW: "generate_image",
    JobName.SCENE_RENDER: "generate_clip",
}
COLLECT = "collect_take"
PATIENCE = timedelta(minutes=10)  # after which a story's job that waits for a person or for children looks by itself


def data(story_id: Any, name: str, parameters: dict[str, Any], *, action: str = "") -> dict[str, Any]:
    """The `data` part of the envelope."""
    return {"story_id": str(story_id), "action": action or ACTION[JobName(name)], "parameters": parameters}


def _owner(story: Story, actor: Any) -> Any:
    return actor if actor is not None else story.owner


def enqueue_planning(story: Story, *, actor: Any, replace: bool) -> Job:
    name = JobName.STORY_PLANNING
    job, _ = queue.enqueue(
        name, data=data(story.pk, name, {"replace": replace}), subject=str(story.pk), owner=_owner(story, actor), priority=3, unique_key=f"{name}:{story.pk}"
    )
    return job


def enqueue_story(story: Story, kind: str, *, actor: Any, parameters: dict[str, Any] | None = None) -> Job:
    """The job that makes what is missing of a kind and joins the film. At most one open job for a story and kind."""
    name = STORY_JOB[TakeKind(kind)]
    job, _ = queue.enqueue(
        name, data=data(story.pk, name, parameters or {}), subject=str(story.pk), owner=_owner(story, actor), priority=4, unique_key=f"{name}:{story.pk}"
    )
    return job


def override(job: Job, reason: str, *, actor: Any) -> None:
    """A story's waiting job takes stale and rejected takes as they are from now on, for this reason. The caller wakes it."""
    said = Sentence(gettext_noop("%(person)s takes stale and rejected takes as they are: %(reason)s"), {"person": str(actor or ""), "reason": reason})
    job.data["parameters"]["override_reason"] = reason
    Job.objects.filter(pk=job.pk).update(data=job.data)
    JobLog.objects.create(job=job, message_data=said.as_json())


def scene_key(kind: str, scene_id: Any) -> str:
    """At most one open job makes a kind of take for a scene, but for variants that are asked for."""
    return f"{SCENE_JOB[TakeKind(kind)]}:{scene_id}"


def enqueue_scene(
    scene: Scene, kind: str, *, owner: Any, parent: Job | None = None, parameters: dict[str, Any] | None = None, variant: int = 0, priority: int | None = None
) -> tuple[Job, bool]:
    """The job that makes one take, and whether it is new. `variant` > 0 lets several run side by side.

    Without a priority of its own it comes right after its parent.
    """
    name = SCENE_JOB[TakeKind(kind)]
    key = scene_key(kind, scene.pk) + (f":{variant}" if variant else "")
    asked = {"prompt_id": scene.prompt_id, **(parameters or {})}
    return queue.enqueue(
        name,
        data=data(scene.story_id, name, asked),
        subject=str(scene.story_id),
        item=str(scene.pk),
        owner=owner,
        parent=parent,
        priority=priority,
        unique_key=key,
    )


def call_key(job: Job) -> str:
    """Names the one provider call of a scene's or a planning job; a collecting job goes on with the call of the cancelled one."""
    return str(job.data["parameters"].get("call_key") or job.pk)


def may_spend(job: Job) -> bool:
    """Whether the next turn of a scene's job may send a call of its own, rather than go on with the one there is."""
    if job.name not in TAKE_KIND or not job.item or job.data["action"] == COLLECT:
        return False
    return not ProviderCall.objects.filter(key=call_key(job)).exclude(state__in=OVER).exists()


def collect_paid_result(job: Job) -> None:
    """After a cancel: if a call of the job is out, let its result land as a take that is not chosen."""
    out = ProviderCall.objects.filter(key=call_key(job), state__in=[CallState.SENDING, CallState.ACCEPTED, CallState.SETTLED]).exists()
    if not out or job.data["action"] == COLLECT:
        return
    parameters = {**job.data["parameters"], "call_key": call_key(job), "select": False}
    queue.enqueue(
        job.name,
        data=data(job.subject, job.name, parameters, action=COLLECT),
        subject=job.subject,
        item=job.item,
        owner=job.owner,
        unique_key=f"collect:{job.pk}",
    )


def wake_story_jobs(story_id: Any) -> None:
    """The story's own jobs look again, now. Only their rows are touched, in one order."""
    for name in STORY_JOB.values():
        queue.wake(subject=str(story_id), name=name)


def look_again(story_id: Any) -> None:
    """As `wake_story_jobs`, after the commit: whoever holds the story's lock must not wait for its jobs' rows.

    Should the process die in between, the jobs look again by themselves within `PATIENCE`.
    """
    transaction.on_commit(lambda: wake_story_jobs(story_id))


def lock_jobs(story_id: Any) -> None:
    """Lock the story's open jobs, children first, as the end of a job does; then the story may be locked without a deadlock."""
    rows = Job.objects.select_for_update().filter(subject=str(story_id), status__in=OPEN)
    list(rows.order_by(F("parent").asc(nulls_last=True), "pk").values_list("pk", flat=True))
