"""Collects paid results that no open job follows.

A call may outlive its job: one that was cancelled, aborted, failed or lost. A job that only
collects makes no new call.
"""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q, QuerySet

from core.identifiers import is_uuid
from jobs.enums import OPEN
from jobs.models import Job
from jobs.services import queue
from providers.enums import CallState
from providers.models import ProviderCall
from stories.models import Effect, Line, Look, Scene, SheetTake, SoundTake, Story, Take, VisionCheck

from . import job_data

COLLECTED = 2  # priority: paid results come before new purchases


def to_collect() -> QuerySet[ProviderCall]:
    """Calls for takes and their checks that are open, or whose result is not recorded yet.

    The state of their jobs does not matter.
    """
    paid = (
        Q(state__in=[CallState.SENDING, CallState.ACCEPTED])
        | Q(state=CallState.SETTLED) & ~has_take()
    )
    makes = Q(kind__in=list(job_data.TAKE_JOB)) | Q(key__startswith=f"{job_data.VISION}:")
    return ProviderCall.objects.filter(paid, makes).exclude(item="")


def has_take() -> Q:
    """Whether the result of a call has become a take, or the check of one."""
    found = Q(Exists(Take.objects.filter(call=OuterRef("pk"))))
    found |= Q(Exists(SoundTake.objects.filter(call=OuterRef("pk"))))
    found |= Q(Exists(SheetTake.objects.filter(call=OuterRef("pk"))))
    return found | Q(Exists(VisionCheck.objects.filter(call=OuterRef("pk"))))


def not_followed(calls: Iterable[ProviderCall]) -> list[ProviderCall]:
    """Those of these calls that no open job follows and whose scene, line, effect, look, take or
    story exists.

    At most eight queries.
    """
    wanted = list(calls)
    items = {call.item for call in wanted}
    jobs: dict[str, list[Job]] = {}
    for job in Job.objects.filter(item__in=items, name__in=job_data.TAKE_NAMES, status__in=OPEN):
        jobs.setdefault(job.item, []).append(job)
    known = _existing(Scene, items)
    if rest := items - known:
        known |= _existing(Line, rest) | _existing(Effect, rest) | _existing(Story, rest)
        known |= _existing(Look, rest) | _existing(Take, rest)
    return [
        call
        for call in wanted
        if call.item in known
        and not any(job_data.follows(job, call) for job in jobs.get(call.item, []))
    ]


def _existing(
    model: type[Scene | Line | Effect | Story | Look | Take], items: Iterable[str]
) -> set[str]:
    keys = list(filter(is_uuid, items))
    return {
        str(pk)
        for pk in model._default_manager.filter(pk__in=keys).values_list("pk", flat=True)  # noqa: SLF001  Django's documented API
    }


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
    name = job_data.job_of(call)
    ordered = asked_for(call)
    asked = {
        **(ordered.data["parameters"] if ordered else {}),
        "call_key": call.key,
        "after": call.attempt_no - 1,
        "call_id": str(call.pk),
    }
    wanted = job_data.data(call.subject, name, asked, action=job_data.INGEST_ONLY)
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
    jobs = Job.objects.filter(item=call.item, name=job_data.job_of(call)).order_by("-created_at")
    return next((job for job in but_collectors(jobs) if job_data.follows(job, call)), None)


def but_collectors(jobs: QuerySet[Job]) -> QuerySet[Job]:
    """These jobs, without those that only collect paid results.

    A job without an action is not a collector.
    """
    return jobs.filter(
        ~Q(data__action=job_data.INGEST_ONLY) | Q(data__action=None) | Q(data__action__isnull=True)
    )
