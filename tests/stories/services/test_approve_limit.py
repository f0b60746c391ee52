"""Up to what a role may approve what others may not start alone."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse

from providers.models import AIProviderConfig, RoleLimit
from providers.services.configs import approve_limit_of, organization_budget
from stories.errors import ApprovalNeeded, Forbidden
from stories.models import Approval
from stories.services import approval_decisions
from stories.services.approval_decisions import PERMISSION, decide
from tests.stories.factories import make_scene, make_story
from tests.stories.starts import start_work

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(owner):
    """The producer asks for two pictures for 1.00."""
    AIProviderConfig.objects.filter(provider="local").update(cost_per_image=Decimal("0.50"))
    money = organization_budget()
    money.plan_limit = Decimal("0.80")
    money.save()
    story = make_story(owner, status="previewing")
    make_scene(story)
    make_scene(story)
    with pytest.raises(ApprovalNeeded) as stopped:
        start_work(story.pk, "image", advance="never", actor=owner)
    return stopped.value.approval


def may_approve(role, amount):
    RoleLimit.objects.update_or_create(
        role=Group.objects.get(name=role),
        defaults={
            "organization_budget": organization_budget(),
            "approve_limit": None if amount is None else Decimal(amount),
        },
    )


def test_without_one_any_sum_is_approved(row, manager):
    may_approve("manager", None)
    assert decide(row.pk, actor=manager, approve=True).state == "approved"


def test_up_to_it_is_approved(row, manager):
    may_approve("manager", "1.00")
    assert decide(row.pk, actor=manager, approve=True).state == "approved"


def test_above_it_somebody_else_has_to_agree_and_a_refusal_is_still_possible(row, manager):
    may_approve("manager", "0.99")
    with pytest.raises(Forbidden, match=r"up to 0\.99 USD"):
        decide(row.pk, actor=manager, approve=True)
    assert Approval.objects.get().state == "asked"
    boss = User.objects.create_superuser("boss", password="boss")
    assert decide(row.pk, actor=boss, approve=True).state == "approved"
    Approval.objects.update(decision="", decided_at=None, decided_by=None)
    assert decide(row.pk, actor=manager, approve=False, reason="too dear").state == "refused"


def test_only_the_roles_that_may_approve_count(manager):
    may_approve("manager", "5")
    may_approve("producer", None)
    manager.groups.add(Group.objects.get(name="producer"))
    assert approve_limit_of(manager, PERMISSION) == Decimal(5)


def test_the_highest_of_several_roles_counts(manager):
    board = Group.objects.create(name="board")
    board.permissions.set(Group.objects.get(name="manager").permissions.all())
    manager.groups.add(board)
    may_approve("manager", "5")
    assert approve_limit_of(manager, PERMISSION) is None
    may_approve("board", "7")
    assert approve_limit_of(manager, PERMISSION) == Decimal(7)


def test_a_person_without_a_role_has_none():
    assert approve_limit_of(User.objects.create_superuser("boss"), PERMISSION) is None


def test_page_says_why_and_offers_to_refuse_only(row, manager, client):
    may_approve("manager", "0.99")
    client.force_login(manager)
    text = client.get(reverse("admin:stories_approval_change", args=[row.pk])).content.decode()
    assert str(approval_decisions.too_much(row, manager)) in text
    assert ('id="do-refuse"' in text, 'id="do-approve"' in text) == (True, False)
    answer = client.post(reverse("admin:stories_approval_do", args=[row.pk, "approve"]), {})
    assert (answer.status_code, Approval.objects.get().state) == (403, "asked")


def test_administrators_set_it_beside_what_may_be_started_alone(client):
    client.force_login(User.objects.create_superuser("boss", password="boss"))
    role = Group.objects.get(name="manager")
    inline = {
        "role_limits-TOTAL_FORMS": "1",
        "role_limits-INITIAL_FORMS": "0",
        "role_limits-0-role": role.pk,
        "role_limits-0-approve_limit": "12.5",
    }
    url = reverse("admin:providers_organizationbudget_change", args=[organization_budget().pk])
    assert "may approve up to (usd)" in client.get(url).content.decode().lower()
    limits = {"monthly_budget": "", "plan_limit": "", "one_press_limit": "2"}
    assert client.post(url, limits | inline).status_code == 302
    assert RoleLimit.objects.get(role=role).approve_limit == Decimal("12.50")
