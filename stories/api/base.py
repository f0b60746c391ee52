"""The `Api` instance that the endpoint modules register with, and the HTTP status per error."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from accounts.endpoints import TAG
from api.problems import FieldError, register
from api.routes import Api
from jobs import errors as job_errors
from media.errors import MediaError
from providers import errors as provider_errors
from stories import errors
from stories.enums import StoryStatus

from .field_meanings import FIELDS
from .meanings import MEANINGS
from .outputs.approvals import ApprovalOut, approval_out
from .outputs.parts import money

PROJECTS = "Projects"
STORIES = "Stories"
SCENES = "Scenes"
CAST = "Cast"
TAKES = "Takes"
SOUND = "Sound"
FILMS = "Films"
REVIEW = "Review"
APPROVALS = "Approvals"
JOBS = "Jobs"
MONEY = "Money"
PROVIDERS = "Providers"
PEOPLE = "People"
WEBHOOKS = "Webhooks"
ME = "Me"

# What problem documents carry beyond RFC 9457, with the codes that have it; see `register` below.
MEMBERS = {
    "current": Annotated[StoryStatus, Meta(description="`transition_not_allowed`: the status.")],
    "allowed": Annotated[
        list[StoryStatus],
        Meta(description="`transition_not_allowed`: the statuses that it may move to."),
    ],
    "approval": Annotated[
        ApprovalOut, Meta(description="`approval_needed`: what a second person is asked for.")
    ],
    "total": Annotated[str, Meta(description="`plan_changed`: the current price in USD.")],
    "take": Annotated[str, Meta(description="`approved_take`: the take that is selected.")],
    "theirs": Annotated[
        dict[str, str],
        Meta(description="`conflict`: what somebody else has written meanwhile, by field."),
    ],
}

api = Api(
    title="VideoPlanet Studio API",
    version="1.0",
    description=(
        "Stories become films: write one, plan its scenes, make the preview, render the "
        "film. Nothing is spent without its price being shown first."
    ),
    owner="VideoPlanet",
    license="All rights reserved",
    members=MEMBERS,
    meanings=MEANINGS,
    fields=FIELDS,
    tags={
        TAG: "Log in and out, and renew tokens.",
        ME: "Your account and your log-ins.",
        PROJECTS: "The work for a client: its people, its budget, its stories.",
        STORIES: "From the script to the film.",
        SCENES: "The parts of a story, in their order.",
        CAST: "The people, places and props of a story, and the studio's library.",
        TAKES: "Pictures and clips that were made of scenes.",
        SOUND: "Lines, voices, music and effects.",
        FILMS: "Previews and final films.",
        REVIEW: "Comments, review links and the client's answers.",
        APPROVALS: "Paid work that a second person has to approve.",
        JOBS: "Work in the queue.",
        MONEY: "Budgets, provider calls and bills.",
        PROVIDERS: "Where pictures, clips, speech and music are made.",
        PEOPLE: "Accounts and roles.",
        WEBHOOKS: "Addresses at which programs are told of events.",
    },
    examples=Path(__file__).with_name("examples.json"),
)


def _pointed(error: errors.Invalid | provider_errors.Invalid) -> list[FieldError]:
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
register(provider_errors.Invalid, 422, errors=_pointed)
register(
    MediaError, 422, errors=lambda error: [FieldError(detail=str(error.sentence), pointer="/file")]
)
