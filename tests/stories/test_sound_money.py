"""Speech, music and texts hold the rules of money that pictures and clips hold."""

from decimal import Decimal

import pytest

from jobs.enums import JobStatus
from jobs.models import Job
from jobs.runner import run_due
from jobs.services import queue
from providers.adapters import Result
from providers.models import AIProviderConfig, ProviderCall
from providers.services import unclear_calls
from providers.services.configs import organization_budget
from stories.errors import GuardRefused
from stories.models import Approval, Line, Scene, SoundTake, Story
from stories.selectors.spending import started_today
from stories.services import line_edits, scenes, sound
from stories.services.approval_decisions import decide
from stories.services.generation import (
    generate_sound,
    put_into_english,
    start_generation,
    start_planning,
)
from stories.services.lines import Spoken
from stories.services.retry import retry_job
from stories.services.sound_plan import plan_sound
from stories.services.transitions import apply_transition
from tests.stories import speaking as speaking_provider
from tests.stories.factories import make_scene, make_story
from tests.stories.speaking import SpeakingAdapter, speak_with, tone

pytestmark = pytest.mark.django_db

PRICE = Decimal("0.05")


@pytest.fixture
def speaking(monkeypatch):
    return speak_with(monkeypatch)


@pytest.fixture
def story(owner, speaking):
    """A planned story of three scenes with one line each, whose speech and music cost 0.05 each."""
    story = make_story(owner, status="planned", duration_seconds=12)
    for text in ("The boat leaves.", "Who is there?", "It rains."):
        make_scene(story, narration=text, duration_seconds=4)
    for kind in ("speech", "music"):
        AIProviderConfig.objects.get(provider="local").models.create(
            kind=kind, name=f"paid-{kind}", is_default=True, price=PRICE, unit="call"
        )
    sound.change_settings(story.pk, actor=owner)
    return story


def alone(limit):
    money = organization_budget()
    money.plan_limit = Decimal(limit)
    money.save()


def lines(story):
    return list(Line.live.filter(scene__story=story).order_by("scene__position"))


@pytest.mark.moderate
def test_sound_that_is_started_line_by_line_adds_up(story, owner):
    """B17: the limit counts what one person started for one story in a day."""
    alone("0.10")
    first, second, third = lines(story)
    for line in (first, second):
        generate_sound(story.pk, actor=owner, lines=[line.pk])
    assert started_today(story, owner) == 2 * PRICE
    assert generate_sound(story.pk, actor=owner, lines=[third.pk]).stopped
    run_due()
    assert (SoundTake.objects.count(), started_today(story, owner)) == (2, 2 * PRICE)
    for what in ({"lines": [third.pk]}, {"lines": [], "music": True}, {"lines": [first.pk]}):
        assert generate_sound(story.pk, actor=owner, again=True, **what).stopped
    assert ProviderCall.objects.count() == 2


@pytest.mark.slow
def test_sound_of_a_whole_story_counts_with_its_pictures(story, owner):
    alone("1.00")
    start_generation(story.pk, "image", actor=owner)
    assert started_today(story, owner) == 4 * PRICE
    run_due()
    assert (SoundTake.objects.count(), started_today(story, owner)) == (4, 4 * PRICE)


@pytest.mark.moderate
def test_one_more_take_can_be_approved(story, owner, manager):
    """A take of what is up to date is approved as that, and started once."""
    (line, *_rest) = lines(story)
    generate_sound(story.pk, actor=owner, lines=[line.pk])
    run_due()
    alone("0.01")
    for _time in range(2):
        assert generate_sound(story.pk, actor=owner, lines=[line.pk], again=True).stopped
    decide(Approval.objects.get().pk, actor=manager, approve=True)
    generate_sound(story.pk, actor=owner, lines=[line.pk], again=True)
    run_due()
    assert SoundTake.objects.filter(line=line).count() == 2
    assert generate_sound(story.pk, actor=owner, lines=[line.pk], again=True).stopped


@pytest.mark.moderate
def test_a_retry_of_a_line_that_is_up_to_date_is_compared_with_the_limit(story, owner, manager):
    """It buys one more take, whatever the plan says of the line: it has another's by now."""
    line, other, _third = lines(story)
    (job,) = generate_sound(story.pk, actor=owner, lines=[line.pk]).jobs
    queue.cancel(job.pk, actor=owner)
    generate_sound(story.pk, actor=owner, lines=[other.pk])
    run_due()
    SoundTake.objects.update(input_hash="")
    Line.objects.filter(pk=line.pk).update(speech_take=SoundTake.objects.get())
    assert [item.state for item in plan_sound(story).items[:1]] == ["done"]
    alone("0.01")
    assert retry_job(job.pk, actor=owner).stopped
    assert Job.objects.get(pk=job.pk).status == JobStatus.CANCELLED
    decide(Approval.objects.get().pk, actor=manager, approve=True)
    retry_job(job.pk, actor=owner).require()
    run_due()
    assert Job.objects.get(pk=job.pk).status == JobStatus.SUCCEEDED


@pytest.mark.parametrize("what", ["line", "scene", "sound", "music"])
def test_what_the_film_no_longer_uses_is_not_bought(story, owner, what):
    """Between the order and the worker a person takes it out of the film."""
    (line, *_rest) = lines(story)
    (job,) = generate_sound(
        story.pk, actor=owner, lines=[] if what == "music" else [line.pk], music=what == "music"
    ).jobs
    if what == "line":
        line_edits.set_lines(line.scene_id, actor=owner, lines=[])
    elif what == "scene":
        scenes.delete(line.scene_id, actor=owner)
    else:
        change = {"mood": "none"} if what == "music" else {"enabled": False}
        sound.change_settings(story.pk, actor=owner, **change)
    run_due()
    job.refresh_from_db()
    why = {
        "line": "The line has been deleted.",
        "scene": "The scene has been deleted.",
        "sound": "The story's sound is turned off.",
        "music": "The story has no music any more.",
    }
    assert (job.status, str(job.note)) == (JobStatus.FAILED, why[what])
    assert (ProviderCall.objects.count(), SoundTake.objects.count()) == (0, 0)


