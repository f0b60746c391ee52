import threading
from itertools import product

import pytest
from django.db import connection

from jobs.models import Job
from jobs.services.queue import cancel
from stories.enums import ReviewStatus, StoryStatus, TakeKind
from stories.errors import Forbidden, GuardRefused, NotAllowed
from stories.models import Story, StoryStateTransition
from stories.services.transitions import apply_transition, choices, give_up
from tests.stories.factories import make_scene, make_story, make_take

TABLE = {
    ("draft", "planning"),
    ("draft", "archived"),
    ("planning", "planned"),
    ("planning", "failed"),
    ("planning", "draft"),
    ("planned", "previewing"),
    ("previewing", "rendering"),
    ("previewing", "failed"),
    ("rendering", "completed"),
    ("rendering", "failed"),
    ("completed", "archived"),
    ("failed", "draft"),
    ("archived", "draft"),
}


def log(story):
    return list(
        StoryStateTransition.objects.filter(story=story).values_list(
            "name", "from_status", "to_status", "actor__username", "reason", "job_id"
        )
    )


@pytest.mark.parametrize(("before", "after"), list(product(StoryStatus.values, StoryStatus.values)))
def test_can_transition_to_is_exactly_the_table(before, after):
    assert Story(status=before).can_transition_to(after) is ((before, after) in TABLE)


def test_a_story_starts_as_draft():
    assert Story().status == "draft"


def test_status_cannot_be_written(owner):
    story = make_story(owner)
    with pytest.raises(AttributeError):
        story.status = "completed"


def test_start_planning_writes_row_event_and_job(owner):
    story = apply_transition(make_story(owner).pk, "start_planning", actor=owner, reason="ready")

    assert Story.objects.get(pk=story.pk).status == "planning"
    assert log(story) == [("start_planning", "draft", "planning", "owner", "ready", "")]
    job = Job.objects.get()
    assert (job.name, job.subject, job.status, job.owner, job.data) == (
        "story_planning",
        str(story.pk),
        "queued",
        owner,
        {
            "story_id": str(story.pk),
            "action": "plan_story",
            "parameters": {
                "replace": False,
                "price": "0.0000",
                "confirmation": None,
                "call_key": job.data["parameters"]["call_key"],
                "after": 0,
            },
        },
    )


def test_wrong_state_says_what_is_allowed(owner):
    story = make_story(owner, status="completed")
    with pytest.raises(NotAllowed) as caught:
        apply_transition(story.pk, "start_planning", actor=owner)
    assert (caught.value.status, caught.value.allowed) == ("completed", ("archived",))
    assert log(story) == []


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("start_planning", "draft"),
        ("generate_preview", "planned"),
        ("render_final", "previewing"),
        ("archive", "draft"),
        ("retry", "failed"),
    ],
)
@pytest.mark.parametrize("who", ["colleague", "viewer", "stranger"])
def test_only_the_owner_or_a_manager(request, owner, name, status, who):
    story = make_story(owner, status=status)
    with pytest.raises(Forbidden):
        apply_transition(story.pk, name, actor=request.getfixturevalue(who))
    assert Story.objects.get(pk=story.pk).status == status
    assert log(story) == []


def test_a_manager_may(owner, manager):
    assert apply_transition(make_story(owner).pk, "archive", actor=manager).status == "archived"


@pytest.mark.parametrize(
    ("name", "status"),
    [("finish_planning", "planning"), ("finish_rendering", "rendering"), ("fail", "previewing")],
)
def test_nobody_does_what_only_the_studio_does(owner, manager, name, status):
    story = make_story(owner, status=status)
    for person in (owner, manager):
        with pytest.raises(Forbidden, match="studio itself"):
            apply_transition(story.pk, name, actor=person)
    assert apply_transition(story.pk, name, actor=None).status != status


def test_guard_without_a_script(owner):
    with pytest.raises(GuardRefused, match="no script"):
        apply_transition(make_story(owner, script="  ").pk, "start_planning", actor=owner)


