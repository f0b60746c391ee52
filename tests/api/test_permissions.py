"""Who may do what: every route and method for everybody, with the status that each gets."""

import json
import time
from contextlib import contextmanager
from typing import Any

import jwt
import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from accounts import access_tokens, refresh_tokens, signing_keys
from providers.models import ProviderModel
from stories.api.routes import api as routes
from stories.models import Story
from tests.stories.speaking import tone

from .conftest import ROOT, ApiClient
from .world import World, bill_file, script, upload

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


def managed(status: int) -> dict[str, int]:
    """Managers only."""
    return {"viewer": 403, "colleague": 403, "owner": 403, "manager": status}


NOBODY_HERE = managed(403)  # administrators only, see `test_people.py`
NOT_VIEWERS = {"viewer": 403, "colleague": 200, "owner": 200, "manager": 200}


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
    "check_takes": ("stories/{story}/take_checks/", {}, changed(422)),
    "read_a_script": (
        "scripts/read/",
        "script",
        {"viewer": 403, "colleague": 200, "owner": 200, "manager": 200},
    ),
    "stop_production": ("stories/{story}/stop_production/", {}, changed(409)),
    "assign_story": (
        "stories/{story}/assign/",
        {"assignee_id": None, "due_on": "2026-12-31"},
        changed(200),
    ),
    "list_transitions": ("stories/{story}/transitions/", None, seen()),
    "list_scenes": ("scenes/", None, seen()),
    "create_scene": ("scenes/", {"story_id": "{story}", "prompt": "a boat"}, changed(201)),
    "restore_scene": ("scenes/{deleted}/restore/", {}, changed(200)),
    "duplicate_scene": ("scenes/{scene}/duplicate/", {}, changed(201)),
    "split_scene": ("scenes/{scene}/split/", {"at": 5}, changed(200)),
    "merge_scene": ("scenes/{scene}/merge/", {}, changed(200)),
    "unmerge_scene": ("scenes/{scene}/unmerge/", {"other_id": "{deleted}"}, changed(409)),
    "assign_scene": (
        "scenes/{scene}/assign/",
        {"assignee_id": None, "due_on": None},
        changed(200),
    ),
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
    "list_edits": ("takes/{take}/edits/", None, seen()),
    "edit_take": (
        "takes/{take}/edits/",
        {"task": "change", "words": "by night"},
        changed(202),
    ),
    "judge_take": ("takes/{take}/verdict/", {"verdict": "approved"}, changed(200)),
    "list_cast": ("stories/{story}/cast/", None, seen()),
    "add_member": ("stories/{story}/cast/", {"name": "Jonas"}, changed(201)),
    "list_library": ("cast/library/", None, seen()),
    "use_library": (
        "stories/{story}/cast/library/",
        {"version_id": "{version}"},
        changed(201),
    ),
    "publish_member": ("cast/{member}/publish/", {}, changed(201)),
    "show_newer": ("cast/{member}/newer/", None, changed(200)),
    "take_newer": ("cast/{member}/newer/", {"version_id": "{newer}"}, changed(200)),
    "get_member": ("cast/{member}/", None, seen()),
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
    "get_cards": ("stories/{story}/cards/", None, seen()),
    "patch_cards": ("stories/{story}/cards/", {"title_card": "The harbour"}, changed(200)),
    "upload_logo": ("stories/{story}/logo/", "logo", changed(200)),
    "remove_logo": ("stories/{story}/logo/", None, changed(200)),
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
    "keep_music": ("sounds/{sound}/keep/", {}, changed(422)),  # it is speech
    "list_effects": ("stories/{story}/effects/", None, seen()),
    "create_effect": ("stories/{story}/effects/", {"prompt": "rain"}, changed(201)),
    "get_effect": ("effects/{effect}/", None, seen()),
    "patch_effect": ("effects/{effect}/", {"level_db": -6.0}, changed(200)),
    "delete_effect": ("effects/{effect}/", None, changed(204)),
    "get_scene_sound": ("scenes/{scene}/sound/", None, seen()),
    "patch_scene_sound": ("scenes/{scene}/sound/", {"clip_sound": True}, changed(200)),
    "remix_film": ("stories/{story}/remix/", {}, changed(409)),  # it has no film of this step
    "make_stems": ("stories/{story}/stems/", {}, changed(409)),  # its sound is not turned on
    "list_stems": ("stories/{story}/stems/", None, seen()),
    "list_scene_lengths": ("stories/{story}/scene_lengths/", None, seen()),
    "set_scene_lengths": ("stories/{story}/scene_lengths/", {"items": []}, changed(200)),
    "list_pronunciations": ("stories/{story}/pronunciations/", None, seen()),
    "write_pronunciations": (
        "stories/{story}/pronunciations/",
        {"items": [{"written": "AI", "spoken": "A I"}]},
        changed(200),
    ),
    "list_films": ("stories/{story}/films/", None, seen()),
    "get_film": ("films/{film}/", None, seen()),
    "fetch_film": ("films/{film}/file/", None, seen(302)),
    "make_light_film": ("films/{film}/light/", {}, changed(202)),
    "list_comments": ("stories/{story}/comments/", None, seen()),
    "comment_scene": ("scenes/{scene}/comments/", {"text": "Good."}, seen(201)),
    "comment_film": ("films/{film}/comments/", {"text": "Good.", "at_ms": 0}, seen(201)),
    "get_comment": ("comments/{comment}/", None, seen()),
    "patch_comment": ("comments/{comment}/", {"resolved": True}, changed(200)),
    "reply_comment": ("comments/{comment}/reply/", {"text": "I agree."}, seen(201)),
    "retake_comment": ("comments/{comment}/retake/", {"kind": "image"}, changed(202)),
    "list_review_links": ("stories/{story}/review_links/", None, changed(200)),
    "create_review_link": (
        "stories/{story}/review_links/",
        {"name": "client", "days": 3},
        changed(201),
    ),
    "revoke_review_link": ("review_links/{link}/revoke/", {}, changed(200)),
    "list_film_verdicts": ("films/{film}/verdicts/", None, seen()),
    "record_film_verdict": ("films/{film}/verdicts/", {"verdict": "approved"}, changed(201)),
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
    "bulk_jobs": (
        "jobs/bulk/",
        {"action": "cancel", "items": [{"id": "{job}"}]},
        seen(),  # the answer says of each whether it was done
    ),
    "bulk_review_takes": (
        "takes/bulk_review/",
        {"items": [{"id": "{take}", "verdict": "approved"}]},
        seen(),
    ),
    "set_job_priority": ("jobs/{job}/priority/", {"priority": 1}, changed(200)),
    "get_queue": ("queue/", None, seen()),
    "pause_queue": ("queue/pause/", {}, managed(200)),
    "resume_queue": ("queue/resume/", {}, managed(200)),
    "list_projects": ("projects/", None, seen()),
    "create_project": ("projects/", {"name": "Night", "code": "NIGHT"}, managed(201)),
    "get_project": ("projects/{project}/", None, seen()),
    "patch_project": ("projects/{project}/", {"client": "Harbour"}, managed(200)),
    "set_project_member": ("projects/{project}/members/{person}/", {}, managed(200)),
    "remove_project_member": (
        "projects/{project}/members/{person}/",
        None,
        managed(404),
    ),  # the project is open: it has no people of its own
    "list_calls": ("calls/", None, NOT_VIEWERS),
    "get_call": ("calls/{call}/", None, NOT_VIEWERS),
    "resolve_call": (
        "calls/{call}/resolve/",
        {"decision": "not_charged", "reason": "The balance is as before."},
        managed(200),
    ),
    "get_costs": ("costs/", None, NOT_VIEWERS),
    "list_bills": ("bills/", None, managed(200)),
    "import_bill": ("bills/", "bill", managed(201)),
    "ask_provider_usage": (
        "bills/usage/",
        {"provider": "local", "first_day": "2026-05-01", "last_day": "2026-05-31"},
        managed(422),
    ),  # the local provider does not report its usage
    "get_bill": ("bills/{bill}/", None, managed(200)),
    "remove_bill": ("bills/{bill}/", None, managed(204)),
    "get_budget": ("budget/", None, managed(200)),
    "patch_budget": ("budget/", {"monthly_budget": "100.00"}, managed(200)),
    "list_providers": ("providers/", None, seen()),
    "list_provider_kinds": ("provider_kinds/", None, seen()),
    "add_provider": (
        "providers/",
        {"kind": "replicate", "provider": "replicate-b", "name": "Second account"},
        managed(201),
    ),
    "get_provider": ("providers/runway_ml/", None, seen()),
    "patch_provider": ("providers/runway_ml/", {"max_concurrent": 2}, managed(200)),
    "get_provider_use": ("providers/runway_ml/use/", None, seen()),
    "list_voices": ("providers/local/voices/", None, seen()),
    "test_provider": ("providers/local/test/", {}, managed(200)),
    "ask_provider_balance": ("providers/local/balance/", {}, managed(200)),
    "list_provider_models": ("providers/runway_ml/models/", None, seen()),
    "add_provider_model": (
        "providers/runway_ml/models/",
        {"name": "gen5", "kind": "clip", "unit": "second", "price": "0.3"},
        managed(201),
    ),
    "get_provider_model": ("providers/runway_ml/models/{model}/", None, seen()),
    "patch_provider_model": (
        "providers/runway_ml/models/{model}/",
        {"price": "0.06"},
        managed(200),
    ),
    "remove_provider_model": ("providers/runway_ml/models/{model}/", None, managed(204)),
    "test_provider_model": ("providers/runway_ml/models/{model}/test_run/", {}, managed(409)),
    "compare_catalogue": ("providers/runway_ml/catalogue/", None, managed(200)),
    "accept_catalogue": ("providers/runway_ml/catalogue/", {"accept": []}, managed(200)),
    "add_workflow": (
        "providers/local/workflows/",
        {"name": "Wide", "kind": "image", "workflow": {}},
        managed(422),
    ),
    "pause_provider": ("providers/local/pause/", {"reason": "Maintenance."}, managed(200)),
    "resume_provider": ("providers/local/resume/", {}, managed(200)),
    "list_people": ("people/", None, NOBODY_HERE),
    "get_person": ("people/{person}/", None, NOBODY_HERE),
    "patch_person": ("people/{person}/", {"first_name": "Mina"}, NOBODY_HERE),
    "list_log_ins": ("people/{person}/log_ins/", None, NOBODY_HERE),
    "end_log_in": ("people/{person}/log_ins/end/", {}, NOBODY_HERE),
    "unlock_person": ("people/{person}/unlock/", {}, NOBODY_HERE),
    "list_invitations": ("invitations/", None, NOBODY_HERE),
    "create_invitation": ("invitations/", {"name": "Mina", "role": "viewer"}, NOBODY_HERE),
    "withdraw_invitation": ("invitations/1/", None, NOBODY_HERE),
    "list_audit_entries": ("audit/", None, NOBODY_HERE),
    "list_webhooks": ("webhooks/", None, NOBODY_HERE),
    "create_webhook": (
        "webhooks/",
        {"name": "x", "url": "https://hooks.example.com/", "events": ["budget"]},
        NOBODY_HERE,
    ),
    "get_webhook": ("webhooks/{webhook}/", None, NOBODY_HERE),
    "patch_webhook": ("webhooks/{webhook}/", {"is_active": False}, NOBODY_HERE),
    "delete_webhook": ("webhooks/{webhook}/", None, NOBODY_HERE),
    "test_webhook": ("webhooks/{webhook}/test/", {}, NOBODY_HERE),
    "rotate_webhook_secret": ("webhooks/{webhook}/rotate_secret/", {}, NOBODY_HERE),
    "list_webhook_deliveries": ("webhooks/{webhook}/deliveries/", None, NOBODY_HERE),
    "list_notifications": ("notifications/", None, seen()),
    "read_notifications": ("notifications/read/", {}, seen()),
    "get_notification_choices": ("notifications/choices/", None, seen()),
    "choose_notifications": (
        "notifications/choices/",
        {"events": [{"event": "mention", "channels": ["bell"]}]},
        seen(),
    ),
    "list_my_log_ins": ("me/log_ins/", None, seen()),
    "end_my_log_in": ("me/log_ins/end/", {}, seen(204)),
    "get_me": ("me/", None, seen()),
}
# What belongs to the organization, not to a story: nobody without a role may see it, and no wall
# of a project stands around it.
ORGANIZATION = frozenset(
    {
        *("get_queue", "pause_queue", "resume_queue", "create_project"),
        *("list_calls", "get_call", "resolve_call", "get_costs"),
        *("list_bills", "import_bill", "ask_provider_usage", "get_bill", "remove_bill"),
        *("get_budget", "patch_budget"),
        *(name for name, found in OPERATIONS.items() if found[0].startswith("provider")),
        *(name for name, found in OPERATIONS.items() if found[2] is NOBODY_HERE),
    }
)
OPEN = {
    "log_in_for_token": ("auth/token/", {"username": "owner", "password": "owner"}, 200),
    "refresh_token": ("auth/refresh/", {"refresh_token": "unknown"}, 401),
    "revoke_token": ("auth/revoke/", {"refresh_token": "unknown"}, 204),
}
STRANGER = {
    **dict.fromkeys(ORGANIZATION, 403),
    "bulk_jobs": 200,
    "bulk_review_takes": 200,
    "list_projects": 200,
    "list_my_log_ins": 200,
    "end_my_log_in": 204,
    "list_notifications": 200,
    "read_notifications": 200,
    "get_notification_choices": 200,
    "choose_notifications": 200,
    "list_stories": 200,
    "create_story": 403,
    "list_scenes": 200,
    "list_approvals": 200,
    "list_library": 200,
    "list_jobs": 200,
    "job_statistics": 200,
    "get_me": 200,
}


