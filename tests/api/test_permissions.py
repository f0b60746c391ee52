"""Who may do what: every route and method for everybody, with the status that each gets."""

import time
from typing import Any

import jwt
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts import access_tokens, refresh_tokens, signing_keys
from stories.api.routes import api as routes
from tests.stories.speaking import tone

from .conftest import ROOT, ApiClient
from .world import World, script, upload

SEE, CHANGE = (
    {"viewer": 200, "colleague": 200, "owner": 200, "manager": 200},
    {"viewer": 403, "colleague": 403},
)


def seen(status: int = 200) -> dict[str, int]:
    """Whoever may see it may do it."""
    return dict.fromkeys(("viewer", "colleague", "owner", "manager"), status)


def changed(status: int) -> dict[str, int]:
    """The owner and managers only; those who may see it are told that they may not."""
    return {"viewer": 403, "colleague": 403, "owner": status, "manager": status}


# What each operation is sent, and what the people with a valid token get. A stranger, who has no
# role, gets 404 for everything that is named and an empty list for everything that is listed.
OPERATIONS: dict[str, tuple[str, Any, dict[str, int]]] = {
    "list_stories": ("stories/", None, seen()),
    "create_story": (
        "stories/",
        {"title": "New"},
        {"viewer": 403, "colleague": 201, "owner": 201, "manager": 201},
    ),
    "get_story": ("stories/{story}/", None, seen()),
    "patch_story": ("stories/{story}/", {"title": "Renamed"}, changed(200)),
    "transition_story": ("stories/{story}/transition/", {"status": "previewing"}, changed(200)),
    "generate_preview": ("stories/{story}/generate_preview/", {}, changed(202)),
    "render_final": ("stories/{story}/render_final/", {}, changed(409)),
    "put_story_into_english": ("stories/{story}/english/", {}, changed(422)),
    "read_a_script": (
        "scripts/read/",
        "script",
        {"viewer": 403, "colleague": 200, "owner": 200, "manager": 200},
    ),
    "list_transitions": ("stories/{story}/transitions/", None, seen()),
    "list_scenes": ("scenes/", None, seen()),
    "get_scene": ("scenes/{scene}/", None, seen()),
    "patch_scene": ("scenes/{scene}/", {"title": "Renamed"}, changed(200)),
    "delete_scene": ("scenes/{scene}/", None, changed(204)),
    "bulk_create_scenes": (
        "scenes/bulk_create/",
        {"story_id": "{story}", "scenes": [{"prompt": "a boat"}]},
        changed(201),
    ),
    "generate_take": ("scenes/{scene}/generate/", {"kind": "image"}, changed(202)),
    "reorder_scene": ("scenes/{scene}/reorder/", {"position": 2}, changed(200)),
    "list_takes": ("scenes/{scene}/takes/", None, seen()),
    "upload_take": ("scenes/{scene}/takes/", "form", changed(201)),
    "get_take": ("takes/{take}/", None, seen()),
    "choose_take": ("takes/{take}/choose/", {}, changed(200)),
    "crop_take": (
        "takes/{take}/crop/",
        {"x": 0},
        changed(422),
    ),  # it has the film's format: there is nothing to choose
    "judge_take": ("takes/{take}/verdict/", {"verdict": "approved"}, changed(200)),
    "list_cast": ("stories/{story}/cast/", None, seen()),
    "add_member": ("stories/{story}/cast/", {"name": "Jonas"}, changed(201)),
    "patch_member": ("cast/{member}/", {"description": "a girl"}, changed(200)),
    "remove_member": ("cast/{member}/remove/", {}, changed(200)),
    "restore_member": ("cast/{member}/restore/", {}, changed(200)),
    "add_look": ("cast/{member}/looks/", {"name": "Winter"}, changed(201)),
    "patch_look": ("looks/{look}/", {"description": "in a red coat"}, changed(200)),
    "remove_look": ("looks/{look}/remove/", {}, changed(409)),  # the only one
    "list_sheets": ("looks/{look}/sheets/", None, seen()),
    "upload_sheet": ("looks/{look}/sheets/", "sheet", changed(201)),
    "make_sheet": ("looks/{look}/generate/", {}, changed(202)),
    "deselect_sheet": ("looks/{look}/deselect/", {}, changed(200)),
    "choose_sheet": ("sheets/{sheet}/choose/", {}, changed(200)),
    "judge_sheet": ("sheets/{sheet}/verdict/", {"verdict": "approved"}, changed(200)),
    "get_scene_cast": ("scenes/{scene}/cast/", None, seen()),
    "set_scene_cast": ("scenes/{scene}/cast/", {"items": []}, changed(200)),
    "list_lines": ("scenes/{scene}/lines/", None, seen()),
    "write_lines": (
        "scenes/{scene}/lines/",
        {"lines": [{"text": "Who is there?", "speaker": "MARA"}]},
        changed(200),
    ),
    "get_sound": ("stories/{story}/sound/", None, seen()),
    "patch_sound": ("stories/{story}/sound/", {"mood": "tense"}, changed(200)),
    "choose_voice": ("stories/{story}/voices/", {"speaker": "MARA", "speed": 1.1}, changed(200)),
    "make_sound": (
        "stories/{story}/generate_sound/",
        {},
        changed(422),
    ),  # its sound is not turned on
    "list_sounds": ("stories/{story}/sounds/", None, seen()),
    "get_sound_take": ("sounds/{sound}/", None, seen()),
    "choose_sound": ("sounds/{sound}/choose/", {}, changed(200)),
    "judge_sound": ("sounds/{sound}/verdict/", {"verdict": "approved"}, changed(200)),
    "upload_sound": ("stories/{story}/sounds/", "sound", changed(201)),
    "deselect_sound": ("sounds/{sound}/deselect/", {}, changed(200)),
    "get_scene_sound": ("scenes/{scene}/sound/", None, seen()),
    "patch_scene_sound": ("scenes/{scene}/sound/", {"clip_sound": True}, changed(200)),
    "remix_film": ("stories/{story}/remix/", {}, changed(409)),  # it has no film of this step
    "make_stems": ("stories/{story}/stems/", {}, changed(409)),  # its sound is not turned on
    "list_stems": ("stories/{story}/stems/", None, seen()),
    "list_pronunciations": ("stories/{story}/pronunciations/", None, seen()),
    "write_pronunciations": (
        "stories/{story}/pronunciations/",
        {"items": [{"written": "AI", "spoken": "A I"}]},
        changed(200),
    ),
    "list_films": ("stories/{story}/films/", None, seen()),
    "get_film": ("films/{film}/", None, seen()),
    "fetch_film": ("films/{film}/file/", None, seen(302)),
    "list_approvals": ("approvals/", None, seen()),
    "get_approval": ("approvals/{approval}/", None, seen()),
    "decide_approval": (
        "approvals/{approval}/decide/",
        {"decision": "approved"},
        {"viewer": 403, "colleague": 403, "owner": 403, "manager": 200},
    ),
    "withdraw_approval": ("approvals/{approval}/withdraw/", {}, changed(200)),
    "list_jobs": ("jobs/", None, seen()),
    "get_job": ("jobs/{job}/", None, seen()),
    "retry_job": ("jobs/{failed}/retry/", {}, changed(200)),
    "cancel_job": ("jobs/{job}/cancel/", {}, changed(200)),
    "job_statistics": ("jobs/statistics/", None, seen()),
    "get_me": ("me/", None, seen()),
}
OPEN = {
    "log_in_for_token": ("auth/token/", {"username": "owner", "password": "owner"}, 200),
    "refresh_token": ("auth/refresh/", {"refresh_token": "unknown"}, 401),
    "revoke_token": ("auth/revoke/", {"refresh_token": "unknown"}, 204),
}
STRANGER = {
    "list_stories": 200,
    "create_story": 403,
    "list_scenes": 200,
    "list_approvals": 200,
    "list_jobs": 200,
    "job_statistics": 200,
    "get_me": 200,
}
METHODS = {route.operation: route.method for route in routes.routes}
PEOPLE = ("viewer", "colleague", "owner", "manager", "stranger")