def test_guard_without_scenes(owner):
    with pytest.raises(GuardRefused, match="no scenes"):
        apply_transition(make_story(owner, status="planned").pk, "generate_preview", actor=owner)


def test_guard_without_pictures(owner):
    story = make_story(owner, status="previewing")
    first, _second, _third = (make_scene(story) for _ in range(3))
    make_take(first)
    with pytest.raises(GuardRefused, match="2 of 3 scenes have no picture"):
        apply_transition(story.pk, "render_final", actor=owner)


def test_guard_with_a_rejected_picture(owner):
    story = make_story(owner, status="previewing")
    make_take(make_scene(story), review_status=ReviewStatus.REJECTED, review_reason="too dark")
    with pytest.raises(GuardRefused, match="1 of 1 scenes are rejected"):
        apply_transition(story.pk, "render_final", actor=owner)


def test_guard_while_the_preview_is_made(owner):
    story = make_story(owner, status="planned")
    make_take(make_scene(story))
    apply_transition(story.pk, "generate_preview", actor=owner)
    with pytest.raises(GuardRefused, match="still being made"):
        apply_transition(story.pk, "render_final", actor=owner)


def test_render_final_with_all_pictures(owner):
    story = make_story(owner, status="previewing")
    make_take(make_scene(story), TakeKind.IMAGE)
    assert apply_transition(story.pk, "render_final", actor=owner).status == "rendering"
    assert Job.objects.get().name == "story_render"


def test_choices_are_what_is_possible_and_permitted(owner, viewer):
    story = make_story(owner, script="")
    assert [
        (choice.name, choice.target, bool(choice.why_not)) for choice in choices(story, owner)
    ] == [
        ("start_planning", "planning", True),
        ("archive", "archived", False),
    ]
    assert choices(story, viewer) == []


def test_transition_to_takes_the_one_way(owner):
    story = make_story(owner)
    story.transition_to("archived", actor=owner)
    story.transition_to("draft", actor=owner)
    assert [row[0] for row in log(story)] == ["archive", "restore"]
    with pytest.raises(NotAllowed):
        story.transition_to("completed", actor=owner)
    assert story.status == "draft"


def test_give_up_ends_the_jobs(owner):
    story = make_story(owner, status="planned")
    make_scene(story)
    apply_transition(story.pk, "generate_preview", actor=owner)

    give_up(story.pk, actor=owner, reason="other plans")

    assert Story.objects.get(pk=story.pk).status == "failed"
    assert Job.objects.get().status == "cancelled"
    assert log(story)[-1] == ("fail", "previewing", "failed", "owner", "other plans", "")


def test_cancelled_planning_goes_back_to_draft(owner):
    story = apply_transition(make_story(owner).pk, "start_planning", actor=owner)
    cancel(Job.objects.get().pk, actor=owner)
    assert Story.objects.get(pk=story.pk).status == "draft"
    assert [row[0] for row in log(story)] == ["start_planning", "stop_planning"]


def test_failed_story_keeps_scenes_and_takes(owner):
    story = make_story(owner, status="failed")
    take = make_take(make_scene(story))
    apply_transition(story.pk, "retry", actor=owner)
    assert story.all_scenes.get().image_take == take


@pytest.mark.django_db(transaction=True)
@pytest.mark.moderate
def test_fifty_at_once_exactly_one_wins(make_person):
    owner = make_person("owner")
    owner.is_superuser = True
    owner.save()
    story = make_story(owner)
    start, outcomes = threading.Barrier(50), []

    def attempt():
        start.wait()
        try:
            apply_transition(story.pk, "archive", actor=owner)
            outcomes.append("won")
        except NotAllowed as error:
            outcomes.append(error.sentence.template % error.sentence.values)
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["This cannot be done now: it is now “archived”."] * 49 + ["won"]
    assert log(story) == [("archive", "draft", "archived", "owner", "", "")]
