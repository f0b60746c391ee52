"""Handlers that make one take: of a scene, of sound, or a reference sheet of the cast."""

from collections.abc import Callable
from functools import partial

from django.db import transaction
from django.urls import reverse

from jobs.enums import JobStatus
from jobs.models import Job
from jobs.outcomes import Done, Fail, Wait
from jobs.registry import handler, on_end
from jobs.run import Run
from providers import calls
from stories.enums import JobName, TakeKind
from stories.models import Scene, SheetTake, SoundTake, Story, Take
from stories.services import (
    checks,
    collecting,
    job_data,
    notices,
    sheets,
    sound_takes,
    takes,
    waking,
)
from stories.services.sound_plan import EFFECT_GONE, LINE_GONE

from . import present_requests
from .outcomes import ask_person, collected_result, story_of, through_call_service
from .present_requests import LOOK_GONE, SCENE_GONE, TAKE_GONE, Asking

SEEN = frozenset({JobName.SCENE_PREVIEW, JobName.SCENE_RENDER})  # their takes are reviewed


@handler(JobName.SCENE_PREVIEW)
def scene_preview(run: Run) -> Done | Wait:
    return _scene_take(run, TakeKind.IMAGE)


@handler(JobName.SCENE_RENDER)
def scene_render(run: Run) -> Done | Wait:
    return _scene_take(run, TakeKind.CLIP)


def _scene_take(run: Run, kind: TakeKind) -> Done | Wait:
    story_of(run)
    scene = Scene.objects.filter(pk=run.job.item).first()
    collects = run.job.data["action"] == job_data.INGEST_ONLY
    if scene is None or (scene.deleted_at is not None and not collects):
        raise Fail(SCENE_GONE, code="scene_gone")
    answer: calls.Ready | Wait | None
    if collects:
        answer = collected_result(run)
    else:
        if (halted := _halted(run, scene, kind)) is not None:
            return halted
        answer = through_call_service(run, partial(present_requests.of_scene, run.job))
    gone = Fail(SCENE_GONE, code="scene_gone")
    return _recorded(run, answer, takes.record_result, page="take_file", gone=gone)


def _halted(run: Run, scene: Scene, kind: TakeKind) -> Wait | None:
    """Wait for a person if the last takes of this job's batch are doubtful.

    A call that has begun is not held up.
    """
    if run.job.parent is None or job_data.call_of(run.job) is not None:
        return None
    why = checks.halt(scene, kind, since=run.job.parent.created_at)
    if why is None:
        return None
    newest = Take.objects.filter(scene__story=scene.story_id, kind=kind).order_by("created_at")
    with transaction.atomic():
        run.hold()
        key = f"{run.job.parent_id} {newest.values_list('pk', flat=True).last()}"
        notices.batch_halted(story_of(run), why, key=key)
    return ask_person(why.template, **why.values)


@handler(JobName.LINE_SPEECH)
def line_speech(run: Run) -> Done | Wait:
    return _sound_take(run)


@handler(JobName.STORY_MUSIC)
def story_music(run: Run) -> Done | Wait:
    return _sound_take(run)


@handler(JobName.SCENE_SOUND)
def scene_sound(run: Run) -> Done | Wait:
    return _sound_take(run)


def _sound_take(run: Run) -> Done | Wait:
    """Speak a line, or make the music of the film or a scene, or an effect."""
    answer = _collected_or_bought(run, present_requests.of_sound)
    gone = Fail(LINE_GONE, code="line_gone")
    if run.job.name == JobName.SCENE_SOUND:
        gone = Fail(EFFECT_GONE, code="effect_gone")
    elif run.job.name == JobName.STORY_MUSIC:
        gone = Fail(SCENE_GONE, code="scene_gone")
    return _recorded(run, answer, sound_takes.record_result, page="sound_file", gone=gone)


@handler(JobName.LOOK_SHEET)
def look_sheet(run: Run) -> Done | Wait:
    """Make a reference sheet of the cast."""
    answer = _collected_or_bought(run, present_requests.of_sheet)
    gone = Fail(LOOK_GONE, code="look_gone")
    return _recorded(run, answer, sheets.record_result, page="sheet_file", gone=gone)


@handler(JobName.TAKE_EDIT)
def take_edit(run: Run) -> Done | Wait:
    """Edit a take."""
    answer = _collected_or_bought(run, present_requests.of_edit)
    gone = Fail(TAKE_GONE, code="take_gone")
    return _recorded(run, answer, takes.record_edit, page="take_file", gone=gone)


def _collected_or_bought(run: Run, ask: Callable[[Job], Asking]) -> calls.Ready | Wait | None:
    story_of(run)
    if run.job.data["action"] == job_data.INGEST_ONLY:
        return collected_result(run)
    return through_call_service(run, partial(ask, run.job))


def _recorded(
    run: Run,
    answer: calls.Ready | Wait | None,
    record: Callable[..., Take | SoundTake | SheetTake | None],
    *,
    page: str,
    gone: Fail,
) -> Done | Wait:
    """Record what a call has brought as a take, or raise `gone` if it has no place any more."""
    if answer is None:
        return Done()
    if isinstance(answer, Wait):
        return answer
    with transaction.atomic():
        run.hold()
        take = record(answer.call, job=run.job)
    if take is None:
        raise gone
    return Done(
        preview_url=reverse(f"stories:{page}", args=[take.pk]),
        metadata={"take_id": str(take.pk), "cost": str(take.cost)},
    )


@on_end(JobName.SCENE_PREVIEW)
@on_end(JobName.SCENE_RENDER)
@on_end(JobName.LINE_SPEECH)
@on_end(JobName.STORY_MUSIC)
@on_end(JobName.SCENE_SOUND)
@on_end(JobName.LOOK_SHEET)
@on_end(JobName.TAKE_EDIT)
def scene_ended(job: Job) -> None:
    if job.data["action"] != job_data.INGEST_ONLY:
        collecting.collect(
            collecting.to_collect().filter(
                key=job_data.call_key(job), attempt_no__gt=job_data.after(job)
            )
        )
    waking.wake_story_jobs(job.subject)
    if job.status == JobStatus.SUCCEEDED and job.parent_id is None and job.name in SEEN:
        _tell_of_take(job)


def _tell_of_take(job: Job) -> None:
    """Tell the story's people of a take that one of them has not asked for just now."""
    story = Story.objects.filter(pk=job.subject).first()
    if story is not None:
        notices.takes_to_review(story, 1, job_id=job.pk, but=job.owner_id)
