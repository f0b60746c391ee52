"""Job handlers, and what the end of a job means for its story.

Each handler reads its state from the database and continues from there.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
from django.db import transaction
from django.dispatch import receiver
from django.urls import reverse
from django.utils.translation import gettext_noop

from core.clock import database_now
from core.isolation import each
from core.localized_messages import LocalizedMessage
from core.unavailable import ServiceUnavailableError
from jobs.enums import OPEN, JobStatus, WaitFor
from jobs.models import Job
from jobs.outcomes import Done, Fail, JobStopped, Retry, Unclear, Wait
from jobs.registry import handler, on_end
from jobs.run import Run
from jobs.services import queue
from media.errors import MediaError
from providers import calls, requests
from providers import errors as provider_errors
from providers.enums import OVER, CallState, Refusal
from providers.models import ProviderCall
from providers.signals import capacity_freed, result_recorded

from .enums import FilmKind, JobName, SoundKind, StoryStatus, TakeKind
from .film.build import FilmNotReady, build_film
from .film.stems import make_stems
from .models import Scene, ScenePrompt, Story, Take
from .services import confirmations, english, enqueue, planning, sheets, sound_takes, takes
from .services.fingerprints import clip_request, image_request
from .services.plan import Plan, is_in_the_way, plan_generation
from .services.sound_plan import LINE_GONE, SoundItem, line_of_job, why_unwanted
from .services.transitions import ENDS_JOBS, apply_transition

PRICE_ROSE = gettext_noop(
    "It costs %(now)s USD now, and %(then)s USD was confirmed. Nothing was bought. Confirm "
    "the new price to go on."
)
PLANNING_ROSE = gettext_noop(
    "Planning costs %(now)s USD now, and %(then)s USD was confirmed. Nothing was bought. "
    "Stop planning and start it again to confirm the new price."
)
DECIDED = {
    CallState.REFUSED: gettext_noop(
        "A person found that it was not charged. Nothing is ordered again by itself: start "
        "it anew at its price."
    ),
    CallState.WRITTEN_OFF: gettext_noop(
        "A person wrote it off. Nothing is ordered again by itself: start it anew at its price."
    ),
}
AT_ONCE = 200  # calls handled per run of the periodic task
LOOKED_BACK = timedelta(days=7)
TRY_AGAIN = frozenset({Refusal.UNREACHABLE, Refusal.FAILED, Refusal.LIMIT, Refusal.CANCELLED})


def _story(run: Run) -> Story:
    try:
        return Story.objects.get(pk=run.job.subject)
    except Story.DoesNotExist:
        raise Fail(gettext_noop("The story has been deleted."), code="story_gone") from None


def _through_call_service(
    run: Run,
    story: Story,
    request: Any,
    *,
    provider: str,
    price_limit: Decimal | None,
    rose: str = PRICE_ROSE,
) -> calls.Ready | Wait:
    """Make or continue the provider call, and convert its result to the job's outcome."""
    try:
        answer = calls.advance(
            request,
            provider=provider,
            key=enqueue.call_key(run.job),
            subject=str(story.pk),
            item=run.job.item,
            actor=run.job.owner,
            subject_budget=lambda: Story.objects.values_list("budget", flat=True).get(pk=story.pk),
            price_limit=price_limit,
            request_no=run.job.request_no,
            after=enqueue.after(run.job),
            hold=run.hold,
            should_stop=run.should_stop,
            on_progress=run.progress,
        )
    except provider_errors.PriceAboveConfirmed as dearer:
        return _ask_person(rose, now=_usd(dearer.amount), then=_usd(dearer.limit))
    except provider_errors.NotNow as later:
        return Wait(until=later.until, wait_for=WaitFor(later.wait), note=later.sentence)
    except provider_errors.Unclear as unclear:
        raise Unclear(unclear.sentence.template, **unclear.sentence.values) from unclear
    except provider_errors.Refused as refused:
        if refused.kind == Refusal.CANCELLED and run.should_stop():
            raise JobStopped from refused
        if refused.call is not None and calls.was_decided(refused.call):
            raise Fail(DECIDED[CallState(refused.call.state)], code="decided") from refused
        if refused.kind in TRY_AGAIN:
            raise Retry(refused.sentence.template, **refused.sentence.values) from refused
        raise Fail(
            refused.sentence.template, code=str(refused.kind), **refused.sentence.values
        ) from refused
    except provider_errors.ProviderError as error:
        raise Fail(error.sentence.template, code=error.code, **error.sentence.values) from error
    return _when_ready(answer)


