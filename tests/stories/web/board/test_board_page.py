import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jobs.services import queue
from stories.models import Comment, Scene, Story
from stories.services import enqueue
from tests.markup import flat
from tests.stories.factories import make_scene, make_story, make_take
from tools import subset_styles

MOST_QUERIES = 25


def texts(response):
    return response.content.decode()


def test_board_shows_each_scene_with_its_state_in_words(pages, story, five, take):
    take(five[0], review_status="approved")
    take(five[1])
    take(five[2], review_status="rejected", review_reason="too dark")
    take(five[3], input_hash="of something else")
    page = texts(pages.get("stories_story_board", story.pk, live=False))
    shown = [page.split(f'id="scene-{scene.pk}"')[1].split("</li>\n")[0] for scene in five]
    assert "Picture approved" in shown[0]
    assert "Picture to review" in shown[1]
    assert "Picture rejected: too dark" in shown[2]
    assert "Picture is out of date" in shown[3]
    assert "No picture yet" in shown[4]
    assert [page.index(f'id="scene-{scene.pk}"') for scene in five] == sorted(
        page.index(f'id="scene-{scene.pk}"') for scene in five
    )


@pytest.mark.parametrize("number", [1, 3, 40])
@pytest.mark.moderate
def test_board_takes_few_queries_whatever_it_shows(pages, owner, number):
    story = make_story(owner, status="previewing")
    for index in range(number):
        scene = make_scene(story, duration_seconds=index % 9 + 1)
        make_take(scene)
        Comment.objects.create(story=story, scene=scene, text="hm", author=owner)
        enqueue.enqueue_scene(scene, "clip", owner=owner)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        pages.get("stories_story_board", story.pk, live=False)
    few = CaptureQueriesContext(connection)
    with few:
        pages.post("board_live", story.pk)
    assert len(seen) <= MOST_QUERIES, [query["sql"][:120] for query in seen]
    assert len(few) <= MOST_QUERIES


@pytest.mark.moderate
def test_board_asks_as_often_for_one_scene_as_for_forty(pages, owner, django_assert_num_queries):
    counts = []
    for number in (1, 40):
        story = make_story(owner, status="previewing")
        for index in range(number):
            make_take(make_scene(story, duration_seconds=index % 9 + 1))
        with CaptureQueriesContext(connection) as seen:
            pages.get("stories_story_board", story.pk, live=False)
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_a_scene_that_waits_without_a_reason_says_that_it_waits(pages, story, five):
    job, _ = enqueue.enqueue_scene(five[0], "image", owner=story.owner)
    type(job).objects.filter(pk=job.pk).update(status="waiting")
    assert ">Waiting</span>" in texts(pages.get("stories_story_board", story.pk, live=False))


def test_far_scenes_come_as_shells_and_are_fetched_by_id(pages, owner):
    story = make_story(owner, status="previewing")
    scenes = [make_scene(story) for _ in range(24)]
    page = texts(pages.get("stories_story_board", story.pk, live=False))
    assert page.count('class="bd-card bd-shell"') == 16
    assert "data-partial" not in page
    answer = texts(pages.get("board_cards", story.pk, ids=f"{scenes[22].pk},{scenes[23].pk}"))
    assert answer.count('class="bd-card"') == 2
    assert "bd-shell" not in answer


@pytest.mark.parametrize("number", [25, 60])
def test_a_long_story_begins_with_the_first_scenes(pages, owner, number):
    story = make_story(owner, status="previewing")
    for _ in range(number):
        make_scene(story)
    page = texts(pages.get("stories_story_board", story.pk, live=False))
    assert (page.count('class="bd-card"'), page.count('class="bd-card bd-shell"')) == (8, 16)
    assert "data-partial" in page
    assert page.count("?from=9&amp;state=") == 1


@pytest.mark.moderate
def test_a_filter_brings_the_scenes_it_shows(pages, owner, take):
    story = make_story(owner, status="previewing")
    scenes = [make_scene(story) for _ in range(60)]
    take(scenes[39])
    page = texts(pages.get("stories_story_board", story.pk, live=False, state="review"))
    assert (page.count('class="bd-card"'), page.count('class="bd-card bd-shell"')) == (1, 55)
    assert page.split(f'id="scene-{scenes[39].pk}"')[1].split(">")[0].endswith(" hidden") is False
    assert "data-partial" in page
    assert 'id="bd-rest"' not in page


def test_filter_without_scripts_hides_the_others(pages, story, five, take):
    take(five[0])
    page = texts(pages.get("stories_story_board", story.pk, live=False, state="review"))
    assert " hidden>" not in page.split(f'id="scene-{five[0].pk}"')[1].split("\n")[0]
    assert page.split(f'id="scene-{five[1].pk}"')[1].split(">")[0].endswith(" hidden")


@pytest.mark.moderate
def test_paging_without_scripts(pages, owner):
    story = make_story(owner)
    for _ in range(40):
        make_scene(story)
    page = texts(pages.get("stories_story_board", story.pk, live=False))
    assert "?from=9&amp;state=" in page
    further = texts(pages.get("stories_story_board", story.pk, live=False, **{"from": "9"}))
    assert further.count('class="bd-card bd-shell"') == 16
    assert "?from=33&amp;state=" in further


def test_viewer_sees_the_board_and_no_way_to_change_it(pages, story, five, viewer):
    pages.login(viewer)
    page = texts(pages.get("stories_story_board", story.pk, live=False))
    assert page.count("data-seen=") == 25
    assert page.count(" readonly") + page.count(" disabled") >= 25
    assert "data-grip" not in page
    assert "x-sort" not in page


