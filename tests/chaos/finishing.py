"""What is left to do in the installation of a run, who does it, and what its books say."""

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from . import senders

if TYPE_CHECKING:
    from .people import Person

FAR = timedelta(minutes=11)
PATIENCE = timedelta(seconds=4)


def busy() -> list[int]:
    """The process ids of workers that have a job."""
    from jobs.models import Job

    names = Job.objects.filter(status="running").values_list("worker", flat=True)
    return [int(name.rpartition("/")[2]) for name in names if name.rpartition("/")[2].isdigit()]


def move_time(run: str, *, at_once: bool = False) -> None:
    """What waits only for its time has waited long enough."""
    from django.db.models import F
    from django.utils import timezone

    from jobs.models import Job
    from providers.models import AIProviderConfig, ProviderCall

    now = timezone.now()
    sending = ProviderCall.objects.filter(state="sending", sending_at__gt=now - FAR)
    for call in sending:
        if call.sending_at is not None and not senders.may_live(run, call.sending_at):
            sending.filter(pk=call.pk, sending_at=call.sending_at).update(sending_at=now - 2 * FAR)
    patience = timedelta(0) if at_once else PATIENCE
    AIProviderConfig.objects.filter(not_before__gt=now + patience).update(not_before=None)
    late = Job.objects.filter(
        status="waiting", run_at__gt=now + patience, updated_at__lt=now - patience
    ).exclude(wait_for="person")
    late.update(run_at=F("updated_at"))
    ProviderCall.objects.filter(state="accepted", poll_after__gt=now + patience).update(
        poll_after=now
    )
    if at_once:
        open_items = Job.objects.filter(
            status__in=["queued", "running", "waiting", "unclear"]
        ).values_list("item", flat=True)
        for call in ProviderCall.objects.filter(state="reserved").exclude(
            item__in=list(open_items)
        ):
            ProviderCall.objects.filter(pk=call.pk, state="reserved").update(reserved_at=now - FAR)


def made_so_far() -> tuple[int, ...]:
    """Counts that rise while stories come nearer to their film."""
    from jobs.models import Job
    from stories.models import Film, Take

    jobs = Job.objects.filter(status="succeeded").count()
    return jobs, Take.objects.count(), Film.objects.count()


def unfinished() -> list[str]:
    """What goes on or should: calls that are out or undecided, jobs that wait for anything but a
    person or those below them.
    """
    from jobs.models import Job
    from providers.models import ProviderCall

    calls = ProviderCall.objects.filter(state__in=["reserved", "sending", "accepted", "unclear"])
    found = [f"call {call.pk} {call.provider_id} {call.key} {call.state}" for call in calls]
    untaken = [f"call {call.pk} is settled and no take" for call in settled_without_take()]
    jobs = Job.objects.filter(status__in=["queued", "running", "waiting", "unclear"]).exclude(
        status="waiting", wait_for="person"
    )
    return (
        found
        + untaken
        + [f"job {job.pk} {job.name} {job.status} {job.wait_for} {job.note}" for job in jobs]
    )


def settled_without_take() -> Any:
    from providers.models import ProviderCall
    from stories.services import collecting, job_data

    takes = ProviderCall.objects.filter(state="settled", kind__in=list(job_data.TAKE_JOB))
    return takes.exclude(provider="local").exclude(collecting.has_take())


def booked() -> list[Any]:
    from providers.models import CallEvent, ProviderCall

    from .books import Booked

    untaken = set(settled_without_take().values_list("pk", flat=True))
    decided = set(
        CallEvent.objects.filter(actor__isnull=False, from_state="unclear").values_list(
            "call_id", flat=True
        )
    )
    calls = list(ProviderCall.objects.exclude(provider="local"))
    complained = {(call.key, call.attempt_no) for call in calls if call.evidence.get("complaint")}
    return [
        Booked(
            id=str(call.pk),
            provider=call.provider_id,
            key=key_of(call),
            state=call.state,
            cost=call.cost,
            reserved_at=call.reserved_at,
            ended_at=call.ended_at,
            has_take=call.pk not in untaken,
            by_person=call.pk in decided,
            is_late=call.is_late,
            asked_again=(call.key, call.attempt_no - 1) in complained,
            is_estimated=call.cost_is_estimated and call.provider_id == "llm",
        )
        for call in calls
    ]


