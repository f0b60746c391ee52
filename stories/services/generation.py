"""Starts what a plan makes, in any status of the story.

Depending on the status this is a state transition or only the work itself.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_noop

from core import visible
from jobs.enums import OPEN, JobStatus
from jobs.models import Job
from jobs.services import queue
from stories.enums import JobName, StoryStatus, TakeKind
from stories.errors import GuardRefused, Invalid
from stories.models import Scene, Story, Take

from . import enqueue
from .approvals import (
    SpendRequest,
    approval_transaction,
    ask_for_english,
    ask_for_plan,
    ask_for_planning,
    ask_for_retry,
    ask_for_sound,
    ask_for_takes,
    authorize_spend,
    bind,
)
from .english import EnglishPlan, plan_english, seen
from .locking import locked_story
from .permissions import require_job_owner, require_story_owner
from .plan import Mode, Plan, confirm, confirm_amount, plan_generation, require_some
from .sound_plan import plan_sound, priced_again
from .transitions import SPENDS, apply_transition

# The status transition that starts a kind of work, where the table has it, and the status in which
# it has started.
CHANGE = {kind: name for name, kind in SPENDS.items()}
WAYS = frozenset({(TakeKind.IMAGE, StoryStatus.PLANNED), (TakeKind.CLIP, StoryStatus.PREVIEWING)})
BEGUN = {TakeKind.IMAGE: StoryStatus.PREVIEWING, TakeKind.CLIP: StoryStatus.RENDERING}
OPEN_TO = {
    TakeKind.IMAGE: frozenset(
        {StoryStatus.PLANNED, StoryStatus.PREVIEWING, StoryStatus.RENDERING, StoryStatus.COMPLETED}
    ),
    TakeKind.CLIP: frozenset(
        {StoryStatus.PREVIEWING, StoryStatus.RENDERING, StoryStatus.COMPLETED}
    ),
}

NOTHING_IN_ENGLISH = gettext_noop("Nothing can be put into English. Scene %(position)s: %(why)s")
LEFT = gettext_noop(
    "The story has left the step that this job belongs to. Begin that step again from the story."
)


def why_closed(story: Story, kind: str) -> GuardRefused | None:
    """Why the story's status does not allow takes of this kind, or None."""
    if story.status in OPEN_TO[TakeKind(kind)]:
        return None
    if kind == TakeKind.CLIP and story.status == StoryStatus.PLANNED:
        return GuardRefused(gettext_noop("Make the pictures first; clips are made from them."))
    return GuardRefused(
        gettext_noop("Nothing is made while the story is “%(status)s”."),
        status=StoryStatus(story.status).label,
    )


def launch(
    story_id: UUID | str,
    kind: str,
    *,
    actor: Any,
    mode: Mode = "missing",
    scene_ids: Sequence[UUID] | None = None,
    confirm_total: Decimal | None,
    plan_hash: str | None,
    override_reason: str = "",
    ask_again: bool = False,
) -> Plan:
    """Start what the plan makes, for the story or some of its scenes, at the confirmed price.

    A start for the whole story moves it to its next status where the table allows (planned:
    preview; previewed: final film). `override_reason`: why stale or rejected takes go into the film
    unchanged; only for the whole story. Raises Forbidden, PlanChanged, ApprovalNeeded, NotAllowed,
    GuardRefused, or Invalid if there is nothing to make.
    """
    with approval_transaction():
        story = Story.objects.select_for_update().get(pk=story_id)
        require_story_owner(actor, story)
        override_reason = "" if scene_ids is not None else visible.stripped(override_reason)
        plan = plan_generation(
            story,
            kind,
            mode=mode,
            scene_ids=None if scene_ids is None else list(scene_ids),
            as_is=bool(override_reason),
        )
        confirm(plan, total=confirm_total, plan_hash=plan_hash)
        if closed := why_closed(story, kind):
            raise closed
        require_some(plan)
        if plan.makes_nothing and not (override_reason and plan.doubtful):
            raise Invalid(gettext_noop("There is nothing to make."), field="mode")
        parent = Job.objects.filter(
            unique_key=f"{enqueue.STORY_JOB[TakeKind(kind)]}:{story.pk}", status=JobStatus.WAITING
        ).first()
        if scene_ids is not None or parent is not None:
            confirmation = authorize_spend(
                story, ask_for_plan(plan, scene_ids), actor=actor, ask_again=ask_again
            )
            if parent is not None:
                bind(confirmation, parent)
                if override_reason:
                    enqueue.override(parent, override_reason, actor=actor)
            _enqueue(story, plan, actor=actor, parent=parent)
        elif (TakeKind(kind), StoryStatus(story.status)) in WAYS:
            _change(
                story,
                kind,
                actor=actor,
                mode=mode,
                override_reason=override_reason,
                ask_again=ask_again,
            )
        else:
            start(
                story.pk,
                kind,
                actor=actor,
                mode=mode,
                confirm_total=confirm_total,
                override_reason=override_reason,
                ask_again=ask_again,
            )
    return plan


