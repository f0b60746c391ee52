"""Projects: new stories, moving a story, and the budget with its alerts."""

from decimal import Decimal

import pytest

from accounts.audit import words_of
from accounts.models import AuditEntry
from providers.enums import CallState, Kind
from providers.models import ProviderCall
from stories.errors import Forbidden, GuardRefused, Invalid
from stories.models import Project, ProjectMember
from stories.services import projects, stories
from tests.stories.factories import make_story

pytestmark = pytest.mark.django_db


@pytest.fixture
def harbour(owner):
    made = Project.objects.create(
        name="Harbour", code="HARBOUR", budget=10, resolution="1080p", style="ink"
    )
    ProjectMember.objects.create(project=made, user=owner)
    return made


def spend(story, amount, state=CallState.SETTLED):
    number = ProviderCall.objects.count()
    ProviderCall.objects.create(
        provider_id="local",
        kind=Kind.IMAGE,
        key=f"k{number}",
        subject=str(story.pk),
        state=state,
        request_hash="h",
        unit_price=0,
        units=1,
        estimate=amount,
        cost=amount,
    )


def test_new_story_takes_the_usual_values_of_its_project(owner, harbour):
    story = stories.create(owner=owner, project=harbour, title="The sea", style="oil")
    assert (story.project, story.resolution, story.style) == (harbour, "1080p", "oil")
    assert stories.create(owner=owner, title="Another").project.code == "STUDIO"


def test_nobody_begins_a_story_in_a_foreign_or_archived_project(owner, colleague, harbour):
    with pytest.raises(Forbidden):
        stories.create(owner=colleague, project=harbour, title="The sea")
    with pytest.raises(Invalid, match="HARBOUR"):
        projects.project_by_code(colleague, "HARBOUR")
    assert projects.project_by_code(owner, "HARBOUR") == harbour
    from django.utils import timezone

    Project.objects.update(archived_at=timezone.now())
    with pytest.raises(Forbidden):
        stories.create(owner=owner, project=harbour, title="The sea")


def test_story_moves_where_its_owner_still_sees_it(owner, manager, harbour):
    story = make_story(owner)
    with pytest.raises(Forbidden):
        projects.move(story.pk, harbour, actor=manager)  # not among the people
    ProjectMember.objects.create(project=harbour, user=manager)
    assert projects.move(story.pk, harbour, actor=manager).project == harbour
    entry = AuditEntry.objects.get()
    assert (entry.actor_name, entry.object_name, words_of(entry)) == (
        "manager",
        story.title,
        "Moved to HARBOUR.",
    )
    quay = Project.objects.create(name="Quay", code="QUAY")
    ProjectMember.objects.create(project=quay, user=manager)
    with pytest.raises(GuardRefused, match="not among the people"):
        projects.move(story.pk, quay, actor=manager)


@pytest.mark.parametrize(
    ("counted", "budget", "percent", "alert"),
    [
        ("4.99", "10", 49, 0),
        ("5", "10", 50, 50),
        ("7.99", "10", 79, 50),
        ("8", "10", 80, 80),
        ("9.99", "10", 99, 80),
        ("10", "10", 100, 100),
        ("12", "10", 120, 100),
        ("0", "0", 100, 100),
        ("3", None, None, 0),
    ],
)
def test_alerts_at_half_four_fifths_and_all_of_the_budget(counted, budget, percent, alert):
    found = projects.money(Decimal(counted), None if budget is None else Decimal(budget))
    assert (found.percent, found.alert) == (percent, alert)


def test_money_of_projects_is_summed_in_two_queries(owner, harbour, django_assert_num_queries):
    quay = Project.objects.create(name="Quay", code="QUAY", is_open=True)
    for project, amounts in ((harbour, ("1", "2.5")), (quay, ("4",))):
        for amount in amounts:
            spend(make_story(owner, project=project), Decimal(amount))
    spend(make_story(owner), Decimal(100))
    with django_assert_num_queries(2):
        found = projects.money_of([harbour, quay])
    assert (found[harbour.pk].counted, found[quay.pk].counted) == (Decimal("3.5"), Decimal(4))


def test_budget_refuses_what_does_not_fit(owner, harbour):
    story = make_story(owner, project=harbour)
    spend(make_story(owner, project=harbour), Decimal("7.50"))
    projects.require_budget(story, Decimal("2.50"))
    with pytest.raises(GuardRefused, match="Harbour"):
        projects.require_budget(story, Decimal("2.51"))
    projects.require_budget(story, Decimal(0))
    harbour.budget = None
    harbour.save()
    projects.require_budget(story, Decimal(1000))
