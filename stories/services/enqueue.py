"""Enqueues a story's jobs.

Call these functions inside the transaction of the change that needs the job. The wake-up is sent
after the commit.
"""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_noop

from core.localized_messages import LocalizedMessage
from jobs.enums import OPEN, JobStatus, WaitFor
from jobs.models import Job, JobLog
from jobs.services import queue
from providers import requests
from providers.enums import OPEN_CALL, OVER, CallState, Kind
from providers.models import ProviderCall
from stories.enums import JobName, SoundKind, TakeKind
from stories.models import (
    Comment,
    Confirmation,
    Line,
    Look,
    Scene,
    SheetTake,
    SoundTake,
    Story,
    Take,
)

from .worn import worn_in

if TYPE_CHECKING:
    from .sheets import SheetPlan
    from .sound_plan import SoundItem

SCENE_JOB = {TakeKind.IMAGE: JobName.SCENE_PREVIEW, TakeKind.CLIP: JobName.SCENE_RENDER}
TAKE_KIND = {name: kind for kind, name in SCENE_JOB.items()}
SOUND_JOB = {SoundKind.SPEECH: JobName.LINE_SPEECH, SoundKind.MUSIC: JobName.STORY_MUSIC}
SOUND_KIND = {name: kind for kind, name in SOUND_JOB.items()}
# The job that makes each kind of take, of pictures and of sound.
TAKE_JOB: dict[str, JobName] = {
    str(kind): name for kind, name in (*SCENE_JOB.items(), *SOUND_JOB.items())
}
# Every job that makes one take, also of a reference sheet.
TAKE_NAMES = frozenset({*TAKE_JOB.values(), JobName.LOOK_SHEET})
SHEET = "sheet"  # how the keys of calls for reference sheets begin
STORY_JOB = {TakeKind.IMAGE: JobName.STORY_PREVIEW, TakeKind.CLIP: JobName.STORY_RENDER}
STORY_KIND = {name: kind for kind, name in STORY_JOB.items()}
ACTION = {
    JobName.STORY_PLANNING: "plan_story",
    JobName.STORY_PREVIEW: "generate_preview",
    JobName.STORY_RENDER: "render_final",
    JobName.SCENE_PREVIEW: "generate_image",
    JobName.SCENE_RENDER: "generate_clip",
    JobName.SCENE_ENGLISH: "to_english",
    JobName.LINE_SPEECH: "generate_speech",
    JobName.STORY_MUSIC: "generate_music",
    JobName.STORY_STEMS: "make_stems",
    JobName.LOOK_SHEET: "generate_sheet",
}
# Made by language models; their cost is confirmed like that of takes.
TEXT_JOBS = frozenset({JobName.STORY_PLANNING, JobName.SCENE_ENGLISH})
INGEST_ONLY = "collect_take"
COLLECTED = 2  # priority: paid results come before new purchases
UNDER_WAY = (*OPEN_CALL, CallState.UNCLEAR)
# A story's job that waits for a person or for children checks by itself after this time.
WAIT_TIMEOUT = timedelta(minutes=10)


def data(
    story_id: Any, name: str, parameters: dict[str, Any], *, action: str = ""
) -> dict[str, Any]:
    """The `data` part of the envelope."""
    return {
        "story_id": str(story_id),
        "action": action or ACTION[JobName(name)],
        "parameters": parameters,
    }


def _owner(story: Story, actor: Any) -> Any:
    return actor if actor is not None else story.owner


def has_history(scene: Scene) -> bool:
    """Whether anything was made, ordered or said for the scene."""
    named = (Job, ProviderCall)
    return (
        Take.objects.filter(scene=scene).exists()
        or Comment.objects.filter(scene=scene).exists()
        or any(model._default_manager.filter(item=str(scene.pk)).exists() for model in named)  # noqa: SLF001  Django's documented API
    )


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
    known = (
        Confirmation.objects.filter(story=story)
        .order_by("-id")
        .values_list("pk", flat=True)
        .first()
    )
    wanted: dict[str, Any] = {"replace": replace}
    if price is not None:
        wanted |= {"price": str(price), "confirmation": known}
    if request_hash:
        key = planning_key(story, request_hash)
        wanted |= _named(key, text_job=name, request_hash=request_hash)
    job, _ = queue.enqueue(
        name,
        data=data(story.pk, name, wanted),
        subject=str(story.pk),
        owner=_owner(story, actor),
        priority=3,
        unique_key=f"{name}:{story.pk}",
    )
    return job