def test_price_of_what_is_left(pages, story, five, take):
    from decimal import Decimal

    from providers.models import AIProviderConfig

    AIProviderConfig.objects.filter(provider="local").update(
        cost_per_image=Decimal("0.02"), cost_per_second_video=Decimal("0.05")
    )
    take(five[0])
    page = flat(pages.get("stories_story_board", story.pk, live=False))
    # four pictures at 0.02 and five clips of seven seconds at 0.05, of which four still wait for
    # their picture
    assert "<b>$1.83</b>" in page
    assert 'Make 4 <span class="bd-price">$0.08</span>' in page


def classes_of(rules):
    """All classes for which there is a rule."""
    for rule in subset_styles.parsed(rules):
        if subset_styles.is_group(rule):
            yield from classes_of(rule.content)
        elif rule.type == "qualified-rule":
            yield from subset_styles.classes(rule.prelude)


@pytest.mark.parametrize("who", ["owner", "viewer"])
@pytest.mark.moderate
def test_the_style_sheet_of_the_board_has_each_class_of_it(pages, story, five, take, who, request):
    take(five[0])
    pages.login(request.getfixturevalue(who))
    page = texts(pages.get("stories_story_board", story.pk, live=False))
    assert subset_styles.FRAME.name in page
    assert subset_styles.NAME not in page
    on_page = {
        name for found in re.findall(r'class="([^"]*)"', page) for name in unescape(found).split()
    }
    every, own = (
        set(classes_of(file.read_text(encoding="utf-8")))
        for file in (subset_styles.TARGET, subset_styles.FRAME)
    )
    assert len(on_page & every) > 100
    assert on_page & every - own == set()


# What is new


def marks(board_page):
    return ",".join(
        f"{match[0].replace('-', '')[:12]}:{match[1]}"
        for match in re.findall(r'data-id="([0-9a-f-]+)" data-mark="([0-9a-f]+)"', board_page)
    )


def ask(pages, story, page, **changed):
    known = {
        "marks": marks(page),
        "version": re.search(r'data-version="(\w+)"', page)[1],
        "bar": re.search(r'id="bd-bar"[^>]*data-mark="(\w+)"', page)[1],
    }
    return pages.post("board_live", story.pk, **(known | changed))


@pytest.mark.moderate
def test_live_says_nothing_when_nothing_is_new(pages, story, five):
    page = texts(pages.get("stories_story_board", story.pk, live=False))
    answer = ask(pages, story, page)
    assert (answer.status_code, answer.content) == (286, b"")
    enqueue.enqueue_scene(five[0], "image", owner=story.owner)
    page = texts(pages.get("stories_story_board", story.pk, live=False))
    assert (ask(pages, story, page).status_code, ask(pages, story, page).content) == (204, b"")


def test_live_brings_only_the_cards_that_changed(pages, story, five, take):
    page = texts(pages.get("stories_story_board", story.pk, live=False))
    job, _ = enqueue.enqueue_scene(five[1], "image", owner=story.owner)
    answer = ask(pages, story, page)
    assert answer.status_code == 200
    assert f'id="scene-{five[1].pk}"' in texts(answer)
    assert texts(answer).count('class="bd-card"') == 1
    assert "Picture is in the queue" in texts(answer)
    assert "data-ids" not in texts(answer)
    queue.cancel(job.pk)
    assert ask(pages, story, page).status_code == 286


def test_live_answers_a_shell_with_a_shell(pages, owner):
    story = make_story(owner, status="previewing")
    scenes = [make_scene(story) for _ in range(12)]
    page = texts(pages.get("stories_story_board", story.pk, live=False))
    known = marks(page).split(",")
    known = ",".join([*known[:8], *(mark.replace(":", ":~") for mark in known[8:])])
    assert ask(pages, story, page, marks=known).status_code == 286
    Scene.objects.filter(pk=scenes[9].pk).update(title="Other")
    Scene.objects.filter(pk=scenes[10].pk).update(narration="of which a shell shows nothing")
    answer = texts(ask(pages, story, page, marks=known))
    assert answer.count("bd-shell") == 1
    assert ">Other</a>" in answer


def test_live_brings_the_order_when_scenes_came_or_went(pages, story, five):
    page = texts(pages.get("stories_story_board", story.pk, live=False))
    Scene.objects.filter(pk=five[4].pk).update(deleted_at="2026-01-01T00:00Z")
    answer = texts(ask(pages, story, page))
    assert f'data-ids="{",".join(str(scene.pk) for scene in five[:4])}"' in answer
    assert 'class="bd-card"' not in answer


def test_live_stops_for_a_job_that_waits_for_a_person(pages, story, five):
    job, _ = enqueue.enqueue_scene(five[0], "image", owner=story.owner)
    type(job).objects.filter(pk=job.pk).update(status="waiting", wait_for="person")
    page = texts(pages.get("stories_story_board", story.pk, live=False))
    assert ask(pages, story, page).status_code == 286


def test_empty_board(pages, owner):
    story = make_story(owner, script="A boat leaves.")
    page = texts(pages.get("stories_story_board", story.pk, live=False))
    assert "Start planning to have the script cut into scenes" in page
    assert "A boat leaves." in page
    assert Story.objects.get(pk=story.pk).status == "draft"