def generate(
    story_id: UUID | str,
    kind: str,
    *,
    actor: Any,
    mode: Mode = "missing",
    confirm_total: Decimal | None = None,
    override_reason: str = "",
    ask_again: bool = False,
) -> tuple[Job, Plan]:
    """Start making the story's pictures (with the preview) or clips (with the film).

    Returns the job and what it makes.

    If the story is already in that status, only what is missing is made. Raises Story.DoesNotExist,
    Forbidden, NotAllowed, GuardRefused, PlanChanged or ApprovalNeeded; then nothing has changed.
    """
    with approval_transaction():
        story = Story.objects.select_for_update().get(pk=story_id)
        if story.status == BEGUN[TakeKind(kind)]:
            return start(
                story.pk,
                kind,
                actor=actor,
                mode=mode,
                confirm_total=confirm_total,
                override_reason=override_reason,
                ask_again=ask_again,
            )
        require_story_owner(actor, story)
        plan = plan_generation(story, kind, mode=mode, as_is=bool(override_reason))
        confirm(plan, total=confirm_total)
        return _change(
            story,
            kind,
            actor=actor,
            mode=mode,
            override_reason=override_reason,
            ask_again=ask_again,
        ), plan


def confirmed_change(
    story_id: UUID | str,
    name: str,
    *,
    actor: Any,
    reason: str = "",
    confirm_total: Decimal,
    plan_hash: str | None,
    ask_again: bool = False,
) -> Story:
    """Make a status transition that costs money, at exactly the confirmed price.

    Raises as `apply_transition`, and PlanChanged.
    """
    with approval_transaction():
        story = Story.objects.select_for_update().get(pk=story_id)
        confirm(plan_generation(story, SPENDS[name]), total=confirm_total, plan_hash=plan_hash)
        return apply_transition(story.pk, name, actor=actor, reason=reason, ask_again=ask_again)


def _change(
    story: Story,
    kind: str,
    *,
    actor: Any,
    mode: Mode,
    override_reason: str = "",
    ask_again: bool = False,
) -> Job:
    """Make the status transition that starts this kind of work.

    Returns the job that it enqueues.
    """
    parameters = {"mode": mode, "override_reason": override_reason}
    apply_transition(
        story.pk,
        CHANGE[TakeKind(kind)],
        actor=actor,
        reason=override_reason,
        parameters=parameters,
        ask_again=ask_again,
    )
    return Job.objects.get(
        unique_key=f"{enqueue.STORY_JOB[TakeKind(kind)]}:{story.pk}", status__in=OPEN
    )


def _enqueue(story: Story, plan: Plan, *, actor: Any, parent: Job | None) -> None:
    """Enqueue a job for each scene of the plan, below the story's own job if that is waiting."""
    priority = None if parent else 4
    for item in plan.todo:
        parameters = {"price": str(item.price)}
        enqueue.order_scene(
            item.scene,
            plan.kind,
            owner=actor or story.owner,
            parent=parent,
            parameters=parameters,
            priority=priority,
        )
    for sound in plan.sound_todo:
        enqueue.enqueue_sound(
            sound, story, owner=actor or story.owner, parent=parent, price=sound.price
        )
    enqueue.wake_story_jobs_on_commit(story.pk)


def start(
    story_id: UUID | str,
    kind: str,
    *,
    actor: Any,
    mode: Mode = "missing",
    confirm_total: Decimal | None = None,
    plan_hash: str | None = None,
    override_reason: str = "",
    ask_again: bool = False,
) -> tuple[Job, Plan]:
    """Start the story's job of this kind for the plan.

    Makes no status transition; the transitions call this function.

    Raises Forbidden, PlanChanged, ApprovalNeeded, or GuardRefused if that job is already running.
    """
    with approval_transaction():
        story = Story.objects.select_for_update().get(pk=story_id)
        require_story_owner(actor, story)
        plan = plan_generation(story, kind, mode=mode, as_is=bool(override_reason))
        confirm(plan, total=confirm_total, plan_hash=plan_hash)
        require_some(plan)
        if Job.objects.filter(
            unique_key=f"{enqueue.STORY_JOB[TakeKind(kind)]}:{story.pk}",
            status__in=[JobStatus.QUEUED, JobStatus.RUNNING],
        ).exists():
            raise GuardRefused(gettext_noop("This is being made already."))
        confirmation = authorize_spend(story, ask_for_plan(plan), actor=actor, ask_again=ask_again)
        job = enqueue.enqueue_story(
            story, kind, actor=actor, parameters={"mode": mode, "override_reason": override_reason}
        )
        bind(confirmation, job)
        if job.status == JobStatus.WAITING:
            if override_reason:
                enqueue.override(job, override_reason, actor=actor)
            _enqueue(story, plan, actor=actor, parent=job)
    return job, plan


