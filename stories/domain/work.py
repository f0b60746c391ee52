"""Puts a story's work on the queue. Call inside the transaction of the change that asks for it; it rings after the commit."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_noop

from ground.sentence import Sentence
from jobs.domain import queue
from jobs.enums import OPEN, WaitFor
from jobs.models import Job, JobLog
from providers.enums import OPEN_CALL, OVER, CallState, Kind
from providers.models import ProviderCall
from stories.enums import JobName, TakeKind
from stories.models import Comment, Confirmation, Scene, Story, Take

SCENE_JOB = {TakeKind.IMAGE: JobName.SCENE_PREVIEW, TakeKind.CLIP: JobName.SCENE_RENDER}
TAKE_KIND = {name: kind for kind, name in SCENE_JOB.items()}
STORY_JOB = {TakeKind.IMAGE: JobName.STORY_PREVIEW, TakeKind.CLIP: JobName.STORY_RENDER}
STORY_KIND = {name: kind for kind, name in STORY_JOB.items()}
ACTION = {
    JobName.STORY_PLANNING: "plan_story",
    JobName.STORY_PREVIEW: "generate_preview",
    JobName.STORY_RENDER: "render_final",
    JobName.SCENE_PREVIEW: "generate_image",
    JobName.SCENE_RENDER: "generate_clip",
    JobName.SCENE_ENGLISH: "to_english",
}
TEXT_JOBS = frozenset({JobName.STORY_PLANNING, JobName.SCENE_ENGLISH})  # by language models; what they cost is confirmed like takes
COLLECT = "collect_take"
COLLECTED = 2  # priority: what is paid comes before what is still to be bought
UNDER_WAY = (*OPEN_CALL, CallState.UNCLEAR)
PATIENCE = timedelta(minutes=10)  # after which a story's job that waits for a person or for children looks by itself


def data(story_id: Any, name: str, parameters: dict[str, Any], *, action: str = "") -> dict[str, Any]:
    """The `data` part of the envelope."""
    return {"story_id": str(story_id), "action": action or ACTION[JobName(name)], "parameters": parameters}


def _owner(story: Story, actor: Any) -> Any:
    return actor if actor is not None else story.owner


def has_history(scene: Scene) -> bool:
    """Whether anything was made for the scene, ordered for it or said of it."""
    named = (Job, ProviderCall)
    return (
        Take.objects.filter(scene=scene).exists()
        or Comment.objects.filter(scene=scene).exists()
        or any(model._default_manager.filter(item=str(scene.pk)).exists() for model in named)  # noqa: SLF001  Django's documented API
    )


def enqueue_planning(story: Story, *, actor: Any, replace: bool, price: Decimal | None = None) -> Job:
    """`price`: what was confirmed for the call, in USD; None when none is made."""
    name = JobName.STORY_PLANNING
    known = Confirmation.objects.filter(story=story).order_by("-id").values_list("pk", flat=True).first()
    wanted: dict[str, Any] = {"replace": replace}
    if price is not None:
        wanted |= {"price": str(price), "confirmation": known}
    job, _ = queue.enqueue(
        name, data=data(story.pk, name, wanted), subject=str(story.pk), owner=_owner(story, actor), priority=3, unique_key=f"{name}:{story.pk}"
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
    # Whoever holds the story's lock must not wait for its jobs' rows: at once if the row is free, else after the commit.
    if not _override(job.pk, reason, said, waiting=False):
        transaction.on_commit(lambda: _override(job.pk, reason, said, waiting=True))


def _override(job_id: str, reason: str, said: Sentence, *, waiting: bool) -> bool:
    """Under the lock of the job's own row; `waiting` for it. Returns whether it was written."""
    with transaction.atomic():
        skip = not waiting and connection.features.has_select_for_update_skip_locked
        job = Job.objects.select_for_update(no_key=True, skip_locked=skip).filter(pk=job_id).first()
        if job is None:
            return False
        job.data["parameters"]["override_reason"] = reason
        Job.objects.filter(pk=job.pk).update(data=job.data)
        JobLog.objects.create(job=job, message_data=said.as_json())
    return True