@pytest.mark.moderate
def test_a_direction_that_the_model_never_receives_makes_nothing_stale(story, owner):
    """As a setting of a picture that is not sent (B13's class)."""
    (line, *_rest) = lines(story)

    def say(text, direction):
        spoken = [Spoken(text, "MARA", direction, id=line.pk)]
        line_edits.set_lines(line.scene_id, actor=owner, lines=spoken)
        return plan_sound(story).items[0].state

    say("The boat leaves.", "softly")
    generate_sound(story.pk, actor=owner, lines=[line.pk])
    run_due()
    assert say("The boat leaves.", "loudly") == "done"
    assert say("The boat left.", "loudly") == "stale"


def test_a_direction_that_the_model_follows_makes_its_line_stale(story, owner, monkeypatch):
    (line, *_rest) = lines(story)
    used = SpeakingAdapter.used_fields
    monkeypatch.setattr(SpeakingAdapter, "used_fields", lambda *about: used(*about) | {"direction"})
    generate_sound(story.pk, actor=owner, lines=[line.pk])
    run_due()
    spoken = [Spoken("The boat leaves.", "", "whispers", id=line.pk)]
    line_edits.set_lines(line.scene_id, actor=owner, lines=spoken)
    assert plan_sound(story).items[0].state == "stale"


@pytest.mark.moderate
def test_music_that_comes_shorter_than_ordered_is_not_sold_again(story, owner, monkeypatch):
    """B13: it would be stale at birth, and as short when it is ordered again."""
    monkeypatch.setattr(speaking_provider, "tone", lambda ms, hertz: tone(ms // 3, hertz))
    generate_sound(story.pk, actor=owner, lines=[], music=True)
    run_due()
    take = SoundTake.objects.get()
    assert (take.duration_ms, plan_sound(story).items[-1].state) == (4000, "done")
    scenes.edit(lines(story)[0].scene_id, actor=owner, duration_seconds=14)
    assert plan_sound(story).items[-1].state == "stale"


# Texts


def planned():
    shot = {
        "title": "Sea",
        "narration": "A boat leaves.",
        "prompt": "a boat",
        "prompt_en": "a boat",
        "camera": "push_in",
    }
    return Result(data={"scenes": [shot] * 2}, cost=PRICE)


@pytest.fixture
def draft(owner, paid):
    AIProviderConfig.objects.filter(provider="paid").update(cost_per_text_call=PRICE)
    return make_story(owner, script="A boat leaves.", duration_seconds=14, planner_provider="paid")


def stop_in_the_middle(story, owner, answer):
    """The provider's answer comes when the person has stopped planning."""

    def submit():
        apply_transition(story.pk, "stop_planning", actor=owner)
        return answer

    return submit


def test_a_plan_that_was_paid_when_planning_was_stopped_is_not_bought_again(draft, script, owner):
    script.submit = [stop_in_the_middle(draft, owner, planned())]
    start_planning(draft.pk, actor=owner)
    run_due()
    assert (ProviderCall.objects.get().state, Scene.live.count()) == ("settled", 0)
    start_planning(draft.pk, actor=owner)
    run_due()
    assert (len(script.submitted), ProviderCall.objects.count()) == (1, 1)
    assert (Scene.live.count(), Story.objects.get().status) == (2, "planned")


@pytest.mark.moderate
def test_another_script_and_a_new_beginning_are_planned_anew(draft, script, owner):
    script.submit = [stop_in_the_middle(draft, owner, planned()), planned(), planned()]
    start_planning(draft.pk, actor=owner)
    run_due()
    Story.objects.update(script="It rains.")
    start_planning(draft.pk, actor=owner)
    run_due()
    assert len(script.submitted) == 2
    Story.objects.update(status="draft")
    start_planning(draft.pk, actor=owner, replace=True)
    run_due()
    assert len(script.submitted) == 3


def test_planning_is_not_started_while_its_call_is_unclear(draft, script, owner, manager):
    script.submit = [stop_in_the_middle(draft, owner, planned())]
    start_planning(draft.pk, actor=owner)
    run_due()
    ProviderCall.objects.update(state="unclear", cost=None, ended_at=None)
    with pytest.raises(GuardRefused, match="A call may have been paid and is not resolved yet"):
        start_planning(draft.pk, actor=owner)
    script.submit = [planned()]
    unclear_calls.write_off(ProviderCall.objects.get(), actor=manager, reason="on the bill")
    start_planning(draft.pk, actor=owner)
    run_due()
    assert (len(script.submitted), Scene.live.count()) == (2, 2)


def test_english_that_was_paid_when_its_job_was_cancelled_is_not_bought_again(draft, script, owner):
    scene = make_scene(draft, text="바닷가의 등대")
    Story.objects.update(status="planned")

    def submit():
        queue.cancel(Job.objects.get(name="scene_english").pk, actor=owner)
        return Result(data={"text": "a lighthouse"}, cost=PRICE)

    script.submit = [submit]
    put_into_english(draft.pk, actor=owner)
    run_due()
    scene.refresh_from_db()
    assert (ProviderCall.objects.get().state, scene.prompt.text_en) == ("settled", "")
    put_into_english(draft.pk, actor=owner)
    run_due()
    scene.refresh_from_db()
    assert (len(script.submitted), scene.prompt.text_en) == (1, "a lighthouse")
