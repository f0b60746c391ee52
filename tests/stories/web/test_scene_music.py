"""Music on the pages: of a scene at its panel, of the film when the order of its scenes changed."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from jobs.models import Job
from jobs.runner import run_due
from providers.models import AIProviderConfig
from stories.models import Scene, SceneSound, SoundTake, Story, StorySound
from stories.services import scenes, sound
from stories.services.generation import generate_sound
from stories.services.sound_plan import plan_sound
from tests.markup import flat
from tests.stories.factories import make_scene, make_story
from tests.stories.speaking import speak_with, tone

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(owner: Any, client: Client, monkeypatch: pytest.MonkeyPatch) -> Story:
    """Two silent scenes of a story with sound; music costs 0.50."""
    speak_with(monkeypatch)
    client.force_login(owner)
    client.cookies["django_language"] = "en"
    story = make_story(owner, status="planned", duration_seconds=8)
    for _time in range(2):
        make_scene(story, narration="", duration_seconds=4)
    sound.change_settings(story.pk, actor=owner)
    config = AIProviderConfig.objects.get(provider="local")
    config.models.create(
        kind="music", name="paid", is_default=True, price=Decimal("0.5"), unit="call"
    )
    return story


def post(client: Client, name: str, *args: Any, **values: Any) -> Any:
    return client.post(reverse(f"admin:{name}", args=args), values)


def page(client: Client, name: str, *args: Any) -> str:
    response = client.get(reverse(f"admin:{name}", args=args))
    assert response.status_code == 200
    return str(flat(response))


def at(story: Story, position: int) -> Scene:
    return Scene.live.get(story=story, position=position)


def own(scene: Scene) -> SceneSound:
    return SceneSound.objects.get(scene=scene)


def film_music(story: Story) -> SoundTake:
    take = StorySound.objects.get(story=story).music_take
    assert take is not None
    return take


@pytest.mark.moderate
def test_a_scene_gets_its_own_music_at_its_price(story: Story, client: Client) -> None:
    scene = at(story, 2)
    before = page(client, "board_scene", story.pk, scene.pk)
    assert '<option value="">The film’s music continues</option>' in before
    assert reverse("admin:board_scene_music", args=[story.pk, scene.pk]) not in before
    post(client, "board_scene_sound", story.pk, scene.pk, clip_sound="no")
    response = post(client, "board_scene_sound", story.pk, scene.pk, mood="tense")
    assert response.status_code == 302
    assert (own(scene).mood, own(scene).clip_sound) == ("tense", False)
    shown = page(client, "board_scene", story.pk, scene.pk)
    assert '<option value="tense" selected>Tense</option>' in shown
    assert "Make the music · $0.50" in shown
    post(client, "board_scene_music", story.pk, scene.pk)
    post(client, "board_scene_music", story.pk, scene.pk, confirm_total="0.4")
    assert not Job.objects.filter(name="story_music").exists()
    post(client, "board_scene_music", story.pk, scene.pk, confirm_total="0.5")
    assert "Being made" in page(client, "board_scene", story.pk, scene.pk)
    run_due()
    shown = page(client, "board_scene", story.pk, scene.pk)
    assert "Make other music · $0.50" in shown
    assert shown.count(reverse("stories:sound_file", args=[own(scene).music_take_id])) == 1
    film = page(client, "stories_story_film", story.pk)
    assert "Music of the scenes" in film
    assert reverse("admin:board_scene", args=[story.pk, scene.pk]) + "#scene-music" in film
    post(client, "board_scene_sound", story.pk, scene.pk, mood="")
    assert "In the film" not in page(client, "board_scene", story.pk, scene.pk)
    assert "Music of the scenes" not in page(client, "stories_story_film", story.pk)
    post(client, "board_scene_sound", story.pk, scene.pk, mood="angry")
    assert own(scene).mood == ""


@pytest.mark.moderate
def test_stale_music_of_a_scene_says_why(story: Story, client: Client, owner: Any) -> None:
    scene = at(story, 1)
    sound.change_scene_sound(scene.pk, actor=owner, mood="happy")
    generate_sound(story.pk, actor=owner, scene_music=[scene.pk])
    run_due()
    sound.change_scene_sound(scene.pk, actor=owner, mood="calm")
    for shown in (
        page(client, "board_scene", story.pk, scene.pk),
        page(client, "stories_story_film", story.pk),
    ):
        assert "Out of date" in shown
    why = "The mood, the provider or the length of the scene has changed since."
    assert why in page(client, "board_scene", story.pk, scene.pk)


@pytest.mark.moderate
def test_music_of_a_scene_is_uploaded_there(story: Story, client: Client) -> None:
    scene = at(story, 1)
    values = {"kind": "music", "scene": str(scene.pk)}
    file = SimpleUploadedFile("mine.wav", tone(1500, 220))
    post(client, "board_sound_upload", story.pk, file=file, **values)
    take = own(scene).music_take
    assert take is not None
    assert (take.source, own(scene).mood) == ("uploaded", "calm")
    assert "In the film" in page(client, "board_scene", story.pk, scene.pk)
    assert str(take.pk) not in page(client, "stories_story_film", story.pk).split("Music of the")[0]


@pytest.mark.moderate
def test_music_for_another_order_is_kept_with_one_press(
    story: Story, client: Client, owner: Any, colleague: Any
) -> None:
    generate_sound(story.pk, actor=owner, music=True)
    run_due()
    take = film_music(story)
    keep = reverse("admin:board_sound_keep", args=[story.pk, take.pk])
    assert keep not in page(client, "stories_story_film", story.pk)
    scenes.move(at(story, 1).pk, actor=owner, position=2)
    shown = page(client, "stories_story_film", story.pk)
    why = "The order of the scenes has changed since."
    assert f"{why} The film is still made with this music." in shown
    assert (keep in shown, "Keep this music · $0.00" in shown) == (True, True)
    assert "Make other music · $0.50" in shown
    plan = client.get(reverse("admin:board_plan", args=[story.pk, "image", "missing"]))
    assert f"Music: {why}" in flat(plan)
    client.force_login(colleague)
    client.post(keep)
    assert plan_sound(story).items[0].state == "stale"
    client.force_login(owner)
    response = client.post(keep, follow=True)
    assert "The music is kept for the new order." in flat(response)
    assert [item.state for item in plan_sound(story).items] == ["done"]
    assert keep not in page(client, "stories_story_film", story.pk)


@pytest.mark.moderate
def test_other_music_is_made_for_the_new_order(story: Story, client: Client, owner: Any) -> None:
    generate_sound(story.pk, actor=owner, music=True)
    run_due()
    scenes.move(at(story, 1).pk, actor=owner, position=2)
    post(client, "stories_story_music", story.pk, confirm_total="0.5")
    run_due()
    assert film_music(story).scene_order == [at(story, 1).key, at(story, 2).key]