def enqueue_english(scene: Scene, *, owner: Any, provider: str, price: Decimal, seen: str) -> Job:
    """The job that puts the scene's prompt into English; one that waits for a person's word on its price goes on after the commit."""
    name = JobName.SCENE_ENGLISH
    known = Confirmation.objects.filter(story_id=scene.story_id).order_by("-id").values_list("pk", flat=True).first()
    wanted = {"prompt_id": scene.prompt_id, "seen": seen, "provider": provider, "price": str(price), "confirmation": known}
    wanted |= _named(piece_of_work(scene.pk, Kind.TEXT))
    job, new = queue.enqueue(
        name,
        data=data(scene.story_id, name, wanted),
        subject=str(scene.story_id),
        item=str(scene.pk),
        owner=owner,
        priority=2,
        unique_key=f"{name}:{scene.pk}",
    )
    if not new:
        transaction.on_commit(lambda: queue.wake(item=job.item, name=name, wait_for=WaitFor.PERSON))
    return job


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
    known = Confirmation.objects.filter(story_id=scene.story_id).order_by("-id").values_list("pk", flat=True).first()
    named = {"confirmation": known, **_named(piece_of_work(scene.pk, kind, variant)), "replaces": str(getattr(scene, f"{kind}_take_id") or "")}
    wanted = {**made_from(scene, kind), **named, **(parameters or {})}
    return queue.enqueue(
        name,
        data=data(scene.story_id, name, wanted),
        subject=str(scene.story_id),
        item=str(scene.pk),
        owner=owner,
        parent=parent,
        priority=priority,
        unique_key=key,
    )


def order_scene(scene: Scene, kind: str, **values: Any) -> tuple[Job, bool]:
    """As `enqueue_scene`, for what a person has confirmed: a job that waited for that goes on after the commit."""
    job, new = enqueue_scene(scene, kind, **values)
    if not new:
        transaction.on_commit(lambda: queue.wake(item=job.item, name=job.name, wait_for=WaitFor.PERSON))
    return job, new


def piece_of_work(scene_id: Any, kind: str, variant: int = 0) -> str:
    """The key of a provider call: one kind of take for one scene, whatever job asks for it. At most one call of a key is open.

    Each variant that a person asks for side by side is a piece of work of its own.
    """
    return f"{kind}:{scene_id}:{variant}"


def _named(key: str) -> dict[str, Any]:
    """What tells a job its call: the key, and the number of the newest call that ended before the work was asked for.

    An open call is continued, so it counts as later. Set when the job is made, under the story's lock; so each attempt finds its call again.
    """
    newest = ProviderCall.objects.filter(key=key).order_by("-generation").values_list("generation", "state").first()
    generation, state = newest or (0, "")
    return {"call_key": key, "after": generation - (state in UNDER_WAY)}


def call_key(job: Job) -> str:
    """Names the piece of work of a scene's or a planning job. Jobs of earlier versions have calls that are named after them."""
    return str(job.data["parameters"].get("call_key") or job.pk)


def after(job: Job) -> int:
    """The number of the newest call of the key when the job was made: what ended up to there is an earlier piece of work."""
    return int(job.data["parameters"].get("after") or 0)


def follows(job: Job, call: ProviderCall) -> bool:
    """Whether this call was made for this job."""
    return "parameters" in job.data and call_key(job) == call.key and call.generation > after(job)


def made_from(scene: Scene, kind: str) -> dict[str, Any]:
    """What a take of this scene is made from now, as a job and a confirmation name it."""
    words: dict[str, Any] = {"prompt_id": scene.prompt_id}
    if kind == TakeKind.CLIP:
        words["image_take_id"] = str(scene.image_take_id or "")
    return words


