import re
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from stories.errors import Forbidden, Invalid
from stories.models import Comment, Film, ReviewLink
from stories.services import comments, review_links
from tests.markup import flat


@pytest.fixture
def film(story, five):
    storages["media"].save("films/a.mp4", ContentFile(b"0123456789"))
    segments = [
        {"scene": str(scene.pk), "position": scene.position, "title": scene.title, "frames": 48}
        for scene in five
    ]
    return Film.objects.create(
        story=story,
        kind="preview",
        number=1,
        file="films/a.mp4",
        vtt="WEBVTT\n",
        width=1280,
        height=720,
        fps=24,
        frames=240,
        size_bytes=10,
        manifest={"segments": segments},
        manifest_hash="x",
    )


def text(answer):
    return flat(answer)


@pytest.fixture
def guest(story, owner, film):
    """A browser without an account, and the address of a link that allows comments."""
    link, token = review_links.share(story.pk, actor=owner, name="client", days=7, may_comment=True)
    return Client(), f"/review/{token}/", link


# Comments at a time


@pytest.mark.parametrize(("at", "which"), [(0, 0), (1999, 0), (2000, 1), (9999, 4)])
def test_comment_at_a_time_knows_its_scene(film, five, owner, at, which):
    assert comments.on_film(film.pk, actor=owner, text="x", at_ms=at).scene_id == five[which].pk


def test_comment_beyond_the_film(film, owner):
    for at in (-1, 10_001):
        with pytest.raises(Invalid, match="not that long"):
            comments.on_film(film.pk, actor=owner, text="x", at_ms=at)
    assert Comment.objects.count() == 0


@pytest.mark.moderate
def test_comment_on_the_review_page(pages, story, film, five):
    assert "There is nothing" not in text(pages.get("stories_story_review", story.pk, live=False))
    answer = pages.post("board_film_comment", story.pk, film.pk, text="Slower here.", at="2.500")
    assert answer.status_code == 200
    assert "Slower here." in text(answer)
    assert (Comment.objects.get().at_ms, Comment.objects.get().scene_id) == (2500, five[1].pk)
    for wrong in ("x", "-1", "nan", "99999999"):
        assert (
            pages.post("board_film_comment", story.pk, film.pk, text="x", at=wrong).status_code
            == 422
        )
    assert Comment.objects.count() == 1


def test_review_page_marks_the_scenes(pages, story, film, five):
    page = text(pages.get("stories_story_review", story.pk, live=False))
    assert re.findall(r'data-rv-seek="([\d.]+)" data-length="(\d+)"', page) == [
        (f"{2 * n}.000", "2000") for n in range(5)
    ]


# Links


@pytest.mark.moderate
def test_link_is_told_once_and_its_token_is_not_kept(pages, story, film):
    page = text(
        pages.post("board_share", story.pk, live=False, name="client", days="7", may_comment="1")
    )
    token = re.search(r"http://testserver/review/([\w-]+)/", page)[1]
    link = ReviewLink.objects.get()
    assert token not in str(ReviewLink.objects.values().get())
    assert link.may_comment
    assert timedelta(days=6, hours=23) < link.expires_at - timezone.now() <= timedelta(days=7)
    assert token not in text(pages.get("stories_story_review", story.pk, live=False))
    assert Client().get(f"/review/{token}/").status_code == 200


@pytest.mark.parametrize(
    "values",
    [
        {"name": " ", "days": "7"},
        {"name": "x", "days": "0"},
        {"name": "x", "days": "91"},
        {"name": "x", "days": "soon"},
        {"name": "x" * 81, "days": "7"},
    ],
)
def test_link_that_cannot_be(pages, story, values):
    assert pages.post("board_share", story.pk, **values).status_code == 422
    assert ReviewLink.objects.count() == 0


def test_guest_sees_the_film_and_nothing_else(guest, story, five):
    browser, address, _link = guest
    page = browser.get(address)
    assert page.status_code == 200
    assert story.title in text(page)
    assert "/admin/" not in text(page)
    assert "script-src 'self';" in page["Content-Security-Policy"] + ";"
    assert "unsafe" not in page["Content-Security-Policy"]
    assert (page["Referrer-Policy"], page["X-Robots-Tag"]) == ("same-origin", "noindex")
    part = browser.get(f"{address}film.mp4", headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.getvalue()) == (206, b"234")
    assert browser.get(f"{address}subtitles.vtt").content == b"WEBVTT\n"


def test_guest_comments_under_a_name(guest, five):
    browser, address, link = guest
    answer = browser.post(
        address, {"guest": " Kim ", "text": "Brighter <b>please</b>", "at": "4.1"}
    )
    assert (answer.status_code, answer.url) == (302, f"{address}#comments")
    one = Comment.objects.get()
    assert (one.guest, one.author, one.link, one.at_ms, one.scene_id) == (
        "Kim",
        None,
        link,
        4100,
        five[2].pk,
    )
    page = text(browser.get(address))
    assert "Brighter &lt;b&gt;please&lt;/b&gt;" in page
    assert 'value="Kim"' in page


@pytest.mark.parametrize("name", ["손님", "Zoë; Müller", "100%"])
def test_guest_of_any_name_is_known_again(guest, name):
    browser, address, _link = guest
    answer = browser.post(address, {"guest": name, "text": "x", "at": "0"})
    assert answer.cookies.output().isascii(), "a web server refuses other letters in a header"
    assert f'value="{name}"' in browser.get(address).content.decode()


@pytest.mark.parametrize(
    "values",
    [
        {"guest": "", "text": "x"},
        {"guest": "Kim", "text": " "},
        {"guest": "Kim", "text": "x", "at": "99"},
    ],
)
def test_guest_says_what_cannot_be(guest, values):
    browser, address, _link = guest
    assert browser.post(address, values).status_code == 422
    assert Comment.objects.count() == 0


