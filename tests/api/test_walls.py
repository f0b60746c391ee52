"""Walls between projects: every route for each role, with the story of a foreign and of one's own
project.
"""

import pytest
from django.urls import reverse

from accounts import refresh_tokens
from stories.models import Project, ProjectMember, Story
from stories.services import projects

from .test_permissions import METHODS, OPERATIONS, ORGANIZATION, send

PEOPLE = ("viewer", "colleague", "owner", "manager")
NAMED = [
    name
    for name, (path, body, _statuses) in OPERATIONS.items()
    if ("{" in path or (isinstance(body, dict) and "story_id" in body)) and name not in ORGANIZATION
]
OF_STORIES = ("get_call", "resolve_call")
READS = [name for name in NAMED if METHODS[name] == "GET"]
# Who may change no story at all is told so before a long body is read, whatever it names.
LONG = ("upload_take", "upload_sound", "upload_sheet", "upload_logo", "bulk_create_scenes")
PAGES = ("change", "board", "film", "review", "jobs", "money", "history", "edit")


@pytest.fixture
def walled(world):
    """The world's story belongs to a project of which nobody is yet."""
    project = Project.objects.create(name="Harbour", code="HARBOUR", budget=10)
    Story.objects.update(project=project)
    return project


def statuses(api, world, person, operations):
    token = refresh_tokens.start(person).access.token
    return {name: send(api, world, name, token).status_code for name in operations}


@pytest.mark.slow
@pytest.mark.parametrize("who", [*PEOPLE, "stranger"])
def test_every_route_answers_404_for_a_foreign_project(api, world, walled, request, who):
    person = request.getfixturevalue(who)
    expected = dict.fromkeys(NAMED, 404)
    if who == "viewer":
        expected |= dict.fromkeys(LONG, 403)
    assert statuses(api, world, person, NAMED) == expected
    token = refresh_tokens.start(person).access.token
    sees_calls = {"viewer": 403, "stranger": 403}.get(who, 404)
    assert statuses(api, world, person, OF_STORIES) == dict.fromkeys(OF_STORIES, sees_calls)
    calls = api.ask("GET", "calls/", token=token).json()
    assert calls.get("items", []) == []
    sent = {"action": "cancel", "items": [{"id": world.job.pk}]}
    (one,) = api.ask("POST", "jobs/bulk/", sent, token=token).json()["items"]
    assert (one["job"], one["problem"]["status"]) == (None, 404)
    sent = {"items": [{"id": str(world.take.pk), "verdict": "approved"}]}
    (one,) = api.ask("POST", "takes/bulk_review/", sent, token=token).json()["items"]
    assert (one["take"], one["problem"]["status"]) == (None, 404)
    for path in ("stories/", "scenes/", "approvals/", "jobs/"):
        assert api.ask("GET", path, token=token).json()["items"] == []
    counts = api.ask("GET", "jobs/statistics/", token=token).json()["counts"]
    assert set(counts.values()) == {0}


@pytest.mark.slow
@pytest.mark.parametrize("who", PEOPLE)
def test_people_of_the_project_read_as_their_role_lets_them(api, world, walled, request, who):
    person = request.getfixturevalue(who)
    ProjectMember.objects.create(project=walled, user=person)
    expected = {name: OPERATIONS[name][2][who] for name in READS}
    assert statuses(api, world, person, READS) == expected


@pytest.mark.moderate
def test_administrators_and_those_with_the_right_see_every_project(
    api, world, walled, admin_user, make_person
):
    from django.contrib.auth.models import Group, Permission

    reader = make_person("reader", role="viewer")
    role = Group.objects.create(name="all projects")
    role.permissions.add(Permission.objects.get(codename="view_all_projects"))
    reader.groups.add(role)
    for person, role in ((admin_user, "manager"), (reader, "viewer")):
        expected = {name: OPERATIONS[name][2][role] for name in READS}
        assert statuses(api, world, person, READS) == expected


def test_lead_changes_the_stories_of_others_and_a_member_does_not(
    api, world, walled, owner, colleague, make_person
):
    other = make_person("other", role="producer")
    ProjectMember.objects.create(project=walled, user=owner)
    ProjectMember.objects.create(project=walled, user=other)
    ProjectMember.objects.create(project=walled, user=colleague, role="lead")
    assert statuses(api, world, other, ["patch_story"]) == {"patch_story": 403}
    assert statuses(api, world, colleague, ["patch_story"]) == {"patch_story": 200}
    ProjectMember.objects.filter(user=colleague).delete()
    assert statuses(api, world, colleague, ["patch_story"]) == {"patch_story": 404}


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.moderate
def test_pages_of_a_foreign_project_are_not_found(client, world, walled, request, who):
    person = request.getfixturevalue(who)
    client.force_login(person)
    addresses = [
        *(reverse(f"admin:stories_story_{page}", args=[world.story.pk]) for page in PAGES),
        reverse("admin:board_scene", args=[world.story.pk, world.scenes[0].pk]),
        reverse("admin:board_plan", args=[world.story.pk, "image", "missing"]),
        reverse("admin:stories_project_change", args=[walled.pk]),
    ]
    found = {address: client.get(address).status_code for address in addresses}
    assert not set(found.values()) - {302, 403, 404}, found
    for page in ("admin:stories_story_changelist", "admin:jobs_job_changelist", "admin:index"):
        assert world.story.title not in client.get(reverse(page)).content.decode()


@pytest.mark.moderate
def test_organization_costs_are_for_those_who_see_every_project(
    client, world, walled, manager, admin_client
):
    client.force_login(manager)
    for address in (reverse("admin:costs"), reverse("admin:costs_export")):
        assert client.get(address).status_code == 403
        assert admin_client.get(address).status_code == 200
    ours = f"{reverse('admin:costs_export')}?project=HARBOUR"
    assert client.get(ours).status_code == 404
    ProjectMember.objects.create(project=walled, user=manager)
    assert client.get(ours).status_code == 200
    assert client.get(reverse("admin:costs")).status_code == 200


def test_every_project_of_a_migrated_studio_is_open(world, owner, viewer):
    project = world.story.project
    assert (project.code, project.is_open) == ("STUDIO", True)
    assert list(projects.open_projects(viewer)) == [project]