def asked(job: Job) -> dict[str, Any]:
    """What a scene's job is to make, and for how much: as it was made for, or as a person has confirmed it since."""
    parameters: dict[str, Any] = job.data["parameters"]
    kind = _confirmed_as(job)
    if kind is None or job.data["action"] == COLLECT or not _is_id(job.subject):
        return parameters
    later = Confirmation.objects.filter(story_id=UUID(job.subject), kind=kind, id__gt=parameters.get("confirmation") or 0)
    found = (lines[job.item] for lines in later.order_by("-id").values_list("lines", flat=True) if job.item in lines)
    return {**parameters, **next(found, {})}


def _confirmed_as(job: Job) -> str | None:
    """The kind under which what a job makes is confirmed."""
    if job.name in TEXT_JOBS:
        return Kind.TEXT
    return TAKE_KIND.get(JobName(job.name)) if job.name in JobName else None


def call_of(job: Job) -> ProviderCall | None:
    """The newest call that was made for this job."""
    return ProviderCall.objects.filter(key=call_key(job), generation__gt=after(job)).order_by("-generation").first()


def may_spend(job: Job) -> bool:
    """Whether the next attempt of a scene's job may send a call of its own, rather than go on with the one there is."""
    if job.name not in TAKE_KIND or not job.item or job.data["action"] == COLLECT:
        return False
    return not ProviderCall.objects.filter(key=call_key(job), generation__gt=after(job)).exclude(state__in=OVER).exists()


def to_collect() -> QuerySet[ProviderCall]:
    """Calls for takes that are out, or whose result has not become a take yet, whatever has become of their jobs."""
    taken = Take.objects.filter(call=OuterRef("pk"))
    paid = Q(state__in=[CallState.SENDING, CallState.ACCEPTED]) | Q(state=CallState.SETTLED) & ~Exists(taken)
    return ProviderCall.objects.filter(paid, kind__in=TakeKind.values).exclude(item="")


def not_followed(calls: Iterable[ProviderCall]) -> list[ProviderCall]:
    """Those of these calls that no open job brings to their end, and whose scene's row is still there; three queries."""
    wanted = list(calls)
    items = {call.item for call in wanted}
    jobs: dict[str, list[Job]] = {}
    for job in Job.objects.filter(item__in=items, name__in=TAKE_KIND, status__in=OPEN):
        jobs.setdefault(job.item, []).append(job)
    scenes = {str(pk) for pk in Scene.objects.filter(pk__in=filter(_is_id, items)).values_list("pk", flat=True)}
    return [call for call in wanted if call.item in scenes and not any(follows(job, call) for job in jobs.get(call.item, []))]


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def collect(calls: Iterable[ProviderCall]) -> int:
    """A job for each of these that no open job brings to its end. Returns how many are made.

    The rule looks at the calls alone, so it holds however a job ended: cancelled, given up, failed or lost.
    """
    return sum(_collect_one(call) for call in not_followed(calls))


def _collect_one(call: ProviderCall) -> bool:
    name = SCENE_JOB[TakeKind(call.kind)]
    ordered = asked_for(call)
    asked = {**(ordered.data["parameters"] if ordered else {}), "call_key": call.key, "after": call.generation - 1, "call_id": str(call.pk)}
    wanted = data(call.subject, name, asked, action=COLLECT)
    _, new = queue.enqueue(name, data=wanted, subject=call.subject, item=call.item, owner=call.actor, unique_key=f"collect:{call.pk}", priority=COLLECTED)
    return new


def asked_for(call: ProviderCall) -> Job | None:
    """The job that ordered the call: it says with which words and why. None once its row has been removed."""
    jobs = Job.objects.filter(item=call.item, name=SCENE_JOB[TakeKind(call.kind)]).order_by("-created_at")
    return next((job for job in but_collectors(jobs) if follows(job, call)), None)


def but_collectors(jobs: QuerySet[Job]) -> QuerySet[Job]:
    """These jobs without those that only bring in what is paid. A job without an action is none of those."""
    return jobs.filter(~Q(data__action=COLLECT) | Q(data__action=None) | Q(data__action__isnull=True))


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
