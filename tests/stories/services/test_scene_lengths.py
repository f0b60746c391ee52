"""Scenes that are too short for their lines: what is proposed, and what is accepted."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jobs.runner import run_due
from providers.models import AIProviderConfig
from stories.errors import Forbidden, Invalid
from stories.models import Scene, Story
from stories.services import sound
from stories.services.generation import generate_sound
from stories.services.scene_lengths import propose_lengths, set_lengths
from tests.stories.factories import make_scene, make_story, make_take
from tests.stories.speaking import speak_with
from tests.two_writers import in_turn

pytestmark = pytest.mark.django_db

SIX_WORDS = "The boat leaves the old harbour."  # 1.8 s by the speaking adapter


@pytest.fixture
def story(owner: Any, monkeypatch: pytest.MonkeyPatch) -> Story:
    speak_with(monkeypatch)
    AIProviderConfig.objects.filter(provider="local").update(cost_per_second_video=Decimal("0.05"))
    story = make_story(owner, status="planned", duration_seconds=9)
    for seconds in (1, 7, 1):
        make_scene(story, narration=SIX_WORDS, duration_seconds=seconds)
    sound.change_settings(story.pk, actor=owner, mood="none")
    return story


def lengths(story: Story) -> list[int]:
    rows = Scene.live.filter(story=story).order_by("position")
    return list(rows.values_list("duration_seconds", flat=True))


def test_a_line_longer_than_its_scene_is_said_before_anything_is_paid(story: Story) -> None:
    found = propose_lengths(story)
    assert [(one.scene.position, one.estimated, one.seconds > 1) for one in found] == [
        (1, True, True),
        (3, True, True),
    ]


@pytest.mark.moderate
def test_after_the_speech_the_lengths_follow_it(story: Story, owner: Any) -> None:
    first = Scene.live.filter(story=story).order_by("position").first()
    assert first is not None
    make_take(first, "image")
    make_take(first, "clip")
    generate_sound(story.pk, actor=owner).require()
    run_due()
    one, three = propose_lengths(story)
    # 0.4 s before and 0.6 s after 1.8 s of speech are 2.8 s.
    assert (one.seconds, one.more, one.estimated, one.speed, one.held) == (
        2.8,
        1.8,
        False,
        None,
        1.8,
    )
    assert one.characters > 0
    assert (one.price, one.why) == (Decimal("0.15"), None)  # the clip of 1 s is there and paid
    assert (three.seconds, three.held, three.price) == (2.8, 0.0, Decimal("0.10"))
    assert lengths(story) == [1, 7, 1]  # nothing is changed by itself


@pytest.mark.moderate
def test_the_page_accepts_one_or_all(story: Story, owner: Any, client: Client) -> None:
    generate_sound(story.pk, actor=owner).require()
    run_due()
    client.force_login(owner)
    client.cookies["django_language"] = "en"
    url = reverse("admin:stories_story_lengths", args=[story.pk])
    page = client.get(reverse("admin:stories_story_film", args=[story.pk])).content.decode()
    assert "1 s → 2.8 s" in page
    assert "Accept all: 3.6 s longer, clips $0.20" in page
    first, _second, third = Scene.live.filter(story=story).order_by("position")
    shown = {f"length-{first.pk}": "2.8", f"length-{third.pk}": "2.8"}
    client.post(url, {**shown, "only": str(third.pk)})
    assert lengths(story) == [1, 7, 2.8]
    client.post(url, shown)
    assert lengths(story) == [2.8, 7, 2.8]
    story.refresh_from_db()
    assert story.duration_seconds == 12.6
    assert propose_lengths(story) == []


def test_all_or_nothing(story: Story, owner: Any, colleague: Any) -> None:
    first = Scene.live.filter(story=story).order_by("position").first()
    assert first is not None
    foreign = make_scene(make_story(owner))
    with pytest.raises(Forbidden):
        set_lengths(story.pk, actor=colleague, lengths={first.pk: 3})
    with pytest.raises(Invalid):
        set_lengths(story.pk, actor=owner, lengths={first.pk: 3, foreign.pk: 3})
    with pytest.raises(Invalid):
        set_lengths(story.pk, actor=owner, lengths={first.pk: 601})
    assert lengths(story) == [1, 7, 1]


def test_the_same_queries_for_one_scene_and_for_three(story: Story) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            propose_lengths(story)
        return len(seen)

    many = queries()
    Scene.live.filter(story=story).exclude(position=1).delete()
    assert queries() == many


@pytest.mark.row_locks
@pytest.mark.django_db(transaction=True)
def test_two_people_set_the_length_of_a_scene(story: Story, owner: Any) -> None:
    """The story is as long as its scenes, whoever comes last."""
    first, second, _third = Scene.live.filter(story=story).order_by("position")
    errors = in_turn(
        lambda: set_lengths(story.pk, actor=owner, lengths={first.pk: 4}),
        lambda: set_lengths(story.pk, actor=owner, lengths={second.pk: 9}),
    )
    assert errors == []
    story.refresh_from_db()
    assert (lengths(story), story.duration_seconds) == ([4, 9, 1], 14)
