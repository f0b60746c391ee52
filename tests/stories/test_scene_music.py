"""Music of a scene: planned, paid, selected, and beside it the music of the film."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import TestCase
from pytest_django import DjangoAssertNumQueries

from jobs.enums import JobStatus
from jobs.models import Job
from jobs.runner import run_due
from providers.enums import Refusal
from providers.errors import Refused
from providers.models import AIProviderConfig, ProviderCall
from providers.requests import MusicRequest
from stories.enums import SoundKind
from stories.errors import Forbidden, GuardRefused, Invalid
from stories.handlers.paid_results import record_leftover_results
from stories.models import Confirmation, Line, Scene, SceneSound, SoundTake, Story, StorySound
from stories.services import scene_splits, scenes, sound, sound_takes
from stories.services.generation import generate_sound
from stories.services.plan import plan_generation
from stories.services.sound_items import SoundItem
from stories.services.sound_plan import plan_sound
from stories.services.sound_uploads import upload_sound
from stories.services.transitions import apply_transition
from tests.fakes import media
from tests.stories.factories import make_scene, make_story, make_take
from tests.stories.speaking import RATE, SpeakingAdapter, speak_with, tone
from tests.two_writers import in_turn

pytestmark = pytest.mark.django_db
BEFORE = "stories", "0040_speech_prediction_index"


@pytest.fixture
def speaking(monkeypatch: pytest.MonkeyPatch) -> type[SpeakingAdapter]:
    return speak_with(monkeypatch)


@pytest.fixture
def story(owner: Any, speaking: Any) -> Story:
    """Three silent scenes with pictures; the second has tense music of its own, the third none."""
    story = make_story(owner, status="planned", duration_seconds=11, style="watercolour")
    for seconds in (4, 4, 3):
        scene = make_scene(story, narration="", duration_seconds=seconds)
        make_take(scene, content=media.picture(320, 180))
    sound.change_settings(story.pk, actor=owner)
    for position, mood in ((2, "tense"), (3, "none")):
        sound.change_scene_sound(at(story, position).pk, actor=owner, mood=mood)
    return story


def at(story: Story, position: int) -> Scene:
    return Scene.live.get(story=story, position=position)


def own(scene: Scene) -> SceneSound:
    return SceneSound.objects.get(scene=scene)


def states(story: Story) -> list[tuple[str, int, str, bool, Decimal]]:
    items = plan_sound(story).items
    return [(item.item, item.position, item.state, item.will, item.price) for item in items]


def item_of(story: Story, scene: Scene) -> SoundItem:
    return next(item for item in plan_sound(story).items if item.scene == scene)


def priced(price: str) -> None:
    config = AIProviderConfig.objects.get(provider="local")
    config.models.create(
        kind="music", name="paid", is_default=True, price=Decimal(price), unit="call"
    )


def made(story: Story, owner: Any) -> SoundTake:
    """The music of the film and of the second scene is made. Returns the scene's."""
    scene = at(story, 2)
    generate_sound(story.pk, actor=owner, music=True, scene_music=[scene.pk])
    run_due()
    take = own(scene).music_take
    assert take is not None
    return take


def sent(ms: int = 1500) -> SimpleUploadedFile:
    return SimpleUploadedFile("mine.wav", tone(ms, 220))


def test_each_music_is_planned_with_its_price(story: Story, owner: Any) -> None:
    priced("0.50")
    scene = at(story, 2)
    half = Decimal("0.5000")
    assert states(story) == [
        (str(story.pk), 0, "missing", True, half),
        (scene.key, 2, "missing", True, half),
    ]
    film, music = plan_sound(story).items
    assert (film.key, music.key) == (f"music:{story.pk}", f"music:{scene.pk}")
    assert (film.place, music.place) == ("Music", "Music of scene 2")
    assert (music.request.mood, music.request.prompt, music.request.duration_ms) == (
        "tense",
        "tense, watercolour",
        4000,
    )
    assert (film.request.mood, film.request.duration_ms) == ("calm", 11_000)
    assert music.request.seed != film.request.seed
    assert plan_generation(story, "image").total == Decimal(1)
    assert (music.scene_order, film.scene_order) == (
        (),
        tuple(at(story, position).key for position in (1, 2, 3)),
    )


