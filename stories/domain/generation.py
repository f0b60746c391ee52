"""One door for “make the preview” and “render the film”: the change of state if it is due, else only what is missing."""

from decimal import Decimal
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from jobs.enums import OPEN
from jobs.models import Job
from stories.enums import StoryStatus, TakeKind
from stories.models import Story

from . import work
from .permissions import require_story_owner
from .plan import Mode, Plan, confirm, plan_generation, start
from .transitions import apply_transition

# The change of state that begins to make this kind, and the status in which it has begun.
CHANGE = {TakeKind.IMAGE: "generate_preview", TakeKind.CLIP: "render_final"}
BEGUN = {TakeKind.IMAGE: StoryStatus.PREVIEWING, TakeKind.CLIP: StoryStatus.RENDERING}


def generate(
    story_id: UUID | str, kind: TakeKind, *, actor: User, mode: Mode = "missing", confirm_total: Decimal | None = None, override_reason: str = ""
) -> tuple[Job, Plan]:
    """Start making the story's pictures (with the animatic) or clips (with the film); the job and what it makes.

    In the status where this has begun already only what is missing is made. Raises Story.DoesNotExist, Forbidden,
    NotAllowed, GuardRefused or PlanChanged; then nothing has changed.
    """
    with transaction.atomic():
        story = Story.objects.select_for_update().get(pk=story_id)
        if story.status == BEGUN[kind]:
            return start(story.pk, kind, actor=actor, mode=mode, confirm_total=confirm_total, override_reason=override_reason)
        require_story_owner(actor, story)
        plan = plan_generation(story, kind, mode=mode)
        confirm(plan, total=confirm_total)
        apply_transition(story.pk, CHANGE[kind], actor=actor, parameters={"mode": mode, "override_reason": override_reason})
        job = Job.objects.get(unique_key=f"{work.STORY_JOB[kind]}:{story.pk}", status__in=OPEN)
    return job, plan
