"""What remains when a job is cancelled: takes, open calls, costs, and the story's next status."""

from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.admin.display import money
from jobs.enums import JobStatus
from jobs.models import Job
from providers.enums import CallState
from providers.models import ProviderCall
from stories.enums import JobName, StoryStatus
from stories.models import Story
from stories.services import job_data

OUT = (CallState.SENDING, CallState.ACCEPTED)
SCENE_JOBS = frozenset(job_data.SCENE_JOB.values())


def kept(job: Job, parts: list[Job]) -> list[str]:
    """Messages about what is kept if `job` and `parts`, its open child jobs, end now.

    Two to four queries.
    """
    made = Job.objects.filter(parent=job, status=JobStatus.SUCCEEDED)
    done = made.exclude(name=JobName.SCENE_SEGMENT).count()
    calls = list(
        ProviderCall.objects.filter(
            key__in=[job_data.call_key(one) for one in (job, *parts)]
        ).exclude(state=CallState.REFUSED)
    )
    return [*_takes(job, done), *_calls(job, calls), *_story(job)]


def _takes(job: Job, done: int) -> list[str]:
    if done:
        return [
            ngettext(
                "%(n)s part is done: its take stays.",
                "%(n)s parts are done: their takes stay.",
                done,
            )
            % {"n": done}
        ]
    if job.name == JobName.STORY_PLANNING:
        return [_("Script and scenes stay as they are.")]
    return [_("All existing takes are kept.")]


def _calls(job: Job, calls: list[ProviderCall]) -> list[str]:
    out = [call for call in calls if call.state in OUT]
    unclear = [call for call in calls if call.state == CallState.UNCLEAR]
    spent = sum((call.cost for call in calls if call.cost), Decimal(0))
    message = []
    if out and job.name != JobName.STORY_PLANNING:
        risk = money(sum((call.counted for call in out), Decimal(0)))
        message.append(
            ngettext(
                (
                    "%(n)s call is out (up to %(amount)s): what it delivers is kept as a take "
                    "that is not chosen."
                ),
                (
                    "%(n)s calls are out (up to %(amount)s): what they deliver is kept as "
                    "takes that are not chosen."
                ),
                len(out),
            )
            % {"n": len(out), "amount": risk}
        )
    if unclear:
        message.append(
            ngettext(
                "%(n)s unclear call still needs a decision.",
                "%(n)s unclear calls still need a decision.",
                len(unclear),
            )
            % {"n": len(unclear)}
        )
    if spent:
        message.append(
            _("%(amount)s have been spent on it. The amount is booked and is not paid again.")
            % {"amount": money(spent)}
        )
    return message


def _story(job: Job) -> list[str]:
    """The story's next status. A scene's job does not change it."""
    status = (
        Story.objects.filter(pk=job.subject).values_list("status", flat=True).first()
        if job.name not in SCENE_JOBS
        else None
    )
    match job.name, status:
        case JobName.STORY_PLANNING, StoryStatus.PLANNING:
            return [_("The story is a draft again.")]
        case JobName.STORY_PREVIEW, StoryStatus.PREVIEWING:
            return [_("The story stays in its preview; what is missing can be made at any time.")]
        case JobName.STORY_RENDER, StoryStatus.RENDERING:
            return [
                _(
                    "The story counts as failed and can be taken up again, with everything "
                    "that is ready."
                )
            ]
    return []