def key_of(call: Any) -> str:
    """The key of a call; all plans of one story are one piece of work."""
    is_plan = call.kind == "text" and not call.item
    return f"plan:{call.subject}:0" if is_plan else str(call.key)


def finish(story: Any, person: "Person") -> None:
    """The next step of a story towards its film, by a person who confirms each price."""
    from jobs.models import Job
    from stories.services.plan import plan_generation

    if story.status in {"draft", "failed"}:
        person.attempt(partial(person.bring_further, story))
    elif story.status in {"planned", "previewing", "rendering"}:
        plan = plan_generation(story, "clip" if story.status == "rendering" else "image")
        jobs = Job.objects.filter(
            subject=str(story.pk), status__in=["queued", "running", "waiting", "unclear"]
        )
        going_on = jobs.exclude(item="").exclude(status="waiting", wait_for="person")
        answer_scenes(story, jobs, person)
        is_idle = not plan.counts.get("running") and not going_on.exists()
        if is_idle and not finish_words_and_sound(story, plan, jobs, person):
            finish_takes(story, plan, jobs, person)


def answer_scenes(story: Any, jobs: Any, person: "Person") -> None:
    """Answer the jobs of scenes that ask for a price: what is needed is ordered at the price that
    is shown now, what is not is cancelled.
    """
    from jobs.services import queue
    from stories.services import job_data
    from stories.services.plan import plan_generation

    asking = jobs.filter(status="waiting", wait_for="person", name__in=list(job_data.TAKE_KIND))
    for job in asking:
        kind, scene_ids = job_data.TAKE_KIND[job.name], [UUID(job.item)]
        if plan_generation(story, kind, scene_ids=scene_ids).todo:
            person.attempt(partial(person.make, story, kind, scene_ids=scene_ids))
        else:
            person.attempt(partial(queue.cancel, job.pk, actor=person.user))


def finish_takes(story: Any, plan: Any, jobs: Any, person: "Person") -> None:
    """Order what nobody makes, or take the story to its next status."""
    from stories.services.plan import plan_generation

    kind, states = plan.kind, {item.state for item in plan.items}
    whole = jobs.filter(item="").exclude(wait_for="person").exists()
    if story.status == "planned" or (
        story.status == "previewing"
        and states <= {"done", "stale"}
        and not jobs.filter(item="").exists()
    ):
        person.attempt(partial(person.bring_further, story))
    elif plan.todo and not (whole and not jobs.filter(item="", wait_for="children").exists()):
        person.attempt(
            partial(person.make, story, kind, scene_ids=[item.scene_id for item in plan.todo])
        )
    elif story.status == "rendering" and "stale" in states:
        ids = [item.scene_id for item in plan.items if item.state == "stale"]
        person.attempt(partial(person.make, story, kind, mode="stale", scene_ids=ids))
    elif story.status == "rendering" and plan.blocked:
        images = plan_generation(story, "image")
        if images.todo:
            person.attempt(
                partial(
                    person.make, story, "image", scene_ids=[item.scene_id for item in images.todo]
                )
            )
    elif not jobs.exists():
        person.attempt(partial(person.make, story, kind))


def finish_words_and_sound(story: Any, plan: Any, jobs: Any, person: "Person") -> bool:
    """Whether English, speech or music is missing; a person has ordered it then."""
    from stories.services.english import plan_english

    if plan.without_english:
        scene_ids = [item.scene.pk for item in plan_english(story).todo]
        person.attempt(partial(person.order_english, story, scene_ids))
        return True
    if plan.sound_todo and jobs.filter(item="", wait_for="person").exists():
        person.attempt(partial(person.order_sound, story, None, music=False))
        person.attempt(partial(person.order_sound, story, None, music=True))
        return True
    return False


def why(story: Any) -> str:
    from jobs.models import Job
    from stories.services.plan import plan_generation
    from stories.services.sound_plan import plan_sound

    jobs = "; ".join(
        f"{job.name} {job.status} {job.wait_for} {job.note}"
        for job in Job.objects.filter(subject=str(story.pk)).order_by("-created_at")[:4]
    )
    states = {
        kind: [f"{item.state} {item.why}" for item in plan_generation(story, kind).items]
        for kind in ("image", "clip")
    }
    sound = [f"{item.kind} {item.state} {item.why}" for item in plan_sound(story).items]
    return f"{jobs} {states} {sound}"
