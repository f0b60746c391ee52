"""Each pages of the board is tried by those who may only look,
and by those who may not even that.
"""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from jobs.models import Job
from stories.models import Comment, ReviewLink, Scene, Story, Take


def rows():
    """Everything that a pages could change."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (Story, Scene, Take, Comment, Job, ReviewLink)
    ]


@pytest.fixture
def actions(story, five, take, owner):
    one = take(five[0])
    comment = Comment.objects.create(story=story, scene=five[0], text="x", author=owner)
    link = ReviewLink.objects.create(
        story=story, token_sha256="a" * 64, name="x", expires_at="2099-01-01T00:00Z", made_by=owner
    )
    scene = five[0].pk
    upload = SimpleUploadedFile("a.png", io.BytesIO(b"x").read())
    acts = [
        ("board_act", (story.pk, scene, act), {})
        for act in ("first", "earlier", "later", "last", "duplicate", "merge", "delete", "restore")
    ]
    return [
        ("board_order", (story.pk,), {"move": f"{five[4].pk}:"}),
        ("board_edit", (story.pk, scene), {"title": "x"}),
        ("board_insert", (story.pk,), {"text": "x", "duration_seconds": "3", "camera": "still"}),
        *acts,
        ("board_act", (story.pk, scene, "split"), {"at": "2"}),
        ("board_act", (story.pk, scene, "unmerge"), {"other": str(five[1].pk)}),
        *(
            ("board_many", (story.pk,), {"do": do, "scene": str(scene), "camera": "still"})
            for do in ("delete", "restore", "approve", "set")
        ),
        ("board_plan", (story.pk, "image", "missing"), {"confirm_total": "0.0000"}),
        (
            "board_plan",
            (story.pk, "image", "missing"),
            {"confirm_total": "0.0000", "scene": str(scene)},
        ),
        ("board_english", (story.pk,), {"confirm_total": "0.0000"}),
        ("board_check_takes", (story.pk,), {"confirm_total": "0.0000"}),
        ("board_generate", (story.pk, scene, "image"), {"confirm_total": "0.0000"}),
        ("board_upload", (story.pk, scene), {"kind": "image", "file": upload}),
        ("board_choose", (story.pk, one.pk), {}),
        ("board_judge", (story.pk, one.pk), {"review_status": "approved"}),
        ("board_settle", (story.pk, comment.pk), {"settled": "1"}),
        ("board_share", (story.pk,), {"name": "x", "days": "7"}),
        ("board_withdraw", (story.pk, link.pk), {}),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("who", ["colleague", "viewer"])
@pytest.mark.parametrize("live", [True, False])
def test_those_who_may_look_change_nothing(pages, actions, who, live, request):
    pages.login(request.getfixturevalue(who))
    before = rows()
    for name, args, data in actions:
        answer = pages.post(name, *args, live=live, **data)
        assert answer.status_code == (403 if live else 302), (name, args, answer.status_code)
    assert rows() == before


@pytest.mark.moderate
def test_those_who_may_not_look_find_nothing(pages, actions, story, make_person):
    person = make_person("temp")
    person.is_staff = True
    person.save()
    pages.login(person)
    before = rows()
    for name, args, data in actions:
        assert pages.post(name, *args, **data).status_code == 404, name
    for name in ("stories_story_board", "stories_story_review", "board_cards"):
        assert pages.get(name, story.pk).status_code == 404
    assert rows() == before


def test_nobody_without_an_account_gets_in(pages, actions, story):
    pages.client.logout()
    before = rows()
    for name, args, data in actions:
        assert pages.post(name, *args, **data).status_code == 401, name
        assert pages.post(name, *args, live=False, **data).status_code == 302, name
    assert rows() == before


@pytest.mark.moderate
def test_nothing_changes_by_looking(pages, actions, five):
    before = rows()
    for name, args, _data in actions:
        assert pages.get(name, *args).status_code in {200, 405}, name
    assert rows() == before


def test_actions_want_the_token_of_the_form(pages, actions, owner):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    before = rows()
    for name, args, data in actions:
        assert strict.post(pages.address(name, *args), data).status_code == 403, name
    assert rows() == before


def test_manager_may(pages, actions, story, five, manager):
    pages.login(manager)
    assert pages.post("board_edit", story.pk, five[0].pk, title="By the manager").status_code == 200
    five[0].refresh_from_db()
    assert five[0].title == "By the manager"


@pytest.mark.parametrize("status", ["planning", "rendering", "archived"])
def test_closed_story_changes_nothing(pages, story, five, status):
    Story.objects.filter(pk=story.pk).update(status=status)
    before = rows()
    for act in ("first", "duplicate", "merge", "delete"):
        assert pages.post("board_act", story.pk, five[1].pk, act).status_code == 409
    assert pages.post("board_edit", story.pk, five[1].pk, title="x").status_code == 409
    assert pages.post("board_order", story.pk, move=f"{five[4].pk}:").status_code == 409
    assert rows() == before
