"""What each job name does, and what its end means for the story. Each handler reads the rows and goes on from there."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.dispatch import receiver
from django.urls import reverse
from django.utils.translation import gettext_noop

from ground.away import AwayError
from ground.clock import database_now
from ground.sentence import Sentence
from jobs.domain import priority, queue
from jobs.enums import OPEN, JobStatus, WaitFor
from jobs.models import Job
from jobs.outcomes import Done, Fail, JobStopped, Retry, Unclear, Wait
from jobs.registry import handler, on_end
from jobs.run import Run
from providers import errors as provider_errors
from providers import gate
from providers.enums import CallState, Refusal
from providers.media.errors import MediaError
from providers.models import ProviderCall
from providers.signals import freed, landed

from .domain import approvals, planning, takes, work
from .domain.inputs import clip_request, image_request
from .domain.plan import Plan, load_scenes, plan_generation
from .domain.transitions import apply_transition
from .enums import FilmKind, JobName, StoryStatus, TakeKind
from .film.build import FilmNotReady, build_film
from .models import Scene, ScenePrompt, Story, Take

LEFT = timedelta(minutes=10)  # after which nobody is about to land a result any more
LOOKED_BACK = timedelta(days=7)
TRY_AGAIN = frozenset({Refusal.UNREACHABLE, Refusal.FAILED, Refusal.LIMIT, Refusal.CANCELLED})


def _story(run: Run) -> Story:
    try:
        return Story.objects.get(pk=run.job.subject)
    except Story.DoesNotExist:
        raise Fail(gettext_noop("The story has been deleted."), code="story_gone") from None


def _through_gate(run: Run, story: Story, request: Any, *, provider: str) -> gate.Ready | Wait:
    """Ask the gate, and turn its answer into what the job does next."""
    try:
        answer = gate.advance(
            request,
            provider=provider,
            key=work.call_key(run.job),
            subject=str(story.pk),
            item=run.job.item,
            actor=run.job.owner,
            subject_budget=story.budget,
            wish=run.job.wish,
            should_stop=run.should_stop,
            on_progress=run.progress,
        )
    except provider_errors.NotNow as later:
        return Wait(until=later.until, wait_for=WaitFor(later.wait), note=later.sentence)
    except provider_errors.Unclear as unclear:
        raise Unclear(unclear.sentence.template, **unclear.sentence.values) from unclear
    except provider_errors.Refused as refused:
        if refused.kind == Refusal.CANCELLED and run.should_stop():
            raise JobStopped from refused
        if refused.kind in TRY_AGAIN:
            raise Retry(refused.sentence.template, **refused.sentence.values) from refused
        raise Fail(refused.sentence.template, code=str(refused.kind), **refused.sentence.values) from refused
    except provider_errors.ProviderError as error:
        raise Fail(error.sentence.template, code=error.code, **error.sentence.values) from error
    return _when_ready(answer)


def _when_ready(answer: gate.Ready | gate.Pending) -> gate.Ready | Wait:
    if isinstance(answer, gate.Pending):
        return Wait(until=answer.until, wait_for=WaitFor.PROVIDER, note=answer.note)
    return answer


def _collected(run: Run) -> gate.Ready | Wait | None:
    """What a cancelled job's call brings; None when nothing comes of it. Nothing is asked for anew: nobody wants it any more."""
    try:
        answer = gate.follow(work.call_key(run.job), should_stop=run.should_stop, on_progress=run.progress)
    except provider_errors.Unclear as unclear:
        raise Unclear(unclear.sentence.template, **unclear.sentence.values) from unclear
    except provider_errors.Refused:
        return None
    return None if answer is None else _when_ready(answer)


# Planning


@handler(JobName.STORY_PLANNING)
def story_planning(run: Run) -> Done | Wait:
    story = _story(run)
    replace = bool(run.job.data["parameters"].get("replace"))
    if replace or not Scene.live.filter(story=story).exists():
        answer = _through_gate(run, story, planning.plan_request(story), provider=story.planner_provider)
        if isinstance(answer, Wait):
            return answer
        planning.write_scenes(story, (answer.call.result or {})["scenes"], replace=replace)
    return Done(metadata={"scenes": Scene.live.filter(story=story).count()})


@on_end(JobName.STORY_PLANNING)
def planning_ended(job: Job) -> None:
    if job.status == JobStatus.SUCCEEDED:
        _follow(job, "finish_planning", StoryStatus.PLANNING)
    elif job.status == JobStatus.FAILED:
        _follow(job, "fail", StoryStatus.PLANNING)
    else:
        _follow(job, "stop_planning", StoryStatus.PLANNING)


