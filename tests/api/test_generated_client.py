"""A client that openapi-python-client makes from the document, taken from log-in to
scenes, a list and a problem, with its own types.
"""

import importlib
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from django.test import Client

from .conftest import ROOT

CONFIG = "post_hooks: []\n"


MADE: dict[bytes, Path] = {}  # by the document: generating takes 4 s


def made_studio(document, folder):
    """The folder that holds the package `made_studio`."""
    if document not in MADE:
        (folder / "openapi.json").write_bytes(document)
        (folder / "settings.yaml").write_text(CONFIG)
        command = ["-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"]
        paths = {
            "--path": "openapi.json",
            "--config": "settings.yaml",
            "--output-path": "made_studio",
        }
        options = [str(part) for name, file in paths.items() for part in (name, folder / file)]
        made = subprocess.run(
            [sys.executable, *command, *options], capture_output=True, text=True, check=False
        )
        assert made.returncode == 0, made.stdout + made.stderr
        MADE[document] = folder
    return MADE[document]


@pytest.fixture
def studio(db, tmp_path_factory, monkeypatch):
    """Imports a module of the generated package, such as `studio("api.stories.create_story")`."""
    document = Client().get(f"{ROOT}openapi.json").content
    monkeypatch.syspath_prepend(str(made_studio(document, tmp_path_factory.mktemp("client"))))
    yield lambda name: importlib.import_module(f"made_studio.{name}")
    for name in [name for name in sys.modules if name.partition(".")[0] == "made_studio"]:
        del sys.modules[name]


def answered(request):
    """The studio's answer to a request of httpx, within the test's transaction."""
    kind = request.headers.get("content-type", "")
    headers = {name: value for name, value in request.headers.items() if name == "authorization"}
    target = request.url.raw_path.decode()
    response = Client().generic(
        request.method, target, request.content, content_type=kind, headers=headers
    )
    return httpx.Response(
        response.status_code, headers=dict(response.headers), content=response.content
    )


@pytest.mark.slow
def test_from_log_in_to_a_problem(studio, owner):
    owner.set_password("a long enough word")
    owner.save()
    models, client = studio("models"), studio("client")
    transport = httpx.MockTransport(answered)
    options = {"base_url": "http://testserver/api/ai-video", "httpx_args": {"transport": transport}}
    tokens = studio("api.auth.log_in_for_token").sync(
        client=client.Client(**options),
        body=models.LogIn(username=owner.get_username(), password="a long enough word"),
    )
    me = client.AuthenticatedClient(token=tokens.access_token, **options)
    story = studio("api.stories.create_story").sync(
        client=me, body=models.StoryIn(title="Harbour", duration_seconds=14)
    )
    assert story.status is models.StoryStatus.DRAFT
    scenes = studio("api.scenes.bulk_create_scenes").sync(
        client=me,
        body=models.BulkIn(
            story_id=story.id, scenes=[models.SceneIn(prompt="a boat", duration_seconds=7)]
        ),
    )
    assert [scene.prompt.text for scene in scenes.items] == ["a boat"]
    listed = studio("api.stories.list_stories").sync(client=me, page_size=1)
    assert ([one.id for one in listed.items], listed.next_cursor) == ([story.id], None)
    refused = studio("api.stories.transition_story").sync(
        story.id, client=me, body=models.TransitionIn(status=models.StoryStatus.COMPLETED)
    )
    assert isinstance(refused, models.Problem)
    assert refused.code is models.ErrorCode.TRANSITION_NOT_ALLOWED
    assert refused.current is models.StoryStatus.DRAFT
    assert models.StoryStatus.PLANNING in refused.allowed


@pytest.mark.moderate
def test_a_repeated_request_has_its_key(studio, owner):
    create = studio("api.stories.create_story")
    assert "idempotency_key" in create.sync.__code__.co_varnames
