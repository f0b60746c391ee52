"""A client of the API and a small world: a planned story of the owner with scenes, takes, a film and jobs."""

import io
import json
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from jobs.domain import queue
from jobs.enums import JobStatus
from jobs.models import Job
from stories.domain import work
from stories.enums import FilmKind, StoryStatus, TakeKind
from stories.models import Film, Scene, Story, StoryStateTransition, Take
from tests.stories.factories import make_scene, make_story, make_take
from web.auth import refresh

ROOT = "/api/ai-video/"


class ApiClient(Client):
    """`ask("POST", "stories/", {...}, person=owner)`: JSON in and out, with a bearer token of the person."""

    person: Any = None

    def ask(self, method: str, path: str, data: Any = None, *, person: Any = None, token: str | None = None, headers: Any = None) -> Any:
        person = person or self.person
        if token is None and person is not None:
            token = refresh.start(person).access.token
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **(headers or {})}
        body = {"data": json.dumps(data), "content_type": "application/json"} if data is not None else {}
        return self.generic(method, path if path.startswith("/") else ROOT + path, **body, headers=headers)

    def send(self, path: str, form: dict[str, Any], *, person: Any = None, headers: Any = None) -> Any:
        token = refresh.start(person or self.person).access.token
        return self.post(ROOT + path, form, headers={"Authorization": f"Bearer {token}", **(headers or {})})


def picture(size: tuple[int, int] = (64, 36), form: str = "PNG") -> SimpleUploadedFile:
    data = io.BytesIO()
    Image.new("RGB", size, (40, 90, 160)).save(data, form)
    return SimpleUploadedFile("mine.png", data.getvalue(), content_type="image/png")


@dataclass
class World:
    """Rows that a request can name."""

    story: Story
    scenes: list[Scene]
    take: Take
    other_take: Take
    film: Film
    job: Job
    failed_job: Job


def make_world(owner: Any, *, status: str = StoryStatus.PLANNED) -> World:
    story = make_story(owner, status=status, duration_seconds=21)
    StoryStateTransition.objects.create(story=story, from_status="draft", to_status="planning", name="start_planning", actor=owner)
    scenes = [make_scene(story) for _ in range(3)]
    take, other = make_take(scenes[0]), make_take(scenes[0], chosen=False)
    film = Film.objects.create(
        story=story,
        kind=FilmKind.PREVIEW,
        number=1,
        file=take.file,
        srt="1\n",
        vtt="WEBVTT\n",
        width=1280,
        height=720,
        fps=24,
        frames=504,
        size_bytes=10,
        manifest_hash="0",
    )
    job, _ = work.enqueue_scene(scenes[1], TakeKind.IMAGE, owner=owner)
    failed, _ = work.enqueue_scene(scenes[2], TakeKind.IMAGE, owner=owner)
    Job.objects.filter(pk=failed.pk).update(status=JobStatus.FAILED, finished_at=timezone.now())
    failed.refresh_from_db()
    return World(story, scenes, take, other, film, job, failed)


@pytest.fixture
def world(owner: Any) -> World:
    return make_world(owner)


@pytest.fixture
def api(db: None) -> ApiClient:
    """Nobody yet; set `api.person` or give `person=`."""
    return ApiClient(raise_request_exception=True)


@pytest.fixture
def mine(api: ApiClient, owner: Any) -> ApiClient:
    """The owner's client."""
    api.person = owner
    return api


__all__ = ["ROOT", "ApiClient", "World", "make_world", "picture", "queue"]
