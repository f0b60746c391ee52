"""Endpoints of the organization budget."""

from decimal import Decimal
from typing import Annotated

import msgspec
from django.db.models import QuerySet
from msgspec import UNSET, Meta, UnsetType

from api.components import Body
from api.controllers import ApiController, Call, operation
from api.inputs import Strict
from api.problems import forbidden
from providers import ledger
from providers.models import OrganizationBudget
from providers.services import configs, money_changes
from stories.api.inputs.parts import Budget, sent_values

from .base import MONEY, api
from .outputs.parts import Moment, Money, money


class BudgetOut(msgspec.Struct):
    """The organization budget: of all providers together, in the present month."""

    monthly_budget: Annotated[Money | None, Meta(description="Of a month; null: no limit.")]
    spent: Annotated[str, Meta(description="USD of this month: paid, reserved or unconfirmed.")]
    plan_limit: Annotated[
        Money | None,
        Meta(description="What one person may start alone; null: no limit. Roles may have others."),
    ]
    one_press_limit: Annotated[
        Money,
        Meta(description="Up to which price the pages start pictures and clips with one press."),
    ]
    my_limit: Annotated[Money | None, Meta(description="What you may start alone; null: no limit.")]
    updated_at: Annotated[Moment, Meta(description="When it was changed last.")]


class BudgetPatch(Strict):
    """Only what is sent is changed. Null: no limit."""

    monthly_budget: Budget | UnsetType | None = UNSET
    plan_limit: Budget | UnsetType | None = UNSET
    one_press_limit: Budget | UnsetType = UNSET


def _budget(call: Call) -> BudgetOut:
    if not call.user.has_perm("providers.view_organizationbudget"):
        raise forbidden()
    row = configs.organization_budget()
    mine = configs.plan_limit_of(call.user)
    return BudgetOut(
        monthly_budget=None if row.monthly_budget is None else money(row.monthly_budget),
        spent=money(ledger.counted(since=ledger.month_start())),
        plan_limit=None if row.plan_limit is None else money(row.plan_limit),
        one_press_limit=money(row.one_press_limit),
        my_limit=None if mine is None else money(mine),
        updated_at=row.updated_at,
    )


@api.at("budget/")
class BudgetController(ApiController):
    tags = (MONEY,)

    def locked(self) -> QuerySet[OrganizationBudget]:
        return OrganizationBudget.objects.all()

    @operation("get_budget", summary="Show the organization budget")
    def get(self) -> BudgetOut:
        """What may be spent in a month, what was spent, and what you may start alone."""
        return _budget(self)

    @operation("patch_budget", summary="Change the organization budget")
    def patch(self, body: Body[BudgetPatch]) -> BudgetOut:
        """The limits of one person and of one press are changed by administrators only."""
        sent = sent_values(body)
        values = {name: None if text is None else Decimal(text) for name, text in sent.items()}
        money_changes.change_budget(actor=self.user, **values)
        return _budget(self)
