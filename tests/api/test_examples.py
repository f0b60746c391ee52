"""The examples of the document are real answers: recorded here, committed, and compared at each
run.

After a wanted change of the answers: `RECORD_EXAMPLES=1 pytest tests/api/test_examples.py`.
"""

import json
import os
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from core.localized_messages import LocalizedMessage
from notifications.enums import Event
from notifications.models import Notification
from notifications.outbox import notify
from providers.adapters import Used
from providers.backends.runway.adapter import RunwayAdapter
from providers.models import AIProviderConfig, ProviderModel
from providers.services.configs import organization_budget
from stories.api import base
from stories.api.routes import api as routes
from stories.enums import StoryStatus
from stories.models import Film, Scene, SoundTake, Story
from stories.services import sound as sound_settings
from tests.fakes import comfyui
from tests.pictures import picture
from tests.stories.factories import make_scene, make_story, make_take
from tests.stories.services.test_takes import settled_call
from tests.stories.speaking import speak_with, tone

from .world import bill_file, script

FILE = Path(base.__file__).with_name("examples.json")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
JOB = re.compile(r"story_[0-9a-f]{8}_[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
LINK = re.compile(r"http://testserver/(media|subtitles|review|admin/invited)/[^\"]+")
TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
ROW = re.compile(r'"((?:\w+_)?id|key)": ("?)\d+"?(?=[,}])')
HASH = re.compile(r'"(plan_hash|hash|sha256)": "[0-9a-f]{64}"')
SECRET = re.compile(r'"(refresh_token|next_cursor|secret)": ?"[^"]+"')


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
            lambda match: f'"{match[1]}": {match[2]}1{match[2]}', text
        )  # PostgreSQL counts on where SQLite begins again
        text = UUID.sub(lambda match: self.name(match[0], "00000000-0000-4000-8000-{:012d}"), text)
        text = JOB.sub(lambda match: self.name(match[0], "story_00000000_{:012d}"), text)
        return json.loads(TIME.sub("2026-01-31T09:30:00Z", text))

    def name(self, found, pattern):
        return self.names.setdefault(found, pattern.format(len(self.names) + 1))


@pytest.fixture
def recorded(mine, owner, manager, admin_user, world, settings, monkeypatch):
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
    _review(record, world)
    _money(record, world, manager)
    _projects(record, world, manager)
    _people(record, world, admin_user)
    _jobs(record, world, manager)
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
    ProviderModel.objects.create(
        provider_id="llm",
        name="planner-1",
        kind="text",
        unit="call",
        is_default=True,
        capabilities={"vision": True},
    )
    Story.objects.filter(pk=korean.pk).update(vision_provider="llm")
    scene = Scene.live.get(story=korean)
    take = make_take(scene, chosen=False, doubts="unchecked")
    take.call = settled_call(scene, key="checked")
    take.save()
    record("check_takes", "POST", f"stories/{korean.pk}/take_checks/?plan=1", {})
    record.kept["check_takes"].pop("request")
    record(
        "check_takes",
        "POST",
        f"stories/{korean.pk}/take_checks/",
        {"confirm_total": "0.0500"},
    )