def _usd(amount: Decimal) -> str:
    """The amount with two decimal places, or as many as it needs."""
    cents = amount.quantize(Decimal("0.01"))
    return str(cents) if cents == amount else f"{amount.normalize():f}"


def _when_ready(answer: calls.Ready | calls.Pending) -> calls.Ready | Wait:
    if isinstance(answer, calls.Pending):
        return Wait(until=answer.until, wait_for=WaitFor.PROVIDER, note=answer.note)
    return answer


def _collected(run: Run) -> calls.Ready | Wait | None:
    """The outcome of a call whose own job has ended, or None if there is none.

    Makes no new call, because nobody needs it any more.
    """
    call = ProviderCall.objects.filter(
        pk=run.job.data["parameters"].get("call_id")
    ).first() or enqueue.call_of(run.job)
    if call is None or call.state in {CallState.RESERVED, *OVER}:
        return None
    try:
        answer = calls.resume(call, should_stop=run.should_stop, on_progress=run.progress)
    except provider_errors.Unclear as unclear:
        raise Unclear(unclear.sentence.template, **unclear.sentence.values) from unclear
    except provider_errors.Refused:
        return None
    return _when_ready(answer)


# Planning


@handler(JobName.STORY_PLANNING)
def story_planning(run: Run) -> Done | Wait:
    story = _story(run)
    replace = bool(run.job.data["parameters"].get("replace"))
    if replace or not Scene.live.filter(story=story).exists():
        limit = enqueue.asked(run.job).get("price")
        price_limit = None if limit is None else Decimal(limit)
        answer = _through_call_service(
            run,
            story,
            planning.plan_request(story),
            provider=story.planner_provider,
            price_limit=price_limit,
            rose=PLANNING_ROSE,
        )
        if isinstance(answer, Wait):
            return answer
        planned = answer.call.result or {}
        planning.write_scenes(
            story,
            planned["scenes"],
            cast=planned.get("cast") or [],
            replace=replace,
            hold=run.hold,
        )
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
    """Move the story on, if it is still in the status in which the job left it.

    A person may have moved it first.
    """
    if name in ENDS_JOBS:
        # `apply_transition` locks the jobs that it ends. Locking them after the story could
        # deadlock with a job whose own end waits for the story.
        enqueue.lock_jobs(job.subject)
    story = Story.objects.select_for_update().filter(pk=job.subject).first()
    if story is None or story.status != only_from:
        return
    apply_transition(
        story.pk, name, actor=None, reason=job.note if name == "fail" else "", job_id=job.pk
    )


# English


@handler(JobName.SCENE_ENGLISH)
def scene_english(run: Run) -> Done | Wait:
    """Translate the prompt into English with the story's text provider.

    If somebody has written an English prompt meanwhile, it is kept; the job then only reports its
    result.
    """
    story, asked = _story(run), enqueue.asked(run.job)
    scene = Scene.live.filter(pk=run.job.item).first()
    prompt = ScenePrompt.objects.filter(pk=asked["prompt_id"]).first()
    if scene is None or prompt is None:
        raise Fail(gettext_noop("The scene has been deleted."), code="scene_gone")
    request = english.english_request(story, prompt)
    answer = _through_call_service(
        run, story, request, provider=asked["provider"], price_limit=Decimal(asked["price"])
    )
    if isinstance(answer, Wait):
        return answer
    text = str((answer.call.result or {}).get("text") or "")
    written = english.write(scene.pk, prompt, text, seen_before=asked["seen"], hold=run.hold)
    return Done(metadata={"text": text, "written": written, "cost": str(answer.call.cost)})


# One take


def _scene_take(run: Run, kind: TakeKind) -> Done | Wait:
    story, asked = _story(run), enqueue.asked(run.job)
    scene = Scene.objects.select_related("image_take", "prompt").filter(pk=run.job.item).first()
    collects = run.job.data["action"] == enqueue.INGEST_ONLY
    if scene is None or (scene.deleted_at is not None and not collects):
        raise Fail(gettext_noop("The scene has been deleted."), code="scene_gone")
    answer: calls.Ready | Wait | None
    if collects:
        answer = _collected(run)
    else:
        prompt = ScenePrompt.objects.filter(pk=asked.get("prompt_id") or 0).first() or scene.prompt
        request, provider = _request(story, scene, prompt, kind, asked)
        limit = Decimal(asked["price"]) if "price" in asked else None
        answer = _through_call_service(
            run, story, request, provider=asked.get("provider") or provider, price_limit=limit
        )
    if answer is None:
        return Done()
    if isinstance(answer, Wait):
        return answer
    with transaction.atomic():
        run.hold()
        take = takes.record_result(answer.call, job=run.job)
    if take is None:
        raise Fail(gettext_noop("The scene has been deleted."), code="scene_gone")
    return Done(
        preview_url=reverse("stories:take_file", args=[take.pk]),
        metadata={"take_id": str(take.pk), "cost": str(take.cost)},
    )