@pytest.mark.moderate
def test_the_plan_asks_as_much_for_three_scenes_as_for_one(
    story: Story, owner: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    made(story, owner)
    with django_assert_num_queries(11) as queries:
        plan_sound(story)
    sound.change_scene_sound(at(story, 3).pk, actor=owner, mood="happy")
    generate_sound(story.pk, actor=owner, scene_music=[at(story, 3).pk])
    run_due()
    with django_assert_num_queries(len(queries)):
        plan_sound(story)


@pytest.mark.moderate
def test_the_preview_makes_it_through_the_call_service_once(
    story: Story, owner: Any, speaking: type[SpeakingAdapter]
) -> None:
    priced("0.50")
    scene = at(story, 2)
    total = plan_generation(story, "image").total
    apply_transition(story.pk, "generate_preview", actor=owner, confirm_total=total)
    (confirmed,) = Confirmation.objects.all()
    assert confirmed.lines == {
        f"music:{story.pk}": {"price": "0.5000"},
        f"music:{scene.pk}": {"price": "0.5000"},
    }
    run_due()
    call = ProviderCall.objects.get(item=scene.key)
    assert (call.kind, call.key, call.price_limit, call.cost) == (
        "music",
        f"music:{scene.pk}",
        Decimal("0.5"),
        Decimal("0.5"),
    )
    job = Job.objects.get(item=scene.key, name="story_music")
    assert (job.status, job.subject) == ("succeeded", str(story.pk))
    take = own(scene).music_take
    assert take is not None
    assert (take.kind, take.scene, take.samples, take.scene_order) == (
        "music",
        scene,
        4 * RATE,
        [],
    )
    film = StorySound.objects.get(story=story).music_take
    assert film is not None
    assert (film.scene, film.samples) == (None, 11 * RATE)
    assert [item.state for item in plan_sound(story).items] == ["done", "done"]
    assert len(speaking.asked) == 2


@pytest.mark.moderate
def test_what_makes_it_stale(story: Story, owner: Any) -> None:
    made(story, owner)
    scene = at(story, 2)
    scenes.edit(scene.pk, actor=owner, duration_seconds=3.5)
    assert item_of(story, scene).state == "done", "a shorter scene uses a part of it"
    scenes.edit(scene.pk, actor=owner, duration_seconds=4.1)
    item = item_of(story, scene)
    assert (item.state, item.will, str(item.why)) == (
        "stale",
        True,
        "The mood, the provider or the length of the scene has changed since.",
    )
    scenes.edit(scene.pk, actor=owner, duration_seconds=4)
    sound.change_scene_sound(scene.pk, actor=owner, mood="happy")
    assert [item.state for item in plan_sound(story).items] == ["done", "stale"]
    sound.change_scene_sound(scene.pk, actor=owner, mood="tense")
    sound.change_settings(story.pk, actor=owner, mood="happy")
    assert [item.state for item in plan_sound(story).items] == ["stale", "done"]
    sound.change_settings(story.pk, actor=owner, mood="calm", music_model="other")
    assert [item.state for item in plan_sound(story).items] == ["stale", "stale"]


@pytest.mark.moderate
def test_another_order_makes_no_music_of_a_scene_stale(story: Story, owner: Any) -> None:
    made(story, owner)
    scene = at(story, 2)
    scenes.move(scene.pk, actor=owner, position=1)
    items = plan_sound(story).items
    assert [(item.position, item.state) for item in items] == [(0, "stale"), (1, "done")]
    with pytest.raises(Invalid, match="Only music of the film"):
        sound_takes.keep_music(own(scene).music_take_id or "", actor=owner)


@pytest.mark.moderate
def test_no_music_of_the_film_is_ordered_that_nobody_would_hear(story: Story, owner: Any) -> None:
    generate_sound(story.pk, actor=owner, music=True)
    sound.change_scene_sound(at(story, 1).pk, actor=owner, mood="none")
    assert [item.scene for item in plan_sound(story).items] == [at(story, 2)]
    run_due()
    job = Job.objects.get(item=str(story.pk))
    assert (job.status, str(job.note)) == (
        JobStatus.FAILED,
        "Every scene has music of its own or none.",
    )
    assert not ProviderCall.objects.exists()
    sound.change_scene_sound(at(story, 1).pk, actor=owner, mood="")
    assert len(plan_sound(story).items) == 2
    sound.change_settings(story.pk, actor=owner, mood="none")
    assert [item.scene for item in plan_sound(story).items] == [at(story, 2)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("mood", "The scene has no music of its own any more."),
        ("delete", "The scene has been deleted."),
        ("off", "The story's sound is turned off."),
    ],
)
def test_what_nobody_wants_any_more_is_not_bought(
    story: Story, owner: Any, change: str, words: str
) -> None:
    scene = at(story, 2)
    generate_sound(story.pk, actor=owner, scene_music=[scene.pk])
    if change == "mood":
        sound.change_scene_sound(scene.pk, actor=owner, mood="")
    elif change == "delete":
        scenes.delete(scene.pk, actor=owner)
    else:
        sound.change_settings(story.pk, actor=owner, enabled=False)
    run_due()
    job = Job.objects.get(item=scene.key)
    assert (job.status, str(job.note)) == (JobStatus.FAILED, words)
    assert not ProviderCall.objects.exists()