def send(api: ApiClient, world: World, operation: str, token: str) -> Any:
    path, body, _ = (
        OPERATIONS[operation] if operation in OPERATIONS else (*OPEN[operation][:2], None)
    )
    named = {
        "story": world.story.pk,
        "scene": world.scenes[0].pk,
        "take": world.other_take.pk,
        "sound": world.sound.pk,
        "member": world.sheet.look.member_id,
        "look": world.sheet.look_id,
        "sheet": world.sheet.pk,
        "film": world.film.pk,
        "job": world.job.pk,
        "failed": world.failed_job.pk,
        "approval": world.approval.pk,
    }
    path = path.format(**named)
    if body == "form":
        return api.post(
            ROOT + path,
            {"file": upload(), "kind": "image"},
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )
    if body == "sound":
        return api.post(
            ROOT + path,
            {"file": SimpleUploadedFile("line.wav", tone(500, 220)), "kind": "music"},
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )
    if body == "sheet":
        return api.post(
            ROOT + path,
            {"file": upload()},
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )
    if body == "script":
        return api.post(
            ROOT + path,
            {"file": script()},
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )
    if body and "story_id" in body:
        body = {**body, "story_id": str(world.story.pk)}
    return api.ask(METHODS[operation], path, body, token=token)


def test_table_names_every_route():
    assert set(OPERATIONS) | set(OPEN) == set(METHODS)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("who", PEOPLE)
