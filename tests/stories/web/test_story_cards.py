"""The cards and the logo on the film page: set, seen, removed, and refused in words."""

import io
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from stories.errors import Forbidden, GuardRefused, Invalid
from stories.models import Story
from stories.services import cards
from stories.services.card_pictures import picture_mark
from tests.stories.factories import make_story

pytestmark = pytest.mark.django_db


@pytest.fixture
def story(owner: Any) -> Story:
    return make_story(owner, status="planned", duration_seconds=21)


def png(colour: tuple[int, ...] = (200, 20, 20, 128)) -> SimpleUploadedFile:
    file = io.BytesIO()
    Image.new("RGBA", (60, 30), colour).save(file, "PNG")
    return SimpleUploadedFile("logo.png", file.getvalue())


def url(story: Story, name: str) -> str:
    return reverse(f"admin:stories_story_{name}", args=[story.pk])


def test_cards_are_set_seen_and_removed(story: Story, owner: Any, client: Client) -> None:
    client.force_login(owner)
    client.cookies["django_language"] = "en"
    sent = {
        "title_card": "  The Harbour \r\n a film ",
        "title_card_seconds": "2.5",
        "end_card": "Ende",
        "end_card_seconds": "4",
    }
    answer = client.post(url(story, "cards"), sent)
    assert (answer.status_code, answer.headers["Location"]) == (302, url(story, "film") + "#cards")
    story.refresh_from_db()
    assert (story.title_card, story.title_card_seconds) == ("The Harbour\na film", 2.5)
    assert (story.end_card, story.end_card_seconds, story.cards_seconds) == ("Ende", 4, 6.5)
    page = client.get(url(story, "film")).content.decode()
    assert "The cards add to the film’s length" in page
    place = reverse("stories:card_picture", args=[story.pk, "title", picture_mark(story, "title")])
    assert f'src="{place}"' in page
    found = client.get(place)
    assert (found.status_code, found["Content-Type"]) == (200, "image/webp")
    with Image.open(io.BytesIO(found.content)) as shown:
        assert shown.size == (640, 360)
    client.post(url(story, "cards"), {**sent, "remove": "title_card", "end_card": "changed"})
    story.refresh_from_db()
    assert (story.title_card, story.end_card) == ("", "Ende")
    assert client.get(place).status_code == 404


def test_a_logo_is_uploaded_placed_seen_and_removed(
    story: Story, owner: Any, client: Client
) -> None:
    client.force_login(owner)
    client.cookies["django_language"] = "en"
    client.post(url(story, "logo"), {"file": png()})
    story.refresh_from_db()
    assert story.logo.endswith(".png")
    client.post(
        url(story, "cards"),
        {"logo_corner": "bottom_left", "logo_width": "20", "logo_opacity": "100"},
    )
    story.refresh_from_db()
    assert (story.logo_corner, story.logo_width, story.logo_opacity) == ("bottom_left", 20, 100)
    place = reverse("stories:card_picture", args=[story.pk, "logo", picture_mark(story, "logo")])
    assert f'src="{place}"' in client.get(url(story, "film")).content.decode()
    assert client.get(place).status_code == 200
    client.post(url(story, "logo"), {"remove": "1"})
    story.refresh_from_db()
    assert story.logo == ""
    assert client.get(place).status_code == 404


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"title_card": "x" * 201}, "At most 200 characters."),
        ({"end_card": "\n".join("abcdefghi")}, "At most 8 lines."),
        ({"title_card_seconds": "0.5"}, "greater than or equal to 1"),
        ({"title_card_seconds": "2.55"}, "at most one digit after the decimal point"),
        ({"end_card_seconds": "16"}, "less than or equal to 15"),
        ({"end_card_seconds": "two"}, "Enter a number."),
        ({"logo_width": "41"}, "less than or equal to 40"),
        ({"logo_opacity": "9"}, "greater than or equal to 10"),
        ({"logo_opacity": "1e9"}, "Enter a number."),
        ({"logo_corner": "middle"}, "not a valid choice"),
    ],
)
def test_wrong_values_are_refused_in_words(
    story: Story, owner: Any, client: Client, values: dict[str, str], why: str
) -> None:
    client.force_login(owner)
    client.cookies["django_language"] = "en"
    answer = client.post(url(story, "cards"), {"end_card": "kept", **values})
    page_text = answer.content.decode() + " ".join(
        str(one) for one in get_messages(answer.wsgi_request)
    )
    assert why in page_text
    story.refresh_from_db()
    assert (story.title_card, story.end_card, story.logo_corner) == ("", "", "top_right")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no picture", "not a picture that can be read"),
        (b"", "The file is empty."),
        (b"x" * ((8 << 20) + 1), "The file is too large."),
    ],
    ids=["no picture", "empty", "too large"],
)
def test_a_file_that_is_no_logo_is_refused(
    story: Story, owner: Any, client: Client, content: bytes, why: str
) -> None:
    client.force_login(owner)
    client.cookies["django_language"] = "en"
    answer = client.post(url(story, "logo"), {"file": SimpleUploadedFile("logo.png", content)})
    page_text = answer.content.decode() + " ".join(
        str(one) for one in get_messages(answer.wsgi_request)
    )
    assert why in page_text
    story.refresh_from_db()
    assert story.logo == ""


def test_only_the_owner_and_not_while_it_is_rendered(
    story: Story, owner: Any, colleague: Any
) -> None:
    with pytest.raises(Forbidden):
        cards.change_cards(story.pk, actor=colleague, title_card="mine")
    with pytest.raises(Forbidden):
        cards.read_logo(story.pk, file=png(), actor=colleague)
    with pytest.raises(Forbidden):
        cards.set_logo(story.pk, None, actor=colleague)
    with pytest.raises(Invalid, match="no “status”"):
        cards.change_cards(story.pk, actor=owner, status="completed")
    Story.objects.filter(pk=story.pk).update(status="rendering")
    with pytest.raises(GuardRefused):
        cards.change_cards(story.pk, actor=owner, title_card="late")
    story.refresh_from_db()
    assert story.title_card == ""