def generate_scene(
    scene_id: UUID | str,
    kind: str,
    *,
    actor: Any,
    provider: str = "",
    seed: int | None = None,
    variants: int = 1,
    reason: str = "",
    confirm_total: Decimal | None = None,
    ask_again: bool = False,
) -> tuple[list[Job], Decimal]:
    """Make one take of a scene, or several variants side by side.

    Returns the jobs and their total price in USD.

    Raises Scene.DoesNotExist, Forbidden, NoPrice, PlanChanged, ApprovalNeeded, or GuardRefused
    (locked by an unclear call, already running, or no picture yet).
    """
    with approval_transaction():
        story = Story.objects.select_for_update().get(
            pk=Scene.live.values_list("story_id", flat=True).get(pk=scene_id)
        )
        require_story_owner(actor, story)
        scene = Scene.live.select_related("prompt", "image_take", "clip_take", "story").get(
            pk=scene_id
        )
        item = plan_generation(story, kind, scenes=[scene]).items[0]
        if item.state in {"blocked", "running"}:
            raise GuardRefused(
                item.why.template or gettext_noop("This is being made already."), **item.why.values
            )
        ask = ask_for_takes(story, scene, kind, provider=provider, variants=variants, seed=seed)
        price = ask.total
        confirm_amount(price, confirm_total)
        authorize_spend(story, ask, actor=actor, ask_again=ask_again)
        jobs = []
        for variant in range(variants):
            parameters = {
                "provider": provider,
                "reason": reason,
                "seed": None if seed is None else seed + variant,
                "select": variants == 1,
            }
            if seed is None and (variant or variants > 1 or scene.take(kind)):
                parameters["seed"] = _next_seed(scene, kind, variant)
            parameters["price"] = str(price / variants)
            jobs.append(
                enqueue.order_scene(
                    scene,
                    kind,
                    owner=actor or story.owner,
                    parameters=parameters,
                    variant=variant,
                    priority=2,
                )[0]
            )
    return jobs, price


def generate_sound(
    story_id: UUID | str,
    *,
    actor: Any,
    lines: Sequence[UUID] | None = None,
    music: bool = False,
    again: bool = False,
    confirm_total: Decimal | None = None,
    ask_again: bool = False,
) -> tuple[list[Job], Decimal]:
    """Make the missing and stale speech of these lines (None: of all), or the music.

    `again`: also what is up to date, as another take. Returns the jobs and their total price.
    Raises Story.DoesNotExist, Forbidden, PlanChanged, ApprovalNeeded, GuardRefused (something is
    blocked), or Invalid if there is nothing to make.
    """
    with approval_transaction():
        story = Story.objects.select_for_update().get(pk=story_id)
        require_story_owner(actor, story)
        if story.status in {StoryStatus.ARCHIVED, StoryStatus.DRAFT, StoryStatus.PLANNING}:
            raise GuardRefused(
                gettext_noop("Nothing is made while the story is “%(status)s”."),
                status=StoryStatus(story.status).label,
            )
        wanted = None if lines is None else {str(key) for key in lines}
        plan = plan_sound(story)
        chosen = [
            item
            for item in plan.items
            if (
                music
                if item.line is None
                else (wanted is None and not music) or item.item in (wanted or ())
            )
        ]
        if blocked := next((item for item in chosen if item.state == "blocked"), None):
            raise GuardRefused(blocked.why.template, **blocked.why.values)
        todo = [priced_again(item) if again and item.state == "done" else item for item in chosen]
        todo = [item for item in todo if item.will]
        if not todo:
            raise Invalid(gettext_noop("There is nothing to make."), field="lines")
        ask = ask_for_sound(story, todo)
        confirm_amount(ask.total, confirm_total)
        authorize_spend(story, ask, actor=actor, ask_again=ask_again)
        jobs = [
            enqueue.enqueue_sound(item, story, owner=actor or story.owner, price=item.price)
            for item in todo
        ]
        enqueue.wake_story_jobs_on_commit(story.pk)
    return jobs, ask.total


