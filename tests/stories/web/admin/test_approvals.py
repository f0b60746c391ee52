"""Approvals on the screens: asking from every dialog, the list, the decision, and who sees what."""

import re
from decimal import Decimal

import pytest
from django.urls import reverse

from jobs.models import Job
from providers.models import AIProviderConfig, RoleLimit
from providers.services.configs import organization_budget
from stories.errors import ApprovalNeeded
from stories.models import Approval, Story
from stories.services import approval_decisions, spend_requests
from tests.markup import flat
from tests.stories.factories import make_scene, make_story, make_take
from tests.stories.starts import start_work

LIST, HOME = reverse("admin:stories_approval_changelist"), reverse("admin:index")


@pytest.fixture(autouse=True)
def money(db):
    """A picture costs 0.50; people may start 0.80 alone, managers anything."""
    from django.contrib.auth.models import Group

    AIProviderConfig.objects.filter(provider="local").update(
        cost_per_image=Decimal("0.50"), cost_per_second_video=Decimal("0.10")
    )
    row = organization_budget()
    row.plan_limit = Decimal("0.80")
    row.save()
    RoleLimit.objects.create(organization_budget=row, role=Group.objects.get(name="manager"))
    return row


@pytest.fixture
def story(owner):
    story = make_story(owner, title="The sea", status="previewing")
    for _ in range(2):
        make_scene(story)
    return story


@pytest.fixture
def row(story, owner):
    return request_for(story, owner)


def request_for(story, person):
    with pytest.raises(ApprovalNeeded) as stopped:
        start_work(story.pk, "image", advance="never", actor=person)
    return stopped.value.approval


def page(row):
    return reverse("admin:stories_approval_change", args=[row.pk])


def action_url(row, name):
    return reverse("admin:stories_approval_do", args=[row.pk, name])


def shown(client, url):
    return dict(
        re.findall(
            r'name="(confirm_total|plan|mode)" value="([^"]*)"', client.get(url).content.decode()
        )
    )


@pytest.mark.moderate
def test_every_dialog_asks_instead_of_starting(owner, manager, as_):
    story = make_story(owner, status="planned")
    for _ in range(2):
        make_scene(story)
    client = as_(owner)
    for url in (
        reverse("admin:stories_story_do", args=[story.pk, "generate_preview"]),
        reverse("admin:board_plan", args=[story.pk, "image", "missing"]),
    ):
        html = flat(client.get(url))
        assert "This is more than the $0.80 that you may start alone." in html
        assert "Ask for approval · $1.00" in html
        assert client.post(url, shown(client, url)).status_code == 302
        row = Approval.objects.get(decision="")
        waiting = flat(client.get(url))
        assert "A second person has to approve this first. owner has asked for it." in waiting
        assert re.search(r'<button type="submit"[^>]* disabled>Waits for approval', waiting)
        assert client.post(url, shown(client, url)).status_code == 409
        approval_decisions.decide(row.pk, actor=manager, approve=False, reason="too dear")
        refused = flat(client.get(url))
        assert "manager has refused this." in refused
        assert "Ask again" in refused
        assert client.post(url, {**shown(client, url), "ask_again": "1"}).status_code == 302
        approval_decisions.withdraw(Approval.objects.get(decision="").pk, actor=owner)
        Approval.objects.all().delete()
        assert (Job.objects.count(), Story.objects.get(pk=story.pk).status) == (0, "planned")


@pytest.mark.moderate
def test_what_was_approved_is_started_from_the_dialog(story, row, owner, manager, as_):
    assert as_(manager).post(action_url(row, "approve"), {"reason": "go"}).status_code == 302
    url = reverse("admin:stories_story_make", args=[story.pk, "image"])
    client = as_(owner)
    html = flat(client.get(url))
    assert "manager has approved exactly this." in html
    sent = {
        "mode": "missing",
        **{name: value for name, value in shown(client, url).items() if name != "mode"},
    }
    first = re.search(
        (
            r'name="mode" value="missing">.*?name="confirm_total" value="([^"]*)".*?name="plan" '
            r'value="([^"]*)"'
        ),
        html,
        re.DOTALL,
    )
    assert (
        client.post(url, {**sent, "confirm_total": first[1], "plan": first[2]}).status_code == 302
    )
    row.refresh_from_db()
    assert (row.state, row.started_by, Job.objects.count()) == ("started", owner, 1)


def test_takes_of_a_scene_keep_the_changed_words(story, owner, as_):
    scene = story.all_scenes.first()
    url = reverse("admin:board_generate", args=[story.pk, scene.pk, "image"]) + "?variants=3"
    answer = as_(owner).post(url, {"text": "a storm", "confirm_total": "1.50"})
    assert answer.status_code == 302
    scene.refresh_from_db()
    row = Approval.objects.get()
    assert (scene.prompt.text, row.total, row.what["variants"], Job.objects.count()) == (
        "a storm",
        Decimal("1.50"),
        3,
        0,
    )
    assert spend_requests.fits(row)


