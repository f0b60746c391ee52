"""Comments, links for guests and the client's verdicts, by the same services as the pages."""

from decimal import Decimal

import pytest
from django.test import Client

from providers.models import AIProviderConfig
from stories.enums import StoryStatus, TakeKind
from stories.models import Comment, Film, ReviewLink, Take
from tests.stories.factories import make_story, make_take

UNKNOWN = "00000000-0000-4000-8000-999999999999"


@pytest.fixture
def world(world):
    Comment.objects.all().delete()
    ReviewLink.objects.all().delete()
    return world


@pytest.fixture
def film(world):
    """The film shows the first scene until 7 s, then the second."""
    world.film.manifest = {
        "segments": [
            {"scene": str(scene.pk), "position": scene.position, "frames": 168}
            for scene in world.scenes[:2]
        ]
    }
    world.film.save()
    return world.film


def test_comment_at_a_time_of_a_film_keeps_its_scene_and_is_answered(mine, world, film, viewer):
    sent = {"text": "Too dark here.", "at_ms": 7_500, "drawing": [[[0.1, 0.2], [0.5, 0.5]]]}
    made = mine.ask("POST", f"films/{film.pk}/comments/", sent).json()
    assert made["scene_id"] == str(world.scenes[1].pk)
    assert (made["author"], made["visibility"], made["drawing"]) == (
        "owner",
        "internal",
        [[[0.1, 0.2], [0.5, 0.5]]],
    )
    answered = mine.ask(
        "POST", f"comments/{made['id']}/reply/", {"text": "I agree."}, person=viewer
    ).json()
    assert (answered["parent_id"], answered["author"]) == (made["id"], "viewer")
    on_scene = mine.ask("POST", f"scenes/{world.scenes[0].pk}/comments/", {"text": "Good."}).json()
    listed = mine.ask("GET", f"stories/{world.story.pk}/comments/").json()["items"]
    assert [one["id"] for one in listed] == [made["id"], answered["id"], on_scene["id"]]
    of_scene = mine.ask(
        "GET", f"stories/{world.story.pk}/comments/?scene={world.scenes[0].pk}"
    ).json()["items"]
    assert [one["id"] for one in of_scene] == [on_scene["id"]]


def test_comments_are_paged_from_the_oldest(mine, world):
    scene = world.scenes[0].pk
    for number in range(3):
        mine.ask("POST", f"scenes/{scene}/comments/", {"text": f"{number}"})
    address = f"stories/{world.story.pk}/comments/?page_size=2"
    first = mine.ask("GET", address).json()
    second = mine.ask("GET", f"{address}&cursor={first['next_cursor']}").json()
    texts = [one["text"] for one in first["items"] + second["items"]]
    assert (texts, second["next_cursor"]) == (["0", "1", "2"], None)


def test_comment_is_resolved_opened_again_and_shown_by_who_may(mine, world, film, colleague):
    made = mine.ask("POST", f"films/{film.pk}/comments/", {"text": "Hm.", "at_ms": 0}).json()
    address = f"comments/{made['id']}/"
    assert mine.ask("PATCH", address, {"resolved": True}, person=colleague).status_code == 403
    found = mine.ask("PATCH", address, {"resolved": True, "visibility": "client"}).json()
    assert (found["resolved_by"], found["visibility"]) == ("owner", "client")
    opened = mine.ask(
        "GET", f"stories/{world.story.pk}/comments/?resolved=false&film={film.pk}"
    ).json()
    assert opened["items"] == []
    assert mine.ask("PATCH", address, {"resolved": False}).json()["resolved_at"] is None
    assert mine.ask("PATCH", address, {}).json()["visibility"] == "client"