def _follow(job: Job, name: str, only_from: str) -> None:
    """Move the story on, if it is still where the job left it (a person may have moved it first)."""
    story = Story.objects.select_for_update().filter(pk=job.subject).first()
    if story is None or story.status != only_from:
        return
    apply_transition(story.pk, name, actor=None, reason=str(job.note) if name == "fail" else "", job_id=job.pk)


# One take


def _scene_take(run: Run, kind: TakeKind) -> Done | Wait:
    story, asked = _story(run), run.job.data["parameters"]
    scene = Scene.objects.select_related("image_take", "prompt").filter(pk=run.job.item).first()
    if scene is None or scene.deleted_at is not None:
        raise Fail(gettext_noop("The scene has been deleted."), code="scene_gone")
    prompt = ScenePrompt.objects.filter(pk=asked.get("prompt_id")).first() or scene.prompt
    answer: gate.Ready | Wait | None
    if run.job.data["action"] == work.COLLECT:
        answer = _collected(run)
    else:
        request, provider = _request(story, scene, prompt, kind, asked)
        answer = _through_gate(run, story, request, provider=asked.get("provider") or provider)
    if answer is None:
        return Done()
    if isinstance(answer, Wait):
        return answer
    take = takes.land(
        answer.call,
        scene=scene,
        kind=kind,
        prompt=prompt,
        select=bool(asked.get("select", True)),
        reason=asked.get("reason", ""),
    )
    return Done(preview_url=reverse("stories:take_file", args=[take.pk]), metadata={"take_id": str(take.pk), "cost": str(take.cost)})


def _request(story: Story, scene: Scene, prompt: ScenePrompt, kind: TakeKind, asked: dict[str, Any]) -> tuple[Any, str]:
    """The request and the story's provider for it."""
    if kind == TakeKind.IMAGE:
        return image_request(story, prompt, seed=asked.get("seed")), story.image_provider
    image = Take.objects.filter(pk=asked["image_take_id"]).first() if asked.get("image_take_id") else scene.image_take
    if image is None:
        raise Fail(gettext_noop("The scene has no picture to start from."), code="no_picture")
    return clip_request(story, scene, prompt, image, seed=asked.get("seed")), story.clip_provider


@handler(JobName.SCENE_PREVIEW)
def scene_preview(run: Run) -> Done | Wait:
    return _scene_take(run, TakeKind.IMAGE)


@handler(JobName.SCENE_RENDER)
def scene_render(run: Run) -> Done | Wait:
    return _scene_take(run, TakeKind.CLIP)


@on_end(JobName.SCENE_PREVIEW)
@on_end(JobName.SCENE_RENDER)
def scene_ended(job: Job) -> None:
    if job.status == JobStatus.CANCELLED:
        work.collect_paid_result(job)
    work.wake_story_jobs(job.subject)


# The whole story


@handler(JobName.STORY_PREVIEW)
def story_preview(run: Run) -> Done | Wait:
    return _whole_story(run, TakeKind.IMAGE, FilmKind.PREVIEW)


@handler(JobName.STORY_RENDER)
def story_render(run: Run) -> Done | Wait:
    return _whole_story(run, TakeKind.CLIP, FilmKind.FINAL)


