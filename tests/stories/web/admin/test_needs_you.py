"""What waits for a person is told on their overview; “All done” only when nothing does."""

import uuid

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

from providers.enums import CallState, Kind
from providers.models import ProviderCall
from stories.models import Film
from stories.services import comments, enqueue, review_links
from tests.stories.factories import make_scene, make_story, make_take

HOME = reverse("admin:index")


@pytest.fixture
def todos(as_):
    return lambda person: [
        (todo.title, todo.why, todo.link) for todo in as_(person).get(HOME).context["todos"]
    ]


def unclear(story, scene):
    return ProviderCall.objects.create(
        provider_id="local",
        kind=Kind.CLIP,
        state=CallState.UNCLEAR,
        key=uuid.uuid4().hex,
        subject=str(story.pk),
        item=str(scene.pk),
        request_hash="0" * 64,
        unit_price=1,
        units=1,
        estimate=1,
    )


def film_of(story):
    sizes = {"width": 1280, "height": 720, "fps": 24, "frames": 240, "size_bytes": 10}
    return Film.objects.create(
        story=story,
        kind="preview",
        number=1,
        file="films/a.mp4",
        manifest={"segments": []},
        manifest_hash="x",
        **sizes,
    )


@pytest.mark.django_db
@pytest.mark.moderate
def test_owner_is_told_of_unclear_calls_and_who_has_them(owner, colleague, manager, todos):
    story = make_story(owner, title="Stuck", status="rendering")
    for _ in range(4):
        unclear(story, make_scene(story))
    get_user_model().objects.filter(pk=manager.pk).update(first_name="Bo", last_name="Ra")
    [(title, why, link)] = todos(owner)
    assert title == "Stuck"
    assert why == "4 calls may have been paid and wait for a decision. Responsible: Bo Ra."
    assert link == reverse("admin:stories_story_board", args=[story.pk])
    assert todos(colleague) == []
    assert len(todos(manager)) == 4


@pytest.mark.django_db
@pytest.mark.moderate
def test_owner_is_told_of_what_guests_and_colleagues_say(owner, colleague, todos, as_):
    story = make_story(owner, title="The sea", status="completed")
    film = film_of(story)
    link, _token = review_links.share(
        story.pk, actor=owner, name="client", days=7, may_comment=True
    )
    mine = comments.on_film(film.pk, actor=owner, text="mine", at_ms=0)
    assert todos(owner) == []
    assert "All done" in as_(owner).get(HOME).content.decode()
    theirs = comments.on_film(film.pk, link=link, guest="Kim", text="Larger logo.", at_ms=0)
    comments.on_film(film.pk, link=link, guest="Kim", text="Slower.", at_ms=0)
    assert todos(owner) == [
        (
            "The sea",
            "2 open comments, 2 of them by guests",
            reverse("admin:stories_story_review", args=[story.pk]),
        )
    ]
    assert "All done" not in as_(owner).get(HOME).content.decode()
    assert todos(colleague) == []
    for one in story.comments.exclude(pk=mine.pk):
        comments.settle(one.pk, actor=owner)
    assert todos(owner) == []
    assert theirs.guest == "Kim"


@pytest.mark.django_db
@pytest.mark.moderate
def test_query_count_does_not_depend_on_rows(owner, as_, queries_of):
    counts = []
    for rows in (1, 3, 12):
        while owner.stories.count() < rows:
            story = make_story(owner, status="completed")
            unclear(story, make_scene(story))
            comments.on_film(
                film_of(story).pk,
                actor=None,
                link=review_links.share(story.pk, actor=owner, name="c", days=1, may_comment=True)[
                    0
                ],
                guest="Kim",
                text="x",
                at_ms=0,
            )
        counts.append(queries_of(as_(owner), HOME))
    assert counts[0] == counts[1] == counts[2]
    assert counts[0] <= 30


@pytest.mark.django_db
@pytest.mark.moderate
def test_owner_is_told_of_takes_to_review(owner, colleague, todos):
    story = make_story(owner, title="The sea", status="completed")
    for review_status in ("unreviewed", "unreviewed", "approved"):
        scene = make_scene(story)
        make_take(scene)
        make_take(scene, "clip", review_status=review_status)
    address = reverse("admin:stories_story_board", args=[story.pk]) + "?state=review"
    assert todos(owner) == [("The sea", "2 scenes are to be reviewed.", address)]
    assert todos(colleague) == []


def board_says(as_, person, story):
    """How many scenes the board's filter “to review” shows."""
    page = as_(person).get(reverse("admin:stories_story_board", args=[story.pk])).context["board"]
    return page.counts.get("review", 0)


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["previewing", "rendering", "completed"])
@pytest.mark.moderate
def test_number_of_takes_to_review_is_that_of_the_board(owner, todos, as_, status):
    story = make_story(owner, title="The sea", status=status)
    ready, stale, running, approved, clips, rejected = (make_scene(story) for _ in range(6))
    make_take(ready)
    make_take(stale, input_hash="older")
    make_take(running)
    enqueue.enqueue_scene(running, "image", owner=owner)
    make_take(approved, review_status="approved")
    make_take(clips)
    make_take(clips, "clip", review_status="approved")
    make_take(rejected, review_status="rejected")
    assert board_says(as_, owner, story) == 1
    assert todos(owner)[0][1] == "1 scene is to be reviewed."
    make_take(approved, "clip")
    assert board_says(as_, owner, story) == 2
    assert todos(owner)[0][1] == "2 scenes are to be reviewed."
    for scene in (ready, approved):
        scene.refresh_from_db()
        scene.clip_take = None
        scene.save()
        scene.image_take.review_status = "approved"
        scene.image_take.save()
    assert board_says(as_, owner, story) == 0
    assert [why for _, why, _ in todos(owner) if "reviewed" in why] == []


@pytest.mark.django_db
@pytest.mark.moderate
def test_takes_to_review_of_many_stories_cost_the_same_queries(owner, as_, queries_of):
    counts = []
    for number in (1, 3, 12):
        while owner.stories.count() < number:
            story = make_story(owner, status="completed")
            for _ in range(number):
                make_take(make_scene(story), review_status="unreviewed")
        counts.append(queries_of(as_(owner), HOME))
    assert counts[0] == counts[1] == counts[2]
