"""The examples of the document are real answers: recorded here, committed, and compared at each
run.

After a wanted change of the answers: `RECORD_EXAMPLES=1 pytest tests/api/test_examples.py`.
"""

import json
import os
import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from providers.models import AIProviderConfig
from providers.services.configs import organization_budget
from stories.api import base
from stories.api.routes import api as routes
from stories.enums import StoryStatus
from stories.models import Film
from stories.services import sound as sound_settings
from tests.pictures import picture
from tests.stories.factories import make_scene, make_story, make_take
from tests.stories.speaking import speak_with, tone

from .world import script

FILE = Path(base.__file__).with_name("examples.json")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
JOB = re.compile(r"story_[0-9a-f]{8}_[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
LINK = re.compile(r"http://testserver/(media|subtitles)/[^\"]+")
TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
ROW = re.compile(r'"((?:\w+_)?id)": \d+')
HASH = re.compile(r'"(plan_hash|hash|sha256)": "[0-9a-f]{64}"')
SECRET = re.compile(r'"(refresh_token|next_cursor)": ?"[^"]+"')


class Recorder:
    """Sends requests and keeps them with their answers, made the same at each run."""

    def __init__(self, client):
        self.client, self.kept, self.names = client, {}, {}

    def __call__(self, operation, method, path, body=None, **more):
        response = self.client.ask(method, path, body, **more)
        self.keep(operation, response, body)
        return response.json() if response.content else None

    def keep(self, operation, response, body=None):
        mine = self.kept.setdefault(operation, {})
        if body is not None and response.status_code < 400:
            mine.setdefault("request", self.steady(body))
        if response.content:
            mine.setdefault(str(response.status_code), self.steady(json.loads(response.content)))

    def steady(self, value):
        text = json.dumps(value, ensure_ascii=False)
        text = TOKEN.sub(
            "eyJhbGciOiJIUzI1NiIsImtpZCI6Ii4uLiJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl", text
        )
        text = SECRET.sub(lambda match: f'"{match[1]}": "…"', text)
        text = HASH.sub(lambda match: f'"{match[1]}": "{"0" * 64}"', text)
        text = LINK.sub(lambda match: f"https://studio.example/{match[1]}/…", text)
        text = ROW.sub(
            lambda match: f'"{match[1]}": 1', text
        )  # PostgreSQL counts on where SQLite begins again
        text = UUID.sub(lambda match: self.name(match[0], "00000000-0000-4000-8000-{:012d}"), text)
        text = JOB.sub(lambda match: self.name(match[0], "story_00000000_{:012d}"), text)
        return json.loads(TIME.sub("2026-01-31T09:30:00Z", text))

    def name(self, found, pattern):
        return self.names.setdefault(found, pattern.format(len(self.names) + 1))


@pytest.fixture
def recorded(mine, owner, manager, world, settings, monkeypatch):
    speak_with(monkeypatch)
    settings.LANGUAGE_CODE = "en"
    record = Recorder(mine)
    pair = record(
        "log_in_for_token",
        "POST",
        "auth/token/",
        {"username": "owner", "password": "owner"},
        token="",
    )
    record(
        "log_in_for_token",
        "POST",
        "auth/token/",
        {"username": "owner", "password": "wrong"},
        token="",
    )
    record("log_in_for_token", "POST", "auth/token/", {"username": "owner"}, token="")
    again = record(
        "refresh_token", "POST", "auth/refresh/", {"refresh_token": pair["refresh_token"]}, token=""
    )
    record(
        "refresh_token", "POST", "auth/refresh/", {"refresh_token": pair["refresh_token"]}, token=""
    )
    record(
        "revoke_token", "POST", "auth/revoke/", {"refresh_token": again["refresh_token"]}, token=""
    )
    record.kept["refresh_token"]["request"] = record.kept["revoke_token"]["request"] = {
        "refresh_token": "…"
    }
    _stories(record, owner, world)
    _scenes(record, world)
    _takes_and_films(record, world)
    _sound(record, world)
    _cast(record, world)
    _jobs(record, world)
    me = record("get_me", "GET", "me/")
    record.kept["get_me"]["200"] = {
        **me,
        "id": 1,
        "permissions": [name for name in me["permissions"] if name.startswith("stories.")][:3],
    }
    _approvals(record, owner, manager)
    return record.kept


def _stories(record, owner, world):
    script = "A boat leaves the harbour at dawn. The lighthouse waits for it."
    body = {
        "title": "The lighthouse",
        "script": script,
        "language": "en",
        "style": "watercolour, soft light",
        "duration_seconds": 14,
        "budget": "5.00",
    }
    made = record("create_story", "POST", "stories/", body)
    record(
        "create_story", "POST", "stories/", {"title": "", "duration_seconds": 1, "colour": "red"}
    )
    record("list_stories", "GET", "stories/?page_size=1")
    record("list_stories", "GET", "stories/?page_size=1000")
    record("get_story", "GET", f"stories/{made['id']}/")
    record("get_story", "GET", "stories/00000000-0000-4000-8000-999999999999/")
    record("patch_story", "PATCH", f"stories/{made['id']}/", {"title": "The lighthouse keeper"})
    record(
        "transition_story",
        "POST",
        f"stories/{made['id']}/transition/",
        {"status": "archived", "reason": "next season"},
    )
    record("transition_story", "POST", f"stories/{made['id']}/transition/", {"status": "completed"})
    record("list_transitions", "GET", f"stories/{made['id']}/transitions/")
    planned = make_story(owner, status=StoryStatus.PLANNED)
    make_scene(planned)
    record(
        "generate_preview",
        "POST",
        f"stories/{planned.pk}/generate_preview/",
        {"confirm_total": "1.23"},
    )
    record("generate_preview", "POST", f"stories/{planned.pk}/generate_preview/?plan=1", {})
    record.kept["generate_preview"].pop("request")
    record(
        "generate_preview",
        "POST",
        f"stories/{planned.pk}/generate_preview/",
        {"confirm_total": "0.0000"},
    )
    ready = make_story(owner, status=StoryStatus.PREVIEWING)
    make_take(make_scene(ready))
    record(
        "render_final",
        "POST",
        f"stories/{world.story.pk}/render_final/",
        {"confirm_total": "0.0000"},
    )
    record("render_final", "POST", f"stories/{ready.pk}/render_final/", {"confirm_total": "0.0000"})
    record("render_final", "POST", f"stories/{world.story.pk}/render_final/?plan=1", {})
    record.kept["render_final"]["request"] = {"confirm_total": "0.0000"}
    AIProviderConfig.objects.filter(provider="llm").update(
        cost_per_text_call=Decimal("0.05"), settings={"default_model": "planner-1"}
    )
    korean = make_story(owner, status=StoryStatus.PLANNED, planner_provider="llm")
    make_scene(korean, text="밤바다의 등대")
    record("put_story_into_english", "POST", f"stories/{korean.pk}/english/?plan=1", {})
    record.kept["put_story_into_english"].pop("request")
    record(
        "put_story_into_english",
        "POST",
        f"stories/{korean.pk}/english/",
        {"confirm_total": "0.0500"},
    )


def _sound(record, world):
    story, scene, sound = world.story.pk, world.scenes[0].pk, world.sound.pk
    record("list_lines", "GET", f"scenes/{scene}/lines/")
    record(
        "write_lines",
        "POST",
        f"scenes/{scene}/lines/",
        {"lines": [{"text": "Who is there?", "speaker": "MARA", "direction": "whispers"}]},
    )
    record("write_lines", "POST", f"scenes/{scene}/lines/", {"lines": [{"text": " "}]})
    record(
        "choose_voice",
        "POST",
        f"stories/{story}/voices/",
        {"speaker": "MARA", "voice": "bella", "speed": 1.1},
    )
    record("get_sound", "GET", f"stories/{story}/sound/")
    record("list_sounds", "GET", f"stories/{story}/sounds/?page_size=1")
    record("get_sound_take", "GET", f"sounds/{sound}/")
    record("choose_sound", "POST", f"sounds/{sound}/choose/", {})
    record("judge_sound", "POST", f"sounds/{sound}/verdict/", {"verdict": "rejected"})
    record(
        "judge_sound",
        "POST",
        f"sounds/{sound}/verdict/",
        {"verdict": "rejected", "reason": "too fast"},
    )
    record("choose_sound", "POST", f"sounds/{sound}/choose/", {})
    record("deselect_sound", "POST", f"sounds/{sound}/deselect/", {})
    record("get_scene_sound", "GET", f"scenes/{scene}/sound/")
    record("patch_scene_sound", "PATCH", f"scenes/{scene}/sound/", {"clip_sound": True})
    record.keep(
        "upload_sound",
        record.client.send(
            f"stories/{story}/sounds/",
            {"file": SimpleUploadedFile("effect.wav", tone(500, 220)), "kind": "sound"},
        ),
    )
    record.keep(
        "upload_sound",
        record.client.send(
            f"stories/{story}/sounds/",
            {
                "file": SimpleUploadedFile("effect.wav", tone(500, 220)),
                "kind": "sound",
                "scene": str(scene),
            },
        ),
    )
    speaking = make_story(world.story.owner, status=StoryStatus.PLANNED)
    make_scene(speaking)
    record("make_sound", "POST", f"stories/{speaking.pk}/generate_sound/", {})
    sound_settings.change_settings(speaking.pk, actor=world.story.owner)
    record(
        "make_sound", "POST", f"stories/{speaking.pk}/generate_sound/", {"confirm_total": "0.0000"}
    )
    record(
        "write_pronunciations",
        "POST",
        f"stories/{speaking.pk}/pronunciations/",
        {"items": [{"written": "KBS", "spoken": "K B S"}]},
    )
    record("list_pronunciations", "GET", f"stories/{speaking.pk}/pronunciations/")
    record("make_stems", "POST", f"stories/{speaking.pk}/stems/", {})
    record("list_stems", "GET", f"stories/{speaking.pk}/stems/")
    record("remix_film", "POST", f"stories/{speaking.pk}/remix/", {})
    mixed = make_story(world.story.owner, status=StoryStatus.PREVIEWING)
    make_take(make_scene(mixed, narration=""))
    sound_settings.change_settings(mixed.pk, actor=world.story.owner, mood="none")
    values = {"width": 1280, "height": 720, "fps": 24, "frames": 168, "size_bytes": 10}
    Film.objects.create(story=mixed, kind="preview", number=1, **values, manifest_hash="0")
    record("remix_film", "POST", f"stories/{mixed.pk}/remix/", {})
    record(
        "patch_sound",
        "PATCH",
        f"stories/{speaking.pk}/sound/",
        {"mood": "hopeful", "music_db": -3.0},
    )


def _cast(record, world):
    story, scene, sheet = world.story.pk, world.scenes[0].pk, world.sheet
    member, look = sheet.look.member_id, sheet.look_id
    record("choose_sheet", "POST", f"sheets/{sheet.pk}/choose/", {})
    record("patch_member", "PATCH", f"cast/{member}/", {"description_en": "a girl"})
    record("patch_member", "PATCH", f"cast/{member}/", {"name": " "})
    record("set_scene_cast", "POST", f"scenes/{scene}/cast/", {"items": [{"look_id": str(look)}]})
    record("set_scene_cast", "POST", f"scenes/{scene}/cast/", {"items": [{"look_id": str(story)}]})
    record("get_scene_cast", "GET", f"scenes/{scene}/cast/")
    record(
        "add_member",
        "POST",
        f"stories/{story}/cast/",
        {"name": "Harbour", "kind": "place", "description": "a small stone harbour"},
    )
    winter = {"name": "Winter", "description": "in a red coat"}
    added = record("add_look", "POST", f"cast/{member}/looks/", winter)
    record("patch_look", "PATCH", f"looks/{look}/", {"description": "in a yellow coat"})
    record("list_cast", "GET", f"stories/{story}/cast/")
    record("list_sheets", "GET", f"looks/{look}/sheets/?page_size=1")
    record("judge_sheet", "POST", f"sheets/{sheet.pk}/verdict/", {"verdict": "approved"})
    square = SimpleUploadedFile("mine.png", picture(size=(64, 64)), content_type="image/png")
    sent = record.client.send(f"looks/{look}/sheets/", {"file": square, "replace": "true"})
    record.keep("upload_sheet", sent)
    record("remove_look", "POST", f"looks/{look}/remove/", {})
    record("remove_look", "POST", f"looks/{added['looks'][-1]['id']}/remove/", {})
    record("deselect_sheet", "POST", f"looks/{look}/deselect/", {})
    record("make_sheet", "POST", f"looks/{look}/generate/", {"confirm_total": "0.0000"})
    record("remove_member", "POST", f"cast/{member}/remove/", {})
    record("restore_member", "POST", f"cast/{member}/restore/", {})


def _approvals(record, owner, manager):
    scene = make_scene(make_story(owner, status=StoryStatus.PLANNED))
    AIProviderConfig.objects.filter(provider="local").update(cost_per_image=Decimal("0.50"))
    money = organization_budget()
    money.plan_limit = Decimal("0.20")
    money.save()
    needed = record(
        "generate_take",
        "POST",
        f"scenes/{scene.pk}/generate/",
        {"kind": "image", "confirm_total": "0.5000"},
    )
    asked = needed["approval"]["id"]
    record("list_approvals", "GET", "approvals/?state=asked&page_size=1")
    record("get_approval", "GET", f"approvals/{asked}/")
    record("decide_approval", "POST", f"approvals/{asked}/decide/", {"decision": "approved"})
    record(
        "decide_approval",
        "POST",
        f"approvals/{asked}/decide/",
        {"decision": "approved", "reason": "within the season's budget"},
        person=manager,
    )
    record(
        "decide_approval",
        "POST",
        f"approvals/{asked}/decide/",
        {"decision": "approved"},
        person=manager,
    )
    record(
        "withdraw_approval",
        "POST",
        f"approvals/{asked}/withdraw/",
        {"reason": "another scene instead"},
    )


def _scenes(record, world):
    body = {
        "story_id": str(world.story.pk),
        "mode": "append",
        "scenes": [
            {
                "prompt": "a boat at dawn, calm sea",
                "narration": "A boat leaves the harbour.",
                "camera": "pan_right",
                "seed": 11,
            }
        ],
    }
    record("bulk_create_scenes", "POST", "scenes/bulk_create/", body)
    record(
        "bulk_create_scenes",
        "POST",
        "scenes/bulk_create/",
        {**body, "scenes": [{"prompt": ""}, {"prompt": "a", "camera": "shake"}]},
    )
    scene = world.scenes[0].pk
    record("list_scenes", "GET", f"scenes/?story={world.story.pk}&page_size=1")
    record("get_scene", "GET", f"scenes/{scene}/")
    record(
        "patch_scene",
        "PATCH",
        f"scenes/{scene}/",
        {"prompt": "a boat at night, storm", "camera": "push_in"},
    )
    record(
        "generate_take",
        "POST",
        f"scenes/{scene}/generate/",
        {"kind": "image", "seed": 7, "confirm_total": "0.0000"},
    )
    record("reorder_scene", "POST", f"scenes/{scene}/reorder/", {"position": 2})
    record("delete_scene", "DELETE", f"scenes/{world.scenes[2].pk}/")


def _takes_and_films(record, world):
    scene = world.scenes[0].pk
    record("list_takes", "GET", f"scenes/{scene}/takes/?page_size=1")
    record.keep("read_a_script", record.client.send("scripts/read/", {"file": script()}))
    square = SimpleUploadedFile("mine.png", picture(size=(64, 64)), content_type="image/png")
    sent = record.client.send(f"scenes/{scene}/takes/", {"file": square, "kind": "image"})
    record.keep("upload_take", sent)
    record("crop_take", "POST", f"takes/{sent.json()['id']}/crop/", {"x": 0.25})
    record("get_take", "GET", f"takes/{world.take.pk}/")
    record("choose_take", "POST", f"takes/{world.other_take.pk}/choose/", {})
    record(
        "judge_take",
        "POST",
        f"takes/{world.take.pk}/verdict/",
        {"verdict": "rejected", "reason": "too dark"},
    )
    record("list_films", "GET", f"stories/{world.story.pk}/films/")
    record("get_film", "GET", f"films/{world.film.pk}/")
    record("fetch_film", "GET", f"films/{world.film.pk}/file/")


def _jobs(record, world):
    record("list_jobs", "GET", "jobs/?page_size=1")
    record("get_job", "GET", f"jobs/{world.job.pk}/")
    record("retry_job", "POST", f"jobs/{world.failed_job.pk}/retry/", {})
    record("retry_job", "POST", f"jobs/{world.failed_job.pk}/retry/", {})
    record("cancel_job", "POST", f"jobs/{world.job.pk}/cancel/", {"reason": "wrong scene"})
    record("job_statistics", "GET", "jobs/statistics/")


def test_examples_are_what_the_api_answers(recorded):
    if os.environ.get("RECORD_EXAMPLES"):
        FILE.write_text(
            json.dumps(recorded, ensure_ascii=False, indent=1, sort_keys=True) + "\n",
            encoding="utf-8",
        )
    assert recorded == json.loads(FILE.read_text(encoding="utf-8"))


def test_every_route_with_an_answer_has_an_example():
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    assert {
        route.operation
        for route in routes.routes
        if route.answer is not None and str(route.statuses[0].value) not in kept[route.operation]
    } == set()
    assert {
        route.operation
        for route in routes.routes
        if route.body is not None and "request" not in kept[route.operation]
    } == set()
