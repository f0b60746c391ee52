"""How long lines will be is asked of providers that say it for nothing, by a job, and once."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from jobs.models import Job
from jobs.runner import run_due
from providers.models import AIProviderConfig, ProviderCall
from stories.models import SpeechPrediction, Story
from stories.services import line_edits, scenes, sound, speech_predictions
from stories.services.lines import Spoken
from stories.services.paces import Paces
from stories.services.plan import plan_generation
from stories.services.sound_plan import plan_sound
from tests.fakes import supertone
from tests.providers.connected import connect
from tests.providers.real import KEYS
from tests.stories.factories import make_scene, make_story

pytestmark = pytest.mark.django_db


@pytest.fixture
def fake(settings):
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = KEYS
    with supertone.Supertone() as fake:
        connect("supertone", fake, User.objects.create_superuser("mina"))
        yield fake


@pytest.fixture
def story(owner, fake):
    """A planned story of one scene of 2 s whose line has 60 characters, to be spoken by Supertone:
    3 s, as it predicts.
    """
    story = make_story(owner, status="planned", duration_seconds=2)
    make_scene(story, narration="a" * 60, duration_seconds=2)
    with TestCase.captureOnCommitCallbacks(execute=True):
        sound.change_settings(story.pk, actor=owner, mood="none")
        sound.set_voice(story.pk, actor=owner, provider="supertone", voice=supertone.VOICE)
    return story


def asked(fake):
    return [one.json["text"] for one in fake.asked if "/predict-duration/" in one.path]


def say(story, owner, *texts):
    scene = story.all_scenes.get()
    with TestCase.captureOnCommitCallbacks(execute=True):
        line_edits.set_lines(scene.pk, actor=owner, lines=[Spoken(text) for text in texts])


def test_a_predicted_length_enters_the_warning_before_anything_is_paid(story, fake):
    assert asked(fake) == []
    run_due()
    assert asked(fake) == ["a" * 60]
    assert SpeechPrediction.objects.get().duration_ms == 3000
    (warning,) = plan_sound(story).warnings
    assert warning.values["position"] == 1
    assert [str(one) for one in plan_generation(story, "image").sound.warnings] == [str(warning)]
    assert (fake.paid, ProviderCall.objects.count()) == (0, 0)


def test_a_line_is_asked_about_once_for_each_version_of_its_words(story, fake, owner):
    run_due()
    plan_sound(story)
    with TestCase.captureOnCommitCallbacks(execute=True):
        sound.change_settings(story.pk, actor=owner, speech_db=-3.0)
    run_due()
    assert len(asked(fake)) == 1
    say(story, owner, "b" * 10, "c" * 20)
    run_due()
    assert asked(fake)[1:] == ["b" * 10, "c" * 20]
    say(story, owner, "b" * 10)
    run_due()
    assert len(asked(fake)) == 3


def test_what_it_does_not_predict_is_not_asked_again_and_estimated(story, fake, owner):
    run_due()
    say(story, owner, "[[validation]] hello")
    run_due()
    say(story, owner, "[[validation]] hello")
    run_due()
    assert len(asked(fake)) == 2
    assert SpeechPrediction.objects.filter(duration_ms=None).count() == 1


def test_a_provider_that_does_not_answer_now_is_asked_after_the_next_change(story, fake, owner):
    fake.expect("limit", times=1)
    run_due()
    assert SpeechPrediction.objects.count() == 0
    assert Job.objects.get(name="speech_lengths").status == "succeeded"
    with TestCase.captureOnCommitCallbacks(execute=True):
        sound.change_settings(story.pk, actor=owner, speech_db=-3.0)
    run_due()
    assert SpeechPrediction.objects.get().duration_ms == 3000


def test_no_job_for_voices_that_predict_nothing(owner):
    story = make_story(owner, status="planned", duration_seconds=2)
    make_scene(story, narration="It rains.", duration_seconds=2)
    with TestCase.captureOnCommitCallbacks(execute=True):
        sound.change_settings(story.pk, actor=owner, mood="none")
        sound.set_voice(story.pk, actor=owner, voice="hibari")
    assert not Job.objects.exists()


def set_config(**values):
    AIProviderConfig.objects.filter(provider="supertone").update(**values)


def test_a_page_asks_nothing(story, fake, owner, client):
    client.force_login(owner)
    page = client.get(reverse("admin:stories_story_board", args=[story.pk]))
    assert page.status_code == 200
    assert plan_sound(story).warnings != []
    assert fake.asked == []
    assert Job.objects.get().status == "queued"


def test_an_edited_narration_is_asked_about(story, fake, owner):
    run_due()
    with TestCase.captureOnCommitCallbacks(execute=True):
        scenes.edit(story.all_scenes.get().pk, actor=owner, title="Rain")
    assert Job.objects.count() == 1
    with TestCase.captureOnCommitCallbacks(execute=True):
        scenes.edit(story.all_scenes.get().pk, actor=owner, narration="b" * 20)
    run_due()
    assert asked(fake) == ["a" * 60, "b" * 20]


@pytest.mark.parametrize(
    "values", [{"is_active": False}, {"is_paused": True, "pause_reason": "manual"}]
)
def test_a_provider_that_is_not_in_use_is_not_asked_and_the_estimate_stays(story, fake, values):
    before = estimate(story)
    set_config(**values)
    run_due()
    assert (asked(fake), Job.objects.get().status) == ([], "succeeded")
    assert (estimate(story), before) == (4300, 4300)


def estimate(story):
    plan = plan_sound(story)
    return Paces.of(story, plan.items).estimated_ms(plan.items[0])


@pytest.mark.parametrize("limit", ["rate_limit_per_minute", "rate_limit_per_hour"])
def test_the_questions_of_all_stories_count_in_the_limits_of_the_key(story, fake, owner, limit):
    set_config(**{limit: 2})
    other = make_story(owner, status="planned", duration_seconds=2)
    SpeechPrediction.objects.create(story=other, input_hash="0" * 64, provider="supertone")
    say(story, owner, "b" * 10, "c" * 20)
    run_due()
    assert asked(fake) == ["b" * 10]
    job = Job.objects.get()
    assert (job.status, job.wait_for) == ("waiting", "rate_limit")
    SpeechPrediction.objects.update(created_at=timezone.now() - timedelta(hours=2))
    Job.objects.update(run_at=timezone.now())
    run_due()
    assert asked(fake) == ["b" * 10, "c" * 20]
    assert Job.objects.get().status == "succeeded"


def test_a_pause_that_the_provider_asked_for_is_waited_for(story, fake):
    until = timezone.now() + timedelta(hours=1)
    set_config(not_before=until)
    run_due()
    assert (asked(fake), Job.objects.get().status, Job.objects.get().run_at) == (
        [],
        "waiting",
        until,
    )


def test_a_line_written_while_the_job_runs_is_asked_about_by_it(story, fake, owner, monkeypatch):
    predicted_ms, texts = speech_predictions.predicted_ms, ["b" * 10]

    def meanwhile(*args, **values):
        if texts:
            say(story, owner, texts.pop())
        return predicted_ms(*args, **values)

    monkeypatch.setattr(speech_predictions, "predicted_ms", meanwhile)
    run_due()
    assert asked(fake) == ["a" * 60, "b" * 10]
    assert Job.objects.count() == 1


def test_nothing_is_asked_for_an_archived_or_a_deleted_story(story, fake):
    Story.objects.update(status="archived")
    run_due()
    job = Job.objects.get()
    assert (job.status, asked(fake)) == ("succeeded", [])
    Job.objects.update(status="queued", finished_at=None, subject=str(uuid4()))
    run_due()
    assert (Job.objects.get().status, asked(fake)) == ("succeeded", [])


def test_a_prediction_counts_for_its_own_story(story, fake, owner):
    run_due()
    other = make_story(owner, status="planned", duration_seconds=2)
    make_scene(other, narration="a" * 60, duration_seconds=2)
    sound.change_settings(other.pk, actor=owner, mood="none")
    sound.set_voice(other.pk, actor=owner, provider="supertone", voice=supertone.VOICE)
    assert (estimate(story), estimate(other)) == (3000, 4300)
    assert plan_sound(story).items[0].input_hash == plan_sound(other).items[0].input_hash
