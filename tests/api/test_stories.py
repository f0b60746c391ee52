"""Stories over the API: exact answers, final rows."""

import re
import uuid
from decimal import Decimal

import pytest

from jobs.models import Job
from providers import keys
from providers.models import AIProviderConfig
from stories.enums import StoryStatus, TakeKind
from stories.models import Story, StoryStateTransition
from stories.services.plan import plan_generation
from tests.stories.factories import make_scene, make_story, make_take

from .conftest import ROOT


def stamp(moment):
    return moment.isoformat().replace("+00:00", "Z")


def listed(story, **changes):
    """A story as lists show it."""
    return {
        "id": str(story.pk),
        "title": story.title,
        "status": story.status,
        "owner_id": story.owner_id,
        "owner": story.owner.username,
        "language": story.language,
        "style": story.style,
        "aspect_ratio": story.aspect_ratio,
        "resolution": story.resolution,
        "duration_seconds": story.duration_seconds,
        "burn_captions": story.burn_captions,
        "planner_provider": story.planner_provider,
        "planner_model": "",
        "image_provider": story.image_provider,
        "image_model": "",
        "clip_provider": story.clip_provider,
        "clip_model": "",
        "vision_provider": "",
        "check_new_takes": False,
        "light_films": False,
        "budget": None if story.budget is None else str(story.budget),
        "project": "STUDIO",
        "needs_client_approval": False,
        "assignee_id": None,
        "due_on": None,
        "scene_count": 0,
        "created_at": stamp(story.created_at),
        "updated_at": stamp(story.updated_at),
        **changes,
    }


FREE = {
    "scenes": 2,
    "scene_cost": "0.0000",
    "video_cost": "0.0000",
    "preview_cost": "0.0000",
    "storage_cost": "0.1000",
    "total": "0.1000",
}


def test_list_is_the_newest_first_with_its_scene_counts(mine, owner, colleague):
    first, second = (
        make_story(owner, title="One"),
        make_story(colleague, title="Two", budget=Decimal("2.50")),
    )
    make_scene(first)
    make_scene(first)
    answer = mine.ask("GET", "stories/").json()
    assert answer == {"items": [listed(second), listed(first, scene_count=2)], "next_cursor": None}


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("mine=true", ["Planned", "Draft"]),
        ("mine=false", ["Theirs", "Planned", "Draft"]),
        ("status=planned", ["Planned"]),
        ("status=planned&status=draft", ["Theirs", "Planned", "Draft"]),
        ("status=failed", []),
        ("title=LAN", ["Planned"]),
        ("owner={colleague}", ["Theirs"]),
        ("project=STUDIO", ["Theirs", "Planned", "Draft"]),
        ("project=HARBOUR", []),
    ],
)
def test_filters(mine, owner, colleague, query, titles):
    make_story(owner, title="Draft")
    make_story(owner, title="Planned", status=StoryStatus.PLANNED)
    make_story(colleague, title="Theirs")
    answer = mine.ask("GET", f"stories/?{query.format(colleague=colleague.pk)}").json()
    assert [story["title"] for story in answer["items"]] == titles


def test_stranger_sees_their_own_only(api, owner, stranger):
    make_story(owner)
    own = make_story(stranger)
    answer = api.ask("GET", "stories/", person=stranger).json()
    assert [story["id"] for story in answer["items"]] == [str(own.pk)]


def test_create_answers_201_with_the_story_and_its_address(mine, owner):
    response = mine.ask(
        "POST",
        "stories/",
        {
            "title": "The sea",
            "script": "Waves. A boat.",
            "language": "en",
            "duration_seconds": 14,
            "budget": "5.00",
        },
    )
    story = Story.objects.get()
    assert (response.status_code, response["Location"]) == (201, f"{ROOT}stories/{story.pk}/")
    assert response.json() == {
        **listed(story),
        "title": "The sea",
        "budget": "5.00",
        "script": "Waves. A boat.",
        "choices": [
            {
                "name": "start_planning",
                "label": "Start planning",
                "status": "planning",
                "why_not": "",
                "price": "0.0000",
            },
            {
                "name": "archive",
                "label": "Archive",
                "status": "archived",
                "why_not": "",
                "price": None,
            },
        ],
        "estimate": FREE,
        "jobs": [],
        "pictures": 0,
        "clips": 0,
    }
    assert (story.owner, story.status, story.budget) == (owner, "draft", Decimal("5.00"))