def enqueue_story(
    story: Story, kind: str, *, actor: Any, parameters: dict[str, Any] | None = None
) -> Job:
    """Enqueue the job that makes missing takes of a kind and joins the film.

    A story has at most one open job of each kind.
    """
    name = STORY_JOB[TakeKind(kind)]
    job, _ = queue.enqueue(
        name,
        data=data(story.pk, name, parameters or {}),
        subject=str(story.pk),
        owner=_owner(story, actor),
        priority=4,
        unique_key=f"{name}:{story.pk}",
    )
    return job


def override(job: Job, reason: str, *, actor: Any) -> None:
    """Let a story's waiting job accept stale and rejected takes, for this reason.

    The caller wakes the job.
    """
    note = LocalizedMessage(
        gettext_noop("%(person)s takes stale and rejected takes as they are: %(reason)s"),
        {"person": str(actor or ""), "reason": reason},
    )
    # The caller holds the story's lock and must not wait for rows of its jobs: write at once if the
    # row is free, else after the commit.
    if not _override(job.pk, reason, note, waiting=False):
        transaction.on_commit(lambda: _override(job.pk, reason, note, waiting=True))


def _override(job_id: str, reason: str, note: LocalizedMessage, *, waiting: bool) -> bool:
    """Write the override under the job's own row lock.

    `waiting`: wait for the lock. Returns whether it was written.
    """
    with transaction.atomic():
        skip = not waiting and connection.features.has_select_for_update_skip_locked
        job = Job.objects.select_for_update(no_key=True, skip_locked=skip).filter(pk=job_id).first()
        if job is None:
            return False
        job.data["parameters"]["override_reason"] = reason
        Job.objects.filter(pk=job.pk).update(data=job.data)
        JobLog.objects.create(job=job, message_data=note.as_json())
    return True


def enqueue_english(
    scene: Scene, *, owner: Any, provider: str, price: Decimal, seen: str, request_hash: str
) -> Job:
    """Enqueue the job that translates the scene's prompt.

    A job that waits for a person to confirm its price continues after the commit.
    """
    name = JobName.SCENE_ENGLISH
    known = (
        Confirmation.objects.filter(story_id=scene.story_id)
        .order_by("-id")
        .values_list("pk", flat=True)
        .first()
    )
    wanted = {
        "prompt_id": scene.prompt_id,
        "seen": seen,
        "provider": provider,
        "price": str(price),
        "confirmation": known,
    }
    key = piece_of_work(scene.pk, Kind.TEXT)
    wanted |= _named(key, text_job=name, request_hash=request_hash)
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
    """At most one open job makes a kind of take for a scene, except for requested variants."""
    return f"{SCENE_JOB[TakeKind(kind)]}:{scene_id}"


def enqueue_scene(
    scene: Scene,
    kind: str,
    *,
    owner: Any,
    parent: Job | None = None,
    parameters: dict[str, Any] | None = None,
    variant: int = 0,
    priority: int | None = None,
) -> tuple[Job, bool]:
    """Enqueue the job that makes one take. Returns the job and whether it is new.

    With `variant` > 0 several jobs run side by side. Without a priority of its own the job comes
    right after its parent.
    """
    name = SCENE_JOB[TakeKind(kind)]
    key = scene_key(kind, scene.pk) + (f":{variant}" if variant else "")
    known = (
        Confirmation.objects.filter(story_id=scene.story_id)
        .order_by("-id")
        .values_list("pk", flat=True)
        .first()
    )
    named = {
        "confirmation": known,
        **_named(piece_of_work(scene.pk, kind, variant)),
        "replaces": str(getattr(scene, f"{kind}_take_id") or ""),
    }
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
    """As `enqueue_scene`, for work that a person has confirmed.

    A job that waited for the confirmation continues after the commit.
    """
    job, new = enqueue_scene(scene, kind, **values)
    if not new:
        transaction.on_commit(
            lambda: queue.wake(item=job.item, name=job.name, wait_for=WaitFor.PERSON)
        )
    return job, new


