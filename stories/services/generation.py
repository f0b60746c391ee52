"""Starts paid work: what a plan makes, takes of a scene, sound, planning, English.

Each start is one transaction that ends in a `Start`: the jobs, or the approval it needs first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_noop

from core import visible
from core.localized_messages import LocalizedMessage
from jobs.enums import JobStatus
from jobs.models import Job
from providers.requests import hash_of
from stories.enums import SoundKind, StoryStatus, TakeKind
from stories.errors import ApprovalNeeded, GuardRefused, Invalid
from stories.models import Scene, Story, Take

from . import enqueue, job_data, locking, waking
from .approvals import authorize_spend
from .confirmations import bind
from .english import EnglishPlan, english_request, plan_english, seen
from .locking import locked_story
from .permissions import require_story_owner
from .plan import Mode, Plan, confirm, confirm_amount, plan_generation, require_some
from .sound_plan import plan_sound, wanted_again
from .spend_requests import (
    ask_for_english,
    ask_for_plan,
    ask_for_planning,
    ask_for_sound,
    ask_for_takes,
    ask_for_vision_checks,
)
from .status_changes import SPENDS, change_status, require_permission, require_possible
from .vision_checks import VisionPlan, plan_vision_checks

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
NOTHING_CHECKED = gettext_noop("Nothing can be checked. Scene %(position)s: %(why)s")


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


@dataclass(frozen=True, slots=True)
class Start:
    """What came of a start: the jobs that make it, at a total price in USD.

    `stopped`: a second person has to approve it first, and nothing was started.
    """

    jobs: list[Job] = field(default_factory=list)
    total: Decimal = Decimal(0)
    stopped: ApprovalNeeded | None = None

    def require(self) -> "Start":
        """Raises ApprovalNeeded, for callers that answer errors. The start must be committed."""
        if self.stopped is not None:
            raise self.stopped
        return self


# When a start for the whole story moves the story to the status that the work belongs to: only
# then, never, unless it has that status or is completed, or where the status table has the step.
Advance = Literal["always", "never", "unless_begun", "if_possible"]


def start_generation(
    story_id: UUID | str,
    kind: str,
    *,
    actor: Any,
    mode: Mode = "missing",
    scene_ids: Sequence[UUID] | None = None,
    advance: Advance = "if_possible",
    confirm_total: Decimal | None = None,
    plan_hash: str | None = None,
    override_reason: str = "",
    reason: str | LocalizedMessage = "",
    ask_again: bool = False,
    may_be_empty: bool = True,
) -> tuple[Start, Plan]:
    """Start what the plan makes, for the story or some of its scenes, at the confirmed price.

    `advance`: whether the story moves to its next status, for the `reason`. `override_reason`: why
    stale or rejected takes go into the film unchanged; only for the whole story. `may_be_empty`:
    the whole story's film may be made from takes that exist. Raises Story.DoesNotExist, Forbidden,
    NotAllowed, GuardRefused, PlanChanged, or Invalid if there is nothing to make; then nothing has
    changed.
    """
    whole = scene_ids is None
    override_reason = visible.stripped(override_reason) if whole else ""
    with transaction.atomic():
        story = _locked(story_id, actor, with_jobs=bool(override_reason))
        parent = _open_jobs(story, kind).filter(status=JobStatus.WAITING).first()
        step = (
            CHANGE[TakeKind(kind)]
            if _advances(story, kind, advance, joins=not whole or parent is not None)
            else ""
        )
        if step:
            require_permission(story, step, actor)
            require_possible(story, step)
        elif closed := why_closed(story, kind):
            raise closed
        plan = plan_generation(
            story,
            kind,
            mode=mode,
            scene_ids=None if scene_ids is None else list(scene_ids),
            as_is=bool(override_reason),
        )
        confirm(plan, total=confirm_total, plan_hash=plan_hash)
        require_some(plan)
        accepts_takes = whole and (may_be_empty or (override_reason and plan.doubtful))
        if plan.makes_nothing and not accepts_takes:
            raise Invalid(gettext_noop("There is nothing to make."), field="mode")
        if whole and parent is None and not step and _open_jobs(story, kind).exists():
            raise GuardRefused(gettext_noop("This is being made already."))
        spend = authorize_spend(
            story, ask_for_plan(plan, scene_ids), actor=actor, ask_again=ask_again
        )
        if isinstance(spend, ApprovalNeeded):
            return Start(total=plan.total, stopped=spend), plan
        if step:
            change_status(story, step, actor=actor, reason=reason or override_reason)
        if whole and parent is None:
            wanted = {"mode": mode, "override_reason": override_reason}
            job = enqueue.enqueue_story(story, kind, actor=actor, parameters=wanted)
            bind(spend, job)
            return Start([job], plan.total), plan
        if parent is not None:
            bind(spend, parent)
            if override_reason:
                enqueue.override(parent, override_reason, actor=actor)
        jobs = enqueue_plan(story, plan, actor=actor, parent=parent)
        return Start(jobs if parent is None else [parent], plan.total), plan


def _locked(story_id: UUID | str, actor: Any, *, with_jobs: bool) -> Story:
    """The person's story under its lock; `with_jobs`: also its jobs, which are locked first."""
    if with_jobs:
        locking.lock_jobs(story_id)
    story = Story.objects.select_for_update().get(pk=story_id)
    require_story_owner(actor, story)
    return story