def _whole_story(run: Run, kind: TakeKind, film_kind: FilmKind) -> Done | Wait:
    """Reconcile: make the missing children, wait for them, join the film when all takes are there."""
    story, asked = _story(run), run.job.data["parameters"]
    plan = plan_generation(story, kind, mode=asked.get("mode", "missing"), as_is=bool(asked.get("override_reason")))
    children = {child.item: child for child in Job.objects.filter(parent=run.job).order_by("created_at")}
    made = _make_children(run, story, kind, plan, children)
    waiting_for = made + sum(child.status in OPEN and child.status != JobStatus.UNCLEAR for child in children.values()) + plan.counts.get("running", 0)
    total, left = len(plan.items), len(plan.todo) + plan.counts.get("running", 0)
    if waiting_for:
        note = Sentence(gettext_noop("%(done)s of %(total)s scenes are ready."), {"done": total - left, "total": total})
        run.progress(90 * (total - left) // max(total, 1), note)
        return Wait(until=database_now() + work.PATIENCE, wait_for=WaitFor.CHILDREN, note=note)
    if open_item := next((item for item in plan.items if item.will or item.state == "blocked"), None):
        child = children.get(str(open_item.scene_id))
        if child is None and open_item.will:
            return _ask_person(
                gettext_noop("Scene %(position)s came later and costs more than was allowed when this was started. Start it from the board."),
                position=open_item.position,
            )
        why = str(child.note) if child and child.status != JobStatus.SUCCEEDED else str(open_item.why)
        return _ask_person(
            gettext_noop("Scene %(position)s could not be made: %(why)s Change its prompt or retry it, or give the story up."),
            position=open_item.position,
            why=why,
        )
    try:
        film = build_film(story, film_kind, run=run, made_by=run.job.owner, override_reason=asked.get("override_reason", ""))
    except FilmNotReady as error:
        return _ask_person(error.sentence.template, **error.sentence.values)
    except MediaError as error:
        if run.should_stop():
            raise JobStopped from error
        if error.code == "disk_full":
            raise AwayError(error.sentence.template, **error.sentence.values) from error
        raise Fail(error.sentence.template, code=error.code, **error.sentence.values) from error
    return Done(preview_url=reverse("stories:film_file", args=[film.pk]), metadata={"film_id": str(film.pk), "frames": film.frames})


def _ask_person(template: str, **values: Any) -> Wait:
    return Wait(until=database_now() + work.PATIENCE, wait_for=WaitFor.PERSON, note=Sentence(template, values))


def _make_children(run: Run, story: Story, kind: TakeKind, plan: Plan, children: dict[str, Job]) -> int:
    """One child for each scene that the plan makes and that has had none, within what may be spent. Returns how many were made."""
    wanted = approvals.within(run.job, [item for item in plan.todo if str(item.scene_id) not in children], children.values())
    if not wanted:
        return 0
    made = 0
    for scene in load_scenes(story, list(wanted)):
        with transaction.atomic():
            parameters = wanted[scene.pk] | ({"image_take_id": str(scene.image_take_id)} if kind == TakeKind.CLIP else {})
            _, new = work.enqueue_scene(scene, kind, owner=run.job.owner, parent=run.job, parameters=parameters)
            made += new
    if made:
        priority.follow(run.job.pk)  # a person may have changed it since this turn began
    return made


@on_end(JobName.STORY_PREVIEW)
def preview_ended(job: Job) -> None:
    if job.status == JobStatus.FAILED:
        _follow(job, "fail", StoryStatus.PREVIEWING)


@on_end(JobName.STORY_RENDER)
def render_ended(job: Job) -> None:
    if job.status == JobStatus.SUCCEEDED:
        _follow(job, "finish_rendering", StoryStatus.RENDERING)
    else:
        _follow(job, "fail", StoryStatus.RENDERING)


# News from the providers' floor


@receiver(freed)
def wake_what_waited(sender: Any, *, provider: str, subject: str, item: str, **_: Any) -> None:  # noqa: ARG001  the signal's form
    """A budget was raised, a provider resumed, an unclear call resolved: whoever may have waited for it looks again."""
    if item:
        queue.wake(item=item)
    elif subject:
        queue.wake(subject=subject)
    else:
        for reason in (WaitFor.BUDGET, WaitFor.PROVIDER, WaitFor.RATE_LIMIT):
            queue.wake(wait_for=reason)


@receiver(landed)
def land_what_was_paid(sender: Any, *, call: ProviderCall, **_: Any) -> None:  # noqa: ARG001  the signal's form
    """A result whose job had stopped asking becomes a take that is not chosen."""
    _land(call)


def land_what_was_left() -> int:
    """Results that were paid for and became no take, because whoever was to land them was lost in between. Returns how many land now."""
    now = database_now()
    taken = Take.objects.filter(call=OuterRef("pk"))
    at_work = Job.objects.filter(pk=OuterRef("key"), status__in=OPEN)
    left = ProviderCall.objects.filter(state=CallState.SETTLED, kind__in=TakeKind.values, reserved_at__gt=now - LOOKED_BACK, ended_at__lt=now - LEFT)
    return sum(_land(call) for call in left.filter(~Exists(taken), ~Exists(at_work)))


def _land(call: ProviderCall) -> bool:
    """Whether it is a take of its scene, not chosen; not if job or scene are gone."""
    job = Job.objects.filter(pk=call.key, name__in=work.TAKE_KIND).first()
    scene = Scene.objects.select_related("story", "prompt", "image_take").filter(pk=call.item).first()
    if job is None or scene is None:
        return False
    prompt = ScenePrompt.objects.filter(pk=job.data["parameters"].get("prompt_id")).first() or scene.prompt
    takes.land(call, scene=scene, kind=work.TAKE_KIND[JobName(job.name)], prompt=prompt, select=False)
    return True
