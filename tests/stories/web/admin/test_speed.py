"""What the screens ask of the database, and the quick ways in which they are drawn."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from unfold.widgets import UnfoldAdminSelectWidget

from benchmarks import rows
from benchmarks.board import LISTS, MOST_QUERIES
from core.admin.filters import QuickSelect
from jobs.enums import JobStatus, WaitFor
from jobs.models import Job
from stories.enums import JobName
from stories.services.plan import plan_generation
from tests.stories.factories import make_scene, make_story


@pytest.mark.slow
@pytest.mark.django_db
def test_each_list_of_a_full_house_takes_few_queries(as_):
    person = rows.worker_row()
    rows.organization_budget_of(person)
    client, asked = as_(person), {}
    for label, name in LISTS.items():
        cache.clear()
        with CaptureQueriesContext(connection) as seen:
            assert client.get(reverse(f"admin:{name}")).status_code == 200
        asked[label] = len(seen)
    assert {label: number for label, number in asked.items() if number > MOST_QUERIES} == {}


@pytest.mark.parametrize("chosen", ["", "b", None])
def test_quick_select_says_what_a_select_says(chosen):
    choices = [("", "All"), ("a", "<b>A & 'a'</b>"), ("b", '"B"'), (3, "Three")]
    plain = lambda widget: re.sub(  # noqa: E731  asked twice, here
        r"\s+", " ", widget(choices=choices).render("who", chosen, {"id": "x"})
    )
    assert plain(QuickSelect).replace("> <", "><").replace(" <option", "<option") == plain(
        UnfoldAdminSelectWidget
    ).replace("> <", "><").replace(" <option", "<option")


@pytest.mark.django_db
def test_overview_shows_what_runs_behind_many_that_wait(owner, as_):
    story = make_story(owner)
    made = timezone.now() - timedelta(days=1)
    common = {"name": JobName.STORY_PREVIEW, "subject": str(story.pk), "owner": owner}
    for n in range(12):
        Job.objects.create(
            pk=f"story_{n}",
            status=JobStatus.WAITING,
            wait_for=WaitFor.BUDGET,
            created_at=made,
            **common,
        )
    Job.objects.create(pk="story_new", status=JobStatus.RUNNING, progress=40, **common)
    shown = as_(owner).get(reverse("admin:now")).context
    assert [(line.job.pk, line.about, line.tone) for line in shown["lines"]] == [
        ("story_new", story.title, "live")
    ]
    assert shown["poll"]


@pytest.mark.django_db
def test_plan_of_a_provider_that_is_gone_asks_as_often_for_one_scene_as_for_many(owner):
    story, counts = make_story(owner, image_provider="gone"), []
    for number in (1, 20):
        for _ in range(number):
            make_scene(story)
        with CaptureQueriesContext(connection) as seen:
            plan = plan_generation(story, "image")
        counts.append(len(seen))
        assert {(item.state, str(item.why)) for item in plan.items} == {
            ("blocked", "There is no provider named “gone”.")
        }
    assert counts == [7, 7]