def _open_jobs(story: Story, kind: str) -> QuerySet[Job]:
    """The story's own open job of this kind; there is at most one."""
    key = f"{job_data.STORY_JOB[TakeKind(kind)]}:{story.pk}"
    return Job.objects.filter(
        unique_key=key, status__in=[JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.WAITING]
    )


def _advances(story: Story, kind: str, advance: Advance, *, joins: bool) -> bool:
    if advance == "if_possible":
        return not joins and (TakeKind(kind), StoryStatus(story.status)) in WAYS
    if advance == "unless_begun":
        # A finished story is rendered again without leaving its status.
        again = kind == TakeKind.CLIP and story.status == StoryStatus.COMPLETED
        return not again and bool(story.status != BEGUN[TakeKind(kind)])
    return advance == "always"


def enqueue_plan(story: Story, plan: Plan, *, actor: Any, parent: Job | None) -> list[Job]:
    """Enqueue a job for each scene of the plan, below the story's own job if that is waiting."""
    owner = actor or story.owner
    jobs = [
        enqueue.enqueue_scene(
            item.scene,
            plan.kind,
            confirmed=True,
            owner=owner,
            parent=parent,
            parameters={"price": str(item.price), **job_data.with_check(item.check)},
            priority=None if parent else 4,
        )[0]
        for item in plan.todo
    ]
    jobs += [
        enqueue.enqueue_sound(sound, story, owner=owner, parent=parent, price=sound.price)
        for sound in plan.sound_todo
    ]
    waking.wake_story_jobs_on_commit(story.pk)
    return jobs


def start_planning(
    story_id: UUID | str,
    *,
    actor: Any,
    replace: bool = False,
    reason: str | LocalizedMessage = "",
    confirm_total: Decimal | None = None,
    ask_again: bool = False,
) -> Start:
    """Start planning the story's scenes at the confirmed price. `replace`: also if it has scenes.

    Raises Story.DoesNotExist, Forbidden, NotAllowed, GuardRefused or PlanChanged.
    """
    with transaction.atomic():
        story = Story.objects.select_for_update().get(pk=story_id)
        require_permission(story, "start_planning", actor)
        require_possible(story, "start_planning")
        price, request_hash = None, ""
        if ask := ask_for_planning(story, replace=replace):
            price, request_hash = ask.total, hash_of(ask.requests[0])
            confirm_amount(price, confirm_total)
            if price:
                spend = authorize_spend(story, ask, actor=actor, ask_again=ask_again)
                if isinstance(spend, ApprovalNeeded):
                    return Start(total=price, stopped=spend)
        change_status(story, "start_planning", actor=actor, reason=reason)
        job = enqueue.enqueue_planning(
            story, actor=actor, replace=replace, price=price, request_hash=request_hash
        )
    return Start([job], price or Decimal(0))


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
) -> Start:
    """Make one take of a scene, or several variants side by side.

    Raises Scene.DoesNotExist, Forbidden, NoPrice, PlanChanged, or GuardRefused (closed by the
    story's status, locked by an unclear call, already running, or no picture yet).
    """
    with transaction.atomic():
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
        if closed := why_closed(story, kind):
            raise closed
        ask = ask_for_takes(story, scene, kind, provider=provider, variants=variants, seed=seed)
        price = ask.total
        confirm_amount(price, confirm_total)
        spend = authorize_spend(story, ask, actor=actor, ask_again=ask_again)
        if isinstance(spend, ApprovalNeeded):
            return Start(total=price, stopped=spend)
        jobs = []
        for variant in range(variants):
            parameters = {
                "provider": provider,
                "reason": reason,
                "seed": None if seed is None else seed + variant,
                "select": variants == 1,
            }
            if seed is None and (variant or variants > 1 or scene.take(kind)):
                # One that no take of the scene has used, counted up from the number of takes.
                made = Take.objects.filter(scene=scene, kind=kind).count()
                parameters["seed"] = (scene.prompt.seed + 1 + variant + made) % 2**32
            parameters["price"] = ask.lines[variant]["price"]
            parameters |= ask.made_from[scene.key]
            jobs.append(
                enqueue.enqueue_scene(
                    scene,
                    kind,
                    confirmed=True,
                    owner=actor or story.owner,
                    parameters=parameters,
                    variant=variant,
                    priority=2,
                )[0]
            )
    return Start(jobs, price)