def test_answer_of_create_is_what_get_gives(mine):
    made = mine.ask("POST", "stories/", {"title": "The sea", "budget": "5"}).json()
    assert mine.ask("GET", f"stories/{made['id']}/").json() == {**made, "budget": "5.00"}


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/title"]),
        ({"title": ""}, ["/title"]),
        ({"title": None}, ["/title"]),
        ({"title": "a", "status": "completed"}, ["/status"]),
        ({"title": "a", "owner": 1}, ["/owner"]),
        ({"title": "a", "duration_seconds": 1}, ["/duration_seconds"]),
        ({"title": "a", "duration_seconds": "60"}, ["/duration_seconds"]),
        ({"title": "a", "budget": 5}, ["/budget"]),
        ({"title": "a", "budget": "-5"}, ["/budget"]),
        ({"title": "a", "budget": "1.234"}, ["/budget"]),
        ({"title": "a", "budget": None}, ["/budget"]),
        ({"title": "a", "aspect_ratio": "4:3"}, ["/aspect_ratio"]),
        ({"title": "a", "image_provider": "nobody"}, ["/image_provider"]),
    ],
)
def test_values_that_cannot_be_are_422_with_their_pointer_and_no_row(mine, body, pointers):
    response = mine.ask("POST", "stories/", body)
    assert (response.status_code, [error["pointer"] for error in response.json()["errors"]]) == (
        422,
        pointers,
    )
    assert not Story.objects.exists()


def test_patch_changes_what_is_sent_and_nothing_else(mine, world):
    before = Story.objects.values().get(pk=world.story.pk)
    response = mine.ask(
        "PATCH", f"stories/{world.story.pk}/", {"title": "Renamed", "budget": "9.90"}
    )
    after = Story.objects.values().get(pk=world.story.pk)
    assert (response.status_code, response.json()["title"], response.json()["budget"]) == (
        200,
        "Renamed",
        "9.90",
    )
    assert {name for name in before if before[name] != after[name]} == {
        "title",
        "budget",
        "updated_at",
    }
    assert (
        mine.ask("PATCH", f"stories/{world.story.pk}/", {"budget": None}).json()["budget"] is None
    )


def test_patch_while_it_is_rendered_is_409(mine, owner):
    story = make_story(owner, status=StoryStatus.RENDERING)
    response = mine.ask("PATCH", f"stories/{story.pk}/", {"title": "Renamed"})
    assert (response.status_code, response.json()["code"]) == (409, "guard_refused")


def test_transition_moves_and_writes_the_event(mine, owner):
    story = make_story(owner)
    response = mine.ask(
        "POST", f"stories/{story.pk}/transition/", {"status": "archived", "reason": "not now"}
    )
    assert (response.status_code, response.json()["status"]) == (200, "archived")
    event = StoryStateTransition.objects.get()
    assert (event.from_status, event.to_status, event.name, event.actor, event.reason) == (
        "draft",
        "archived",
        "archive",
        owner,
        "not now",
    )
    history = mine.ask("GET", f"stories/{story.pk}/transitions/").json()
    assert history == {
        "items": [
            {
                "id": event.pk,
                "from_status": "draft",
                "to_status": "archived",
                "name": "archive",
                "actor": "owner",
                "reason": "not now",
                "job_id": "",
                "at": stamp(event.at),
            }
        ],
        "next_cursor": None,
    }


def test_wrong_transition_is_409_and_tells_what_is_allowed(mine, owner):
    story = make_story(owner)
    response = mine.ask("POST", f"stories/{story.pk}/transition/", {"status": "completed"})
    assert response.status_code == 409
    assert response.json() == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "code": "transition_not_allowed",
        "detail": "This cannot be done now: it is now “draft”.",
        "current": "draft",
        "allowed": ["archived", "planning"],
    }