def sound_key(kind: str, item: str) -> str:
    """Identifies the speech of a line or the music of a story, in calls and confirmations."""
    return f"{kind}:{item}"


def enqueue_sound(
    item: "SoundItem",
    story: Story,
    *,
    owner: Any,
    parent: Job | None = None,
    price: Decimal,
    reason: str = "",
) -> Job:
    """Enqueue the job that makes one take of sound. At most one is open for a line or for the
    music.

    A job that waits for a person to confirm its price continues after the commit.
    """
    name = SOUND_JOB[SoundKind(item.kind)]
    wanted = {
        "provider": item.provider,
        "request": requests.to_json(item.request),
        "input_hash": item.input_hash,
        "text_id": item.line.current_id if item.line else None,
        "replaces": str(item.take.pk) if item.take else "",
        "price": str(price),
        "reason": reason,
        **_named(item.key),
    }
    job, new = queue.enqueue(
        name,
        data=data(story.pk, name, wanted),
        subject=str(story.pk),
        item=item.item,
        owner=owner,
        parent=parent,
        priority=None if parent else 2,
        unique_key=f"{name}:{item.item}",
    )
    if not new:
        transaction.on_commit(lambda: queue.wake(item=job.item, name=name, wait_for=WaitFor.PERSON))
    return job


def enqueue_sheet(
    plan: "SheetPlan",
    story: Story,
    *,
    owner: Any,
    price: Decimal,
    variant: int = 0,
    reason: str = "",
    select: bool = True,
) -> Job:
    """Enqueue the job that makes one reference sheet. Variants run side by side.

    A job that waits for a person to confirm its price continues after the commit.
    """
    name, look = JobName.LOOK_SHEET, plan.look
    key = f"{SHEET}:{look.pk}:{variant}"
    known = (
        Confirmation.objects.filter(story=story).order_by("-id").values_list("pk", flat=True)
    ).first()
    wanted = {
        "provider": plan.provider,
        "request": requests.to_json(plan.request),
        "replaces": str(look.sheet_id or ""),
        "price": str(price),
        "confirmation": known,
        "reason": reason,
        "select": select,
        **_named(key),
    }
    job, new = queue.enqueue(
        name,
        data=data(story.pk, name, wanted),
        subject=str(story.pk),
        item=look.key,
        owner=owner,
        priority=2,
        unique_key=f"{name}:{look.pk}:{variant}",
    )
    if not new:
        transaction.on_commit(lambda: queue.wake(item=job.item, name=name, wait_for=WaitFor.PERSON))
    return job


def job_of(call: ProviderCall) -> JobName:
    """The name of the jobs that make what this call makes."""
    return JobName.LOOK_SHEET if call.key.startswith(f"{SHEET}:") else TAKE_JOB[call.kind]


def piece_of_work(scene_id: Any, kind: str, variant: int = 0) -> str:
    """The key of a provider call: one kind of take for one scene, whichever job makes it.

    A key has at most one open call.

    Each of several variants that a person requests side by side has its own key.
    """
    return f"{kind}:{scene_id}:{variant}"


def planning_key(story: Story, request_hash: str) -> str:
    """The key of a story's planning call. Another script or length is another piece of work."""
    return f"plan:{story.pk}:{request_hash[:16]}"


def _is_used(call: ProviderCall, name: JobName) -> bool:
    """Whether a job of this name has used the result of the call.

    A job that was stopped while the answer came has not.
    """
    done = Job.objects.filter(
        subject=call.subject,
        item=call.item,
        name=name,
        status=JobStatus.SUCCEEDED,
        finished_at__gte=call.ended_at or call.reserved_at,
    )
    return any(follows(job, call) for job in done)


def _named(key: str, *, text_job: JobName | None = None, request_hash: str = "") -> dict[str, Any]:
    """The values that identify a job's call.

    These are the key, and the number of the newest call that had ended when the work was requested.
    An open call is continued, so it counts as later. So does the text of exactly this request that
    is paid for and that no `text_job` has used. The values are set when the job is created, under
    the story's lock, so that each attempt finds its call again.
    """
    newest = ProviderCall.objects.filter(key=key).order_by("-attempt_no").first()
    if newest is None:
        return {"call_key": key, "after": 0}
    continues = newest.state in UNDER_WAY or (
        text_job is not None
        and newest.state == CallState.SETTLED
        and newest.request_hash == request_hash
        and not _is_used(newest, text_job)
    )
    return {"call_key": key, "after": newest.attempt_no - continues}


