"""The pronunciation list: what voices are asked to say, and what stays as it is written."""

import pytest
from django.urls import reverse

from jobs.runner import run_due
from stories.errors import Forbidden, GuardRefused, Invalid
from stories.film.sound import sound_of
from stories.models import Line, Pronunciation
from stories.services import sound
from stories.services.generation import generate_sound
from stories.services.plan import load_scenes
from stories.services.pronunciations import (
    MAX_ENTRIES,
    Entry,
    Pronunciations,
    pronunciations_of,
    set_pronunciations,
)
from stories.services.sound_plan import plan_sound
from tests.stories.factories import make_scene, make_story
from tests.stories.speaking import speak_with


@pytest.mark.parametrize(
    ("entries", "text", "spoken"),
    [
        ({"KBS": "케이비에스"}, "KBS가 KBS2와 KBS를", "케이비에스가 KBS2와 케이비에스를"),
        ({"AI": "A I", "AIM": "aim"}, "AI, AIM and PAID aim", "A I, aim and PAID aim"),
        ({"a": "b", "b": "a"}, "a b", "b a"),
        ({"김해": "기매"}, "김해공항은 김해에", "기매공항은 기매에"),
        ({"C++": "C plus plus"}, "C++ or C", "C plus plus or C"),
        ({"1.5": "one and a half"}, "1.5 m, 21.5 m", "one and a half m, 21.5 m"),
        ({"\\d+": "x"}, "12 \\d+", "12 x"),
        ({}, "As it is.", "As it is."),
    ],
)
def test_words_are_spoken_otherwise_where_they_stand_alone(entries, text, spoken):
    found = Pronunciations(tuple(Entry(*item) for item in entries.items()))
    assert found.spoken(text) == spoken


@pytest.fixture
def story(owner, monkeypatch, db):
    speak_with(monkeypatch)
    story = make_story(owner, status="planned", duration_seconds=8)
    for text in ("KBS is on air.", "It is gone."):
        make_scene(story, narration=text, duration_seconds=4)
    sound.change_settings(story.pk, actor=owner, mood="none")
    generate_sound(story.pk, actor=owner)
    run_due()
    return story


def states(story):
    return [item.state for item in plan_sound(story).items]


@pytest.mark.moderate
def test_only_lines_with_the_word_are_stale_and_captions_keep_it(story, owner):
    set_pronunciations(story.pk, actor=owner, entries=[Entry(" KBS ", "K B S")])
    assert states(story) == ["stale", "done"]
    adapter = speak_with_same()
    generate_sound(story.pk, actor=owner)
    run_due()
    assert [request.text for request in adapter.asked] == ["K B S is on air."]
    assert states(story) == ["done", "done"]
    line = Line.live.order_by("scene__position").first()
    assert [mark["text"] for mark in line.speech_take.marks] == ["K B S is on air."]
    found = sound_of(story, load_scenes(story), "preview")
    assert [span.text for span in found.captions[line.scene_id]] == ["KBS is on air."]
    set_pronunciations(story.pk, actor=owner, entries=[])
    assert states(story) == ["stale", "done"]


def speak_with_same():
    from tests.stories.speaking import SpeakingAdapter

    SpeakingAdapter.asked.clear()
    return SpeakingAdapter


@pytest.mark.moderate
def test_the_list_is_checked_and_kept_in_its_order(story, owner, colleague):
    wanted = [Entry("zoo", "zu"), Entry("Ada", "Aida")]
    set_pronunciations(story.pk, actor=owner, entries=wanted)
    assert list(pronunciations_of(story).entries) == wanted
    for entries, field in (
        ([Entry("a", " ")], "0/spoken"),
        ([Entry("a", "b"), Entry("\u200b", "c")], "1/written"),
        ([Entry("a", "b"), Entry("a ", "c")], "1/written"),
        ([Entry("a" * 101, "b")], "0/written"),
        ([Entry(str(n), "x") for n in range(MAX_ENTRIES + 1)], "items"),
    ):
        with pytest.raises(Invalid) as error:
            set_pronunciations(story.pk, actor=owner, entries=entries)
        assert error.value.field == field
    with pytest.raises(Forbidden):
        set_pronunciations(story.pk, actor=colleague, entries=[])
    type(story).objects.filter(pk=story.pk).update(status="archived")
    with pytest.raises(GuardRefused):
        set_pronunciations(story.pk, actor=owner, entries=[])
    assert list(pronunciations_of(story).entries) == wanted


@pytest.mark.moderate
def test_the_page_writes_the_list(story, owner, client):
    client.force_login(owner)
    client.cookies["django_language"] = "en"
    address = reverse("admin:stories_story_pronunciations", args=[story.pk])
    client.post(address, {"written": ["KBS", ""], "spoken": ["K B S", ""]})
    assert Pronunciation.objects.values_list("written", "spoken").get() == ("KBS", "K B S")
    html = client.get(reverse("admin:stories_story_film", args=[story.pk])).content.decode()
    assert 'value="K B S"' in html
    client.post(address, {"written": ["KBS", "AI"], "spoken": ["K B S", ""]})
    assert Pronunciation.objects.count() == 1
    client.post(address, {"written": [""], "spoken": [""]})
    assert not Pronunciation.objects.exists()