def test_transition_whose_condition_does_not_hold_is_409(mine, owner):
    story = make_story(owner, script="")
    response = mine.ask("POST", f"stories/{story.pk}/transition/", {"status": "planning"})
    assert (response.status_code, response.json()["code"]) == (409, "guard_refused")
    assert response.json()["detail"] == "There is no script yet. Write or paste one first."


def test_what_only_the_studio_does_is_403(mine, owner):
    story = make_story(owner, status=StoryStatus.PLANNING)
    assert (
        mine.ask("POST", f"stories/{story.pk}/transition/", {"status": "planned"}).status_code
        == 403
    )


def test_planning_is_started_by_its_transition(mine, owner):
    story = make_story(owner)
    answer = mine.ask("POST", f"stories/{story.pk}/transition/", {"status": "planning"}).json()
    job = Job.objects.get()
    assert answer["jobs"] == [
        {"id": job.pk, "name": "story_planning", "status": "queued", "progress": 0, "note": ""}
    ]
    assert re.fullmatch(r"story_[0-9a-f]{8}_[0-9a-f]{12}", job.pk)


@pytest.fixture
def planned(owner):
    """Three scenes; the first has its picture. A picture costs 0.02."""
    config = AIProviderConfig.objects.get(provider="stability_ai")
    config.is_active = True
    keys.put_key(config, "sk-" + "0" * 40)
    config.save()
    story = make_story(
        owner, status=StoryStatus.PLANNED, duration_seconds=21, image_provider="stability_ai"
    )
    for _ in range(3):
        make_scene(story)
    make_take(story.all_scenes.get(position=1))
    return story


def plan_of(story, total="0.0400", price="0.0200", approval=None):
    scenes = list(story.all_scenes.order_by("position"))
    items = [
        {
            "scene_id": str(scene.pk),
            "position": n,
            "title": f"Scene {n}",
            "state": "done" if n == 1 else "missing",
            "will": n > 1,
            "price": price if n > 1 else "0.0000",
            "check": "0.0000",
            "why": "",
            "warnings": [],
        }
        for n, scene in enumerate(scenes, start=1)
    ]
    plan = {
        "kind": "image",
        "mode": "missing",
        "provider": "stability_ai",
        "total": total,
        "counts": {"done": 1, "missing": 2},
        "sound": [],
        "sound_warnings": [],
        "items": items,
        "blocked": [],
        "check_provider": "",
        "check_warning": "",
    }
    return {**plan, "hash": plan_generation(story, "image").hash, "approval": approval}


def test_plan_only_tells(mine, planned):
    response = mine.ask("POST", f"stories/{planned.pk}/generate_preview/?plan=1")
    assert (response.status_code, response.json()) == (
        200,
        {"job": None, "plan": plan_of(planned, approval="free")},
    )
    planned.refresh_from_db()
    assert (planned.status, Job.objects.count()) == ("planned", 0)


@pytest.mark.parametrize("body", [{"confirm_total": "0.04"}, {"confirm_total": "0.0400"}])
def test_preview_starts_with_202_job_and_plan(mine, planned, body):
    plan = plan_of(planned)
    response = mine.ask("POST", f"stories/{planned.pk}/generate_preview/", body)
    assert response.status_code == 202
    job = Job.objects.get(name="story_preview")
    assert (
        response.json()["job"]["id"],
        response.json()["job"]["status"],
        response.json()["plan"],
    ) == (job.pk, "queued", plan)
    planned.refresh_from_db()
    assert planned.status == "previewing"


@pytest.mark.parametrize("body", [None, {}, {"confirm_total": "0"}])
@pytest.mark.parametrize("way", ["generate_preview", "transition"])
def test_price_that_was_not_confirmed_is_409_and_starts_nothing(mine, planned, way, body):
    if way == "transition":
        body = {"status": "previewing", **(body or {})}
    response = mine.ask("POST", f"stories/{planned.pk}/{way}/", body)
    assert response.status_code == 409
    assert (response.json()["code"], response.json()["total"]) == ("plan_changed", "0.0400")
    planned.refresh_from_db()
    assert (planned.status, Job.objects.count()) == ("planned", 0)


@pytest.mark.parametrize("body", [None, {}])
def test_what_is_free_needs_no_confirmation(mine, planned, body):
    Story.objects.filter(pk=planned.pk).update(image_provider="local")
    assert mine.ask("POST", f"stories/{planned.pk}/generate_preview/", body).status_code == 202


