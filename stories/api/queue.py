"""Queue endpoints: its pause, and the priority of a job."""

from typing import Annotated

import msgspec
from django.contrib.auth.models import User
from msgspec import Meta

from api.components import Body
from api.controllers import ApiController, operation
from api.inputs import Empty, Strict
from api.problems import forbidden
from jobs.models import Pause
from jobs.services.pause import EVERYTHING, pause, resume
from jobs.services.priority import FIRST, LAST, set_priority
from stories.api.inputs.parts import Reason

from .base import JOBS, api
from .lookups import steerable_job
from .outputs.jobs import JobOut, job_out
from .outputs.parts import Moment

SEE, CHANGE = "jobs.view_job", "jobs.change_job"


class QueueOut(msgspec.Struct):
    """Whether workers take jobs. What runs when the queue is paused still ends."""

    paused: Annotated[bool, Meta(description="No job is taken.")]
    reason: Annotated[str, Meta(description="Why it is paused.")]
    paused_by: Annotated[str, Meta(description="Who paused it.")]
    paused_at: Annotated[Moment | None, Meta(description="Since when it is paused.")]


class PriorityIn(Strict):
    priority: Annotated[int, Meta(ge=FIRST, le=LAST, description="1 is first.")]
    reason: Reason = ""


class PauseIn(Strict):
    reason: Reason = ""


def _shown(user: User) -> QueueOut:
    if not user.has_perm(SEE):
        raise forbidden()
    row = Pause.objects.select_related("actor").filter(name=EVERYTHING).first()
    if row is None:
        return QueueOut(paused=False, reason="", paused_by="", paused_at=None)
    name = row.actor.get_username() if row.actor else ""
    return QueueOut(paused=True, reason=row.reason, paused_by=name, paused_at=row.paused_at)


@api.at("queue/")
class QueueController(ApiController):
    tags = (JOBS,)

    @operation("get_queue", summary="Show whether the queue is paused")
    def get(self) -> QueueOut:
        """While it is paused, nothing new is started."""
        return _shown(self.user)


@api.at("queue/pause/")
class QueuePauseController(ApiController):
    tags = (JOBS,)

    @operation("pause_queue", summary="Pause the queue")
    def post(self, body: Body[PauseIn]) -> QueueOut:
        """Nothing new is started for any story. What runs still ends. A pause that there is stays
        with its reason.
        """
        if not self.user.has_perm(CHANGE):
            raise forbidden()
        pause(EVERYTHING, actor=self.user, reason=body.reason[:200])
        return _shown(self.user)


@api.at("queue/resume/")
class QueueResumeController(ApiController):
    tags = (JOBS,)

    @operation("resume_queue", summary="Resume the queue")
    def post(self, body: Body[Empty]) -> QueueOut:  # noqa: ARG002  rejects a body that is not empty
        """What has waited is started."""
        if not self.user.has_perm(CHANGE):
            raise forbidden()
        resume(EVERYTHING)
        return _shown(self.user)


@api.at("jobs/<slug:job_id>/priority/")
class JobPriorityController(ApiController):
    tags = (JOBS,)

    @operation("set_job_priority", summary="Change the priority of a job")
    def post(self, job_id: str, body: Body[PriorityIn]) -> JobOut:
        """IsJobOwner. Its open parts follow. 409 `job_state` for a job that has ended."""
        steerable_job(self, job_id)
        job = set_priority(job_id, priority=body.priority, actor=self.user, reason=body.reason)
        return job_out(job)
