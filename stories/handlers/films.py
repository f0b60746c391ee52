"""Handlers that encode the scenes, and make a story's missing takes and its film."""

from collections.abc import Callable

from django.utils.translation import gettext_noop

from jobs.enums import JobStatus
from jobs.models import Job
from jobs.outcomes import Done, Fail, Wait
from jobs.registry import handler, on_end
from jobs.run import Run
from stories.enums import FilmKind, JobName, StoryStatus, TakeKind
from stories.film.growing import ENCODED, encode_segment
from stories.film.light import make_light
from stories.film.stems import make_stems
from stories.models import Film, Story
from stories.services import job_data, notices, waking

from . import film_building, film_parts
from .film_work import FilmWork
from .outcomes import follow, media_errors, story_of


@handler(JobName.SCENE_SEGMENT)
def scene_segment(run: Run) -> Done:
    """Encode the scene's part of a film, before the film is built."""
    story = story_of(run)
    kind = run.job.data["parameters"].get("kind", FilmKind.PREVIEW)
    with media_errors(run):
        encoded = encode_segment(story, run.job.item, kind, run=run)
    return Done(metadata={ENCODED: encoded})


@on_end(JobName.SCENE_SEGMENT)
def segment_ended(job: Job) -> None:
    waking.wake_story_jobs(job.subject)


@handler(JobName.STORY_STEMS)
def story_stems(run: Run) -> Done:
    """Make the tracks that the mixer of the film page plays."""
    story = story_of(run)
    kind = run.job.data["parameters"].get("kind", FilmKind.PREVIEW)
    with media_errors(run):
        files = make_stems(story, kind, run=run)
    return Done(metadata={"tracks": sorted(files)})


@handler(JobName.FILM_LIGHT)
def film_light(run: Run) -> Done:
    """Make the copy of a film for slow connections."""
    film = Film.objects.filter(pk=run.job.item).first()
    if film is None:
        raise Fail(gettext_noop("The film has been deleted."), code="film_gone")
    with media_errors(run):
        film = make_light(film, run=run)
    return Done(metadata={"film_id": str(film.pk), "size_bytes": film.light_size_bytes})


@handler(JobName.STORY_PREVIEW)
def story_preview(run: Run) -> Done | Wait:
    return _whole_story(run, TakeKind.IMAGE, FilmKind.PREVIEW)


@handler(JobName.STORY_RENDER)
def story_render(run: Run) -> Done | Wait:
    return _whole_story(run, TakeKind.CLIP, FilmKind.FINAL)


@on_end(JobName.STORY_PREVIEW)
def preview_ended(job: Job) -> None:
    if job.status == JobStatus.FAILED:
        follow(job, "fail", StoryStatus.PREVIEWING)
    _tell(job)


@on_end(JobName.STORY_RENDER)
def render_ended(job: Job) -> None:
    if job.status == JobStatus.SUCCEEDED:
        follow(job, "finish_rendering", StoryStatus.RENDERING)
    else:
        follow(job, "fail", StoryStatus.RENDERING)
    _tell(job)


def _tell(job: Job) -> None:
    """Tell the story's people that there is no film, or which takes were made for it."""
    story = Story.objects.filter(pk=job.subject).first()
    if story is None:
        return
    if job.status == JobStatus.FAILED:
        notices.film_failed(story, job.note, job_id=job.pk)
    elif job.status == JobStatus.SUCCEEDED:
        made = Job.objects.filter(
            parent=job, name__in=job_data.SCENE_JOB.values(), status=JobStatus.SUCCEEDED
        ).count()
        if made:
            notices.takes_to_review(story, made, job_id=job.pk)


# In this order. A step may set values of `FilmWork` for the later steps. The first step that
# returns an outcome ends the attempt. The next attempt starts again from the current rows.
STEPS: tuple[Callable[[FilmWork], Done | Wait | None], ...] = (
    film_parts.order_missing,
    film_parts.encode_complete,
    film_parts.await_parts,
    film_parts.ask_about_missing,
    film_parts.await_segments,
    film_building.make_cut,
    film_building.build,
)


def _whole_story(run: Run, kind: TakeKind, film_kind: FilmKind) -> Done | Wait:
    """Make the missing takes, wait for them, and join the film when all takes exist."""
    work = FilmWork(run, story_of(run), kind, film_kind)
    # The last step always has an outcome.
    return next(outcome for step in STEPS if (outcome := step(work)) is not None)
