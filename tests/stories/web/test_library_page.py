"""The page of the studio's library: what it shows to whom, and its filters."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from stories.models import LibraryLook, Project
from stories.services import cast, library, sheets
from tests.stories.factories import first_look, make_story

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(owner):
    return make_story(owner, status="planned", title="First")


def published(story, owner, name, **about):
    member = cast.create_member(story.pk, actor=owner, name=name, **about)
    return member, library.publish(member.pk, actor=owner)


def sheet():
    file = io.BytesIO()
    Image.new("RGB", (640, 360), "#c03030").save(file, "PNG")
    return SimpleUploadedFile("sheet.png", file.getvalue(), content_type="image/png")


def names_on(client, **query):
    page = client.get(reverse("admin:library"), query)
    assert page.status_code == 200
    return [one.newest.name for one in page.context["members"]]


def test_members_with_their_versions_and_the_stories_that_use_them(client, owner, story):
    haru, first = published(story, owner, "하루", description="빨간 외투")
    second = make_story(owner, status="planned", title="Second")
    library.use(second.pk, first.pk, actor=owner)
    cast.edit_member(haru.pk, actor=owner, description="파란 외투")
    library.publish(haru.pk, actor=owner)
    client.force_login(owner)
    page = client.get(reverse("admin:library"))
    (shown,) = page.context["members"]
    assert (shown.newest.number, [old.number for old in shown.earlier]) == (2, [1])
    assert [(use.story.title, use.library.number) for use in shown.uses] == [
        ("First", 2),
        ("Second", 1),
    ]
    assert "파란 외투" in page.text


@pytest.mark.moderate
def test_filters_find_names_other_names_and_descriptions(client, owner, story):
    published(story, owner, "하루", description="빨간 외투")
    published(story, owner, "Harbour", kind="place", description_en="a quiet harbour")
    client.force_login(owner)
    assert sorted(names_on(client)) == ["Harbour", "하루"]
    assert names_on(client, q="하루") == ["하루"]  # decomposed, as from macOS
    assert names_on(client, q="QUIET") == ["Harbour"]
    assert names_on(client, kind="place") == ["Harbour"]
    assert names_on(client, kind="prop") == []
    assert len(names_on(client, kind="nonsense", page="x")) == 2


def test_a_story_behind_a_wall_is_not_named(client, owner, story, make_person):
    _haru, version = published(story, owner, "하루")
    closed = Project.objects.create(name="Closed", code="CLOSED", is_open=False)
    hidden = make_story(owner, status="planned", title="Secret", project=closed)
    library.use(hidden.pk, version.pk, actor=owner)
    client.force_login(make_person("other", role="producer"))
    page = client.get(reverse("admin:library"))
    (shown,) = page.context["members"]
    assert [use.story.title for use in shown.uses] == ["First"]
    assert "Secret" not in page.text


def test_sheet_is_shown_to_whoever_sees_the_library(client, owner, story, make_person):
    member = cast.create_member(story.pk, actor=owner, name="하루")
    sheets.upload(first_look(member).pk, file=sheet(), actor=owner)
    library.publish(member.pk, actor=owner)
    look = LibraryLook.objects.get()
    address = reverse("stories:library_thumb", args=[look.pk, look.sha256[:12], 640])
    client.force_login(make_person("other", role="viewer"))
    assert address in client.get(reverse("admin:library")).text
    answer = client.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
    assert Image.open(io.BytesIO(b"".join(answer))).size == (640, 360)
    assert client.get(address.replace("-640", "-641")).status_code == 404
    nobody = make_person("nobody")
    nobody.is_staff = True
    nobody.save()
    client.force_login(nobody)
    assert client.get(address).status_code == 404
    assert client.get(reverse("admin:library")).status_code == 403


def test_queries_do_not_grow_with_the_members(client, owner, story):
    client.force_login(owner)
    counts = []
    for name in ("A", "B", "C"):
        published(story, owner, name)
        with CaptureQueriesContext(connection) as captured:
            names_on(client)
        counts.append(len(captured))
    assert counts[0] == counts[2]