def _request(
    story: Story, scene: Scene, prompt: ScenePrompt, kind: TakeKind, asked: dict[str, Any]
) -> tuple[Any, str]:
    """The provider request, and the story's provider for it."""
    worn = msgspec.convert(asked.get("worn") or [], list[requests.CastReference])
    if kind == TakeKind.IMAGE:
        image_asked = image_request(story, prompt, seed=asked.get("seed"), worn=worn)
        return image_asked, story.image_provider
    image = (
        Take.objects.filter(pk=asked["image_take_id"]).first()
        if asked.get("image_take_id")
        else scene.image_take
    )
    if image is None:
        raise Fail(gettext_noop("The scene has no picture to start from."), code="no_picture")
    clip_asked = clip_request(story, scene, prompt, image, seed=asked.get("seed"), worn=worn)
    return clip_asked, story.clip_provider


@handler(JobName.SCENE_PREVIEW)
def scene_preview(run: Run) -> Done | Wait:
    return _scene_take(run, TakeKind.IMAGE)


@handler(JobName.SCENE_RENDER)
def scene_render(run: Run) -> Done | Wait:
    return _scene_take(run, TakeKind.CLIP)


@on_end(JobName.SCENE_PREVIEW)
@on_end(JobName.SCENE_RENDER)
@on_end(JobName.LINE_SPEECH)
@on_end(JobName.STORY_MUSIC)
@on_end(JobName.LOOK_SHEET)
def scene_ended(job: Job) -> None:
    if job.data["action"] != enqueue.INGEST_ONLY:
        enqueue.collect(
            enqueue.to_collect().filter(
                key=enqueue.call_key(job), attempt_no__gt=enqueue.after(job)
            )
        )
    enqueue.wake_story_jobs(job.subject)


# Sound


def _sound_take(run: Run) -> Done | Wait:
    """Speak a line, or make the story's music, as it was asked for when the job was made."""
    story, asked = _story(run), enqueue.asked(run.job)
    answer: calls.Ready | Wait | None
    if run.job.data["action"] == enqueue.INGEST_ONLY:
        answer = _collected(run)
    else:
        _require_use(story, run.job)
        request = requests.from_json(asked["request"])
        answer = _through_call_service(
            run, story, request, provider=asked["provider"], price_limit=Decimal(asked["price"])
        )
    if answer is None:
        return Done()
    if isinstance(answer, Wait):
        return answer
    with transaction.atomic():
        run.hold()
        take = sound_takes.record_result(answer.call, job=run.job)
    if take is None:
        raise Fail(LINE_GONE, code="line_gone")
    return Done(
        preview_url=reverse("stories:sound_file", args=[take.pk]),
        metadata={"take_id": str(take.pk), "cost": str(take.cost)},
    )


def _require_use(story: Story, job: Job) -> None:
    """Fail before a purchase that the film would not use.

    As for a deleted scene, a call that is out is collected when the job has ended.
    """
    why = why_unwanted(story, enqueue.SOUND_KIND[JobName(job.name)], line_of_job(job))
    if why is not None:
        raise Fail(why.template, code="not_wanted", **why.values)


@handler(JobName.LOOK_SHEET)
def look_sheet(run: Run) -> Done | Wait:
    """Make a reference sheet of the cast, as it was asked for when the job was made."""
    story, asked = _story(run), enqueue.asked(run.job)
    answer: calls.Ready | Wait | None
    if run.job.data["action"] == enqueue.INGEST_ONLY:
        answer = _collected(run)
    else:
        request = requests.from_json(asked["request"])
        answer = _through_call_service(
            run, story, request, provider=asked["provider"], price_limit=Decimal(asked["price"])
        )
    if answer is None:
        return Done()
    if isinstance(answer, Wait):
        return answer
    with transaction.atomic():
        run.hold()
        take = sheets.record_result(answer.call, job=run.job)
    if take is None:
        raise Fail(gettext_noop("The look has been deleted."), code="look_gone")
    return Done(
        preview_url=reverse("stories:sheet_file", args=[take.pk]),
        metadata={"take_id": str(take.pk), "cost": str(take.cost)},
    )


