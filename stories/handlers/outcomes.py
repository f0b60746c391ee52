"""What the handlers share: a job's story, and what comes of a provider call for its job."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_noop

from core.clock import database_now
from core.localized_messages import LocalizedMessage
from core.unavailable import ServiceUnavailableError
from jobs.enums import WaitFor
from jobs.models import Job
from jobs.outcomes import Fail, JobStopped, Retry, Unclear, Wait
from jobs.run import Run
from media.errors import MediaError
from providers import calls, requests
from providers import errors as provider_errors
from providers.enums import OVER, CallState, Refusal
from providers.models import ProviderCall
from stories.models import Story
from stories.services import job_data, locking, projects, waking
from stories.services.transitions import ENDS_JOBS, apply_transition

from .present_requests import Asking, story_of_job

PRICE_ROSE = gettext_noop(
    "It costs %(now)s USD now, and %(then)s USD was confirmed. Nothing was bought. Confirm "
    "the new price to go on."
)
DECIDED = {
    CallState.REFUSED: gettext_noop(
        "A person found that it was not charged. Nothing is ordered again by itself: start "
        "it anew at its price."
    ),
    CallState.WRITTEN_OFF: gettext_noop(
        "A person wrote it off. Nothing is ordered again by itself: start it anew at its price."
    ),
}
OUTDATED = gettext_noop("What it is made from has changed; it begins again.")
# The states of a call that is completed, or decided on, as it was requested.
AS_REQUESTED = frozenset(
    {CallState.SENDING, CallState.ACCEPTED, CallState.SETTLED, CallState.UNCLEAR}
)
BEGINNINGS = 5
BEGIN_AGAIN = timedelta(seconds=1)
TRY_AGAIN = frozenset({Refusal.UNREACHABLE, Refusal.FAILED, Refusal.LIMIT, Refusal.CANCELLED})


def story_of(run: Run) -> Story:
    return story_of_job(run.job)


def through_call_service(
    run: Run, ask: Callable[[], Asking | None], *, rose: str = PRICE_ROSE
) -> calls.Ready | Wait | None:
    """Make or continue the job's provider call, and convert its result to the job's outcome.

    `ask` returns what is asked for, from the rows as they are now, or None if nothing is needed any
    more; None is then returned. A call that was sent is completed as it was requested. One that is
    out of date before it was sent is released at no cost, and the job begins again.
    """
    for _beginning in range(BEGINNINGS):
        asking = _asking(run.job, ask)
        if asking is None:
            return None
        try:
            return _advance(run, asking, ask, rose=rose)
        except calls.OutdatedRequest:
            continue
    return Wait(
        until=database_now() + BEGIN_AGAIN,
        wait_for=WaitFor.TIME,
        note=LocalizedMessage(OUTDATED),
    )


def _asking(job: Job, ask: Callable[[], Asking | None]) -> Asking | None:
    call = job_data.call_of(job)
    if call is not None and call.state in AS_REQUESTED:
        return Asking(requests.from_json(call.request), call.provider_id, {})
    return ask()


def _require_current(
    run: Run, ask: Callable[[], Asking | None], request: requests.Request, provider: str
) -> None:
    """Raise `OutdatedRequest` unless this is what is asked for now, and record its inputs.

    They are recorded in the transaction that reserves; later there is nothing left to record.
    """
    now = ask()
    if now is None or (now.request, now.provider) != (request, provider):
        raise calls.OutdatedRequest(OUTDATED)
    job_data.record_inputs(run.job, now.inputs)


def _advance(
    run: Run, asking: Asking, ask: Callable[[], Asking | None], *, rose: str
) -> calls.Ready | Wait:
    """Raises OutdatedRequest, and the outcomes of the job."""
    price = job_data.asked(run.job).get("price")
    story_id = UUID(run.job.subject)
    try:
        answer = calls.advance(
            asking.request,
            provider=asking.provider,
            key=job_data.call_key(run.job),
            subject=run.job.subject,
            item=run.job.item,
            actor=run.job.owner,
            subject_budget=lambda: projects.cap_of(story_id),
            price_limit=None if price is None else Decimal(price),
            request_no=run.job.request_no,
            after=job_data.after(run.job),
            hold=run.hold,
            require_current=partial(_require_current, run, ask),
            should_stop=run.should_stop,
            on_progress=run.progress,
        )
    except calls.OutdatedRequest:
        raise
    except provider_errors.PriceAboveConfirmed as error:
        return ask_person(rose, now=_usd(error.amount), then=_usd(error.limit))
    except provider_errors.NotNow as later:
        return Wait(until=later.until, wait_for=WaitFor(later.wait), note=later.sentence)
    except provider_errors.Unclear as unclear:
        raise Unclear(unclear.sentence.template, **unclear.sentence.values) from unclear
    except provider_errors.Refused as refused:
        if refused.kind == Refusal.CANCELLED and run.should_stop():
            raise JobStopped from refused
        if refused.call is not None and calls.was_decided(refused.call):
            raise Fail(DECIDED[CallState(refused.call.state)], code="decided") from refused
        if refused.kind in TRY_AGAIN:
            raise Retry(refused.sentence.template, **refused.sentence.values) from refused
        raise Fail(
            refused.sentence.template, code=str(refused.kind), **refused.sentence.values
        ) from refused
    except provider_errors.ProviderError as error:
        raise Fail(error.sentence.template, code=error.code, **error.sentence.values) from error
    return _when_ready(answer)


def _usd(amount: Decimal) -> str:
    """The amount with two decimal places, or as many as it needs."""
    cents = amount.quantize(Decimal("0.01"))
    return str(cents) if cents == amount else f"{amount.normalize():f}"


def _when_ready(answer: calls.Ready | calls.Pending) -> calls.Ready | Wait:
    if isinstance(answer, calls.Pending):
        return Wait(until=answer.until, wait_for=WaitFor.PROVIDER, note=answer.note)
    return answer


def collected_result(run: Run) -> calls.Ready | Wait | None:
    """The outcome of a call whose own job has ended, or None if there is none.

    Makes no new call, because nobody needs it any more.
    """
    call = ProviderCall.objects.filter(
        pk=run.job.data["parameters"].get("call_id")
    ).first() or job_data.call_of(run.job)
    if call is None or call.state in {CallState.RESERVED, *OVER}:
        return None
    try:
        answer = calls.resume(call, should_stop=run.should_stop, on_progress=run.progress)
    except provider_errors.Unclear as unclear:
        raise Unclear(unclear.sentence.template, **unclear.sentence.values) from unclear
    except provider_errors.Refused:
        return None
    return _when_ready(answer)


def ask_person(template: str, **values: Any) -> Wait:
    return Wait(
        until=database_now() + waking.WAIT_TIMEOUT,
        wait_for=WaitFor.PERSON,
        note=LocalizedMessage(template, values),
    )


@contextmanager
def media_errors(run: Run) -> Iterator[None]:
    """Turn errors of media processing into outcomes of the job."""
    try:
        yield
    except MediaError as error:
        if run.should_stop():
            raise JobStopped from error
        if error.code == "disk_full":
            raise ServiceUnavailableError(
                error.sentence.template, **error.sentence.values
            ) from error
        raise Fail(error.sentence.template, code=error.code, **error.sentence.values) from error


def follow(job: Job, name: str, only_from: str) -> None:
    """Move the story on, if it is still in the status in which the job left it.

    A person may have moved it first.
    """
    if name in ENDS_JOBS:
        # `apply_transition` locks the jobs that it ends. Locking them after the story could
        # deadlock with a job whose own end waits for the story.
        locking.lock_jobs(job.subject)
    story = Story.objects.select_for_update().filter(pk=job.subject).first()
    if story is None or story.status != only_from:
        return
    apply_transition(
        story.pk, name, actor=None, reason=job.note if name == "fail" else "", job_id=job.pk
    )