@pytest.mark.moderate
def test_decisions_by_others_are_refused(row, owner, colleague, viewer, stranger, as_):
    for person, expected in ((owner, 403), (colleague, 403), (viewer, 403), (stranger, 302)):
        for name in ("approve", "refuse"):
            assert (
                as_(person).post(action_url(row, name), {"reason": "mine"}).status_code == expected
            )
    assert as_(colleague).post(action_url(row, "withdraw")).status_code == 403
    row.refresh_from_db()
    assert row.state == "asked"


@pytest.mark.moderate
def test_only_post_decides_and_a_refusal_needs_a_reason(row, manager, as_):
    client = as_(manager)
    for name in ("approve", "refuse", "withdraw"):
        assert client.get(action_url(row, name)).status_code == 200
    assert client.get(action_url(row, "forget")).status_code == 404
    assert client.post(action_url(row, "refuse"), {"reason": " "}).status_code == 409
    row.refresh_from_db()
    assert row.state == "asked"
    assert client.post(action_url(row, "refuse"), {"reason": "too dear"}).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.reason) == ("refused", "too dear")


def test_a_plan_that_has_changed_says_so_and_cannot_be_approved(story, row, manager, as_):
    make_scene(story)
    client = as_(manager)
    html = client.get(page(row)).content.decode()
    assert "It no longer fits" in html
    assert action_url(row, "approve") not in html
    assert client.post(action_url(row, "approve")).status_code == 409


@pytest.mark.moderate
def test_overview_tells_whom_it_concerns(row, owner, colleague, manager, as_):
    def todos_of(person):
        return [
            (todo.title, todo.why)
            for todo in as_(person).get(HOME).context["todos"]
            if todo.link == page(row)
        ]

    assert (todos_of(owner), todos_of(colleague)) == ([], [])
    assert todos_of(manager) == [("The sea", "owner asks for your approval of $1.00.")]
    approval_decisions.decide(row.pk, actor=manager, approve=False, reason="too dear")
    assert todos_of(owner) == [("The sea", "manager has refused $1.00: too dear")]
    assert todos_of(manager) == []


def test_history_of_the_story_names_it(story, row, owner, manager, as_):
    approval_decisions.decide(row.pk, actor=manager, approve=True, reason="go")
    start_work(story.pk, "image", advance="never", actor=owner)
    html = as_(owner).get(reverse("admin:stories_story_history", args=[story.pk])).content.decode()
    for text in (
        "Approval asked for: Picture × 2",
        "What was asked for has been started",
        page(row),
    ):
        assert text in html


def test_who_may_not_see_the_story_does_not_see_its_requests(row, stranger, as_):
    stranger.is_staff = True
    stranger.save()
    assert as_(stranger).get(page(row)).status_code == 404
    assert as_(stranger).post(action_url(row, "withdraw")).status_code == 404
    assert "The sea" not in as_(stranger).get(LIST).content.decode()


def test_list_names_story_state_price_and_people(row, owner, manager, as_):
    approval_decisions.decide(row.pk, actor=manager, approve=False, reason="too dear")
    make = request_for(make_story_of_two(owner), owner)
    html = as_(owner).get(LIST).content.decode()
    for text in (
        "The sea",
        "The hill",
        "Picture × 2",
        "$1.00",
        "Refused",
        "too dear",
        "Waits for a decision",
    ):
        assert text in html
    waiting = as_(owner).get(LIST, {"state": "asked"}).context["cl"].result_list
    assert [one.pk for one in waiting] == [make.pk]


def make_story_of_two(owner):
    story = make_story(owner, title="The hill", status="previewing")
    make_scene(story)
    make_scene(story)
    return story


@pytest.mark.slow
def test_query_counts_do_not_depend_on_rows(owner, manager, as_, queries_of):
    counts = []
    for rows in (1, 3, 12):
        while Approval.objects.count() < rows:
            story = make_story(owner, status="previewing")
            for _ in range(1 + Approval.objects.count() % 3 + 1):
                make_take(make_scene(story), chosen=False)
            request_for(story, owner)
        dear = Approval.objects.order_by("-total").first()
        counts.append([queries_of(as_(manager), url) for url in (LIST, HOME, page(dear))])
    assert counts[0] == counts[1] == counts[2]
    assert max(counts[0]) <= 24


def test_limits_are_set_by_administrators_only(money, manager, make_person, as_):
    url = reverse("admin:providers_organizationbudget_change", args=[money.pk])
    inline = {"role_limits-TOTAL_FORMS": "0", "role_limits-INITIAL_FORMS": "0"}
    limits = {"monthly_budget": "250", "plan_limit": "99", "one_press_limit": "99"}
    as_(manager).post(url, limits | inline)
    money.refresh_from_db()
    assert (money.monthly_budget, money.plan_limit, money.one_press_limit) == (
        Decimal(250),
        Decimal("0.80"),
        Decimal(2),
    )
    chief = make_person("chief", role="manager")
    chief.is_superuser = True
    chief.save()
    limits["one_press_limit"] = "3.50"
    assert as_(chief).post(url, limits | inline).status_code == 302
    money.refresh_from_db()
    assert (money.plan_limit, money.one_press_limit) == (Decimal(99), Decimal("3.50"))