def a_model() -> int:
    """A model of Runway that makes clips."""
    return ProviderModel.objects.get(provider="runway_ml", name="gen4_turbo").pk


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
        "effect": world.effect.pk,
        "member": world.sheet.look.member_id,
        "look": world.sheet.look_id,
        "sheet": world.sheet.pk,
        "film": world.film.pk,
        "job": world.job.pk,
        "failed": world.failed_job.pk,
        "approval": world.approval.pk,
        "comment": world.comment.pk,
        "link": world.link.pk,
        "deleted": world.deleted.pk,
        "project": Story.objects.values_list("project", flat=True).get(pk=world.story.pk),
        "person": world.story.owner_id,
        "call": world.unclear.pk,
        "bill": world.bill.pk,
        "webhook": world.story.pk,  # the right is asked for before the row is looked up
        "model": a_model(),
        "newer": world.versions[0].pk,
        "version": world.versions[1].pk,
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
    if isinstance(body, str) and body in {"sheet", "logo"}:
        return api.post(
            ROOT + path,
            {"file": upload()},
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )
    if body == "bill":
        return api.post(
            ROOT + path,
            {"file": bill_file(), "provider": "runway_ml"},
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )
    if body == "script":
        return api.post(
            ROOT + path,
            {"file": script()},
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )
    text = json.dumps(body)
    for name, value in named.items():
        text = text.replace(f'"{{{name}}}"', f'"{value}"')
    body = json.loads(text)
    return api.ask(METHODS[operation], path, body, token=token)