def put_into_english(
    story_id: UUID | str,
    *,
    actor: Any,
    scene_ids: Sequence[UUID] | None = None,
    replace: bool = False,
    confirm_total: Decimal | None = None,
    ask_again: bool = False,
) -> tuple[list[Job], EnglishPlan]:
    """Translate prompts whose English is missing or out of date by the story's text provider.

    `replace`: also English that a person wrote. Raises Story.DoesNotExist, Forbidden, GuardRefused,
    PlanChanged, ApprovalNeeded, or Invalid if there is nothing to do.
    """
    with approval_transaction():
        story = locked_story(story_id, actor)
        plan = plan_english(story, None if scene_ids is None else list(scene_ids), replace=replace)
        confirm_amount(plan.total, confirm_total)
        if not plan.todo:
            if plan.blocked:
                first = plan.blocked[0]
                raise GuardRefused(
                    NOTHING_IN_ENGLISH, position=first.scene.position, why=str(first.why)
                )
            raise Invalid(gettext_noop("There is nothing to put into English."), field="scenes")
        ask = ask_for_english(plan)
        if plan.total:
            authorize_spend(story, ask, actor=actor, ask_again=ask_again)
        owner = actor or story.owner
        found = [
            enqueue.enqueue_english(
                item.scene,
                owner=owner,
                provider=plan.provider,
                price=item.price,
                seen=seen(item.scene.prompt),
            )
            for item in plan.todo
        ]
    return found, plan


def retry(job_id: str, *, actor: Any) -> Job:
    """Queue a failed, cancelled or unclear job again.

    Its possible cost is compared with the person's limit, as with any start.

    Raises NoSuchJob, NotPossible, AlreadyOpen, Forbidden, GuardRefused (the story has left the
    status that the job belongs to), ApprovalNeeded, NoPrice or NotConfigured.
    """
    with approval_transaction():
        # Locks its row before the story's, as when a job ends.
        job = queue.retry(job_id, actor=actor)
        require_job_owner(actor, job)
        story = (
            Story.objects.select_for_update().filter(pk=job.subject).first()
            if job.name in JobName
            else None
        )
        if story is not None:
            _admit_retry(story, job, actor=actor)
    return job


def _admit_retry(story: Story, job: Job, *, actor: Any) -> None:
    kind = enqueue.STORY_KIND.get(JobName(job.name))
    if job.name == JobName.SCENE_ENGLISH:
        english = plan_english(story, [UUID(job.item)], replace=True)
        priced = [item for item in english.items if item.price]
        if priced or not english.items:
            authorize_spend(story, ask_for_english(english), actor=actor, besides=job.pk)
        return
    if job.name == JobName.STORY_PLANNING:
        if story.status != StoryStatus.PLANNING:
            raise GuardRefused(LEFT)
        again = ask_for_planning(story, replace=bool(job.data["parameters"].get("replace")))
        if again is not None and again.total:
            # The price binds the next attempts.
            authorize_spend(story, again, actor=actor, besides=job.pk)
        return
    if kind is None:
        if enqueue.may_spend(job) and (ask := _ask_for_one(story, job)):
            authorize_spend(story, ask, actor=actor, besides=job.pk)
        return
    if why_closed(story, kind) or (kind, StoryStatus(story.status)) in WAYS:
        raise GuardRefused(LEFT)
    asked = job.data["parameters"]
    plan = plan_generation(
        story, kind, mode=asked.get("mode", "missing"), as_is=bool(asked.get("override_reason"))
    )
    bind(authorize_spend(story, ask_for_plan(plan), actor=actor, besides=job.pk), job)
    _enqueue(story, plan, actor=actor, parent=job)


def _ask_for_one(story: Story, job: Job) -> SpendRequest | None:
    """The request for one more call of a job that makes one take."""
    if job.name not in enqueue.SOUND_KIND:
        return ask_for_retry(story, job)
    key = enqueue.sound_key(enqueue.SOUND_KIND[JobName(job.name)], job.item)
    items = [item for item in plan_sound(story).items if item.key == key and item.price]
    return ask_for_sound(story, items) if items else None


def _next_seed(scene: Scene, kind: str, variant: int) -> int:
    """A seed that no take of the scene has used, counted up from the number of takes."""
    return (
        scene.prompt.seed + 1 + variant + Take.objects.filter(scene=scene, kind=kind).count()
    ) % 2**32