@pytest.mark.moderate
def test_a_job_makes_the_mood_that_the_scene_has_when_it_buys(
    story: Story, owner: Any, speaking: type[SpeakingAdapter]
) -> None:
    scene = at(story, 2)
    generate_sound(story.pk, actor=owner, scene_music=[scene.pk])
    sound.change_scene_sound(scene.pk, actor=owner, mood="happy")
    run_due()
    (request,) = speaking.asked
    assert getattr(request, "mood", "") == "happy"
    assert item_of(story, scene).state == "done"


@pytest.mark.moderate
def test_takes_are_selected_reviewed_and_made_again(story: Story, owner: Any) -> None:
    old, scene = made(story, owner), at(story, 2)
    generate_sound(story.pk, actor=owner, scene_music=[scene.pk], again=True)
    run_due()
    new = own(scene).music_take
    assert new is not None
    assert new.pk != old.pk
    assert (new.seed, StorySound.objects.get(story=story).music_take.scene) == (  # type: ignore[union-attr]
        (old.seed or 0) + 1,
        None,
    )
    sound_takes.select(old.pk, actor=owner)
    assert own(scene).music_take == old
    sound_takes.review(old.pk, review_status="rejected", actor=owner, reason="too loud")
    item = item_of(story, scene)
    assert (item.state, item.will, str(item.why)) == ("rejected", True, "Rejected: too loud")
    sound_takes.select(new.pk, actor=owner)
    assert item_of(story, scene).state == "done"
    sound_takes.deselect(new.pk, actor=owner)
    assert item_of(story, scene).state == "missing"
    with pytest.raises(Invalid, match="There is nothing to make"):
        generate_sound(story.pk, actor=owner, scene_music=[at(story, 3).pk])


@pytest.mark.moderate
def test_a_failure_is_that_of_its_scene_and_over_with_its_next_take(
    story: Story, owner: Any
) -> None:
    made(story, owner)
    first, scene = at(story, 1), at(story, 2)
    sound.change_scene_sound(first.pk, actor=owner, mood="happy")
    generate_sound(story.pk, actor=owner, scene_music=[first.pk])
    run_due()
    Job.objects.filter(item=scene.key).update(status=JobStatus.FAILED)
    sound.change_scene_sound(scene.pk, actor=owner, mood="happy")
    SoundTake.objects.exclude(scene=first).update(created_at="2020-01-01T00:00:00Z")
    assert (item_of(story, scene).failed, item_of(story, first).failed) == (True, False)
    upload_sound(story.pk, SoundKind.MUSIC, file=sent(), actor=owner)
    assert item_of(story, scene).failed, "music of the film is another"
    generate_sound(story.pk, actor=owner, scene_music=[scene.pk])
    run_due()
    assert item_of(story, scene).failed is False