def test_wrong_comments_are_422_and_write_nothing(mine, film):
    for sent in (
        {"text": " ", "at_ms": 0},
        {"text": "After the end.", "at_ms": 60_000},
        {"text": "A drawing.", "at_ms": 0, "drawing": [[[2, 0]]]},
        {"text": "No time."},
    ):
        response = mine.ask("POST", f"films/{film.pk}/comments/", sent)
        assert response.status_code == 422, sent
    assert not Comment.objects.exists()


@pytest.mark.moderate
def test_retake_costs_what_was_confirmed_and_only_once(mine, world, owner):
    AIProviderConfig.objects.filter(provider="local").update(cost_per_image=Decimal("0.25"))
    scene = world.scenes[0]
    comment = Comment.objects.create(
        story=world.story, scene=scene, text="Without the boat.", author=owner
    )
    address = f"comments/{comment.pk}/retake/"
    refused = mine.ask("POST", address, {"kind": "image"})
    assert (refused.status_code, refused.json()["code"]) == (409, "plan_changed")
    assert Take.objects.get(pk=world.take.pk).review_status == "unreviewed"
    started = mine.ask("POST", address, {"kind": "image", "confirm_total": "0.2500"})
    assert (started.status_code, started.json()["price"]) == (202, "0.2500")
    assert Take.objects.get(pk=world.take.pk).review_reason == "Without the boat."
    again = mine.ask("POST", address, {"kind": "image", "confirm_total": "0.2500"})
    assert again.json()["code"] == "conflict"
    assert mine.ask("GET", f"comments/{comment.pk}/").json()["retaken_at"]


def test_review_link_is_shown_once_opened_and_revoked(mine, world, film):
    make_take(world.scenes[0], TakeKind.CLIP)
    sent = {"name": "client", "days": 3, "film_id": str(film.pk), "may_decide": True}
    answer = mine.ask("POST", f"stories/{world.story.pk}/review_links/", sent)
    made = answer.json()
    assert (answer.status_code, made["is_open"], made["has_password"]) == (201, True, False)
    assert Client().get(made["url"]).status_code == 200
    (listed,) = mine.ask("GET", f"stories/{world.story.pk}/review_links/").json()["items"]
    assert "url" not in listed
    assert listed["opened_at"] is not None
    revoked = mine.ask("POST", f"review_links/{made['id']}/revoke/", {}).json()
    assert (revoked["is_open"], revoked["revoked_at"] is None) == (False, False)
    assert Client().get(made["url"]).status_code == 404


def test_review_link_to_the_film_of_another_story_is_not_found(mine, world, owner):
    other = make_story(owner, status=StoryStatus.PLANNED)
    foreign = Film.objects.create(
        story=other,
        kind="final",
        number=1,
        file="a.mp4",
        width=1,
        height=1,
        fps=24,
        frames=24,
        size_bytes=1,
        manifest_hash="0",
    )
    address = f"stories/{world.story.pk}/review_links/"
    for film_id in (str(foreign.pk), UNKNOWN):
        sent = {"name": "client", "days": 3, "film_id": film_id}
        assert mine.ask("POST", address, sent).status_code == 404
    short = mine.ask("POST", address, {"name": "client", "days": 3, "password": "abc"})
    assert short.json()["errors"][0]["pointer"] == "/password"
    assert not ReviewLink.objects.exists()


def test_client_verdict_is_recorded_for_a_version(mine, film, colleague):
    address = f"films/{film.pk}/verdicts/"
    wordless = mine.ask("POST", address, {"verdict": "changes"})
    assert wordless.json()["errors"][0]["pointer"] == "/text"
    sent = {"verdict": "changes", "text": "The end is too quick."}
    assert mine.ask("POST", address, sent, person=colleague).status_code == 403
    first = mine.ask("POST", address, sent).json()
    second = mine.ask("POST", address, {"verdict": "approved"}).json()
    assert (first["recorded_by"], second["verdict"]) == ("owner", "approved")
    listed = mine.ask("GET", address).json()["items"]
    assert [one["id"] for one in listed] == [second["id"], first["id"]]
