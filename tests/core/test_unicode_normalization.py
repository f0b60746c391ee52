"""Decomposed Korean, as macOS sends it, is found and stored composed at every entry."""

import json
import unicodedata

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

from stories.models import Comment, Story
from tests.stories.factories import make_scene, make_story

WORD = "바닷가 이야기"
APART = unicodedata.normalize("NFD", WORD)


@pytest.mark.django_db
def test_saved_text_is_composed(django_user_model):
    person = django_user_model.objects.create_user(
        unicodedata.normalize("NFD", "지원"), password="x"
    )
    story = Story.objects.create(owner=person, title=APART, script=APART)
    story.refresh_from_db()
    assert (story.title, story.script) == (WORD, WORD)
    other = get_user_model()(username=unicodedata.normalize("NFD", "미나"))
    other.save()
    assert other.username == "미나"


@pytest.mark.django_db
@pytest.mark.parametrize("ascii_only", [True, False])
def test_api_takes_and_finds_both_forms(ascii_only, client, django_user_model):
    person = django_user_model.objects.create_superuser("지원", password="x")
    client.force_login(person)
    body = json.dumps({"title": APART[:3] + "나" * 190, "script": APART}, ensure_ascii=ascii_only)
    answer = client.post("/api/ai-video/stories/", body, content_type="application/json")
    assert answer.status_code == 201, answer.content
    assert answer.json()["script"] == WORD
    Story.objects.update(title=WORD)
    for asked in (WORD, APART):
        assert [
            row["title"]
            for row in client.get("/api/ai-video/stories/", {"title": asked}).json()["items"]
        ] == [WORD]


@pytest.mark.django_db
def test_search_of_the_list_finds_both_forms(client, django_user_model):
    person = django_user_model.objects.create_superuser("boss", password="x")
    Story.objects.create(owner=person, title=WORD)
    client.force_login(person)
    for asked in (WORD, APART):
        page = client.get(reverse("admin:stories_story_changelist"), {"q": asked})
        assert [story.title for story in page.context["cl"].result_list] == [WORD]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    [
        "/admin/jobs/job/a%00b/history/",
        "/admin/jobs/job/?status__exact=a%00b",
        "/admin/jobs/job/?q=%00",
    ],
)
def test_address_with_a_nul_is_400(admin_client, address):
    assert admin_client.get(address).status_code == 400


@pytest.mark.django_db
def test_form_with_a_nul_is_refused_in_words_and_changes_nothing(admin_client, owner):
    story = make_story(owner)
    scene = make_scene(story)
    page = reverse("admin:board_comment", args=[story.pk, scene.pk])
    answer = admin_client.post(page, {"text": "a\0b"})
    assert answer.status_code == 400
    assert "a character that cannot be saved (U+0000)" in answer.content.decode()
    assert not Comment.objects.exists()
    assert admin_client.post(page, {"text": "ab"}).status_code == 302
    assert [comment.text for comment in Comment.objects.all()] == ["ab"]
