"""Handlers that encode the scenes, and make a story's missing takes and its film."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_noop

from core.clock import database_now
from core.localized_messages import LocalizedMessage
from jobs.enums import OPEN, JobStatus, WaitFor
from jobs.models import Job
from jobs.outcomes import Done, Fail, Wait
from jobs.registry import handler, on_end
from jobs.run import Run
from stories.enums import FilmKind, JobName, SoundKind, StoryStatus, TakeKind
from stories.film.build import FilmNotReady, build_film
from stories.film.growing import ENCODED, Growth, encode_ahead, encode_segment
from stories.film.light import make_light
from stories.film.stems import make_stems
from stories.models import Film, Story
from stories.services import (
    checks,
    confirmations,
    enqueue,
    job_data,
    light_films,
    notices,
    waking,
)
from stories.services.plan import Plan, is_in_the_way, plan_generation
from stories.services.sound_items import SoundItem

from .outcomes import ask_person, follow, media_errors, story_of

LOOK_AGAIN = timedelta(seconds=10)


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
    """Make the copy of a film for slow lines."""
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


def _whole_story(run: Run, kind: TakeKind, film_kind: FilmKind) -> Done | Wait:
    """Create missing child jobs, wait for them, and join the film when all takes exist."""
    story, asked = story_of(run), run.job.data["parameters"]
    with transaction.atomic():
        run.hold()
        story = Story.objects.select_for_update().get(pk=story.pk)
        plan = plan_generation(
            story, kind, mode=asked.get("mode", "missing"), as_is=bool(asked.get("override_reason"))
        )
        children = _children(run, kind)
        made = _make_children(run, kind, plan, children)
    growth = encode_ahead(
        story, film_kind, scenes=plan.scenes, ready=_ready(plan, kind), parent=run.job
    )
    sounds = plan.sound.running if plan.sound else []
    halted = [child for child in children.values() if checks.is_halted(child)]
    waiting_for = (
        made
        + sum(_is_under_way(child) for child in children.values())
        + plan.counts.get("running", 0)
        - len(halted)
        + len(sounds)
    )
    if (wait := _wait_for_children(run, plan, waiting_for, halted)) is not None:
        return wait
    if open_item := next(
        (item for item in plan.items if item.will or is_in_the_way(item, kind)), None
    ):
        child = children.get(open_item.key)
        if child is None and open_item.will:
            return ask_person(
                gettext_noop(
                    "Scene %(position)s came later and costs more than was allowed when "
                    "this was started. Start it from the board."
                ),
                position=open_item.position,
            )
        why = child.note if child and child.status != JobStatus.SUCCEEDED else open_item.why
        return ask_person(
            gettext_noop(
                "Scene %(position)s could not be made: %(why)s Change its prompt or retry "
                "it, or stop production."
            ),
            position=open_item.position,
            why=why,
        )
    if (ask := _missing_sound(plan, children)) is not None:
        return ask
    if growth.encoding:
        return _wait_for_segments(run, growth)
    return _build(run, story, film_kind, override_reason=asked.get("override_reason", ""))


def _children(run: Run, kind: TakeKind) -> dict[str, Job]:
    """The newest job for each take and sound that this job has begun, by the key of the plan."""
    names = [job_data.SCENE_JOB[kind], *job_data.SOUND_KIND]
    jobs = Job.objects.filter(parent=run.job, name__in=names).order_by("created_at")
    return {job_data.plan_key(child): child for child in jobs}


def _wait_for_children(run: Run, plan: Plan, number: int, halted: list[Job]) -> Wait | None:
    """Wait for this number of children, else for a person if some are halted."""
    if not number:
        note = halted[0].note if halted else None
        return None if note is None else ask_person(note.template, **note.values)
    total, left = len(plan.items), len(plan.todo) + plan.counts.get("running", 0)
    note = LocalizedMessage(
        gettext_noop("%(done)s of %(total)s scenes are ready."),
        {"done": total - left, "total": total},
    )
    run.progress(90 * (total - left) // max(total, 1), note)
    return Wait(until=database_now() + waking.WAIT_TIMEOUT, wait_for=WaitFor.CHILDREN, note=note)


def _wait_for_segments(run: Run, growth: Growth) -> Wait:
    note = growth.held_up or LocalizedMessage(
        gettext_noop("Encoding the scenes: %(left)s are left."), {"left": growth.encoding}
    )
    run.progress(90, note)
    soon = waking.WAIT_TIMEOUT if growth.all_ours else LOOK_AGAIN
    return Wait(until=database_now() + soon, wait_for=WaitFor.CHILDREN, note=note)


def _build(run: Run, story: Story, film_kind: FilmKind, *, override_reason: str) -> Done | Wait:
    try:
        with media_errors(run):
            film = build_film(
                story,
                film_kind,
                run=run,
                made_by=run.job.owner,
                override_reason=override_reason,
            )
    except FilmNotReady as error:
        return ask_person(error.sentence.template, **error.sentence.values)
    light_films.prepare_by_itself(film, owner=run.job.owner)
    return Done(
        preview_url=reverse("stories:film_file", args=[film.pk]),
        metadata={"film_id": str(film.pk), "frames": film.frames},
    )


def _ready(plan: Plan, kind: TakeKind) -> set[UUID]:
    """The scenes whose selected takes and speech the film will use as they are."""
    sounds = [*plan.sound.todo, *plan.sound.running] if plan.sound else []
    # Captions follow the speech; music and effects change no segment.
    unspoken = {item.scene.pk for item in sounds if item.line is not None and item.scene}
    return {
        item.scene_id
        for item in plan.items
        if not (item.will or item.state == "running" or is_in_the_way(item, kind))
    } - unspoken


def _missing_sound(plan: Plan, children: dict[str, Job]) -> Wait | None:
    """Ask a person about sound that the film needs and nobody makes."""
    item = next(iter(plan.sound.in_the_way), None) if plan.sound else None
    if item is None:
        return None
    child = children.get(item.key)
    why = child.note if child and child.status != JobStatus.SUCCEEDED else item.why
    if item.kind == SoundKind.MUSIC and item.scene is not None:
        return ask_person(
            gettext_noop(
                "The music of scene %(position)s could not be made: %(why)s Retry it, choose "
                "other music for the scene, or let the film's music go on."
            ),
            position=item.position,
            why=why,
        )
    if item.kind == SoundKind.MUSIC:
        return ask_person(
            gettext_noop(
                "The music could not be made: %(why)s Retry it, choose other music, or "
                "make the film without."
            ),
            why=why,
        )
    if item.scene is None:
        return ask_person(
            gettext_noop(
                "An effect of the film could not be made: %(why)s Change its description, retry "
                "it, or make the film without."
            ),
            why=why,
        )
    if item.line is None:
        return ask_person(
            gettext_noop(
                "An effect of scene %(position)s could not be made: %(why)s Change its "
                "description, retry it, or make the film without."
            ),
            position=item.position,
            why=why,
        )
    return ask_person(
        gettext_noop(
            "A line of scene %(position)s could not be spoken: %(why)s Change its words or "
            "its voice, retry it, or turn the sound off."
        ),
        position=item.position,
        why=why,
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
    pictures = [item for item in plan.todo if item.key not in children]
    sounds = [item for item in plan.sound_todo if _may_be_ordered(item, children.get(item.key))]
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