def test_an_uploaded_music_is_that_of_the_scene(story: Story, owner: Any) -> None:
    first = at(story, 1)
    sound.change_settings(story.pk, actor=owner, mood="tender")
    take = upload_sound(story.pk, SoundKind.MUSIC, file=sent(), actor=owner, scene_id=first.pk)
    assert (take.scene, take.samples, take.scene_order, own(first).mood) == (
        first,
        72_000,
        [],
        "tender",
    )
    assert item_of(story, first).state == "done"
    assert StorySound.objects.get(story=story).music_take is None
    sound.change_scene_sound(first.pk, actor=owner, mood="happy")
    scenes.edit(first.pk, actor=owner, duration_seconds=60)
    assert item_of(story, first).state == "done", "it was made for no mood and no length"
    third = at(story, 3)
    sound.change_settings(story.pk, actor=owner, mood="none")
    upload_sound(story.pk, SoundKind.MUSIC, file=sent(), actor=owner, scene_id=third.pk)
    assert own(third).mood == "calm"


@pytest.mark.moderate
def test_choosing_music_of_a_scene_lets_it_be_heard(story: Story, owner: Any) -> None:
    take, scene = made(story, owner), at(story, 2)
    sound.change_scene_sound(scene.pk, actor=owner, mood="")
    assert own(scene).music_take == take
    sound_takes.select(take.pk, actor=owner)
    assert own(scene).mood == "calm"


@pytest.mark.moderate
def test_a_result_without_its_job_becomes_the_music_of_its_scene_once(
    story: Story, owner: Any
) -> None:
    old, scene = made(story, owner), at(story, 2)
    call = ProviderCall.objects.get(item=scene.key)
    SoundTake.objects.filter(pk=old.pk).delete()
    assert (record_leftover_results(), record_leftover_results()) == (1, 0)
    take = SoundTake.objects.get(call=call)
    assert (take.scene, own(scene).music_take) == (scene, take)
    scenes.delete(scene.pk, actor=owner)
    take.delete()
    assert record_leftover_results() == 1, "a deleted scene keeps what was paid for it"
    scene.delete()
    SoundTake.objects.filter(call=call).delete()
    assert sound_takes.record_result(call) is None


@pytest.mark.moderate
def test_a_part_of_a_scene_and_a_copy_have_its_music(story: Story, owner: Any) -> None:
    take, scene = made(story, owner), at(story, 2)
    copy = scenes.duplicate(scene.pk, actor=owner)
    assert (own(copy).mood, own(copy).music_take) == ("tense", take)
    scenes.edit(scene.pk, actor=owner, narration="One two three four")
    before = at(story, 2)
    first, second = scene_splits.split(scene.pk, actor=owner, at=7)
    assert [(own(part).mood, own(part).music_take) for part in (first, second)] == [
        ("tense", take)
    ] * 2
    assert [item.state for item in plan_sound(story).items if item.item != str(story.pk)][-3:] == [
        "done"
    ] * 3
    merged = scene_splits.merge_with_next(first.pk, actor=owner)
    assert (own(merged).mood, own(merged).music_take) == ("tense", take)
    scene_splits.unmerge(first.pk, second.pk, actor=owner)
    upload_sound(story.pk, SoundKind.MUSIC, file=sent(), actor=owner, scene_id=second.pk)
    scene_splits.unsplit(
        first.pk,
        second.pk,
        actor=owner,
        prompt_id=before.prompt_id,
        second_half_ids=(at(story, 2).prompt_id, at(story, 3).prompt_id),
        narration=before.narration,
    )
    assert Scene.objects.get(pk=second.pk).deleted_at is not None, "its upload is its own"
    assert not SoundTake.objects.filter(kind="music", scene=None, source="uploaded").exists()


@pytest.mark.moderate
def test_who_may_change_it_and_to_what(story: Story, owner: Any, colleague: Any) -> None:
    scene = at(story, 2)
    with pytest.raises(Forbidden):
        sound.change_scene_sound(scene.pk, actor=colleague, mood="calm")
    with pytest.raises(Invalid) as error:
        sound.change_scene_sound(scene.pk, actor=owner, mood="angry")
    assert error.value.field == "mood"
    other = make_scene(make_story(owner), narration="")
    with pytest.raises(Invalid):
        upload_sound(story.pk, SoundKind.MUSIC, file=sent(), actor=owner, scene_id=other.pk)
    take = made(story, owner)
    Story.objects.filter(pk=story.pk).update(status="archived")
    with pytest.raises(GuardRefused):
        sound.change_scene_sound(scene.pk, actor=owner, mood="calm")
    with pytest.raises(GuardRefused):
        sound_takes.keep_music(take.pk, actor=owner)