def call_key(job: Job) -> str:
    """The call key of a scene's or a planning job.

    Calls of jobs from earlier versions are named after the job.
    """
    return str(job.data["parameters"].get("call_key") or job.pk)


def after(job: Job) -> int:
    """The number of the newest call of the key when the job was created.

    Calls up to that number belong to earlier work.
    """
    return int(job.data["parameters"].get("after") or 0)


def follows(job: Job, call: ProviderCall) -> bool:
    """Whether this call was made for this job."""
    return "parameters" in job.data and call_key(job) == call.key and call.attempt_no > after(job)


def made_from(scene: Scene, kind: str) -> dict[str, Any]:
    """The current inputs of a take of this scene, as recorded in a job and a confirmation."""
    words: dict[str, Any] = {"prompt_id": scene.prompt_id}
    if worn := worn_in(scene):
        words["worn"] = msgspec.to_builtins(worn)
    if kind == TakeKind.CLIP:
        words["image_take_id"] = str(scene.image_take_id or "")
    return words


def asked(job: Job) -> dict[str, Any]:
    """What a scene's job is to make and at what price.

    These are the values at its creation, or those a person has confirmed since.
    """
    parameters: dict[str, Any] = job.data["parameters"]
    if job.name in SOUND_KIND:
        return _sound_as_confirmed(job, parameters)
    kind = _confirmed_as(job)
    if kind is None or job.data["action"] == INGEST_ONLY or not _is_id(job.subject):
        return parameters
    later = Confirmation.objects.filter(
        story_id=UUID(job.subject), kind=kind, id__gt=parameters.get("confirmation") or 0
    )
    found = (
        lines[job.item]
        for lines in later.order_by("-id").values_list("lines", flat=True)
        if job.item in lines
    )
    line: dict[str, Any] = next(found, {})
    if "prompt_id" in line and "worn" not in line:
        # Confirmed while the scene showed nobody of the cast.
        parameters = {name: value for name, value in parameters.items() if name != "worn"}
    return {**parameters, **line}


def _sound_as_confirmed(job: Job, parameters: dict[str, Any]) -> dict[str, Any]:
    """A take of sound is confirmed together with the story's pictures or clips, under its key."""
    key = sound_key(SOUND_KIND[JobName(job.name)], job.item)
    rows = Confirmation.objects.filter(story_id=UUID(job.subject), at__gte=job.created_at).order_by(
        "-id"
    )
    found = (lines[key] for lines in rows.values_list("lines", flat=True) if key in lines)
    return {**parameters, **next(found, {})}


def _confirmed_as(job: Job) -> str | None:
    """The kind under which the job's result is confirmed."""
    if job.name in TEXT_JOBS:
        return Kind.TEXT
    if job.name == JobName.LOOK_SHEET:
        return Kind.IMAGE
    return TAKE_KIND.get(JobName(job.name)) if job.name in JobName else None


def call_of(job: Job) -> ProviderCall | None:
    """The newest call that was made for this job."""
    return (
        ProviderCall.objects.filter(key=call_key(job), attempt_no__gt=after(job))
        .order_by("-attempt_no")
        .first()
    )


def may_spend(job: Job) -> bool:
    """Whether the next attempt of a scene's job may make a new call.

    Otherwise it continues the existing one.
    """
    if job.name not in TAKE_NAMES or not job.item or job.data["action"] == INGEST_ONLY:
        return False
    return (
        not ProviderCall.objects.filter(key=call_key(job), attempt_no__gt=after(job))
        .exclude(state__in=OVER)
        .exists()
    )


def to_collect() -> QuerySet[ProviderCall]:
    """Calls for takes that are open, or whose result has not become a take yet.

    The state of their jobs does not matter.
    """
    paid = (
        Q(state__in=[CallState.SENDING, CallState.ACCEPTED])
        | Q(state=CallState.SETTLED) & ~has_take()
    )
    return ProviderCall.objects.filter(paid, kind__in=list(TAKE_JOB)).exclude(item="")


