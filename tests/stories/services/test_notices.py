"""Who is told of what happens to a story."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from core.localized_messages import LocalizedMessage
from jobs.enums import JobStatus
from jobs.models import Job
from notifications.enums import Event
from notifications.models import Notification
from providers.calls.states import move
from providers.enums import CallState
from providers.models import AIProviderConfig, OrganizationBudget, ProviderCall
from stories.enums import ClientVerdict, FilmKind, JobName, StoryStatus
from stories.handlers import films, takes
from stories.models import Comment, Film, Project, ProjectMember
from stories.models.project import ProjectRole
from stories.services import (
    assignments,
    budget_alerts,
    comments,
    film_verdicts,
    notices,
    review_links,
)
from tests.providers.conftest import clock, english
from tests.stories.factories import make_scene, make_story
from tests.two_writers import in_turn

__all__ = ["clock", "english"]

pytestmark = pytest.mark.django_db
DAY = date(2026, 12, 24)


@pytest.fixture
def story(owner):
    return make_story(owner)


@pytest.fixture
def film(story):
    return Film.objects.create(
        story=story,
        kind=FilmKind.FINAL,
        number=1,
        file="films/x.mp4",
        width=1280,
        height=720,
        fps=24,
        frames=240,
        size_bytes=1,
        manifest={},
        manifest_hash="",
    )


def notified():
    """Event and person of each notification, and what it says."""
    rows = Notification.objects.select_related("recipient").order_by("created_at", "recipient_id")
    return [(row.event, row.recipient.username, str(row)) for row in rows]


def test_mention_on_a_scene_and_a_reply(owner, colleague, story):
    scene = make_scene(story)
    first = comments.on_scene(scene.pk, actor=colleague, text="@owner look")
    comments.reply(first.pk, actor=owner, text="I see")
    assert notified() == [
        (Event.MENTION, "owner", "colleague mentions you in “The lighthouse”: @owner look"),
        (Event.REPLY, "colleague", "owner answers you in “The lighthouse”: I see"),
    ]
    assert Notification.objects.first().story == story


def test_who_is_mentioned_in_an_answer_is_told_once(owner, colleague, story):
    first = comments.on_scene(make_scene(story).pk, actor=colleague, text="Hm")
    comments.reply(first.pk, actor=owner, text="@colleague yes")
    assert [row[:2] for row in notified()] == [(Event.MENTION, "colleague")]


def test_nobody_is_told_of_their_own_words_or_of_a_hidden_story(owner, stranger, story):
    comments.on_scene(make_scene(story).pk, actor=owner, text="@owner @stranger @nobody")
    assert notified() == []


def test_comment_and_verdict_of_a_guest(owner, colleague, story, film):
    assignments.assign(story.pk, actor=owner, assignee_id=colleague.pk, due_on=None)
    Notification.objects.all().delete()
    link, _token = review_links.share(
        story.pk, actor=owner, name="client", days=7, may_comment=True, may_decide=True
    )
    comments.on_film(film.pk, link=link, guest="Ms Kim", text="Too dark", at_ms=0)
    film_verdicts.decide(
        film.pk, verdict=ClientVerdict.CHANGES, text="Brighter", link=link, guest="Ms Kim"
    )
    message = "Ms Kim, a guest, comments on “The lighthouse”: Too dark"
    wants = f"Ms Kim wants changes to {film} of “The lighthouse”: Brighter"
    assert sorted(notified()) == sorted(
        [
            (event, name, text)
            for event, text in ((Event.GUEST_COMMENT, message), (Event.VERDICT, wants))
            for name in ("colleague", "owner")
        ]
    )


def test_comment_that_is_not_written_tells_nobody(owner, colleague, story, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(notices, "notify", broken)
    with pytest.raises(ZeroDivisionError):
        comments.on_scene(make_scene(story).pk, actor=colleague, text="@owner look")
    assert Comment.objects.count() == 0


def test_assignment_tells_the_person_once(owner, colleague, story):
    for _ in range(2):
        assignments.assign(story.pk, actor=owner, assignee_id=colleague.pk, due_on=DAY)
    scene = make_scene(story)
    assignments.assign(
        story.pk, actor=owner, assignee_id=colleague.pk, due_on=None, scene_id=scene.pk
    )
    assignments.assign(story.pk, actor=owner, assignee_id=owner.pk, due_on=DAY)
    assert notified() == [
        (
            Event.ASSIGNMENT,
            "colleague",
            "owner assigns you the story “The lighthouse”, due on 2026-12-24.",
        ),
        (Event.ASSIGNMENT, "colleague", "owner assigns you scene 1 of “The lighthouse”."),
    ]


def test_due_is_told_the_day_before_and_when_late(owner, story):
    assignments.assign(story.pk, actor=owner, assignee_id=owner.pk, due_on=DAY)
    counts = [assignments.remind(DAY + timedelta(days=days)) for days in (-2, -1, -1, 0, 1, 2, 40)]
    assert counts == [0, 1, 0, 0, 1, 0, 0]
    assert [row[2] for row in notified()] == [
        "Due on 2026-12-24: the story “The lighthouse”.",
        "Was due on 2026-12-24: the story “The lighthouse”.",
    ]


def test_nobody_is_reminded_of_what_is_done(owner, story):
    assignments.assign(story.pk, actor=owner, assignee_id=owner.pk, due_on=DAY)
    type(story).objects.update(status=StoryStatus.COMPLETED)
    assert assignments.remind(DAY) == 0


def make_call(provider="stability_ai", *, subject="", cost="1.00", state=CallState.SETTLED):
    return ProviderCall.objects.create(
        reserved_at=timezone.now(),
        provider_id=provider,
        key=f"k{ProviderCall.objects.count()}",
        subject=str(subject),
        kind="image",
        request={},
        request_hash="",
        unit_price=1,
        units=1,
        estimate=Decimal(cost),
        cost=None if state != CallState.SETTLED else Decimal(cost),
        state=state,
    )


def test_unclear_call_tells_who_may_decide_and_the_owner(owner, manager, colleague, story):
    call = make_call(subject=story.pk, state=CallState.SENDING)
    assert move(call, name="unclear", note=LocalizedMessage("")) == CallState.SENDING
    assert [row[:2] for row in notified()] == [
        (Event.UNCLEAR_CALL, "owner"),
        (Event.UNCLEAR_CALL, "manager"),
    ]


def test_call_becomes_unclear_whatever_happens_to_the_notice(owner, manager, story, monkeypatch):
    def broken(*_, **__):
        Notification.objects.create(recipient_id=10**9, message_data=None)

    monkeypatch.setattr(notices, "notify", broken)
    call = make_call(subject=story.pk, state=CallState.SENDING)
    with transaction.atomic():
        move(call, name="unclear", note=LocalizedMessage(""))
    call.refresh_from_db()
    assert (call.state, notified()) == (CallState.UNCLEAR, [])


def ended(story, name, status, **values):
    return Job.objects.create(
        id=f"story_{Job.objects.count()}",
        name=name,
        subject=str(story.pk),
        data={"story_id": str(story.pk), "action": "generate", "parameters": {}},
        status=status,
        **values,
    )


def test_failed_film_and_takes_to_review(owner, story):
    films.preview_ended(
        ended(
            story,
            JobName.STORY_PREVIEW,
            JobStatus.FAILED,
            note_data=LocalizedMessage("No disk.").as_json(),
        )
    )
    parent = ended(story, JobName.STORY_PREVIEW, JobStatus.SUCCEEDED)
    for _ in range(2):
        ended(story, JobName.SCENE_PREVIEW, JobStatus.SUCCEEDED, parent=parent)
    films.preview_ended(parent)
    films.preview_ended(parent)
    assert notified() == [
        (
            Event.FILM_FAILED,
            "owner",
            "The film of “The lighthouse” could not be made: No disk.",
        ),
        (
            Event.TAKES_TO_REVIEW,
            "owner",
            "“The lighthouse”: new takes wait for your review (2).",
        ),
    ]


def test_single_take_is_told_to_the_others(owner, colleague, story):
    assignments.assign(story.pk, actor=None, assignee_id=colleague.pk, due_on=None)
    Notification.objects.all().delete()
    takes.scene_ended(ended(story, JobName.SCENE_PREVIEW, JobStatus.SUCCEEDED, owner=owner))
    assert [row[:2] for row in notified()] == [(Event.TAKES_TO_REVIEW, "colleague")]


# --- budgets


def spend(amount, **values):
    make_call(cost=amount, **values)
    return budget_alerts.check()


def test_budget_of_the_studio_is_told_once_per_level_and_month(owner, manager, clock):
    OrganizationBudget.objects.update(monthly_budget=Decimal(10))
    assert [spend("4.90"), spend("0.20"), spend("0.10"), spend("4.80"), spend("1.00")] == [
        0,
        1,
        0,
        1,
        0,
    ]
    assert [row[2] for row in notified()] == [
        "50% of the budget of all providers in this month is used: 5.10 of 10.00 USD.",
        "100% of the budget of all providers in this month is used: 10.00 of 10.00 USD.",
    ]
    assert {row[1] for row in notified()} == {"manager"}
    clock.forward(days=32)
    assert (budget_alerts.check(), spend("8.00")) == (0, 1)


def test_levels_that_were_passed_at_once_are_told_as_one(manager):
    OrganizationBudget.objects.update(monthly_budget=Decimal(10))
    assert (spend("8.50"), Notification.objects.count()) == (1, 1)
    ProviderCall.objects.update(cost=Decimal(6))
    assert budget_alerts.check() == 0


def test_changed_budget_is_told_anew(manager):
    OrganizationBudget.objects.update(monthly_budget=Decimal(10))
    assert spend("5.00") == 1
    OrganizationBudget.objects.update(monthly_budget=Decimal(6))
    assert budget_alerts.check() == 1


def test_budget_of_a_provider_and_of_a_project(owner, colleague, manager, story):
    AIProviderConfig.objects.filter(provider="stability_ai").update(monthly_budget=Decimal(2))
    project = Project.objects.get(stories=story)
    Project.objects.filter(pk=project.pk).update(budget=Decimal(2))
    ProjectMember.objects.create(project=project, user=colleague, role=ProjectRole.LEAD)
    assert spend("1.60", subject=story.pk) == 2
    assert [(row[1], row[2].partition(":")[0]) for row in notified()] == [
        ("manager", "80% of the budget of Stability AI in this month is used"),
        ("colleague", f"80% of the budget of the project “{project.name}” is used"),
        ("manager", f"80% of the budget of the project “{project.name}” is used"),
    ]


def test_budget_that_is_raised_and_lowered_again_is_told_once(manager):
    OrganizationBudget.objects.update(monthly_budget=Decimal(10))
    told_of = [spend("5.00")]
    for budget in (20, 10):
        OrganizationBudget.objects.update(monthly_budget=Decimal(budget))
        told_of.append(budget_alerts.check())
    assert (told_of, spend("3.00")) == ([1, 0, 0], 1)


def test_unconfirmed_amounts_count_and_a_budget_of_nothing_is_used_up_at_once(manager):
    OrganizationBudget.objects.update(monthly_budget=Decimal(0))
    assert (budget_alerts.check(), spend("0.10", state=CallState.UNCLEAR)) == (0, 1)
    assert [row[2] for row in notified()] == [
        "100% of the budget of all providers in this month is used: 0.10 of 0.00 USD."
    ]


@pytest.mark.row_locks
@pytest.mark.django_db(transaction=True)
def test_two_processes_at_once_tell_of_a_budget_once(manager):
    OrganizationBudget.objects.update(monthly_budget=Decimal(10))
    make_call(cost="5.10")
    made = []
    errors = in_turn(
        lambda: made.append(budget_alerts.check()), lambda: made.append(budget_alerts.check())
    )
    assert (errors, made, Notification.objects.count()) == ([], [1, 0], 1)


def test_leads_without_access_are_not_told_of_their_budget(owner, colleague, manager, story):
    project = Project.objects.get(stories=story)
    Project.objects.filter(pk=project.pk).update(budget=Decimal(2))
    User.objects.filter(pk=colleague.pk).update(is_staff=False)
    for person in (owner, colleague):
        ProjectMember.objects.create(project=project, user=person, role=ProjectRole.LEAD)
    assert spend("1.60", subject=story.pk) == 1
    assert [row[1] for row in notified()] == ["owner", "manager"]


def test_unused_and_missing_budgets_are_silent(manager, story):
    Project.objects.update(budget=Decimal(0))
    assert (budget_alerts.check(), spend("5.00"), timezone.now() is not None) == (0, 0, True)
