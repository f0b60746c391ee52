"""The handler that has a take checked by a model that looks at it."""

from functools import partial

from django.db import transaction

from jobs.enums import JobStatus
from jobs.models import Job
from jobs.outcomes import Done, Fail, Wait
from jobs.registry import handler, on_end
from jobs.run import Run
from providers import calls
from providers.requests import from_json
from stories.enums import JobName
from stories.models import Take
from stories.services import collecting, job_data, vision_checks, vision_results, waking

from .outcomes import collected_result, media_errors, through_call_service
from .present_requests import SCENE_GONE, Asking


@handler(JobName.TAKE_CHECK)
def take_check(run: Run) -> Done | Wait:
    """Show the take to the model that was confirmed, and record what it finds.

    A take that a person has reviewed meanwhile is not paid for.
    """
    answer = (
        collected_result(run) if run.job.data["action"] == job_data.INGEST_ONLY else _asked(run)
    )
    if answer is None:
        return Done()
    if isinstance(answer, Wait):
        return answer
    with transaction.atomic():
        run.hold()
        check = vision_results.record_result(answer.call)
    if check is None:
        raise Fail(SCENE_GONE, code="scene_gone")
    return Done(metadata={**check.findings, "cost": str(answer.call.cost)})


def _asked(run: Run) -> calls.Ready | Wait | None:
    asking = of_check(run.job) if job_data.call_of(run.job) is None else None
    if asking is not None:
        take = Take.objects.select_related("call", "prompt").get(pk=run.job.item)
        with media_errors(run):
            vision_checks.make_stills(take, asking.request)
    return through_call_service(run, partial(of_check, run.job))


def of_check(job: Job) -> Asking | None:
    """The check of the job's take. None if nobody needs it any more.

    Raises Fail if the take's scene is gone.
    """
    take = Take.objects.filter(pk=job.item, scene__deleted_at=None).first()
    if take is None:
        raise Fail(SCENE_GONE, code="scene_gone")
    if not vision_checks.is_wanted(take):
        return None
    asked = job_data.asked(job)
    return Asking(from_json(asked["request"]), asked["provider"], {})


@on_end(JobName.TAKE_CHECK)
def check_ended(job: Job) -> None:
    if job.data["action"] != job_data.INGEST_ONLY:
        left = collecting.to_collect().filter(key=job_data.call_key(job))
        collecting.collect(left.filter(attempt_no__gt=job_data.after(job)))
    if job.status == JobStatus.FAILED and (call := job_data.call_of(job)) is not None:
        vision_results.give_up(call)
    waking.wake_story_jobs(job.subject)