def test_person_with_a_token(api, world, request, operation, who):
    response = send(
        api, world, operation, refresh_tokens.start(request.getfixturevalue(who)).access.token
    )
    expected = STRANGER.get(operation, 404) if who == "stranger" else OPERATIONS[operation][2][who]
    assert response.status_code == expected, response.content
    if expected >= 400:
        assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_nobody_ended_and_removed_are_401(api, world, operation, make_person):
    assert send(api, world, operation, "").status_code == 401
    gone = make_person("gone", role="manager")
    token, ended = refresh_tokens.start(gone).access.token, ended_token(gone)
    assert send(api, world, operation, ended).json()["code"] == "token_expired"
    gone.is_active = False
    gone.save()
    assert send(api, world, operation, token).status_code == 401
    gone.delete()
    response = send(api, world, operation, token)
    assert (response.status_code, response.json()["code"]) == (401, "token_invalid")


def ended_token(person: Any) -> str:
    kid, key = next(iter(signing_keys.own_keys().items()))
    claims = {
        "iss": "videoplanet",
        "typ": "access",
        "sub": str(person.pk),
        "sid": "0" * 32,
        "pwd": access_tokens.password_mark(person),
        "exp": int(time.time()) - 1,
    }
    return jwt.encode(claims, key, algorithm="HS256", headers={"kid": kid})


@pytest.mark.parametrize("operation", OPEN)
def test_log_in_routes_are_open_to_all(api, world, operation):
    assert send(api, world, operation, "").status_code == OPEN[operation][2]


@pytest.mark.parametrize(
    "method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
)
def test_methods_without_a_route_are_405_with_allow(api, world, method):
    paths: dict[str, set[str]] = {}
    for route in routes.routes:
        paths.setdefault(route.path, set()).add(route.method)
    for path, known in paths.items():
        allowed = {*known, "OPTIONS", *({"HEAD"} if "GET" in known else ())}
        if method in allowed:
            continue
        sent = (
            path.replace("<uuid:", "{")
            .replace("<slug:", "{")
            .replace(">", "}")
            .format(
                story_id=world.story.pk,
                scene_id=world.scenes[0].pk,
                member_id=world.sheet.look.member_id,
                look_id=world.sheet.look_id,
                take_id=world.take.pk,
                film_id=world.film.pk,
                job_id=world.job.pk,
                approval_id=world.approval.pk,
            )
        )
        response = api.ask(method, sent)
        assert (response.status_code, set(response["Allow"].split(", "))) == (405, allowed)


@pytest.mark.parametrize(
    "operation",
    [name for name, (_path, _body, statuses) in OPERATIONS.items() if statuses["viewer"] == 403],
)
def test_what_is_refused_changes_no_row(api, world, viewer, operation):
    token = refresh_tokens.start(viewer).access.token
    before = rows(world)
    send(api, world, operation, token)
    assert rows(world) == before


def rows(world: World) -> Any:
    from jobs.models import Job
    from stories.models import Approval, Scene, Story, StoryStateTransition, Take

    return [
        list(model.objects.order_by("pk").values())
        for model in (Story, Scene, Take, Job, StoryStateTransition, Approval)
    ]
