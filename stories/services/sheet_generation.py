"""Starts the making of reference sheets at the confirmed price."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction
from django.utils.translation import gettext_noop

from stories.errors import ApprovalNeeded, GuardRefused, Invalid
from stories.models import Look, SheetTake

from . import enqueue
from .approvals import authorize_spend
from .cast import locked_look
from .generation import Start
from .plan import confirm_amount
from .sheets import MOST_VARIANTS, plan_sheets
from .spend_requests import ask_for_sheets


def generate_sheet(
    look_id: UUID | str,
    *,
    actor: Any,
    provider: str = "",
    variants: int = 1,
    reason: str = "",
    confirm_total: Decimal | None = None,
    ask_again: bool = False,
) -> Start:
    """Make one more sheet of a look, or several side by side.

    Raises Look.DoesNotExist, Forbidden, Conflict, GuardRefused (blocked, being made, or closed by
    the story's status), PlanChanged or Invalid.
    """
    if not 1 <= variants <= MOST_VARIANTS:
        raise Invalid(
            gettext_noop("Between 1 and %(most)s at once."), most=MOST_VARIANTS, field="variants"
        )
    with transaction.atomic():
        look: Look = locked_look(look_id, actor)
        story = look.member.story
        (plan,) = plan_sheets(story, [look], provider=provider)
        if plan.state == "running":
            raise GuardRefused(gettext_noop("This is being made already."))
        if plan.price is None:
            raise GuardRefused(plan.why.template, **plan.why.values)
        made = SheetTake.objects.filter(look=look).count()
        first = msgspec.structs.replace(plan.request, seed=(plan.request.seed + made) % 2**32)
        plan = replace(plan, request=first)
        ask = ask_for_sheets(plan, variants=variants)
        confirm_amount(ask.total, confirm_total)
        spend = authorize_spend(story, ask, actor=actor, ask_again=ask_again)
        if isinstance(spend, ApprovalNeeded):
            return Start(total=ask.total, stopped=spend)
        jobs = []
        for variant in range(variants):
            seed = (first.seed + variant) % 2**32
            one = replace(plan, request=msgspec.structs.replace(first, seed=seed))
            jobs.append(
                enqueue.enqueue_sheet(
                    one,
                    story,
                    owner=actor or story.owner,
                    price=plan.price or Decimal(0),
                    variant=variant,
                    reason=reason[:200],
                    select=variants == 1,
                )
            )
    return Start(jobs, ask.total)
