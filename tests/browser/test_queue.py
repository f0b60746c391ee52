"""The queue in the browser: a priority changed in a dialog, news without a reload."""

import pytest
from django.urls import reverse

from jobs.enums import JobStatus
from jobs.models import Job, Pause, Worker
from stories.enums import JobName, StoryStatus
from tests.stories.factories import make_story

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WAIT = 15_000  # ms, three looks for news


def test_priority_by_dialog_and_news_without_a_reload(live_server, quiet_page, log_in, owner):
    story = make_story(owner, title="The sea", status=StoryStatus.PREVIEWING)
    values = {
        "name": JobName.STORY_PREVIEW,
        "subject": str(story.pk),
        "owner": owner,
        "data": {"story_id": "", "action": "", "parameters": {}},
    }
    first = Job.objects.create(pk="story_1_1", **values)
    second = Job.objects.create(pk="story_1_2", **values)
    Worker.objects.create(name="w", host="here", pid=1, role="worker")
    page = quiet_page
    log_in(page, owner)
    page.goto(f"{live_server.url}{reverse('admin:jobs_job_changelist')}?q=sea")
    row = page.get_by_role("row").filter(has=page.locator(f"#priority-{second.pk}"))
    row.get_by_text("One job is taken before it.").wait_for()

    page.locator(f"#priority-{second.pk}").press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Urgent").check()
    dialog.get_by_role("button", name="Change the priority").click()
    page.get_by_text("The priority is changed.").wait_for()
    assert page.url.endswith("?q=sea"), "the search is kept"
    row.get_by_text("It is next: the first free worker takes it.").wait_for()
    assert dict(Job.objects.values_list("pk", "priority")) == {first.pk: 5, second.pk: 1}

    page.evaluate("window.same = true")
    page.get_by_placeholder("Story, person, kind of job or id").fill("half a wor")
    Job.objects.filter(pk=second.pk).update(status=JobStatus.RUNNING, progress=40)
    page.locator("#result_list").get_by_text("Running").wait_for(timeout=WAIT)
    assert page.evaluate("window.same"), "the page was never loaded again"
    assert page.get_by_placeholder("Story, person, kind of job or id").input_value() == "half a wor"
    assert page.evaluate("document.activeElement.name") == "q", "who types is not disturbed"


def test_pause_by_dialog_while_jobs_are_under_way(live_server, quiet_page, log_in, manager):
    values = {
        "name": JobName.STORY_PREVIEW,
        "data": {"story_id": "", "action": "", "parameters": {}},
        "status": JobStatus.RUNNING,
    }
    Job.objects.create(pk="story_1_1", subject=str(make_story(manager).pk), owner=manager, **values)
    page = quiet_page
    log_in(page, manager)
    page.goto(f"{live_server.url}{reverse('admin:jobs_job_changelist')}")
    page.get_by_role("link", name="Pause the queue").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("New prices")
    dialog.get_by_role("button", name="Pause the queue").click()
    page.get_by_text("The queue is paused", exact=True).wait_for()
    page.get_by_text("New prices").wait_for()
    assert Pause.objects.get().reason == "New prices"