@pytest.mark.moderate
def test_a_film_that_waits_for_it_says_so_and_goes_on_with_the_films_music(
    story: Story, owner: Any, speaking: type[SpeakingAdapter], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = SpeakingAdapter._made

    def refuse(self: Any, request: Any, context: Any) -> Any:
        if isinstance(request, MusicRequest) and request.mood == "tense":
            raise Refused("This is not played.", kind=Refusal.MODERATED)
        return real(self, request, context)

    monkeypatch.setattr(SpeakingAdapter, "_made", refuse)
    apply_transition(story.pk, "generate_preview", actor=owner)
    run_due()
    job = Job.objects.get(name="story_preview")
    assert "The music of scene 2 could not be made: This is not played." in str(job.note)
    with TestCase.captureOnCommitCallbacks(execute=True):
        sound.change_scene_sound(at(story, 2).pk, actor=owner, mood="")
    run_due()
    assert Job.objects.get(name="story_preview").status == JobStatus.SUCCEEDED


@pytest.mark.django_db(transaction=True)
@pytest.mark.row_locks
@pytest.mark.slow
def test_music_that_is_kept_is_kept_for_the_order_that_stands_then(
    story: Story, owner: Any
) -> None:
    made(story, owner)
    take = StorySound.objects.get(story=story).music_take
    assert take is not None
    first = at(story, 1)
    errors = in_turn(
        lambda: scenes.move(first.pk, actor=owner, position=3),
        lambda: sound_takes.keep_music(take.pk, actor=owner),
    )
    take.refresh_from_db()
    order = list(Scene.live.filter(story=story).order_by("position"))
    assert (errors, take.scene_order) == ([], [scene.key for scene in order])
    assert order[2] == first


@pytest.mark.django_db(transaction=True)
@pytest.mark.row_locks
@pytest.mark.slow
@pytest.mark.parametrize("of_scene", [True, False], ids=["of a scene", "of the film"])
def test_music_that_arrives_while_its_settings_change_stays_selected(
    story: Story,
    owner: Any,
    of_scene: bool,  # noqa: FBT001  a parameter of the test
) -> None:
    made(story, owner)
    scene = at(story, 2)
    call = ProviderCall.objects.get(item=scene.key if of_scene else str(story.pk), kind="music")
    SoundTake.objects.filter(call=call).delete()

    def change() -> None:
        if of_scene:
            sound.change_scene_sound(scene.pk, actor=owner, clip_sound=True)
        else:
            sound.change_settings(story.pk, actor=owner, music_db=-3.0)

    errors = in_turn(lambda: sound_takes.record_result(call), change)
    take = SoundTake.objects.get(call=call)
    row = own(scene) if of_scene else StorySound.objects.get(story=story)
    assert (errors, row.music_take) == ([], take)


@pytest.mark.django_db(transaction=True)
@pytest.mark.moderate
def test_earlier_rows_play_the_films_music_and_know_no_order(owner: Any) -> None:
    story = make_story(owner)
    scene = make_scene(story, narration="Hello.")
    executor = MigrationExecutor(connection)
    executor.migrate([BEFORE])
    apps = executor.loader.project_state([BEFORE]).apps
    try:
        take = apps.get_model("stories", "SoundTake").objects.create(
            story_id=story.pk,
            kind="music",
            file="music.flac",
            sha256="0" * 64,
            mime="audio/flac",
            samples=8 * RATE,
        )
        apps.get_model("stories", "StorySound").objects.create(
            story_id=story.pk, music_take_id=take.pk
        )
        apps.get_model("stories", "SceneSound").objects.create(scene_id=scene.pk, clip_sound=True)
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
    row = own(scene)
    assert (row.clip_sound, row.mood, row.music_take) == (True, "", None)
    assert SoundTake.objects.get(pk=take.pk).scene_order == []
    (music,) = (item for item in plan_sound(story).items if item.kind == "music")
    assert (music.state, Line.live.count()) == ("done", 1)
