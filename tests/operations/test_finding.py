"""Ctrl+K finds actions, pages, stories and scenes; the overview begins with what to continue."""

from datetime import timedelta

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from operations.dashboard import recent
from operations.navigation import search
from operations.todos import _assigned, _mentions
from stories.models import Comment, Story
from tests.stories.factories import make_scene, make_story

pytestmark = pytest.mark.django_db


def _found(user, term):
    request = RequestFactory().get("/")
    request.user = user
    return [(one.title, one.icon) for one in search(request, term)]


def test_search_finds_actions_pages_stories_and_words_of_scenes(owner):
    story = make_story(owner, title="Lighthouse")
    scene = make_scene(story, title="Night", narration="The asphalt shines.", text="wet road")
    assert _found(owner, "new st") == [("New story", "add")]
    assert "Queue" in [title for title, _icon in _found(owner, "queue")]
    assert _found(owner, "lighth") == [("Lighthouse", "movie")]
    assert _found(owner, "ASPHALT") == [("Night", "photo_library")]
    assert _found(owner, "wet ro") == [("Night", "photo_library")]
    scene.deleted_at = timezone.now()
    scene.save()
    assert _found(owner, "asphalt") == []


def test_search_finds_nothing_of_others(owner, stranger):
    make_scene(make_story(owner, title="Lighthouse"), narration="The asphalt shines.")
    assert _found(stranger, "asphalt") == []
    assert _found(stranger, "lighthouse") == []


def test_overview_begins_with_the_stories_to_continue(owner, colleague):
    mine = make_story(owner)
    make_story(owner, status="archived")
    theirs = make_story(colleague)
    assert [story.pk for story in recent(owner)] == [mine.pk]
    Story.objects.filter(pk=theirs.pk).update(assignee=owner)
    assert {story.pk for story in recent(owner)} == {mine.pk, theirs.pk}


def test_mentions_and_due_dates_wait_for_a_person(owner, colleague):
    today = timezone.localdate()
    late = make_story(owner, title="Late")
    Story.objects.filter(pk=late.pk).update(assignee=colleague, due_on=today - timedelta(days=1))
    later = make_story(owner, title="Later")
    Story.objects.filter(pk=later.pk).update(assignee=colleague, due_on=today + timedelta(days=30))
    comment = Comment.objects.create(story=late, text="@colleague, look", author=owner, at_ms=0)
    comment.mentioned.add(colleague)
    assert [(one.title, one.tone) for one in _assigned(colleague)] == [("Late", "bad")]
    assert [one.why for one in _mentions(colleague)] == ["owner: @colleague, look"]
    Comment.objects.update(resolved_at=timezone.now())
    assert _mentions(colleague) == []


@pytest.mark.slow
def test_pages_are_compressed_and_files_are_not(owner):
    make_story(owner)
    client = Client(headers={"Accept-Encoding": "gzip"})
    client.force_login(owner)
    page = client.get(reverse("admin:stories_story_changelist"))
    assert page["Content-Encoding"] == "gzip"
    api = client.get("/api/ai-video/openapi.json")
    assert "Content-Encoding" not in api
