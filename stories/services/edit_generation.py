"""Starts an edit of a take at the confirmed price."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from stories.errors import ApprovalNeeded, GuardRefused
from stories.models import Story, Take

from . import enqueue
from .approvals import authorize_spend
from .edit_plan import order, plan_edit
from .generation import Start, why_closed
from .locking import require_live
from .permissions import require_story_owner
from .plan import confirm_amount
from .spend_requests import ask_for_edit


def edit_take(
    take_id: UUID | str,
    *,
    actor: Any,
    reason: str = "",
    confirm_total: Decimal | None = None,
    ask_again: bool = False,
    **wanted: Any,
) -> Start:
    """Change, upscale, extend or finish a take, which gives another take of its scene.

    `wanted`: see `edit_plan.order`. The result is compared and selected like any take; it is
    selected by itself only if the scene has no usable one. Raises Take.DoesNotExist, Forbidden,
    Conflict, GuardRefused (blocked, being made, or closed by the story's status), PlanChanged or
    Invalid.
    """
    with transaction.atomic():
        story = Story.objects.select_for_update().get(
            pk=Take.objects.values_list("scene__story_id", flat=True).get(pk=take_id)
        )
        require_story_owner(actor, story)
        take = Take.objects.select_related("scene", "prompt").get(pk=take_id)
        require_live(take.scene)
        take.scene.story = story
        if closed := why_closed(story, take.kind):
            raise closed
        plan = plan_edit(take, order(take, **wanted))
        if plan.price is None:
            raise GuardRefused(plan.why.template, **plan.why.values)
        ask = ask_for_edit(plan)
        confirm_amount(ask.total, confirm_total)
        spend = authorize_spend(story, ask, actor=actor, ask_again=ask_again)
        if isinstance(spend, ApprovalNeeded):
            return Start(total=ask.total, stopped=spend)
        job = enqueue.enqueue_edit(
            plan, story, owner=actor or story.owner, price=plan.price, reason=reason[:200]
        )
    return Start([job], ask.total)
