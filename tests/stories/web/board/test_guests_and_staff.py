"""Who reads which comment: what staff write is internal unless they show it, and one link does not
read another's.
"""

import importlib

import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone

from core.admin.display import ago
from stories.errors import Forbidden, Invalid
from stories.models import Comment, Film
from stories.services import comments, review_links


@pytest.fixture
def film(story, five):
    segments = [
        {"scene": str(scene.pk), "position": scene.position, "title": scene.title, "frames": 48}
        for scene in five
    ]
    sizes = {"width": 1280, "height": 720, "fps": 24, "frames": 240, "size_bytes": 10}
    return Film.objects.create(
        story=story,
        kind="preview",
        number=1,
        file="films/a.mp4",
        manifest={"segments": segments},
        manifest_hash="x",
        **sizes,
    )


@pytest.fixture
def links(story, owner, film):
    """Two links, each with the page that its guest sees."""
    found = [
        review_links.share(story.pk, actor=owner, name=name, days=7, may_comment=True)
        for name in ("client", "agency")
    ]
    return [(link, f"/review/{token}/") for link, token in found]


def page(address):
    return Client().get(address).content.decode()


@pytest.mark.moderate
def test_each_reads_what_was_written_for_them(links, film, owner):
    (client, client_page), (agency, agency_page) = links
    comments.on_film(film.pk, actor=owner, text="The client is difficult.", at_ms=0)
    comments.on_film(
        film.pk, actor=owner, text="We will change this.", at_ms=0, visibility="client"
    )
    comments.on_film(film.pk, link=client, guest="Kim", text="Larger logo.", at_ms=0)
    comments.on_film(film.pk, link=agency, guest="Lee", text="Smaller logo.", at_ms=0)

    texts = ("The client is difficult.", "We will change this.", "Larger logo.", "Smaller logo.")
    assert [text in page(client_page) for text in texts] == [False, True, True, False]
    assert [text in page(agency_page) for text in texts] == [False, True, False, True]
    assert "Internal" not in page(client_page)


def test_comments_of_a_link_that_is_gone_are_read_by_no_other(links, film):
    (client, _client_page), (_agency, agency_page) = links
    comments.on_film(film.pk, link=client, guest="Kim", text="Larger logo.", at_ms=0)
    client.delete()
    assert "Larger logo." not in page(agency_page)


def test_dots_on_the_time_line_tell_nothing_either(links, film, owner):
    comments.on_film(film.pk, actor=owner, text="x", at_ms=1234)
    assert "1234" not in page(links[0][1])


@pytest.mark.moderate
def test_staff_choose_on_the_review_page(pages, story, film, links):
    assert (
        'name="visibility" value="client"'
        in pages.get("stories_story_review", story.pk, live=False).content.decode()
    )
    pages.post("board_film_comment", story.pk, film.pk, text="For us.", at="0")
    pages.post(
        "board_film_comment", story.pk, film.pk, text="For you.", at="0", visibility="client"
    )
    assert dict(Comment.objects.values_list("text", "visibility")) == {
        "For us.": "internal",
        "For you.": "client",
    }
    assert (
        pages.post(
            "board_film_comment", story.pk, film.pk, text="x", at="0", visibility="world"
        ).status_code
        == 422
    )

    ours = Comment.objects.get(text="For us.")
    answer = pages.post("board_show_comment", story.pk, ours.pk, visibility="client")
    assert answer.status_code == 200
    assert "Shown to the client" in answer.content.decode()
    assert "For us." in page(links[0][1])
    pages.post("board_show_comment", story.pk, ours.pk, visibility="internal")
    assert "For us." not in page(links[0][1])
    assert pages.post("board_show_comment", story.pk, ours.pk, visibility="").status_code == 422


def test_who_may_not_show_it(film, owner, colleague, links):
    ours = comments.on_film(film.pk, actor=owner, text="x", at_ms=0)
    with pytest.raises(Forbidden):
        comments.show(ours.pk, actor=colleague, visibility="client")
    theirs = comments.on_film(film.pk, link=links[0][0], guest="Kim", text="x", at_ms=0)
    with pytest.raises(Invalid):
        comments.show(theirs.pk, actor=owner, visibility="internal")


def test_review_page_hears_of_new_comments(pages, story, film, links):
    shown = pages.get("stories_story_review", story.pk, live=False).content.decode()
    address = shown.split('id="comments"')[1].split('hx-get="')[1].split('"')[0]
    assert pages.client.get(address, headers={"hx-request": "true"}).status_code == 204
    comments.on_film(film.pk, link=links[0][0], guest="Kim", text="Larger logo.", at_ms=0)
    answer = pages.client.get(address, headers={"hx-request": "true"})
    assert (answer.status_code, "Larger logo." in answer.content.decode()) == (200, True)
    assert "guest, client" in answer.content.decode()


def test_migration_marks_what_guests_wrote(film, owner, links):
    comments.on_film(film.pk, actor=owner, text="staff", at_ms=0)
    comments.on_film(film.pk, link=links[0][0], guest="Kim", text="guest", at_ms=0)
    Comment.objects.update(visibility="internal")
    importlib.import_module("stories.migrations.0002_comment_visibility").mark_what_guests_wrote(
        apps, None
    )
    assert dict(Comment.objects.values_list("text", "visibility")) == {
        "staff": "internal",
        "guest": "client",
    }


@pytest.mark.parametrize(
    ("left", "message"),
    [
        ({"days": 7}, "1 week"),
        ({"days": 6}, "6 days"),
        ({"hours": 2}, "2 hours"),
        ({"minutes": 40}, "40 minutes"),
        ({"hours": 23}, "23 hours"),
    ],
)
def test_what_has_just_begun_is_not_a_unit_shorter(left, message):
    moment = timezone.now() + timezone.timedelta(**left)
    assert f"in {message}" in str(ago(moment)).replace("\xa0", " ")
