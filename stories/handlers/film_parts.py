"""The steps of a film's job before the film is built.

They order the missing takes and sounds, have complete scenes encoded, wait for both, and ask a
person about what nobody makes.
"""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from core.clock import database_now
from core.localized_messages import LocalizedMessage
from jobs.enums import OPEN, JobStatus, WaitFor
from jobs.models import Job
from jobs.outcomes import Wait
from jobs.run import Run
from stories.enums import SoundKind, TakeKind
from stories.film.growing import encode_ahead
from stories.models import Story
from stories.services import checks, confirmations, enqueue, job_data, waking
from stories.services.plan import Plan, is_in_the_way, plan_generation
from stories.services.sound_items import SoundItem

from .film_work import FilmWork
from .outcomes import ask_person

LOOK_AGAIN = timedelta(seconds=10)


def order_missing(work: FilmWork) -> None:
    """Plan what is missing now, and create a child job for each part that may be bought.

    The locks on the job and the story are held meanwhile, so that no other attempt and no person
    starts the same work.
    """
    with transaction.atomic():
        work.run.hold()
        work.story = Story.objects.select_for_update().get(pk=work.story.pk)
        work.plan = plan_generation(
            work.story, work.kind, mode=work.mode, as_is=bool(work.override_reason)
        )
        work.children = _children(work.run.job, work.kind)
        work.ordered = _order(work)


def _children(job: Job, kind: TakeKind) -> dict[str, Job]:
    """The newest job for each take and sound that this job has begun, by the key of the plan."""
    names = [job_data.SCENE_JOB[kind], *job_data.SOUND_KIND]
    jobs = Job.objects.filter(parent=job, name__in=names).order_by("created_at")
    return {job_data.plan_key(child): child for child in jobs}


def _order(work: FilmWork) -> int:
    """Create a child job for each part of the plan that has had none, within the spending cap.

    Returns how many were created. The priority is read again, because a person may have changed it
    since this attempt began.
    """
    plan, children, job = work.plan, work.children, work.run.job
    pictures = [item for item in plan.todo if item.key not in children]
    sounds = [item for item in plan.sound_todo if _may_be_ordered(item, children.get(item.key))]
    wanted = confirmations.affordable_items(job, [*pictures, *sounds], children.values())
    parent = Job.objects.get(pk=job.pk)
    made = 0
    for item in pictures:
        if item.key in wanted:
            made += enqueue.enqueue_scene(
                item.scene, work.kind, owner=job.owner, parent=parent, parameters=wanted[item.key]
            )[1]
    for sound in sounds:
        if sound.key in wanted:
            enqueue.enqueue_sound(
                sound,
                plan.story,
                owner=job.owner,
                parent=parent,
                price=Decimal(wanted[sound.key]["price"]),
            )
            made += 1
    return made


def _may_be_ordered(item: SoundItem, child: Job | None) -> bool:
    """Whether the story's job makes this sound: it has not yet, or not from these inputs."""
    return child is None or child.data["parameters"].get("input_hash") != item.input_hash


def encode_complete(work: FilmWork) -> None:
    """Have the scenes encoded that are complete, each in a job of its own."""
    work.growth = encode_ahead(
        work.story,
        work.film_kind,
        scenes=work.plan.scenes,
        ready=_complete(work.plan, work.kind),
        parent=work.run.job,
    )


def _complete(plan: Plan, kind: TakeKind) -> set[UUID]:
    """The scenes whose selected takes and speech the film will use as they are."""
    sounds = [*plan.sound.todo, *plan.sound.running] if plan.sound else []
    # Captions follow the speech; music and effects change no segment.
    unspoken = {item.scene.pk for item in sounds if item.line is not None and item.scene}
    return {
        item.scene_id
        for item in plan.items
        if not (item.will or item.state == "running" or is_in_the_way(item, kind))
    } - unspoken


def await_parts(work: FilmWork) -> Wait | None:
    """Wait while parts are made, else for a person if some of their jobs are halted."""
    plan, children = work.plan, work.children.values()
    halted = [child for child in children if checks.is_halted(child)]
    sounds = plan.sound.running if plan.sound else []
    waiting_for = (
        work.ordered
        + sum(_is_under_way(child) for child in children)
        + plan.counts.get("running", 0)
        - len(halted)
        + len(sounds)
    )
    if not waiting_for:
        note = halted[0].note if halted else None
        return None if note is None else ask_person(note.template, **note.values)
    total, left = len(plan.items), len(plan.todo) + plan.counts.get("running", 0)
    note = LocalizedMessage(
        gettext_noop("%(done)s of %(total)s scenes are ready."),
        {"done": total - left, "total": total},
    )
    return _wait(work.run, 90 * (total - left) // max(total, 1), note, waking.WAIT_TIMEOUT)


def _is_under_way(child: Job) -> bool:
    """Whether a scene's job continues without a person."""
    return (
        child.status in OPEN
        and child.status != JobStatus.UNCLEAR
        and child.wait_for != WaitFor.PERSON
    )


def ask_about_missing(work: FilmWork) -> Wait | None:
    """Ask a person about the first take, or else the first sound, that is missing and that no job
    makes.
    """
    return _missing_take(work) or _missing_sound(work.plan, work.children)


def _missing_take(work: FilmWork) -> Wait | None:
    for item in work.plan.items:
        if not (item.will or is_in_the_way(item, work.kind)):
            continue
        child = work.children.get(item.key)
        if child is None and item.will:
            return ask_person(
                gettext_noop(
                    "Scene %(position)s came later and costs more than was allowed when "
                    "this was started. Start it from the workbench."
                ),
                position=item.position,
            )
        why = child.note if child and child.status != JobStatus.SUCCEEDED else item.why
        return ask_person(
            gettext_noop(
                "Scene %(position)s could not be made: %(why)s Change its prompt or retry "
                "it, or stop production."
            ),
            position=item.position,
            why=why,
        )
    return None


def _missing_sound(plan: Plan, children: dict[str, Job]) -> Wait | None:
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


def await_segments(work: FilmWork) -> Wait | None:
    """Wait while jobs encode scenes."""
    growth = work.growth
    if not growth.encoding:
        return None
    note = growth.held_up or LocalizedMessage(
        gettext_noop("Encoding the scenes: %(left)s are left."), {"left": growth.encoding}
    )
    return _wait(work.run, 90, note, waking.WAIT_TIMEOUT if growth.all_ours else LOOK_AGAIN)


def _wait(run: Run, percent: int, note: LocalizedMessage, at_most: timedelta) -> Wait:
    run.progress(percent, note)
    return Wait(until=database_now() + at_most, wait_for=WaitFor.CHILDREN, note=note)
