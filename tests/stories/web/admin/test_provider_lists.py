"""The lists of providers on a story's form offer what each can make, and the one that is chosen."""

import pytest
from django.urls import reverse

from providers import keys
from providers.models import AIProviderConfig
from tests.stories.factories import make_story

MAKERS = {
    "planner_provider": {"local", "llm"},
    "image_provider": {"local", "stability_ai", "runway_ml", "replicate"},
    "clip_provider": {"local", "runway_ml", "replicate"},
}


@pytest.fixture
def ready(db):
    """Every provider is in use and has a key; the language model has its address."""
    for config in AIProviderConfig.objects.all():
        config.is_active, config.is_paused = True, False
        if config.provider == "llm":
            config.base_url = "https://models.example.com/v1"
        if config.provider != "local":
            keys.put_key(config, "a-key-of-some-length")
        config.save()


def offered(client, story):
    form = (
        client.get(reverse("admin:stories_story_edit", args=[story.pk])).context["adminform"].form
    )
    return {
        name: {value.partition(":")[0] for value, _label in form.fields[name].choices}
        for name in MAKERS
    }


def test_each_list_offers_the_makers_of_its_kind(ready, admin_client, owner):
    assert offered(admin_client, make_story(owner)) == MAKERS


def test_what_is_switched_off_is_offered_only_where_it_is_chosen(ready, admin_client, owner):
    AIProviderConfig.objects.filter(provider__in=["stability_ai", "runway_ml"]).update(
        is_active=False
    )
    found = offered(admin_client, make_story(owner, image_provider="stability_ai"))
    assert found == {
        "planner_provider": {"local", "llm"},
        "image_provider": {"local", "stability_ai", "replicate"},
        "clip_provider": {"local", "replicate"},
    }


@pytest.mark.moderate
def test_another_choice_is_refused(ready, admin_client, owner):
    story = make_story(owner)
    address = reverse("admin:stories_story_edit", args=[story.pk])
    form = admin_client.get(address).context["adminform"].form
    sent = {
        name: form[name].value() for name in form.fields if form[name].value() not in (None, False)
    }
    answer = admin_client.post(address, sent | {"clip_provider": "stability_ai"})
    assert "clip_provider" in answer.context["adminform"].form.errors
    story.refresh_from_db()
    assert story.clip_provider == "local"


@pytest.mark.moderate
def test_a_model_is_chosen_with_its_provider(ready, admin_client, owner):
    story = make_story(owner)
    address = reverse("admin:stories_story_edit", args=[story.pk])
    form = admin_client.get(address).context["adminform"].form
    choices = dict(form.fields["image_provider"].choices)
    assert choices["runway_ml"] == "Runway ML"
    assert choices["runway_ml:gen4_image"] == "Runway ML · gen4_image"
    sent = {
        name: form[name].value() for name in form.fields if form[name].value() not in (None, False)
    }
    chosen = sent | {"image_provider": "runway_ml:gen4_image"}
    assert admin_client.post(address, chosen).status_code == 302
    story.refresh_from_db()
    assert (story.image_provider, story.image_model) == ("runway_ml", "gen4_image")
    form = admin_client.get(address).context["adminform"].form
    assert form["image_provider"].value() == "runway_ml:gen4_image"
    assert admin_client.post(address, sent | {"image_provider": "local"}).status_code == 302
    story.refresh_from_db()
    assert (story.image_provider, story.image_model) == ("local", "")
