"""Titles and names of which nothing can be seen are refused wherever they are entered."""

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse

from core.visible import is_visible, stripped
from providers.models import AIProviderConfig
from stories.models import Scene, Story
from tests.stories.factories import make_scene, make_story

# Zero-width characters, bidirectional controls, fillers, variation selectors, tags, a mix of them.
NOTHING = [
    "\u200b",
    "\u2060\ufeff",
    "\u202e\u2066",
    "\u3164",
    "\u115f",
    "\u2800",
    "\ufe0f",
    "\U000e0041",
    " \u200d\u00ad\t",
]
SAID = "Write something that can be seen."


@pytest.mark.parametrize("text", NOTHING)
def test_nothing_is_seen(text):
    assert not is_visible(text)
    assert stripped(text) == ""


@pytest.mark.parametrize(
    "text", ["a", "가", "👩\u200d🚀", "\u202b\u05d0", ".", "\u0301", "\u200b1"]
)
def test_something_is_seen(text):
    assert is_visible(text)


@pytest.mark.slow
@pytest.mark.parametrize("text", NOTHING)
def test_titles_of_stories_and_scenes(client, owner, text):
    client.force_login(owner)
    story = make_story(owner, status="planned", title="Harbour")
    scene = make_scene(story, title="Boat")
    pages = [
        (
            reverse("admin:stories_story_add"),
            {"title": text, "duration_seconds": 60, "aspect_ratio": "16:9", "language": "en"},
        ),
        (reverse("admin:board_edit", args=[story.pk, scene.pk]), {"title": text}),
        (
            reverse("admin:board_insert", args=[story.pk]),
            {"title": text, "text": "A boat", "duration_seconds": 5},
        ),
        (
            reverse("admin:board_insert", args=[story.pk]),
            {"title": "x", "text": text, "duration_seconds": 5},
        ),
    ]
    for address, form in pages:
        client.post(address, form)
    sent = [
        ("post", "stories/", {"title": text}),
        ("patch", f"stories/{story.pk}/", {"title": text}),
        ("patch", f"scenes/{scene.pk}/", {"title": text}),
        (
            "post",
            "scenes/bulk_create/",
            {"story_id": str(story.pk), "scenes": [{"title": text, "prompt": "A boat"}]},
        ),
        (
            "post",
            "scenes/bulk_create/",
            {"story_id": str(story.pk), "scenes": [{"title": "x", "prompt": text}]},
        ),
    ]
    for method, path, body in sent:
        answer = getattr(client, method)(
            f"/api/ai-video/{path}", body, content_type="application/json"
        )
        assert answer.status_code == 422, (path, answer.content)
    assert [one.title for one in Story.objects.all()] == ["Harbour"]
    assert [one.title for one in Scene.objects.all()] == ["Boat"]


@pytest.mark.slow
@pytest.mark.parametrize("text", NOTHING)
def test_names_in_the_admin(admin_client, text):
    config = AIProviderConfig.objects.get(provider="local")
    row = {"name": text, "first_name": text, "last_name": text, "username": text}
    password = {
        "password1": "a long enough one",
        "password2": "a long enough one",
        "usable_password": "true",
    }
    answers = [
        admin_client.post(reverse("admin:auth_group_add"), row),
        admin_client.post(
            reverse("admin:providers_aiproviderconfig_change", args=[config.pk]), row
        ),
    ]
    admin_client.post(reverse("admin:auth_user_add"), row | password)
    for answer in answers:
        assert answer.status_code == 200
        # White space alone is stripped, and then it is the emptiness that is refused.
        assert SAID in answer.content.decode() or "required" in answer.content.decode()
    assert list(Group.objects.filter(name=text)) == []
    assert [one.username for one in User.objects.all()] == ["admin"]
    config.refresh_from_db()
    assert is_visible(config.name)


def test_an_optional_title_may_be_empty(client, owner):
    client.force_login(owner)
    scene = make_scene(make_story(owner, status="planned"), title="Boat")
    answer = client.patch(
        f"/api/ai-video/scenes/{scene.pk}/", {"title": ""}, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["title"]) == (200, "")
