"""The Python client against the studio's API, and against a network that fails."""

import httpx
import pytest
from django.test import Client

from accounts import refresh_tokens
from stories.enums import StoryStatus
from stories.models import Story
from tests.module_time import replace_time
from tests.stories.factories import make_scene, make_story
from videoplanet_client import Film, Studio, StudioError, client

ADDRESS = "http://testserver"


def studio_answers(request):
    """The studio's own answer to a request of httpx, within the test's transaction."""
    names = ("authorization", "idempotency-key", "if-none-match")
    headers = {name: value for name, value in request.headers.items() if name in names}
    kind = request.headers.get("content-type", "")
    target = request.url.raw_path.decode()
    response = Client().generic(
        request.method, target, request.content, content_type=kind, headers=headers
    )
    return httpx.Response(
        response.status_code, headers=dict(response.headers), content=response.content
    )


@pytest.fixture
def studio(owner):
    token = refresh_tokens.start(owner).access.token
    with Studio(ADDRESS, token, transport=httpx.MockTransport(studio_answers)) as studio:
        yield studio


@pytest.fixture
def naps(monkeypatch):
    """The pauses of the client, which are not waited for."""
    found = []
    replace_time(monkeypatch, client, sleep=found.append)
    return found


def scripted(*answers):
    """A studio that gives these answers in turn, and the requests that it got."""
    left, sent = list(answers), []

    def answer(request):
        sent.append(request)
        found = left.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    return Studio(ADDRESS, "key", transport=httpx.MockTransport(answer)), sent


def test_story_is_written_listed_and_changed(studio, owner):
    made = studio.create_story(title="The lighthouse", script="A boat leaves.")
    assert (made.status, made.project, made.data["script"]) == ("draft", "STUDIO", "A boat leaves.")
    assert [story.id for story in studio.stories(mine=True)] == [made.id]
    changed = studio.request("PATCH", f"stories/{made.id}/", {"title": "The sea"})
    assert (changed["title"], studio.story(made.id).title) == ("The sea", "The sea")
    assert studio.request("DELETE", f"scenes/{make_scene(Story.objects.get()).pk}/") is None


def test_list_is_read_to_its_end(studio, owner):
    for n in range(5):
        make_story(owner, title=f"{n}")
    found = list(studio.pages("stories/", page_size=2))
    assert [row["title"] for row in found] == ["4", "3", "2", "1", "0"]


def test_preview_starts_at_its_price(studio, owner):
    story = make_story(owner, status=StoryStatus.PLANNED)
    make_scene(story)
    price = studio.price_of_preview(str(story.pk))
    job = studio.make_preview(str(story.pk), confirm_total=price)
    assert (price, job.status, job.has_ended) == ("0.0000", "queued", False)
    assert studio.job(job.id).id == job.id
    assert studio.story(str(story.pk)).status == "previewing"


def test_errors_have_their_code_and_the_whole_problem(studio, owner):
    story = make_story(owner)
    with pytest.raises(StudioError, match="409 transition_not_allowed") as caught:
        studio.transition(str(story.pk), "completed")
    assert (caught.value.status, caught.value.problem["current"]) == (409, "draft")
    studio.token = ""
    with pytest.raises(StudioError) as caught:
        studio.story(str(story.pk))
    assert caught.value.code == "not_authenticated"


def test_person_logs_in_for_a_token(studio, owner):
    studio.token = ""
    studio.log_in("owner", "owner")
    assert studio.request("GET", "me/")["username"] == "owner"


def test_lost_post_is_sent_again_with_its_key(naps):
    story = httpx.Response(201, json={"id": "1"})
    away = httpx.Response(503, headers={"Retry-After": "7"}, json={"code": "database_away"})
    studio, sent = scripted(httpx.ConnectError("lost"), away, story)
    assert studio.request("POST", "stories/", {"title": "a"}) == {"id": "1"}
    assert len({request.headers["Idempotency-Key"] for request in sent}) == 1
    assert naps == [1, 7]


def test_patch_is_sent_once(naps):
    studio, sent = scripted(httpx.Response(503, json={"code": "database_away"}))
    with pytest.raises(StudioError, match="database_away"):
        studio.request("PATCH", "stories/1/", {"title": "a"})
    studio, again = scripted(httpx.ReadTimeout("slow"))
    with pytest.raises(httpx.ReadTimeout):
        studio.request("PATCH", "stories/1/", {"title": "a"})
    assert (len(sent), len(again), naps) == (1, 1, [])


def test_answer_that_is_no_problem_document_is_an_error_too(naps):
    studio, sent = scripted(*[httpx.Response(503, text="<html>") for _ in range(4)])
    with pytest.raises(StudioError) as caught:
        studio.story("1")
    assert (caught.value.code, len(sent)) == ("no_problem", 4)


def job(status, tag):
    body = {"job": {"id": "j", "name": "story_preview", "status": status, "progress": 0}}
    body["job"]["note"] = ""
    return httpx.Response(200, json=body, headers={"ETag": tag})


def test_waiting_asks_for_changes_of_what_it_has(naps):
    unchanged = httpx.Response(304, headers={"ETag": '"a"'})
    studio, sent = scripted(job("queued", '"a"'), unchanged, job("succeeded", '"b"'))
    assert studio.wait_for_job("j").status == "succeeded"
    assert [request.headers.get("If-None-Match") for request in sent] == [None, '"a"', '"a"']
    assert [request.url.params.get("wait") for request in sent] == [None, "25", "25"]


def test_waiting_ends(naps):
    studio, _sent = scripted(job("running", '"a"'))
    with pytest.raises(TimeoutError):
        studio.wait_for_job("j", seconds=0)


def film(url):
    return Film(id="f", data={}, kind="final", number=1, duration_seconds=1, url=url)


def test_film_is_saved_whole_or_not_at_all(tmp_path):
    studio, _sent = scripted(httpx.Response(200, content=b"film"), httpx.Response(404))
    studio.download(film(f"{ADDRESS}/media/x"), tmp_path / "a.mp4")
    with pytest.raises(httpx.HTTPStatusError):
        studio.download(film(f"{ADDRESS}/media/y"), tmp_path / "b.mp4")
    with pytest.raises(StudioError, match="not approved"):
        studio.download(film(None), tmp_path / "c.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    assert (tmp_path / "a.mp4").read_bytes() == b"film"