def test_table_names_every_route():
    assert set(OPERATIONS) | set(OPEN) == set(METHODS)


@pytest.mark.slow
@pytest.mark.parametrize("who", PEOPLE)
def test_people_with_a_token(api, world, request, who):
    for name in PEOPLE:  # the others exist, too
        request.getfixturevalue(name)
    person = request.getfixturevalue(who)
    found, allowed = {}, {}
    for operation in OPERATIONS:
        with rolled_back():
            response = send(api, world, operation, refresh_tokens.start(person).access.token)
        found[operation] = response.status_code
        statuses = {**OPERATIONS[operation][2], "stranger": STRANGER.get(operation, 404)}
        allowed[operation] = statuses[who]
        if response.status_code >= 400:
            assert response["Content-Type"] == "application/problem+json", operation
    assert found == allowed


@contextmanager
def rolled_back():
    """What is written within is gone afterwards: the next request finds the same rows. Making them
    for each takes longer than the requests.
    """
    cache.clear()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.slow
def test_nobody_ended_and_removed_are_401(api, world, make_person):
    person = make_person("gone", role="manager")
    token, ended = refresh_tokens.start(person).access.token, ended_token(person)
    found = {}
    for operation in OPERATIONS:
        with rolled_back():
            gone = type(person).objects.get(pk=person.pk)
            nobody = send(api, world, operation, "").status_code
            code = send(api, world, operation, ended).json()["code"]
            gone.is_active = False
            gone.save()
            inactive = send(api, world, operation, token).status_code
            gone.delete()
            response = send(api, world, operation, token)
            removed = (response.status_code, response.json()["code"])
        found[operation] = (nobody, code, inactive, removed)
    refused = (401, "token_expired", 401, (401, "token_invalid"))
    assert found == dict.fromkeys(OPERATIONS, refused)


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
            .replace("<int:", "{")
            .replace(">", "}")
            .format(
                story_id=world.story.pk,
                scene_id=world.scenes[0].pk,
                effect_id=world.effect.pk,
                member_id=world.sheet.look.member_id,
                look_id=world.sheet.look_id,
                take_id=world.take.pk,
                film_id=world.film.pk,
                job_id=world.job.pk,
                approval_id=world.approval.pk,
                comment_id=world.comment.pk,
                link_id=world.link.pk,
                call_id=world.unclear.pk,
                bill_id=world.bill.pk,
                project_id=1,
                person_id=1,
                user_id=1,
                invitation_id=1,
                webhook_id=world.story.pk,
                provider="local",
                model_id=a_model(),
            )
        )
        response = api.ask(method, sent)
        assert (response.status_code, set(response["Allow"].split(", "))) == (405, allowed)


@pytest.mark.moderate
def test_what_is_refused_changes_no_row(api, world, viewer):
    token = refresh_tokens.start(viewer).access.token
    before = rows(world)
    refused = [name for name, (_path, _body, who) in OPERATIONS.items() if who["viewer"] == 403]
    for operation in refused:
        with rolled_back():
            send(api, world, operation, token)
            assert rows(world) == before, operation


def rows(world: World) -> Any:
    from jobs.models import Job
    from stories.models import Approval, Scene, Story, StoryStateTransition, Take

    return [
        list(model.objects.order_by("pk").values())
        for model in (Story, Scene, Take, Job, StoryStateTransition, Approval)
    ]