def generate_sound(
    story_id: UUID | str,
    *,
    actor: Any,
    lines: Sequence[UUID] | None = None,
    music: bool = False,
    scene_music: Sequence[UUID] = (),
    effects: Sequence[UUID] = (),
    again: bool = False,
    confirm_total: Decimal | None = None,
    ask_again: bool = False,
) -> Start:
    """Make the missing and stale speech of these lines, or the film's music, the own music of these
    scenes, or these effects. With nothing named: the speech of all lines.

    `again`: also what is up to date, as another take. Raises Story.DoesNotExist, Forbidden,
    PlanChanged, GuardRefused (something is blocked), or Invalid if there is nothing to make.
    """
    with transaction.atomic():
        story = Story.objects.select_for_update().get(pk=story_id)
        require_story_owner(actor, story)
        if story.status in {StoryStatus.ARCHIVED, StoryStatus.DRAFT, StoryStatus.PLANNING}:
            raise GuardRefused(
                gettext_noop("Nothing is made while the story is “%(status)s”."),
                status=StoryStatus(story.status).label,
            )
        plan = plan_sound(story)
        every_line = lines is None and not music and not scene_music and not effects
        keys = {job_data.sound_key(SoundKind.SPEECH, str(key)) for key in lines or ()}
        keys |= {job_data.sound_key(SoundKind.SOUND, str(key)) for key in effects}
        tunes = [*scene_music, *([story.pk] if music else [])]
        keys |= {job_data.sound_key(SoundKind.MUSIC, str(key)) for key in tunes}
        chosen = [
            item
            for item in plan.items
            if item.key in keys or (every_line and item.line is not None)
        ]
        if blocked := next((item for item in chosen if item.state == "blocked"), None):
            raise GuardRefused(blocked.why.template, **blocked.why.values)
        todo = [item for item in wanted_again(chosen, again=again) if item.will]
        if not todo:
            raise Invalid(gettext_noop("There is nothing to make."), field="lines")
        ask = ask_for_sound(story, todo, again=again)
        confirm_amount(ask.total, confirm_total)
        spend = authorize_spend(story, ask, actor=actor, ask_again=ask_again)
        if isinstance(spend, ApprovalNeeded):
            return Start(total=ask.total, stopped=spend)
        jobs = [
            enqueue.enqueue_sound(item, story, owner=actor or story.owner, price=item.price)
            for item in todo
        ]
        waking.wake_story_jobs_on_commit(story.pk)
    return Start(jobs, ask.total)


def put_into_english(
    story_id: UUID | str,
    *,
    actor: Any,
    scene_ids: Sequence[UUID] | None = None,
    replace: bool = False,
    confirm_total: Decimal | None = None,
    ask_again: bool = False,
) -> tuple[Start, EnglishPlan]:
    """Translate prompts whose English is missing or out of date by the story's text provider.

    `replace`: also English that a person wrote. Raises Story.DoesNotExist, Forbidden, GuardRefused,
    PlanChanged, or Invalid if there is nothing to do.
    """
    with transaction.atomic():
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
        if plan.total:
            ask = ask_for_english(plan)
            spend = authorize_spend(story, ask, actor=actor, ask_again=ask_again)
            if isinstance(spend, ApprovalNeeded):
                return Start(total=plan.total, stopped=spend), plan
        owner = actor or story.owner
        found = [
            enqueue.enqueue_english(
                item.scene,
                owner=owner,
                provider=plan.provider,
                price=item.price,
                seen=seen(item.scene.prompt),
                request_hash=hash_of(english_request(story, item.scene.prompt)),
            )
            for item in plan.todo
        ]
    return Start(found, plan.total), plan


def start_vision_checks(
    story_id: UUID | str,
    *,
    actor: Any,
    scene_ids: Sequence[UUID] | None = None,
    confirm_total: Decimal | None = None,
    ask_again: bool = False,
) -> tuple[Start, VisionPlan]:
    """Have the unchecked takes of the story, or of some scenes, checked by the story's model.

    Raises Story.DoesNotExist, Forbidden, GuardRefused, PlanChanged, or Invalid if there is nothing
    to check.
    """
    with transaction.atomic():
        story = Story.objects.select_for_update().get(pk=story_id)
        require_story_owner(actor, story)
        if story.status == StoryStatus.ARCHIVED:
            raise GuardRefused(
                gettext_noop("Nothing is made while the story is “%(status)s”."),
                status=StoryStatus(story.status).label,
            )
        plan = plan_vision_checks(story, None if scene_ids is None else list(scene_ids))
        confirm_amount(plan.total, confirm_total)
        if not plan.todo:
            if plan.blocked:
                first = plan.blocked[0]
                raise GuardRefused(
                    NOTHING_CHECKED, position=first.take.scene.position, why=str(first.why)
                )
            raise Invalid(gettext_noop("There is no take to check."), field="scenes")
        if plan.total:
            ask = ask_for_vision_checks(plan)
            spend = authorize_spend(story, ask, actor=actor, ask_again=ask_again)
            if isinstance(spend, ApprovalNeeded):
                return Start(total=plan.total, stopped=spend), plan
        found = [
            enqueue.enqueue_vision_check(
                item.take,
                story,
                owner=actor or story.owner,
                provider=plan.provider,
                price=item.price,
                request=item.request,
            )
            for item in plan.todo
        ]
    return Start(found, plan.total), plan
