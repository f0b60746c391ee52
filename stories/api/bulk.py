"""Several jobs or takes in one request. One that is refused leaves the others done."""

from collections.abc import Callable
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.components import Body
from api.controllers import ApiController, Call, operation
from api.inputs import Strict
from api.problems import Problem, problem_of
from core.localized_messages import DomainError
from jobs.services import queue
from stories.api.inputs.parts import MoneyIn, Reason, confirmed_total
from stories.enums import ReviewStatus
from stories.services import retry, takes

from .base import JOBS, TAKES, api
from .lookups import scene_of, steerable_job, take_of
from .outputs.jobs import JobOut, job_out
from .outputs.takes import TakeOut, take_out

MOST = 100  # of one request


class OneJobIn(Strict):
    id: Annotated[str, Meta(max_length=60, description="The job.")]
    confirm_total: MoneyIn | UnsetType = UNSET


class BulkJobsIn(Strict):
    """What is done with each job. `confirm_total` is what a job may cost when it is retried."""

    action: Annotated[Literal["retry", "cancel"], Meta(description="What is done.")]
    items: Annotated[
        list[OneJobIn], Meta(min_length=1, max_length=MOST, description="The jobs, each once.")
    ]
    reason: Reason = ""


class Refused(msgspec.Struct):
    """Why one of several was left as it is."""

    status: Annotated[int, Meta(description="The status that it would have by itself.")]
    code: Annotated[
        str, Meta(description="What went wrong.", extra_json_schema={"x-enum": "ErrorCode"})
    ]
    detail: Annotated[str, Meta(description="What went wrong, for people.")]


class OneJobOut(msgspec.Struct):
    id: Annotated[str, Meta(description="The job.")]
    job: Annotated[JobOut | None, Meta(description="The job now; null: it was refused.")]
    problem: Annotated[Refused | None, Meta(description="Why it was refused; null: it is done.")]


class BulkJobsOut(msgspec.Struct):
    items: Annotated[list[OneJobOut], Meta(description="In the order of the request.")]


class OneReviewIn(Strict):
    id: Annotated[UUID, Meta(description="The take.")]
    verdict: Annotated[ReviewStatus, Meta(description="The review.")]
    reason: Reason = ""


class BulkReviewsIn(Strict):
    items: Annotated[
        list[OneReviewIn], Meta(min_length=1, max_length=MOST, description="The takes, each once.")
    ]


class OneReviewOut(msgspec.Struct):
    id: Annotated[UUID, Meta(description="The take.")]
    take: Annotated[TakeOut | None, Meta(description="The take now; null: it was refused.")]
    problem: Annotated[Refused | None, Meta(description="Why it was refused; null: it is done.")]


class BulkReviewsOut(msgspec.Struct):
    items: Annotated[list[OneReviewOut], Meta(description="In the order of the request.")]


@api.at("jobs/bulk/")
class JobsBulkController(ApiController):
    tags = (JOBS,)

    @operation("bulk_jobs", summary="Retry or cancel several jobs")
    def post(self, body: Body[BulkJobsIn]) -> BulkJobsOut:
        """Each by itself: one that is refused leaves the others done."""
        return BulkJobsOut([_job(self, item, body) for item in body.items])


@api.at("takes/bulk_review/")
class TakesBulkReviewController(ApiController):
    tags = (TAKES,)

    @operation("bulk_review_takes", summary="Approve or reject several takes")
    def post(self, body: Body[BulkReviewsIn]) -> BulkReviewsOut:
        """Each by itself: one that is refused leaves the others done."""
        return BulkReviewsOut([_review(self, item) for item in body.items])


def _job(call: Call, item: OneJobIn, body: BulkJobsIn) -> OneJobOut:
    def act() -> JobOut:
        steerable_job(call, item.id)
        if body.action == "cancel":
            return job_out(queue.cancel(item.id, actor=call.user, reason=body.reason))
        confirmed = confirmed_total(item.confirm_total)
        # A request for approval is kept, although it is answered as an error.
        start = retry.retry_job(item.id, actor=call.user, confirm_total=confirmed)
        return job_out(start.require().jobs[0])

    done, problem = _each(act)
    return OneJobOut(item.id, done, problem)


def _review(call: Call, item: OneReviewIn) -> OneReviewOut:
    def act() -> TakeOut:
        take_of(call, item.id)
        takes.review_take(item.id, review_status=item.verdict, actor=call.user, reason=item.reason)
        take = take_of(call, item.id)
        return take_out(call, scene_of(call, take.scene_id), take)

    done, problem = _each(act)
    return OneReviewOut(item.id, done, problem)


def _each[T](act: Callable[[], T]) -> tuple[T | None, Refused | None]:
    """The result of one, or why it was refused. The services write all of it, or nothing."""
    try:
        return act(), None
    except DomainError as error:
        return None, _refused(problem_of(error))
    except Problem as problem:
        return None, _refused(problem)


def _refused(problem: Problem) -> Refused:
    return Refused(int(problem.status), problem.code, str(problem.sentence))
