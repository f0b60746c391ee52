"""How long lines will be is asked of providers that say it for nothing, by a job, and once."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from core.clock import moved
from jobs.models import Job
from jobs.runner import run_due
from providers import usage
from providers.calls import limits
from providers.errors import NotNow
from providers.models import AIProviderConfig, ProviderCall, ProviderQuestion
from stories.models import SpeechPrediction, Story
from stories.services import line_edits, scenes, sound, speech_predictions
from stories.services.generation import generate_sound
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


@pytest.mark.moderate
def test_a_predicted_length_enters_the_warning_before_anything_is_paid(story, fake):
    assert asked(fake) == []
    run_due()
    assert asked(fake) == ["a" * 60]
    assert SpeechPrediction.objects.get().duration_ms == 3000
    (warning,) = plan_sound(story).warnings
    assert warning.values["position"] == 1
    assert [str(one) for one in plan_generation(story, "image").sound.warnings] == [str(warning)]
    assert (fake.paid, ProviderCall.objects.count()) == (0, 0)


@pytest.mark.moderate
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


@pytest.mark.moderate
def test_what_it_does_not_predict_is_not_asked_again_and_estimated(story, fake, owner):
    run_due()
    say(story, owner, "[[validation]] hello")
    run_due()
    say(story, owner, "[[validation]] hello")
    run_due()
    assert len(asked(fake)) == 2
    assert SpeechPrediction.objects.filter(duration_ms=None).count() == 1


@pytest.mark.parametrize(("scenario", "seconds"), [("limit", 20), ("limit_seconds", 120)])
def test_too_many_questions_pause_the_calls_of_the_key_as_well(story, fake, scenario, seconds):
    fake.expect(scenario, times=1)
    before = timezone.now()
    run_due()
    config = AIProviderConfig.objects.get(provider="supertone")
    wait = timedelta(seconds=seconds)
    assert before + wait <= config.not_before <= timezone.now() + wait
    job = Job.objects.get()
    assert (job.status, job.wait_for) == ("waiting", "rate_limit")
    assert job.run_at >= config.not_before
    with pytest.raises(NotNow, match="has asked for a pause"):
        limits.check_limits(config)
    assert len(asked(fake)) == 1
    with moved(wait + timedelta(seconds=1)):
        Job.objects.update(run_at=before)
        run_due()
    assert SpeechPrediction.objects.get().duration_ms == 3000


@pytest.mark.moderate
def test_questions_count_in_the_limits_and_in_the_use_of_the_key(story, fake, client, owner):
    set_config(rate_limit_per_minute=3, rate_limit_per_hour=10)
    fake.expect("http_500", times=1)
    run_due()
    say(story, owner, "b" * 10)
    run_due()
    assert (len(asked(fake)), ProviderQuestion.objects.count()) == (2, 2)
    config = AIProviderConfig.objects.get(provider="supertone")
    minute, hour, _at_once = usage.limits_of(config)
    assert (minute.used, minute.limit, hour.used, hour.limit) == (2, 3, 2, 10)
    limits.check_limits(config)
    ProviderQuestion.objects.update(asked_at=timezone.now() - timedelta(minutes=30))
    assert [use.used for use in usage.limits_of(config)] == [0, 2, 0]
    AIProviderConfig.objects.update(rate_limit_per_hour=2)
    config.refresh_from_db()
    half_an_hour = timezone.now() + timedelta(minutes=30)
    with pytest.raises(NotNow, match="calls an hour are used up") as later:
        limits.check_limits(config)
    assert abs(later.value.until - half_an_hour) < timedelta(seconds=10)
    ProviderQuestion.objects.update(asked_at=timezone.now() - timedelta(hours=3))
    limits.count_question("supertone")
    assert ProviderQuestion.objects.count() == 1


@pytest.mark.moderate
def test_speech_that_is_paid_waits_for_the_questions_before_it(story, fake, owner):
    set_config(rate_limit_per_minute=1)
    run_due()
    generate_sound(story.pk, actor=owner)
    run_due()
    job = Job.objects.get(name="line_speech")
    assert (job.status, job.wait_for, fake.paid) == ("waiting", "rate_limit", 0)
    ProviderQuestion.objects.update(asked_at=timezone.now() - timedelta(minutes=2))
    Job.objects.update(run_at=timezone.now())
    run_due()
    job.refresh_from_db()
    assert (job.status, len(fake.orders)) == ("succeeded", 1)


@pytest.mark.moderate
def test_a_provider_that_does_not_answer_now_is_asked_after_the_next_change(story, fake, owner):
    fake.expect("http_500", times=1)
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


@pytest.mark.moderate
def test_a_page_asks_nothing(story, fake, owner, client):
    client.force_login(owner)
    page = client.get(reverse("admin:stories_story_board", args=[story.pk]))
    assert page.status_code == 200
    assert plan_sound(story).warnings != []
    assert fake.asked == []
    assert Job.objects.get().status == "queued"


@pytest.mark.moderate
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
@pytest.mark.moderate
def test_the_questions_of_all_stories_count_in_the_limits_of_the_key(story, fake, owner, limit):
    set_config(**{limit: 2})
    ProviderQuestion.objects.create(provider_id="supertone")  # of another story
    say(story, owner, "b" * 10, "c" * 20)
    run_due()
    assert asked(fake) == ["b" * 10]
    job = Job.objects.get()
    assert (job.status, job.wait_for) == ("waiting", "rate_limit")
    ProviderQuestion.objects.update(asked_at=timezone.now() - timedelta(hours=2))
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


@pytest.mark.moderate
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


@pytest.mark.moderate
def test_a_prediction_counts_for_its_own_story(story, fake, owner):
    run_due()
    other = make_story(owner, status="planned", duration_seconds=2)
    make_scene(other, narration="a" * 60, duration_seconds=2)
    sound.change_settings(other.pk, actor=owner, mood="none")
    sound.set_voice(other.pk, actor=owner, provider="supertone", voice=supertone.VOICE)
    assert (estimate(story), estimate(other)) == (3000, 4300)
    assert plan_sound(story).items[0].input_hash == plan_sound(other).items[0].input_hash
