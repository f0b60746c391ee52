"""Speech and music: planned before they are paid, made by jobs, recorded once."""

import io
from decimal import Decimal

import pytest
from django.test import TestCase
from PIL import Image

from jobs.enums import JobStatus, WaitFor
from jobs.models import Job
from jobs.runner import run_due
from providers.models import AIProviderConfig, ProviderCall
from stories.errors import Forbidden, Invalid, PlanChanged
from stories.handlers.paid_results import record_leftover_results
from stories.models import Confirmation, Film, Line, SoundTake, Story, StorySound, Voice
from stories.services import line_edits, lines, scene_splits, scenes, sound, sound_takes
from stories.services.generation import generate_sound
from stories.services.lines import Spoken
from stories.services.plan import plan_generation
from stories.services.sound_plan import plan_sound
from stories.services.transitions import apply_transition
from tests.stories.factories import make_scene, make_story, make_take
from tests.stories.speaking import RATE, speak_with
from tests.stories.starts import start_work

pytestmark = pytest.mark.django_db
WORDS = ("The boat leaves.", "Who is there?")


@pytest.fixture
def speaking(monkeypatch):
    return speak_with(monkeypatch)


def picture():
    file = io.BytesIO()
    Image.new("RGB", (1600, 900), (40, 80, 120)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def story(owner, speaking):
    """A planned story of two scenes, the second with a speaker, whose pictures are there."""
    story = make_story(owner, status="planned", duration_seconds=8)
    for n, text in enumerate(WORDS):
        make_take(
            make_scene(story, narration=text, duration_seconds=4, title=f"Scene {n + 1}"),
            content=picture(),
        )
    second = story.all_scenes.get(position=2)
    line_edits.set_lines(second.pk, actor=owner, lines=[Spoken("Who is there?", "MARA")])
    sound.change_settings(story.pk, actor=owner)
    return story


def states(plan):
    return [(item.kind, item.position, item.state, item.will, item.price) for item in plan.items]


def priced(**prices):
    for kind, price in prices.items():
        AIProviderConfig.objects.get(provider="local").models.create(
            kind=kind, name=f"paid-{kind}", is_default=True, price=Decimal(price), unit="call"
        )


def test_a_story_without_sound_plans_none(owner):
    story = make_story(owner)
    make_scene(story)
    assert plan_sound(story).items == ()
    assert plan_generation(story, "image").sound.items == ()


def test_what_is_missing_is_planned_with_its_price(story):
    priced(speech="0.25", music="0.50")
    plan = plan_sound(story)
    assert states(plan) == [
        ("speech", 1, "missing", True, Decimal("0.2500")),
        ("speech", 2, "missing", True, Decimal("0.2500")),
        ("music", 0, "missing", True, Decimal("0.5000")),
    ]
    assert plan.total == Decimal("1.0000")
    assert [plan_generation(story, kind).total for kind in ("image", "clip")] == [
        Decimal(1),
        Decimal(1),
    ]


@pytest.mark.moderate
def test_one_total_is_confirmed_and_bound(story, owner):
    priced(speech="0.25", music="0.50")
    total = plan_generation(story, "image").total
    with pytest.raises(PlanChanged):
        apply_transition(story.pk, "generate_preview", actor=owner, confirm_total=Decimal(0))
    apply_transition(story.pk, "generate_preview", actor=owner, confirm_total=total)
    keys = [f"speech:{line.pk}" for line in Line.live.order_by("scene__position")] + [
        f"music:{story.pk}"
    ]
    (confirmed,) = Confirmation.objects.all()
    assert (confirmed.total, confirmed.lines) == (
        total,
        {
            key: {"price": price}
            for key, price in zip(keys, ("0.2500", "0.2500", "0.5000"), strict=True)
        },
    )
    run_due()
    assert sorted(
        call.key for call in ProviderCall.objects.filter(kind__in=("speech", "music"))
    ) == sorted(keys)
    assert [
        (call.price_limit, call.cost) for call in ProviderCall.objects.filter(kind="speech")
    ] == [(Decimal("0.25"), Decimal("0.25"))] * 2


@pytest.mark.slow
def test_a_price_that_rises_after_the_confirmation_waits_for_a_person(story, owner):
    priced(speech="0.25")
    apply_transition(story.pk, "generate_preview", actor=owner, confirm_total=Decimal("0.50"))
    AIProviderConfig.objects.get(provider="local").models.filter(kind="speech").update(
        price=Decimal("0.75")
    )
    run_due()
    waiting = Job.objects.filter(name="line_speech")
    assert [(job.status, job.wait_for) for job in waiting] == [
        (JobStatus.WAITING, WaitFor.PERSON)
    ] * 2
    assert not SoundTake.objects.filter(kind="speech").exists()
    with TestCase.captureOnCommitCallbacks(execute=True):
        start_work(story.pk, "image", actor=owner, confirm_total=Decimal("1.50"), plan_hash=None)
    run_due()
    assert SoundTake.objects.filter(kind="speech").count() == 2


@pytest.mark.slow
def test_the_preview_makes_speech_and_music_once(story, owner, speaking):
    apply_transition(story.pk, "generate_preview", actor=owner)
    run_due()
    first, second = Line.live.order_by("scene__position").select_related("speech_take", "current")
    assert (first.speech_take.samples, first.speech_take.mime, first.speech_take.text_id) == (
        900 * RATE // 1000,
        "audio/flac",
        first.current_id,
    )
    assert first.speech_take.marks == [{"text": "The boat leaves.", "start_ms": 0, "end_ms": 900}]
    assert second.speech_take.scene.position == 2
    music = StorySound.objects.get(story=story).music_take
    assert (music.kind, music.samples, music.line_id) == ("music", 8 * RATE, None)
    assert [
        (request.text, request.language, request.voice)
        for request in speaking.asked
        if hasattr(request, "text")
    ] == [
        ("The boat leaves.", "en", ""),
        ("Who is there?", "en", ""),
    ]
    assert states(plan_sound(story)) == [
        ("speech", 1, "done", False, 0),
        ("speech", 2, "done", False, 0),
        ("music", 0, "done", False, 0),
    ]
    assert Film.objects.get(story=story).kind == "preview"
    start_work(story.pk, "image", advance="never", actor=owner)
    run_due()
    assert len(speaking.asked) == 3


def made(story, owner):
    generate_sound(story.pk, actor=owner)
    generate_sound(story.pk, actor=owner, lines=[], music=True)
    run_due()
    assert {item.state for item in plan_sound(story).items} == {"done"}


@pytest.mark.moderate
def test_words_and_voices_make_their_lines_stale_and_no_picture(story, owner):
    made(story, owner)
    first, second = story.all_scenes.order_by("position")
    scenes.edit(first.pk, actor=owner, narration="The boat waits.")
    assert [item.state for item in plan_sound(story).items] == ["stale", "done", "done"]
    sound.set_voice(story.pk, actor=owner, speaker="MARA", voice="scratch")
    assert [item.state for item in plan_sound(story).items] == ["stale", "stale", "done"]
    assert [item.state for item in plan_generation(story, "image").items] == ["done", "done"]
    generate_sound(story.pk, actor=owner)
    run_due()
    assert [item.state for item in plan_sound(story).items] == ["done"] * 3
    assert SoundTake.objects.filter(kind="speech").count() == 4
    sound.set_voice(story.pk, actor=owner, speaker="", voice="scratch")
    assert [item.state for item in plan_sound(story).items] == ["stale", "done", "done"]
    sound.set_voice(story.pk, actor=owner, speaker="", voice="")
    assert [item.state for item in plan_sound(story).items] == ["done"] * 3, (
        "the first take fits again"
    )
    assert second.pk == lines.of(second)[0].scene_id


@pytest.mark.moderate
def test_reordering_makes_only_the_music_stale_and_buys_nothing(story, owner):
    priced(speech="0.25", music="0.50")
    made(story, owner)
    first, second = story.all_scenes.order_by("position")
    music = StorySound.objects.get(story=story).music_take
    assert music.scene_order == [first.key, second.key]
    scenes.move(first.pk, actor=owner, position=2)
    plan = plan_sound(story)
    assert states(plan) == [
        ("speech", 1, "done", False, 0),
        ("speech", 2, "done", False, 0),
        ("music", 0, "stale", False, 0),
    ]
    assert str(plan.items[2].why) == "The order of the scenes has changed since."
    assert (plan.todo, plan.total, plan.in_the_way) == ([], 0, [])
    assert [item.state for item in plan_generation(story, "image").items] == ["done", "done"]
    with pytest.raises(Invalid, match="There is nothing to make"):
        generate_sound(story.pk, actor=owner, lines=[], music=True)
    scenes.move(first.pk, actor=owner, position=1)
    assert [item.state for item in plan_sound(story).items] == ["done"] * 3, "undone"


@pytest.mark.moderate
def test_music_is_kept_for_another_order_with_one_press(story, owner, colleague):
    made(story, owner)
    first, second = story.all_scenes.order_by("position")
    music = StorySound.objects.get(story=story).music_take
    scenes.move(first.pk, actor=owner, position=2)
    with pytest.raises(Forbidden):
        sound_takes.keep_music(music.pk, actor=colleague)
    assert sound_takes.keep_music(music.pk, actor=owner).scene_order == [second.key, first.key]
    assert [item.state for item in plan_sound(story).items] == ["done"] * 3
    scenes.move(first.pk, actor=owner, position=1)
    assert plan_sound(story).items[2].state == "stale"
    speech = SoundTake.objects.filter(kind="speech").first()
    with pytest.raises(Invalid, match="Only music of the film"):
        sound_takes.keep_music(speech.pk, actor=owner)


@pytest.mark.moderate
def test_one_more_take_of_music_is_made_for_the_new_order(story, owner):
    priced(music="0.50")
    made(story, owner)
    first, second = story.all_scenes.order_by("position")
    old = StorySound.objects.get(story=story).music_take
    scenes.move(first.pk, actor=owner, position=2)
    generate_sound(
        story.pk, actor=owner, lines=[], music=True, again=True, confirm_total=Decimal("0.5")
    )
    run_due()
    new = StorySound.objects.get(story=story).music_take
    assert (new.pk == old.pk, new.scene_order) == (False, [second.key, first.key])
    assert [item.state for item in plan_sound(story).items] == ["done"] * 3
    sound_takes.select(old.pk, actor=owner)
    assert plan_sound(story).items[2].state == "stale"


@pytest.mark.moderate
def test_the_order_that_counts_is_that_when_the_music_was_bought(story, owner):
    generate_sound(story.pk, actor=owner, lines=[], music=True)
    first, second = story.all_scenes.order_by("position")
    scenes.move(first.pk, actor=owner, position=2)
    run_due()
    music = StorySound.objects.get(story=story).music_take
    assert music.scene_order == [second.key, first.key]


@pytest.mark.moderate
def test_added_deleted_and_earlier_scenes_are_no_other_order(story, owner):
    made(story, owner)
    third = make_scene(story, narration="", duration_seconds=1)
    scenes.move(third.pk, actor=owner, position=1)
    assert plan_sound(story).items[2].state == "done"
    first, second = (Line.live.get(current__text=text).scene for text in WORDS)
    scenes.move(second.pk, actor=owner, position=1)
    assert plan_sound(story).items[2].state == "stale"
    scenes.delete(first.pk, actor=owner)
    assert plan_sound(story).items[1].state == "done"
    scenes.restore(first.pk, actor=owner)
    assert plan_sound(story).items[2].state == "stale"
    music = StorySound.objects.get(story=story).music_take
    SoundTake.objects.filter(pk=music.pk).update(scene_order=[])  # from before, or uploaded
    assert plan_sound(story).items[2].state == "done"
    assert sound_takes.keep_music(music.pk, actor=owner).scene_order == []


@pytest.mark.moderate
def test_reordering_and_levels_make_no_speech_stale(story, owner):
    made(story, owner)
    scenes.move(story.all_scenes.get(position=1).pk, actor=owner, position=2)
    sound.change_settings(story.pk, actor=owner, music_db=-6.0, loudness="ebu")
    assert [item.state for item in plan_sound(story).items] == ["done", "done", "stale"]
    scenes.move(story.all_scenes.get(position=1).pk, actor=owner, position=2)
    assert [item.state for item in plan_sound(story).items] == ["done"] * 3
    sound.change_settings(story.pk, actor=owner, mood="tense")
    assert [item.state for item in plan_sound(story).items] == ["done", "done", "stale"]
    sound.change_settings(story.pk, actor=owner, mood="none")
    assert [item.kind for item in plan_sound(story).items] == ["speech", "speech"]
    sound.change_settings(story.pk, actor=owner, enabled=False)
    assert plan_sound(story).items == ()


@pytest.mark.moderate
def test_a_longer_film_needs_longer_music(story, owner):
    made(story, owner)
    scenes.edit(story.all_scenes.get(position=1).pk, actor=owner, duration_seconds=9)
    assert [item.state for item in plan_sound(story).items] == ["done", "done", "stale"]


def test_a_voice_has_versions_and_the_same_one_makes_none(story, owner, colleague):
    one = sound.set_voice(story.pk, actor=owner, speaker=" MARA ", voice="a")
    assert (one.speaker, one.version) == ("MARA", 1)
    assert sound.set_voice(story.pk, actor=owner, speaker="MARA", voice="a").pk == one.pk
    two = sound.set_voice(story.pk, actor=owner, speaker="MARA", speed=1.1)
    assert (two.version, two.voice, two.speed) == (2, "a", 1.1)
    assert Voice.objects.get(pk=one.pk).speed == 1.0
    assert sound.cast_of(story).voice_of("MARA").pk == two.pk
    for values, field in (
        ({"speed": 3.0}, "speed"),
        ({"provider": "runway_ml"}, "provider"),
        ({"provider": "nobody"}, "provider"),
        ({"speaker": "x" * 101}, "speaker"),
    ):
        with pytest.raises(Invalid) as error:
            sound.set_voice(story.pk, actor=owner, **values)
        assert error.value.field == field
    with pytest.raises(Forbidden):
        sound.set_voice(story.pk, actor=colleague, voice="b")
    with pytest.raises(Forbidden):
        sound.change_settings(story.pk, actor=colleague, enabled=False)
    for values, field in (
        ({"mood": "angry"}, "mood"),
        ({"music_db": 99.0}, "music_db"),
        ({"music_provider": "runway_ml"}, "music_provider"),
    ):
        with pytest.raises(Invalid) as error:
            sound.change_settings(story.pk, actor=owner, **values)
        assert error.value.field == field


@pytest.mark.slow
def test_a_voice_that_fails_is_said_and_loses_no_picture(story, owner, speaking):
    speaking.refused.add("Who")
    apply_transition(story.pk, "generate_preview", actor=owner)
    run_due()
    job = Job.objects.get(name="story_preview")
    assert (job.status, job.wait_for) == (JobStatus.WAITING, WaitFor.PERSON)
    assert "A line of scene 2 could not be spoken: This is not spoken." in str(job.note)
    second = plan_sound(story).items[1]
    assert (second.state, second.failed, str(second.why)) == (
        "missing",
        True,
        "This is not spoken.",
    )
    assert Story.objects.get(pk=story.pk).status == "previewing"
    speaking.refused.clear()
    with TestCase.captureOnCommitCallbacks(execute=True):
        line_edits.set_lines(
            second.scene.pk, actor=owner, lines=[Spoken("Hello?", "MARA", id=second.line.pk)]
        )
    run_due()
    assert [item.state for item in plan_sound(story).items] == ["done"] * 3
    assert Job.objects.get(name="story_preview").status == JobStatus.SUCCEEDED


@pytest.mark.moderate
def test_a_result_that_arrives_without_its_job_becomes_a_take_once(story, owner):
    generate_sound(story.pk, actor=owner)
    run_due()
    call = ProviderCall.objects.filter(kind="speech").first()
    SoundTake.objects.filter(call=call).delete()

    assert record_leftover_results() == 1
    assert record_leftover_results() == 0
    take = SoundTake.objects.get(call=call)
    assert Line.objects.get(pk=call.item).speech_take_id == take.pk
    assert sound_takes.record_result(call).pk == take.pk


@pytest.mark.moderate
def test_takes_are_selected_and_reviewed(story, owner, colleague):
    made(story, owner)
    line = Line.live.order_by("scene__position").first()
    old = line.speech_take
    generate_sound(story.pk, actor=owner, lines=[line.pk], again=True)
    run_due()
    line.refresh_from_db()
    new = line.speech_take
    assert new.pk != old.pk
    sound_takes.select(old.pk, actor=owner)
    line.refresh_from_db()
    assert line.speech_take_id == old.pk
    with pytest.raises(Invalid):
        sound_takes.review(old.pk, review_status="rejected", actor=owner)
    with pytest.raises(Forbidden):
        sound_takes.review(old.pk, review_status="approved", actor=colleague)
    sound_takes.review(old.pk, review_status="rejected", actor=owner, reason="too fast")
    assert next((item.state, item.will, str(item.why)) for item in plan_sound(story).items) == (
        "rejected",
        True,
        "Rejected: too fast",
    )
    with pytest.raises(Invalid):
        sound_takes.select(old.pk, actor=owner)
    sound_takes.select(new.pk, actor=owner)
    assert plan_sound(story).items[0].state == "done"


@pytest.mark.moderate
def test_a_copy_and_a_moved_line_keep_their_speech(story, owner):
    made(story, owner)
    scene = story.all_scenes.get(position=1)
    copy = scenes.duplicate(scene.pk, actor=owner)
    scene_splits.merge_with_next(copy.pk, actor=owner)
    assert [item.state for item in plan_sound(story).items if item.kind == "speech"] == ["done"] * 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "The boat leaves, the gulls cry."), ("ko", "배가 떠난다, 갈매기가 운다.")],
)
def test_the_local_provider_speaks_and_plays(owner, language, text):
    story = make_story(owner, status="planned", language=language)
    make_scene(story, narration=text)
    sound.change_settings(story.pk, actor=owner, mood="tender")
    plan = plan_sound(story)
    assert (plan.total, [item.will for item in plan.items]) == (0, [True, True])
    generate_sound(story.pk, actor=owner)
    generate_sound(story.pk, actor=owner, music=True)
    run_due()
    speech, music = SoundTake.objects.order_by("-kind")
    assert [mark["text"] for mark in speech.marks] == [
        f"{text.split(',')[0]},",
        text.split(", ")[1],
    ]
    assert 1000 < speech.duration_ms < 5000
    assert speech.marks[-1]["end_ms"] <= speech.duration_ms
    assert music.samples == 7 * RATE
    sound.set_voice(story.pk, actor=owner, voice="nobody")
    item = plan_sound(story).items[0]
    assert (item.state, str(item.why)) == ("blocked", "There is no local voice named nobody.")
