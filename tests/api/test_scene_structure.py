"""Scenes are inserted, duplicated, split, merged, restored and assigned as on the board."""

import pytest

from stories.models import Project, ProjectMember, Scene, Story
from tests.stories.factories import make_scene, make_story

UNKNOWN = "00000000-0000-4000-8000-999999999999"


@pytest.fixture
def story(owner):
    story = make_story(owner, status="planned", duration_seconds=16)
    make_scene(story, narration="A boat leaves. The lighthouse waits.", duration_seconds=8)
    make_scene(story, narration="Night falls.", duration_seconds=8)
    return story


def narrations(api, story):
    found = api.ask("GET", f"scenes/?story={story.pk}").json()["items"]
    return [scene["narration"] for scene in found]


def first(story):
    return Scene.live.get(story=story, position=1)


def test_scene_is_written_at_a_position(mine, story):
    sent = {"story_id": str(story.pk), "prompt": "fog", "narration": "Fog.", "position": 2}
    answer = mine.ask("POST", "scenes/", sent)
    assert answer.status_code == 201
    assert mine.ask("GET", answer["Location"]).json()["position"] == 2
    mine.ask("POST", "scenes/", {"story_id": str(story.pk), "prompt": "end", "narration": "End."})
    assert narrations(mine, story) == [
        "A boat leaves. The lighthouse waits.",
        "Fog.",
        "Night falls.",
        "End.",
    ]
    far = mine.ask("POST", "scenes/", {**sent, "position": 9})
    assert far.json()["errors"][0]["pointer"] == "/position"
    assert mine.ask("POST", "scenes/", {**sent, "story_id": UNKNOWN}).status_code == 404


def test_split_and_merge_keep_every_word_and_second(mine, story):
    scene = first(story)
    parts = mine.ask("POST", f"scenes/{scene.pk}/split/", {"at": 14}).json()["items"]
    assert [part["narration"] for part in parts] == ["A boat leaves.", "The lighthouse waits."]
    assert sum(part["duration_seconds"] for part in parts) == 8
    merged = mine.ask("POST", f"scenes/{scene.pk}/merge/", {}).json()
    assert merged["narration"] == "A boat leaves. The lighthouse waits."
    other = {"other_id": parts[1]["id"]}
    apart = mine.ask("POST", f"scenes/{scene.pk}/unmerge/", other).json()["items"]
    assert [part["id"] for part in apart] == [part["id"] for part in parts]
    assert mine.ask("POST", f"scenes/{scene.pk}/unmerge/", other).status_code == 404
    outside = mine.ask("POST", f"scenes/{scene.pk}/split/", {"at": 2000})
    assert outside.json()["errors"][0]["pointer"] == "/at"


def test_scene_of_another_story_is_not_taken_apart(mine, story, owner):
    foreign = make_scene(make_story(owner, status="planned"))
    mine.ask("DELETE", f"scenes/{foreign.pk}/")
    sent = {"other_id": str(foreign.pk)}
    assert mine.ask("POST", f"scenes/{first(story).pk}/unmerge/", sent).status_code == 404


def test_deleted_scene_is_listed_and_restored(mine, story):
    scene = first(story)
    assert mine.ask("DELETE", f"scenes/{scene.pk}/").status_code == 204
    (deleted,) = mine.ask("GET", f"scenes/?story={story.pk}&deleted=true").json()["items"]
    assert (deleted["id"], deleted["deleted_at"] is None) == (str(scene.pk), False)
    back = mine.ask("POST", f"scenes/{scene.pk}/restore/", {}).json()
    assert (back["position"], back["deleted_at"]) == (1, None)
    assert mine.ask("POST", f"scenes/{scene.pk}/restore/", {}).status_code == 404


def test_duplicate_follows_its_scene_without_takes(mine, story):
    copy = mine.ask("POST", f"scenes/{first(story).pk}/duplicate/", {})
    assert (copy.status_code, copy.json()["position"], copy.json()["image"]) == (201, 2, None)


@pytest.mark.moderate
def test_assignment_of_story_and_scene(mine, story, viewer, colleague):
    task = {"assignee_id": viewer.pk, "due_on": "2026-12-31"}
    scene = first(story)
    for address in (f"stories/{story.pk}/assign/", f"scenes/{scene.pk}/assign/"):
        found = mine.ask("POST", address, task).json()
        assert (found["assignee_id"], found["due_on"]) == (viewer.pk, "2026-12-31")
        assert mine.ask("POST", address, task, person=colleague).status_code == 403
        gone = mine.ask("POST", address, {**task, "assignee_id": 2**40})
        assert (gone.status_code, gone.json()["errors"][0]["pointer"]) == (422, "/assignee_id")
        cleared = mine.ask("POST", address, {"assignee_id": None, "due_on": None}).json()
        assert (cleared["assignee_id"], cleared["due_on"]) == (None, None)


def test_production_is_stopped_with_its_reason(mine, owner):
    story = make_story(owner, status="previewing")
    stopped = mine.ask("POST", f"stories/{story.pk}/stop_production/", {"reason": "New script."})
    assert stopped.json()["status"] == "failed"
    (change,) = mine.ask("GET", f"stories/{story.pk}/transitions/").json()["items"]
    assert (change["reason"], change["name"]) == ("New script.", "fail")
    again = mine.ask("POST", f"stories/{story.pk}/stop_production/", {})
    assert (again.status_code, again.json()["code"]) == (409, "transition_not_allowed")


def test_story_is_written_in_a_project_with_its_usual_values(mine, owner):
    project = Project.objects.create(
        name="Harbour", code="HARBOUR", aspect_ratio="9:16", style="noir", language="en"
    )
    sent = {"title": "New", "project": "HARBOUR"}
    refused = mine.ask("POST", "stories/", sent)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/project")
    ProjectMember.objects.create(project=project, user=owner)
    made = mine.ask("POST", "stories/", sent).json()
    assert (made["project"], made["aspect_ratio"], made["style"]) == ("HARBOUR", "9:16", "noir")
    own = mine.ask("POST", "stories/", {**sent, "aspect_ratio": "16:9"}).json()
    assert (own["aspect_ratio"], own["resolution"]) == ("16:9", "720p")


def test_story_moves_to_a_project_with_its_other_changes_or_not_at_all(mine, owner):
    story = make_story(owner)
    ours = Project.objects.create(name="Harbour", code="HARBOUR")
    ProjectMember.objects.create(project=ours, user=owner)
    Project.objects.create(name="Secret", code="SECRET")
    address = f"stories/{story.pk}/"
    refused = mine.ask("PATCH", address, {"title": "Moved", "project": "SECRET"})
    assert refused.status_code == 422
    assert Story.objects.get(pk=story.pk).title == "The lighthouse"
    sent = {"title": "Moved", "project": "HARBOUR", "needs_client_approval": True}
    moved = mine.ask("PATCH", address, sent).json()
    assert (moved["title"], moved["project"]) == ("Moved", "HARBOUR")
    assert moved["needs_client_approval"] is True