@handler(JobName.LINE_SPEECH)
def line_speech(run: Run) -> Done | Wait:
    return _sound_take(run)


@handler(JobName.STORY_MUSIC)
def story_music(run: Run) -> Done | Wait:
    return _sound_take(run)


@handler(JobName.STORY_STEMS)
def story_stems(run: Run) -> Done:
    """Make the tracks that the mixer of the film page plays."""
    story = _story(run)
    kind = run.job.data["parameters"].get("kind", FilmKind.PREVIEW)
    try:
        files = make_stems(story, kind, run=run)
    except MediaError as error:
        if run.should_stop():
            raise JobStopped from error
        raise Fail(error.sentence.template, code=error.code, **error.sentence.values) from error
    return Done(metadata={"tracks": sorted(files)})


# The whole story


@handler(JobName.STORY_PREVIEW)
def story_preview(run: Run) -> Done | Wait:
    return _whole_story(run, TakeKind.IMAGE, FilmKind.PREVIEW)


@handler(JobName.STORY_RENDER)
def story_render(run: Run) -> Done | Wait:
    return _whole_story(run, TakeKind.CLIP, FilmKind.FINAL)


def _whole_story(run: Run, kind: TakeKind, film_kind: FilmKind) -> Done | Wait:
    """Create missing child jobs, wait for them, and join the film when all takes exist."""
    story, asked = _story(run), run.job.data["parameters"]
    with transaction.atomic():
        run.hold()
        story = Story.objects.select_for_update().get(pk=story.pk)
        plan = plan_generation(
            story, kind, mode=asked.get("mode", "missing"), as_is=bool(asked.get("override_reason"))
        )
        children = {
            child.item: child for child in Job.objects.filter(parent=run.job).order_by("created_at")
        }
        made = _make_children(run, kind, plan, children)
    sounds = plan.sound.running if plan.sound else []
    waiting_for = (
        made
        + sum(_is_under_way(child) for child in children.values())
        + plan.counts.get("running", 0)
        + len(sounds)
    )
    total, left = len(plan.items), len(plan.todo) + plan.counts.get("running", 0)
    if waiting_for:
        note = LocalizedMessage(
            gettext_noop("%(done)s of %(total)s scenes are ready."),
            {"done": total - left, "total": total},
        )
        run.progress(90 * (total - left) // max(total, 1), note)
        return Wait(
            until=database_now() + enqueue.WAIT_TIMEOUT, wait_for=WaitFor.CHILDREN, note=note
        )
    if open_item := next(
        (item for item in plan.items if item.will or is_in_the_way(item, kind)), None
    ):
        child = children.get(str(open_item.scene_id))
        if child is None and open_item.will:
            return _ask_person(
                gettext_noop(
                    "Scene %(position)s came later and costs more than was allowed when "
                    "this was started. Start it from the board."
                ),
                position=open_item.position,
            )
        why = child.note if child and child.status != JobStatus.SUCCEEDED else open_item.why
        return _ask_person(
            gettext_noop(
                "Scene %(position)s could not be made: %(why)s Change its prompt or retry "
                "it, or stop production."
            ),
            position=open_item.position,
            why=why,
        )
    if (ask := _missing_sound(plan, children)) is not None:
        return ask
    try:
        film = build_film(
            story,
            film_kind,
            run=run,
            made_by=run.job.owner,
            override_reason=asked.get("override_reason", ""),
        )
    except FilmNotReady as error:
        return _ask_person(error.sentence.template, **error.sentence.values)
    except MediaError as error:
        if run.should_stop():
            raise JobStopped from error
        if error.code == "disk_full":
            raise ServiceUnavailableError(
                error.sentence.template, **error.sentence.values
            ) from error
        raise Fail(error.sentence.template, code=error.code, **error.sentence.values) from error
    return Done(
        preview_url=reverse("stories:film_file", args=[film.pk]),
        metadata={"film_id": str(film.pk), "frames": film.frames},
    )


def _missing_sound(plan: Plan, children: dict[str, Job]) -> Wait | None:
    """Ask a person about speech or music that the film needs and nobody makes."""
    item = next(iter(plan.sound.in_the_way), None) if plan.sound else None
    if item is None:
        return None
    child = children.get(item.item)
    why = child.note if child and child.status != JobStatus.SUCCEEDED else item.why
    if item.scene is None:
        return _ask_person(
            gettext_noop(
                "The music could not be made: %(why)s Retry it, choose other music, or "
                "make the film without."
            ),
            why=why,
        )
    return _ask_person(
        gettext_noop(
            "A line of scene %(position)s could not be spoken: %(why)s Change its words or "
            "its voice, retry it, or turn the sound off."
        ),
        position=item.position,
        why=why,
    )


def _ask_person(template: str, **values: Any) -> Wait:
    return Wait(
        until=database_now() + enqueue.WAIT_TIMEOUT,
        wait_for=WaitFor.PERSON,
        note=LocalizedMessage(template, values),
    )


def _is_under_way(child: Job) -> bool:
    """Whether a scene's job continues without a person."""
    return (
        child.status in OPEN
        and child.status != JobStatus.UNCLEAR
        and child.wait_for != WaitFor.PERSON
    )


def _make_children(run: Run, kind: TakeKind, plan: Plan, children: dict[str, Job]) -> int:
    """Create one child job for each scene in the plan that has had none, within the spending cap.

    Returns how many were created.

    The caller holds the locks on the job and the story, so that no other attempt and no person
    starts the same work. The priority is read again, because a person may have changed it since
    this attempt began.
    """
    pictures = [item for item in plan.todo if str(item.scene_id) not in children]
    sounds = [item for item in plan.sound_todo if _may_be_ordered(item, children.get(item.item))]
    wanted = confirmations.affordable_items(run.job, [*pictures, *sounds], children.values())
    parent = Job.objects.get(pk=run.job.pk)
    made = 0
    for item in pictures:
        if item.key in wanted:
            made += enqueue.enqueue_scene(
                item.scene, kind, owner=run.job.owner, parent=parent, parameters=wanted[item.key]
            )[1]
    for sound in sounds:
        if sound.key in wanted:
            enqueue.enqueue_sound(
                sound,
                plan.story,
                owner=run.job.owner,
                parent=parent,
                price=Decimal(wanted[sound.key]["price"]),
            )
            made += 1
    return made


def _may_be_ordered(item: SoundItem, child: Job | None) -> bool:
    """Whether the story's job makes this sound: it has not yet, or not from these inputs."""
    return child is None or child.data["parameters"].get("input_hash") != item.input_hash


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


# Signals from the provider layer


@receiver(capacity_freed)
def wake_what_waited(sender: Any, *, provider: str, subject: str, item: str, **_: Any) -> None:  # noqa: ARG001  signal signature
    """Wake the jobs that may have waited for a budget, a provider or an unclear call.

    Sent when a budget is raised, a provider is resumed or an unclear call is resolved.
    """
    if item:
        queue.wake(item=item)
        # The call is attached to a task, but its job is gone.
        enqueue.collect(enqueue.to_collect().filter(item=item))
        enqueue.wake_story_jobs(subject)
    elif subject:
        queue.wake(subject=subject)
    else:
        for reason in (WaitFor.BUDGET, WaitFor.PROVIDER, WaitFor.RATE_LIMIT):
            queue.wake(wait_for=reason)


@receiver(result_recorded)
def record_paid_results(sender: Any, *, call: ProviderCall, **_: Any) -> None:  # noqa: ARG001  signal signature
    """Record a take for a result that arrived without a request by its job."""
    _record(call)


def record_leftover_results() -> int:
    """Finish calls that are sent and paid, or settled without a take, and that no open job follows.

    If the take of a settled call was lost, it is recorded now. A call that is still at the provider
    gets a job that collects it. Returns how many takes are recorded or collected.
    """
    since = database_now() - LOOKED_BACK
    left = (
        enqueue.to_collect()
        .exclude(state=CallState.SETTLED, reserved_at__lt=since)
        .order_by("reserved_at")
    )
    calls = enqueue.not_followed(left[:AT_ONCE])
    return each(calls, _record_or_collect)  # one failing call does not affect the others


def _record_or_collect(call: ProviderCall) -> bool:
    return _record(call) if call.state == CallState.SETTLED else bool(enqueue.collect([call]))


def _record(call: ProviderCall) -> bool:
    if not call.item:  # made for no scene, such as a test run
        return False
    recorded: Any
    if call.kind in SoundKind.values:
        recorded = sound_takes.record_result(call)
    elif enqueue.job_of(call) == JobName.LOOK_SHEET:
        recorded = sheets.record_result(call)
    else:
        recorded = takes.record_result(call)
    if recorded is not None:
        enqueue.wake_story_jobs_on_commit(call.subject)
    return True