def has_take() -> Q:
    """Whether the result of a call has become a take."""
    found = Q(Exists(Take.objects.filter(call=OuterRef("pk"))))
    found |= Q(Exists(SoundTake.objects.filter(call=OuterRef("pk"))))
    return found | Q(Exists(SheetTake.objects.filter(call=OuterRef("pk"))))


def not_followed(calls: Iterable[ProviderCall]) -> list[ProviderCall]:
    """Those of these calls that no open job follows and whose scene, line, look or story exists.

    At most six queries.
    """
    wanted = list(calls)
    items = {call.item for call in wanted}
    jobs: dict[str, list[Job]] = {}
    for job in Job.objects.filter(item__in=items, name__in=TAKE_NAMES, status__in=OPEN):
        jobs.setdefault(job.item, []).append(job)
    known = _existing(Scene, items)
    if rest := items - known:
        known |= _existing(Line, rest) | _existing(Story, rest) | _existing(Look, rest)
    return [
        call
        for call in wanted
        if call.item in known and not any(follows(job, call) for job in jobs.get(call.item, []))
    ]


def _existing(model: type[Scene | Line | Story | Look], items: Iterable[str]) -> set[str]:
    keys = list(filter(_is_id, items))
    return {
        str(pk)
        for pk in model._default_manager.filter(pk__in=keys).values_list("pk", flat=True)  # noqa: SLF001  Django's documented API
    }


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def collect(calls: Iterable[ProviderCall]) -> int:
    """Create a job for each of these calls that no open job follows. Returns how many are created.

    The rule looks at the calls alone, so it holds however a job ended: cancelled, aborted, failed
    or lost.
    """
    return sum(_collect_one(call) for call in not_followed(calls) if _is_left(call))


def _is_left(call: ProviderCall) -> bool:
    """Whether the call still has to be collected.

    Read after its jobs: one that ended since the call was read has recorded the take.
    """
    return to_collect().filter(pk=call.pk).exists()


def _collect_one(call: ProviderCall) -> bool:
    name = job_of(call)
    ordered = asked_for(call)
    asked = {
        **(ordered.data["parameters"] if ordered else {}),
        "call_key": call.key,
        "after": call.attempt_no - 1,
        "call_id": str(call.pk),
    }
    wanted = data(call.subject, name, asked, action=INGEST_ONLY)
    _, new = queue.enqueue(
        name,
        data=wanted,
        subject=call.subject,
        item=call.item,
        owner=call.actor,
        unique_key=f"collect:{call.pk}",
        priority=COLLECTED,
    )
    return new


def asked_for(call: ProviderCall) -> Job | None:
    """The job that ordered the call; it has the prompt and the reason.

    None once its row is removed.
    """
    jobs = Job.objects.filter(item=call.item, name=job_of(call)).order_by("-created_at")
    return next((job for job in but_collectors(jobs) if follows(job, call)), None)


def but_collectors(jobs: QuerySet[Job]) -> QuerySet[Job]:
    """These jobs, without those that only collect paid results.

    A job without an action is not a collector.
    """
    return jobs.filter(
        ~Q(data__action=INGEST_ONLY) | Q(data__action=None) | Q(data__action__isnull=True)
    )


def wake_story_jobs(story_id: Any) -> None:
    """Wake the story's own jobs now. Only their rows are locked, in a fixed order."""
    for name in STORY_JOB.values():
        queue.wake(subject=str(story_id), name=name)


def wake_story_jobs_on_commit(story_id: Any) -> None:
    """As `wake_story_jobs`, after the commit.

    A caller that holds the story's lock must not wait for its jobs' rows. If the process dies in
    between, the jobs check by themselves within `WAIT_TIMEOUT`.
    """
    transaction.on_commit(lambda: wake_story_jobs(story_id))


def lock_jobs(story_id: Any) -> None:
    """Lock the story's open jobs, children first, as the end of a job does.

    The story may then be locked without a deadlock.
    """
    rows = Job.objects.select_for_update().filter(subject=str(story_id), status__in=OPEN)
    list(rows.order_by(F("parent").asc(nulls_last=True), "pk").values_list("pk", flat=True))
