"""The `Api` instance that the endpoint modules register with, and the HTTP status per error."""

from pathlib import Path

from accounts.endpoints import TAG
from api.problems import FieldError, register
from api.routes import Api
from jobs import errors as job_errors
from media.errors import MediaError
from providers import errors as provider_errors
from stories import errors

from .outputs.approvals import approval_out
from .outputs.parts import money

STORIES, SCENES, CAST, TAKES, SOUND, FILMS, APPROVALS, JOBS, ME = (
    "Stories",
    "Scenes",
    "Cast",
    "Takes",
    "Sound",
    "Films",
    "Approvals",
    "Jobs",
    "Me",
)

api = Api(
    title="VideoPlanet Studio API",
    version="1.0",
    description=(
        "Stories become films: write one, plan its scenes, make the preview, render the "
        "film. Nothing is spent without its price being told first."
    ),
    tags=(TAG, ME, STORIES, SCENES, CAST, TAKES, SOUND, FILMS, APPROVALS, JOBS),
    examples=Path(__file__).with_name("examples.json"),
)


def _pointed(error: errors.Invalid) -> list[FieldError]:
    return (
        [FieldError(detail=str(error.sentence), pointer=f"/{error.field}")] if error.field else []
    )


register(errors.StoryError, 409)
register(errors.Forbidden, 403)
register(
    errors.NotAllowed,
    409,
    members=lambda error: {"current": error.status, "allowed": list(error.allowed)},
)
register(
    errors.ApprovalNeeded,
    409,
    members=lambda error: {"approval": approval_out(error.approval)},
    keeps=True,
)
register(
    errors.PlanChanged,
    409,
    members=lambda error: {} if error.total is None else {"total": money(error.total)},
)
register(errors.ApprovedTake, 409, members=lambda error: {"take": error.take})
register(errors.FieldConflict, 409, members=lambda error: {"theirs": error.theirs})
register(errors.Invalid, 422, errors=_pointed)
register(job_errors.NoSuchJob, 404)
register(job_errors.JobError, 409)
register(provider_errors.ProviderError, 409)
register(provider_errors.Forbidden, 403)
register(
    MediaError, 422, errors=lambda error: [FieldError(detail=str(error.sentence), pointer="/file")]
)
