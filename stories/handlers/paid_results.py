"""What is done with results that no job waits for, and with jobs when room is free again."""

from datetime import timedelta
from typing import Any

from django.dispatch import receiver

from core.clock import database_now
from core.isolation import each
from jobs.enums import WaitFor
from jobs.services import queue
from providers.enums import CallState
from providers.models import ProviderCall
from providers.signals import capacity_freed, result_recorded
from stories.enums import JobName, SoundKind
from stories.services import (
    collecting,
    job_data,
    sheets,
    sound_takes,
    takes,
    vision_results,
    waking,
)

AT_ONCE = 200  # calls handled per run of the periodic task
LOOKED_BACK = timedelta(days=7)


@receiver(capacity_freed)
def wake_what_waited(sender: Any, *, provider: str, subject: str, item: str, **_: Any) -> None:  # noqa: ARG001  signal signature
    """Wake the jobs that may have waited for a budget, a provider or an unclear call.

    Sent when a budget is raised, a provider is resumed or an unclear call is resolved.
    """
    if item:
        queue.wake(item=item)
        # The call is attached to a task, but its job is gone.
        collecting.collect(collecting.to_collect().filter(item=item))
        waking.wake_story_jobs(subject)
    elif subject:
        queue.wake(subject=subject)
    else:
        for reason in (WaitFor.BUDGET, WaitFor.PROVIDER, WaitFor.RATE_LIMIT):
            queue.wake(wait_for=reason)


@receiver(result_recorded)
def record_paid_results(sender: Any, *, call: ProviderCall, **_: Any) -> None:  # noqa: ARG001  signal signature
    """Record a take for a result that arrived without a request by its job."""
    _record(call)


def record_leftover_results() -> int:
    """Finish calls that are sent and paid, or settled without a take, and that no open job follows.

    If the take of a settled call was lost, it is recorded now. A call that is still at the provider
    gets a job that collects it. Returns how many takes are recorded or collected.
    """
    since = database_now() - LOOKED_BACK
    left = (
        collecting.to_collect()
        .exclude(state=CallState.SETTLED, reserved_at__lt=since)
        .order_by("reserved_at")
    )
    calls = collecting.not_followed(left[:AT_ONCE])
    return each(calls, _record_or_collect)  # one failing call does not affect the others


def _record_or_collect(call: ProviderCall) -> bool:
    return _record(call) if call.state == CallState.SETTLED else bool(collecting.collect([call]))


def _record(call: ProviderCall) -> bool:
    if not call.item:  # made for no scene, such as a test run
        return False
    recorded: Any
    if job_data.is_vision_check(call):
        recorded = vision_results.record_result(call)
    elif call.kind in SoundKind.values:
        recorded = sound_takes.record_result(call)
    elif job_data.job_of(call) == JobName.LOOK_SHEET:
        recorded = sheets.record_result(call)
    elif job_data.job_of(call) == JobName.TAKE_EDIT:
        recorded = takes.record_edit(call)
    else:
        recorded = takes.record_result(call)
    if recorded is not None:
        waking.wake_story_jobs_on_commit(call.subject)
    return True
