"""The form that says how a scene is made."""

from decimal import Decimal

import pytest
from django.urls import reverse

from providers.models import AIProviderConfig
from stories.models import Scene, ScenePrompt
from stories.services import scene_values, scenes
from tests.stories.factories import make_scene, make_story

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(owner):
    story = make_story(owner, status="planned")
    first = make_scene(story)
    make_scene(story)
    AIProviderConfig.objects.get(provider="local").models.create(
        kind="image", name="fine", price=Decimal("0.75"), unit="image"
    )
    return first


def post(client, scene, **values):
    address = reverse("admin:board_controls", args=[scene.story_id, scene.pk])
    return client.post(address, values)


def test_the_form_offers_what_the_models_use_and_saves_it(client, owner, scene):
    client.force_login(owner)
    page = client.get(reverse("admin:board_scene", args=[scene.story_id, scene.pk]))
    text = page.content.decode()
    assert 'value="local:fine"' in text
    assert 'name="negative"' in text
    assert 'name="strength"' not in text  # no model of the local provider uses it
    answer = post(
        client,
        scene,
        image_maker="local:fine",
        clip_maker="",
        negative="crowds",
        style="ink",
        seed="77",
        boundary="cross_fade",
    )
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"/scenes/{scene.pk}/#controls")
    saved = Scene.objects.get(pk=scene.pk)
    assert (saved.image_provider, saved.image_model, saved.clip_provider) == ("local", "fine", "")
    assert (saved.boundary, saved.prompt.seed) == ("cross_fade", 77)
    assert (saved.prompt.negative, saved.prompt.style) == ("crowds", "ink")
    assert saved.prompt.strength is None


def test_nothing_of_somebody_else_is_overwritten(client, owner, scene):
    client.force_login(owner)
    seen = scene_values.fingerprint(scene.prompt.negative)
    scenes.edit(scene.pk, actor=owner, negative="rain")
    prompts = ScenePrompt.objects.count()
    answer = post(client, scene, negative="crowds", seen_negative=seen)
    assert answer.status_code == 302
    assert Scene.objects.get(pk=scene.pk).prompt.negative == "rain"
    assert ScenePrompt.objects.count() == prompts


def test_somebody_else_may_not_change_it(client, make_person, scene):
    client.force_login(make_person("other", role="producer"))
    post(client, scene, image_maker="local:fine")
    assert Scene.objects.get(pk=scene.pk).image_model == ""