def _sound_of_a_scene(record, world):
    record("get_scene_sound", "GET", f"scenes/{world.scenes[0].pk}/sound/")
    record(
        "patch_scene_sound",
        "PATCH",
        f"scenes/{world.scenes[0].pk}/sound/",
        {"clip_sound": True, "mood": "tense"},
    )
    music = SoundTake.objects.create(
        story=world.story,
        kind="music",
        file=world.sound.file,
        sha256="0" * 64,
        mime="audio/flac",
        samples=8 * 48_000,
        scene_order=[one.key for one in reversed(world.scenes)],
    )
    record("keep_music", "POST", f"sounds/{music.pk}/keep/", {})
    record("keep_music", "POST", f"sounds/{world.sound.pk}/keep/", {})


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
    effect = record(
        "create_effect",
        "POST",
        f"stories/{story}/effects/",
        {"scene": str(scene), "prompt": "a door bell", "seconds": 1.5, "begins": 2.0},
    )
    record("create_effect", "POST", f"stories/{story}/effects/", {"seconds": 40})
    record("list_effects", "GET", f"stories/{story}/effects/?page_size=1")
    record("get_effect", "GET", f"effects/{effect['id']}/")
    record("patch_effect", "PATCH", f"effects/{effect['id']}/", {"level_db": -6.0})
    record("delete_effect", "DELETE", f"effects/{effect['id']}/")
    _sound_of_a_scene(record, world)
    record.keep(
        "upload_sound",
        record.client.send(
            f"stories/{story}/sounds/",
            {"file": SimpleUploadedFile("line.wav", tone(500, 220)), "kind": "speech"},
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
    short = make_story(world.story.owner, status=StoryStatus.PLANNED, duration_seconds=2)
    line = make_scene(short, duration_seconds=2, narration="The boat leaves the old harbour.")
    sound_settings.change_settings(short.pk, actor=world.story.owner, mood="none")
    record("list_scene_lengths", "GET", f"stories/{short.pk}/scene_lengths/")
    record(
        "set_scene_lengths",
        "POST",
        f"stories/{short.pk}/scene_lengths/",
        {"items": [{"scene_id": str(line.pk), "duration_seconds": 4}]},
    )
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
        "patch_cards",
        "PATCH",
        f"stories/{speaking.pk}/cards/",
        {"title_card": "The harbour", "end_card": "A film by Mara", "end_card_seconds": 4.5},
    )
    record("get_cards", "GET", f"stories/{speaking.pk}/cards/")
    image = SimpleUploadedFile("logo.png", picture(size=(64, 64)), content_type="image/png")
    record.keep("upload_logo", record.client.send(f"stories/{speaking.pk}/logo/", {"file": image}))
    record("remove_logo", "DELETE", f"stories/{speaking.pk}/logo/")
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
    record("get_member", "GET", f"cast/{member}/")
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
    record("show_newer", "GET", f"cast/{member}/newer/")
    newer, other = (str(version.pk) for version in world.versions)
    record("take_newer", "POST", f"cast/{member}/newer/", {"version_id": newer})
    record("show_newer", "GET", f"cast/{member}/newer/")
    record("publish_member", "POST", f"cast/{member}/publish/", {})
    record("publish_member", "POST", f"cast/{member}/publish/", {})
    record("list_library", "GET", "cast/library/")
    record("use_library", "POST", f"stories/{story}/cast/library/", {"version_id": other})
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
    record("restore_scene", "POST", f"scenes/{world.scenes[2].pk}/restore/", {})
    story = make_story(world.story.owner, status=StoryStatus.PLANNED, duration_seconds=20)
    words = {"prompt": "a boat in fog", "narration": "A boat leaves. The lighthouse waits."}
    words["seed"] = 11
    new = {"story_id": str(story.pk), **words, "duration_seconds": 8}
    made = record("create_scene", "POST", "scenes/", new)["id"]
    record("split_scene", "POST", f"scenes/{made}/split/", {"at": 14})
    record("split_scene", "POST", f"scenes/{made}/split/", {"at": 4000})
    halves = record.client.ask("GET", f"scenes/?story={story.pk}").json()["items"]
    record("merge_scene", "POST", f"scenes/{made}/merge/", {})
    record("unmerge_scene", "POST", f"scenes/{made}/unmerge/", {"other_id": halves[1]["id"]})
    record("duplicate_scene", "POST", f"scenes/{made}/duplicate/", {})
    task = {"assignee_id": story.owner_id, "due_on": "2026-12-31"}
    record("assign_scene", "POST", f"scenes/{made}/assign/", task)
    record("assign_story", "POST", f"stories/{story.pk}/assign/", task)
    record.kept["assign_story"]["request"] = record.kept["assign_scene"]["request"] = {
        **task,
        "assignee_id": 1,
    }
    stopped = make_story(world.story.owner, status=StoryStatus.PREVIEWING)
    record(
        "stop_production",
        "POST",
        f"stories/{stopped.pk}/stop_production/",
        {"reason": "another script comes"},
    )


def _takes_and_films(record, world):
    scene = world.scenes[0].pk
    record("list_takes", "GET", f"scenes/{scene}/takes/?page_size=1")
    record.keep("read_a_script", record.client.send("scripts/read/", {"file": script()}))
    square = SimpleUploadedFile("mine.png", picture(size=(64, 64)), content_type="image/png")
    sent = record.client.send(f"scenes/{scene}/takes/", {"file": square, "kind": "image"})
    record.keep("upload_take", sent)
    record("crop_take", "POST", f"takes/{sent.json()['id']}/crop/", {"x": 0.25})
    record("list_edits", "GET", f"takes/{world.take.pk}/edits/")
    mask = [{"points": [[0, 0], [500, 1000]]}]
    night = {"task": "change", "words": "at night with a moon", "mask": mask}
    record("edit_take", "POST", f"takes/{world.take.pk}/edits/", night)
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
    record("make_light_film", "POST", f"films/{world.film.pk}/light/", {})


def _review(record, world):
    scene, film, comment = world.scenes[0].pk, world.film.pk, world.comment.pk
    record("comment_scene", "POST", f"scenes/{scene}/comments/", {"text": "The sky is too dark."})
    words = {"text": "Cut a little earlier.", "at_ms": 12_480, "visibility": "client"}
    record("comment_film", "POST", f"films/{film}/comments/", words)
    record("comment_film", "POST", f"films/{film}/comments/", {"text": " ", "at_ms": 0})
    record("reply_comment", "POST", f"comments/{comment}/reply/", {"text": "I agree."})
    record("get_comment", "GET", f"comments/{comment}/")
    confirmed = {"kind": "image", "confirm_total": "0.0000"}
    free = make_scene(make_story(world.story.owner, status=StoryStatus.PLANNED))
    words = {"text": "Without the boat."}
    asked = record.client.ask("POST", f"scenes/{free.pk}/comments/", words).json()["id"]
    record("retake_comment", "POST", f"comments/{asked}/retake/", confirmed)
    record("retake_comment", "POST", f"comments/{asked}/retake/", confirmed)
    record("patch_comment", "PATCH", f"comments/{comment}/", {"resolved": True})
    record("list_comments", "GET", f"stories/{world.story.pk}/comments/?page_size=1")
    address = f"stories/{world.story.pk}/review_links/"
    share = {"name": "client", "days": 14, "may_decide": True}
    made = record("create_review_link", "POST", address, share)
    record("list_review_links", "GET", f"{address}?page_size=1")
    record("revoke_review_link", "POST", f"review_links/{made['id']}/revoke/", {})
    words = {"verdict": "changes", "text": "The end is too quick."}
    record("record_film_verdict", "POST", f"films/{film}/verdicts/", words)
    record("record_film_verdict", "POST", f"films/{film}/verdicts/", {"verdict": "changes"})
    record("list_film_verdicts", "GET", f"films/{film}/verdicts/")


def _projects(record, world, manager):
    new = {"name": "Harbour", "code": "HARBOUR", "client": "Port", "budget": "100.00"}
    made = record("create_project", "POST", "projects/", new, person=manager)
    record("create_project", "POST", "projects/", {**new, "name": "Other"}, person=manager)
    address = f"projects/{made['id']}/"
    record("get_project", "GET", address, person=manager)
    record("list_projects", "GET", "projects/?page_size=1", person=manager)
    member = f"{address}members/{world.story.owner_id}/"
    record("set_project_member", "PUT", member, {"role": "lead"}, person=manager)
    record("remove_project_member", "DELETE", member, person=manager)
    record("patch_project", "PATCH", address, {"style": "noir"}, person=manager)


def _money(record, world, manager):
    call = world.unclear.pk
    record("list_calls", "GET", "calls/?state=unclear&page_size=1")
    record("get_call", "GET", f"calls/{call}/")
    decision = {"decision": "not_charged", "reason": "The balance is as before."}
    record("resolve_call", "POST", f"calls/{call}/resolve/", decision, person=manager)
    record("resolve_call", "POST", f"calls/{call}/resolve/", decision, person=manager)
    span = "since=2026-01-01T00:00:00Z&until=2026-02-01T00:00:00Z"
    record("get_costs", "GET", f"costs/?by=provider&{span}")
    form = {"file": bill_file(), "provider": "runway_ml"}
    record.keep("import_bill", record.client.send("bills/", form, person=manager))
    used = [Used(date(2026, 5, 1), "gen4_turbo", Decimal("1.25"))]
    days = {"provider": "runway_ml", "first_day": "2026-05-01", "last_day": "2026-05-31"}
    with patch.object(RunwayAdapter, "usage", return_value=used):
        record("ask_provider_usage", "POST", "bills/usage/", days, person=manager)
    record("list_bills", "GET", "bills/?page_size=1", person=manager)
    record("get_bill", "GET", f"bills/{world.bill.pk}/", person=manager)
    record("remove_bill", "DELETE", f"bills/{world.bill.pk}/", person=manager)
    budget = {"monthly_budget": "250.00"}
    record("patch_budget", "PATCH", "budget/", budget, person=manager)
    record("get_budget", "GET", "budget/", person=manager)
    listed = record("list_providers", "GET", "providers/")
    record.kept["list_providers"]["200"] = {"items": listed["items"][:1]}
    _connections(record, manager)
    why = {"reason": "Maintenance."}
    record("pause_provider", "POST", "providers/stability_ai/pause/", why, person=manager)
    record("resume_provider", "POST", "providers/stability_ai/resume/", {}, person=manager)


def _connections(record, manager):
    as_manager = {"person": manager}
    listed = record("list_provider_kinds", "GET", "provider_kinds/")
    record.kept["list_provider_kinds"]["200"] = {"items": listed["items"][:1]}
    added = {
        "kind": "replicate",
        "provider": "replicate-b",
        "name": "Replicate, team B",
        "api_key": "r8_0123456789abcdef",
    }
    record("add_provider", "POST", "providers/", added, **as_manager)
    limits = {"max_concurrent": 2, "monthly_budget": "50.00"}
    record("patch_provider", "PATCH", "providers/replicate-b/", limits, **as_manager)
    record("get_provider", "GET", "providers/replicate-b/", **as_manager)
    record("get_provider_use", "GET", "providers/replicate-b/use/", **as_manager)
    record("list_voices", "GET", "providers/local/voices/", **as_manager)
    record("test_provider", "POST", "providers/local/test/", {}, **as_manager)
    record("ask_provider_balance", "POST", "providers/local/balance/", {}, **as_manager)
    models = "providers/runway_ml/models/"
    listed = record("list_provider_models", "GET", models)
    record.kept["list_provider_models"]["200"] = record.steady({"items": listed["items"][:1]})
    sent = {"name": "gen5", "kind": "clip", "unit": "second", "price": "0.30"}
    made = record(
        "add_provider_model", "POST", models, sent | {"priced_on": "2026-06-01"}, **as_manager
    )
    one = f"{models}{made['id']}/"
    record("get_provider_model", "GET", one)
    price = {"price": "0.25", "priced_on": "2026-06-02"}
    record("patch_provider_model", "PATCH", one, price, **as_manager)
    record("remove_provider_model", "DELETE", one, **as_manager)
    first = f"{models}{listed['items'][0]['id']}/test_run/"
    record("test_provider_model", "POST", first, {}, **as_manager)
    free = {"name": "sketch", "kind": "image", "unit": "image", "price": "0"}
    made = record.client.ask("POST", "providers/local/models/", free, **as_manager).json()
    run = f"providers/local/models/{made['id']}/test_run/"
    record("test_provider_model", "POST", run, {"confirm_total": "0.00"}, **as_manager)
    ProviderModel.objects.filter(provider="stability_ai", name="core").update(price="0.01")
    compared = record("compare_catalogue", "GET", "providers/stability_ai/catalogue/", **as_manager)
    keys = {"accept": [compared["changes"][0]["key"]]}
    answer = record(
        "accept_catalogue", "POST", "providers/stability_ai/catalogue/", keys, **as_manager
    )
    assert answer["accepted"] == keys["accept"]
    for operation in ("compare_catalogue", "accept_catalogue"):
        record.kept[operation]["200"]["read_on"] = "2026-06-01"  # any day: catalogues follow
    gpu = {
        "kind": "comfyui",
        "provider": "gpu-1",
        "name": "GPU 1",
        "base_url": "https://gpu-1.example.com",
    }
    record.client.ask("POST", "providers/", gpu, **as_manager)
    workflow = {"name": "Wide", "kind": "image", "workflow": comfyui.PICTURE, "price": "0.01"}
    record("add_workflow", "POST", "providers/gpu-1/workflows/", workflow, **as_manager)


def _people(record, world, admin_user):
    person = world.story.owner_id
    as_admin = {"person": admin_user}
    record("list_people", "GET", "people/?page_size=1", **as_admin)
    record("get_person", "GET", f"people/{person}/", **as_admin)
    record("patch_person", "PATCH", f"people/{person}/", {"first_name": "Mina"}, **as_admin)
    record("unlock_person", "POST", f"people/{person}/unlock/", {}, **as_admin)
    listed = record("list_log_ins", "GET", f"people/{person}/log_ins/", **as_admin)
    record.kept["list_log_ins"]["200"] = record.steady({"items": listed["items"][:1]})
    listed = record("list_my_log_ins", "GET", "me/log_ins/")
    record.kept["list_my_log_ins"]["200"] = record.steady({"items": listed["items"][:1]})
    ready = LocalizedMessage("%(film)s of “%(title)s” is ready.", {"film": "v1", "title": "Sea"})
    path = reverse("admin:stories_story_review", args=[world.story.pk])
    Notification.objects.all().delete()
    notify(Event.FILM_READY, ready, people=[person], story_id=world.story.pk, path=path)
    record("list_notifications", "GET", "notifications/?unread=true")
    record("read_notifications", "POST", "notifications/read/", {})
    record("get_notification_choices", "GET", "notifications/choices/")
    choice = {"event": "film_ready", "channels": ["bell", "chat"]}
    chat = "https://chat.example.com/hooks/x"
    record(
        "choose_notifications",
        "POST",
        "notifications/choices/",
        {"events": [choice], "chat_url": chat},
    )
    key = {"kind": "api", "key": listed["items"][-1]["key"]}
    record("end_my_log_in", "POST", "me/log_ins/end/", key)
    record("end_log_in", "POST", f"people/{person}/log_ins/end/", key, **as_admin)
    record("end_log_in", "POST", f"people/{person}/log_ins/end/", {}, **as_admin)
    record.kept["end_log_in"]["request"] = {}
    invite = {"name": "Mina", "role": "producer"}
    made = record("create_invitation", "POST", "invitations/", invite, **as_admin)
    record("list_invitations", "GET", "invitations/", **as_admin)
    record("withdraw_invitation", "DELETE", f"invitations/{made['id']}/", **as_admin)
    hook = {"name": "Billing", "url": "https://hooks.example.com/x", "events": ["film_ready"]}
    made = record("create_webhook", "POST", "webhooks/", hook, **as_admin)
    at = f"webhooks/{made['id']}/"
    record("list_webhooks", "GET", "webhooks/", **as_admin)
    record("get_webhook", "GET", at, **as_admin)
    record("patch_webhook", "PATCH", at, {"events": ["film_ready", "budget"]}, **as_admin)
    record("test_webhook", "POST", f"{at}test/", {}, **as_admin)
    record("rotate_webhook_secret", "POST", f"{at}rotate_secret/", {}, **as_admin)
    record("list_webhook_deliveries", "GET", f"{at}deliveries/", **as_admin)
    record("delete_webhook", "DELETE", at, **as_admin)
    record("list_audit_entries", "GET", "audit/?action=changed&page_size=1", **as_admin)


def _jobs(record, world, manager):
    record("list_jobs", "GET", "jobs/?page_size=1")
    record("get_job", "GET", f"jobs/{world.job.pk}/")
    record("retry_job", "POST", f"jobs/{world.failed_job.pk}/retry/", {})
    record("retry_job", "POST", f"jobs/{world.failed_job.pk}/retry/", {})
    record("cancel_job", "POST", f"jobs/{world.job.pk}/cancel/", {"reason": "wrong scene"})
    record("job_statistics", "GET", "jobs/statistics/")
    many = {"action": "cancel", "items": [{"id": world.job.pk}]}
    record("bulk_jobs", "POST", "jobs/bulk/", many)
    reviews = {"items": [{"id": str(world.other_take.pk), "verdict": "approved"}]}
    record("bulk_review_takes", "POST", "takes/bulk_review/", reviews)
    first = {"priority": 1, "reason": "due today"}
    record("set_job_priority", "POST", f"jobs/{world.failed_job.pk}/priority/", first)
    record("set_job_priority", "POST", f"jobs/{world.job.pk}/priority/", first)
    why = {"reason": "prices change"}
    record("get_queue", "GET", "queue/")
    record("pause_queue", "POST", "queue/pause/", why, person=manager)
    record("resume_queue", "POST", "queue/resume/", {}, person=manager)


@pytest.mark.slow
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