def test_other_price_than_confirmed_is_409_and_starts_nothing(mine, planned):
    response = mine.ask(
        "POST", f"stories/{planned.pk}/generate_preview/", {"confirm_total": "0.02"}
    )
    assert (response.status_code, response.json()["code"]) == (409, "plan_changed")
    planned.refresh_from_db()
    assert (planned.status, Job.objects.count()) == ("planned", 0)


def test_preview_again_while_previewing_makes_only_what_is_missing(mine, planned):
    Story.objects.filter(pk=planned.pk).update(status="previewing")
    response = mine.ask(
        "POST", f"stories/{planned.pk}/generate_preview/", {"confirm_total": "0.04"}
    )
    assert (response.status_code, response.json()["plan"]["counts"]) == (
        202,
        {"done": 1, "missing": 2},
    )
    again = mine.ask("POST", f"stories/{planned.pk}/generate_preview/", {"confirm_total": "0.04"})
    assert (again.status_code, again.json()["code"]) == (409, "guard_refused")
    assert Job.objects.filter(name="story_preview").count() == 1


def test_final_film_needs_pictures_first(mine, planned):
    Story.objects.filter(pk=planned.pk).update(status="previewing")
    response = mine.ask("POST", f"stories/{planned.pk}/render_final/")
    assert (response.status_code, response.json()["detail"]) == (
        409,
        "2 of 3 scenes have no picture.",
    )
    plan = mine.ask("POST", f"stories/{planned.pk}/render_final/?plan=1").json()["plan"]
    assert [(item["position"], item["why"]) for item in plan["blocked"]] == [
        (2, "It needs a picture first."),
        (3, "It needs a picture first."),
    ]


def test_final_film_starts_when_all_pictures_are_there(mine, planned):
    Story.objects.filter(pk=planned.pk).update(status="previewing")
    for scene in planned.all_scenes.filter(image_take=None):
        make_take(scene)
    response = mine.ask("POST", f"stories/{planned.pk}/render_final/", {"confirm_total": "0"})
    assert (
        response.status_code,
        response.json()["plan"]["total"],
        response.json()["plan"]["kind"],
    ) == (202, "0.0000", TakeKind.CLIP)
    planned.refresh_from_db()
    assert planned.status == "rendering"


def test_a_finished_story_is_rendered_again(mine, planned):
    """Nothing is bought for scenes whose takes still fit; a film job begins."""
    Story.objects.filter(pk=planned.pk).update(status="completed")
    for scene in planned.all_scenes.all():
        if scene.image_take_id is None:
            make_take(scene)
        make_take(scene, TakeKind.CLIP)
    response = mine.ask("POST", f"stories/{planned.pk}/render_final/", {"confirm_total": "0"})
    assert (response.status_code, response.json()["plan"]["counts"]) == (202, {"done": 3})
    planned.refresh_from_db()
    assert planned.status == "completed"
    assert list(Job.objects.values_list("name", "status")) == [("story_render", "queued")]


def test_preview_sent_twice_with_one_key_is_started_once(mine, planned):
    first, again = (
        mine.ask(
            "POST",
            f"stories/{planned.pk}/generate_preview/",
            {"confirm_total": "0.04"},
            headers={"Idempotency-Key": "k"},
        )
        for _ in range(2)
    )
    assert (first.status_code, again.status_code, again.content) == (202, 202, first.content)
    assert Job.objects.count() == 1


def test_unknown_story_is_404(mine):
    assert mine.ask("GET", f"stories/{uuid.uuid4()}/").json()["code"] == "not_found"


def test_etag_of_a_story_changes_with_what_it_shows(mine, planned):
    etag = mine.ask("GET", f"stories/{planned.pk}/")["ETag"]
    assert (
        mine.ask("GET", f"stories/{planned.pk}/", headers={"If-None-Match": etag}).status_code
        == 304
    )
    mine.ask("POST", f"stories/{planned.pk}/generate_preview/", {"confirm_total": "0.04"})
    assert (
        mine.ask("GET", f"stories/{planned.pk}/", headers={"If-None-Match": etag}).status_code
        == 200
    )