HOSTILE_TIMES = [
    "-1",
    "-0.001",
    "99",
    "1e400",
    "nan",
    "inf",
    "-inf",
    "abc",
    "1,5",
    "0x1",
    "9" * 5000,
    "1\u00002",
    "2 s",
    "[]",
    "⅓",
    "1e-400x",
]


@pytest.mark.parametrize("at", HOSTILE_TIMES)
def test_guest_names_a_time_that_is_none_and_keeps_the_words(guest, at):
    browser, address, _link = guest
    answer = browser.post(address, {"guest": "Kim", "text": "Brighter please", "at": at})
    assert answer.status_code in {400, 422}
    assert answer.status_code == 400 or ">Brighter please</textarea>" in answer.content.decode()
    assert Comment.objects.count() == 0


@pytest.mark.parametrize(
    ("at", "stored", "shown"),
    [
        ({}, 0, "0:00"),
        ({"at": ""}, 0, "0:00"),
        ({"at": "0"}, 0, "0:00"),
        ({"at": " 4.1 "}, 4100, "0:04"),
        ({"at": "1e-9"}, 0, "0:00"),
    ],
)
def test_guests_comment_is_shown_at_its_time(guest, pages, story, at, stored, shown):
    browser, address, _link = guest
    assert (
        browser.post(address, {"guest": "Kim", "text": "Brighter please", **at}).status_code == 302
    )
    assert Comment.objects.get().at_ms == stored
    mark = f'data-rv-seek="{stored}" data-ms>{shown}</button>'
    assert mark in text(browser.get(address))
    assert mark in text(pages.get("stories_story_review", story.pk, live=False))


def test_guests_comment_at_the_end_of_the_film_is_stored_and_after_it_not(guest, film):
    browser, address, _link = guest
    end = film.frames / film.fps
    assert (
        browser.post(address, {"guest": "Kim", "text": "x", "at": f"{end + 0.001:.3f}"}).status_code
        == 422
    )
    assert (
        browser.post(address, {"guest": "Kim", "text": "x", "at": f"{end:.3f}"}).status_code == 302
    )
    assert Comment.objects.get().at_ms == round(end * 1000)


def test_guest_needs_the_token_of_the_form(guest):
    _browser, address, _link = guest
    assert (
        Client(enforce_csrf_checks=True)
        .post(address, {"guest": "Kim", "text": "x", "at": "0"})
        .status_code
        == 403
    )
    assert Comment.objects.count() == 0


def test_guest_who_may_only_look(guest):
    browser, address, link = guest
    ReviewLink.objects.filter(pk=link.pk).update(may_comment=False)
    assert "<textarea" not in text(browser.get(address))
    assert browser.post(address, {"guest": "Kim", "text": "x", "at": "0"}).status_code == 403
    assert Comment.objects.count() == 0


def test_link_that_was_withdrawn_or_is_over_shows_nothing(pages, guest, story):
    browser, address, link = guest
    ReviewLink.objects.filter(pk=link.pk).update(expires_at=timezone.now())
    assert [
        browser.get(address + part).status_code for part in ("", "film.mp4", "subtitles.vtt")
    ] == [404, 404, 404]
    ReviewLink.objects.filter(pk=link.pk).update(expires_at=timezone.now() + timedelta(days=1))
    assert browser.get(address).status_code == 200
    pages.post("board_withdraw", story.pk, link.pk)
    assert [
        browser.get(address + part).status_code for part in ("", "film.mp4", "subtitles.vtt")
    ] == [404, 404, 404]
    assert browser.post(address, {"guest": "Kim", "text": "x", "at": "0"}).status_code == 404
    assert Comment.objects.count() == 0


def test_token_that_is_none(client, db):
    assert client.get("/review/nonsense/").status_code == 404


def test_link_of_another_story_does_not_comment(owner, guest, five, film):
    from tests.stories.factories import make_story

    other, _token = review_links.share(
        make_story(owner).pk, actor=owner, name="x", days=1, may_comment=True
    )
    with pytest.raises(Forbidden):
        comments.on_film(film.pk, link=other, guest="Kim", text="x", at_ms=0)


def test_share_by_who_may_not(story, colleague):
    with pytest.raises(Forbidden):
        review_links.share(story.pk, actor=colleague, name="x", days=1, may_comment=False)
    assert ReviewLink.objects.count() == 0


@pytest.mark.moderate
def test_several_comments_are_resolved_at_once(pages, story, film, owner, make_person):
    made = [comments.on_film(film.pk, actor=owner, text=f"No {n}", at_ms=n) for n in range(3)]
    url = reverse("admin:board_settle_several", args=[story.pk, film.pk])
    pages.client.force_login(owner)
    assert "Resolve the ticked comments" in text(
        pages.get("stories_story_review", story.pk, live=False)
    )
    answer = pages.client.post(url, {"comment": [made[0].pk, made[2].pk]}, HTTP_HX_REQUEST="true")
    assert "2 comments resolved." in answer.content.decode()
    found = Comment.objects.filter(resolved_by=owner).values_list("text", flat=True)
    assert sorted(found) == ["No 0", "No 2"]
    for sent, words in (([], "Tick the comments first."), (["x"], "There is no such comment.")):
        answer = pages.client.post(url, {"comment": sent}, HTTP_HX_REQUEST="true")
        assert (answer.status_code, words in answer.content.decode()) == (422, True)
    pages.client.force_login(make_person("another", role="producer"))
    assert pages.client.post(url, {"comment": [made[1].pk]}).status_code in {302, 403, 404}
    assert Comment.objects.filter(resolved_at=None, text="No 1").exists()
