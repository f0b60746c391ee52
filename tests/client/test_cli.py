"""The command line `studio`, against the studio's API."""

import json

import httpx
import pytest

from accounts import refresh_tokens
from stories.enums import StoryStatus
from stories.models import Film, Story
from tests.stories.factories import make_scene, make_story
from videoplanet_client.cli import main

from .test_client import ADDRESS, studio_answers


@pytest.fixture
def run(owner, monkeypatch, capsys):
    """`run("stories")`: exit status, what was printed, and what was said of errors."""
    monkeypatch.setenv("STUDIO_URL", ADDRESS)
    monkeypatch.setenv("STUDIO_TOKEN", refresh_tokens.start(owner).access.token)

    def command(*arguments):
        status = main(arguments, transport=httpx.MockTransport(studio_answers))
        output = capsys.readouterr()
        return status, output.out.strip(), output.err.strip()

    return command


def test_story_is_written_from_a_file_and_shown(run, tmp_path):
    script = tmp_path / "script.txt"
    script.write_text("Ein Boot fährt. Der Leuchtturm wartet.", encoding="utf-8")
    status, story_id, _error = run("new", "Der Leuchtturm", "--script", str(script))
    assert (status, Story.objects.get(pk=story_id).script) == (0, script.read_text("utf-8"))
    assert run("stories") == (0, f"{story_id}\tdraft\tSTUDIO\tDer Leuchtturm", "")
    assert run("stories", "--status", "planned", "--mine") == (0, "", "")
    _status, shown, _error = run("show", story_id)
    assert shown.splitlines()[:2] == ["Der Leuchtturm (draft, 0 scenes)", "  start_planning"]


def test_price_waits_to_be_confirmed(run, owner):
    story = make_story(owner, status=StoryStatus.PLANNED)
    make_scene(story)
    status, stdout, _error = run("start", str(story.pk), "preview")
    assert (status, stdout) == (3, "It costs 0.0000 USD. Start it with --confirm 0.0000.")
    assert Story.objects.get(pk=story.pk).status == "planned"
    status, stdout, _error = run("start", str(story.pk), "preview", "--confirm", "0.0000")
    assert (status, stdout.split("\t")[1]) == (0, "queued")
    assert Story.objects.get(pk=story.pk).status == "previewing"


def test_planning_is_started_at_its_price(run, owner):
    story = make_story(owner)
    assert run("start", str(story.pk), "planning")[0] == 3
    assert run("start", str(story.pk), "planning", "--confirm", "0.0000") == (0, "", "")
    assert Story.objects.get(pk=story.pk).status == "planning"


def test_films_are_listed_and_saved(run, world_film, tmp_path, monkeypatch):
    status, listed, _error = run("films", str(world_film.story_id))
    assert (status, listed) == (0, f"{world_film.pk}\tpreview\t1\t7 s")
    status, _told, error = run("download", str(world_film.pk), str(tmp_path / "none" / "a.mp4"))
    assert (status, error.split(":")[0]) == (1, "FileNotFoundError")


@pytest.fixture
def world_film(owner):
    story = make_story(owner)
    values = {"width": 1280, "height": 720, "fps": 24, "frames": 168, "size_bytes": 10}
    return Film.objects.create(
        story=story, kind="preview", number=1, file="a.mp4", manifest_hash="0", **values
    )


def test_any_operation_is_called_and_errors_are_told(run, owner):
    status, stdout, _error = run("call", "get", "/me/")
    assert (status, json.loads(stdout)["username"]) == (0, "owner")
    status, stdout, error = run("call", "POST", "stories/", '{"title": "", "colour": 1}')
    assert (status, stdout) == (1, "")
    assert error.splitlines()[0].startswith("422 invalid")
    assert "  /colour: There is no such field." in error.splitlines()
    assert run("show", "00000000-0000-4000-8000-000000000000")[0] == 1
    with pytest.raises(SystemExit) as caught:
        run("start", "1", "everything")
    assert caught.value.code == 2
