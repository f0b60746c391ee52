"""Projects over the API: their people, their money and their archive."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from providers.models import ProviderCall
from stories.models import Project, ProjectMember
from tests.stories.factories import make_story


@pytest.fixture
def managers(api, manager):
    api.person = manager
    return api


def test_who_adds_a_project_leads_it_and_others_do_not_see_it(managers, manager, viewer):
    sent = {"name": "Harbour", "code": "HARBOUR", "client": "Port", "budget": "100.00"}
    answer = managers.ask("POST", "projects/", {**sent, "aspect_ratio": "9:16"})
    made = answer.json()
    assert (answer.status_code, made["budget"], made["aspect_ratio"]) == (201, "100.0000", "9:16")
    assert [(one["username"], one["role"]) for one in made["members"]] == [("manager", "lead")]
    assert managers.ask("GET", answer["Location"]).json() == made
    assert managers.ask("GET", answer["Location"], person=viewer).status_code == 404
    listed = managers.ask("GET", "projects/", person=viewer).json()["items"]
    assert [one["code"] for one in listed] == ["STUDIO"]
    entry = AuditEntry.objects.get(object_type="stories.project")
    assert (entry.action, entry.actor_name) == ("added", "manager")


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"name": "Other", "code": "STUDIO"}, "/code"),
        ({"name": "studio", "code": "OTHER"}, "/name"),
        ({"name": "Other", "code": "lower"}, "/code"),
        ({"name": "Other", "code": "OTHER", "budget": "-1"}, "/budget"),
    ],
)
def test_wrong_projects_are_422_with_their_field(managers, sent, pointer):
    response = managers.ask("POST", "projects/", sent)
    assert response.status_code == 422, response.content
    assert response.json()["errors"][0]["pointer"] == pointer
    assert Project.objects.count() == 1


def test_members_are_added_changed_and_removed(managers, manager, viewer, make_person):
    project = Project.objects.create(name="Harbour", code="HARBOUR")
    ProjectMember.objects.create(project=project, user=manager)
    address = f"projects/{project.pk}/members/{viewer.pk}/"
    for role in ("member", "lead"):
        members = managers.ask("PUT", address, {"role": role}).json()["members"]
        assert {one["username"]: one["role"] for one in members} == {
            "manager": "member",
            "viewer": role,
        }
    assert managers.ask("DELETE", address).status_code == 204
    assert managers.ask("DELETE", address).status_code == 404
    outside = make_person("outside")
    refused = managers.ask("PUT", f"projects/{project.pk}/members/{outside.pk}/", {})
    assert refused.status_code == 422
    assert managers.ask("PUT", f"projects/{project.pk}/members/{2**70}/", {}).status_code == 422
    assert managers.ask("GET", f"projects/{2**70}/").status_code == 404


def test_project_is_archived_but_not_the_default_one(managers, manager):
    project = Project.objects.create(name="Harbour", code="HARBOUR", is_open=True)
    sent = {"archived": True, "language": None}
    assert managers.ask("PATCH", f"projects/{project.pk}/", sent).json()["archived_at"]
    assert [one["code"] for one in managers.ask("GET", "projects/").json()["items"]] == ["STUDIO"]
    old = managers.ask("GET", "projects/?archived=true").json()["items"]
    assert [one["code"] for one in old] == ["HARBOUR"]
    default = Project.objects.get(code="STUDIO")
    refused = managers.ask("PATCH", f"projects/{default.pk}/", {"archived": True})
    assert refused.json()["errors"][0]["pointer"] == "/archived"


@pytest.mark.parametrize("number", [1, 3])
def test_list_counts_money_in_a_constant_number_of_queries(managers, manager, number):
    for n in range(number):
        project = Project.objects.create(name=f"P{n}", code=f"P{n}", is_open=True, budget=2)
        story = make_story(manager, project=project)
        ProviderCall.objects.create(
            provider_id="local",
            kind="image",
            key=f"{n}",
            state="settled",
            subject=str(story.pk),
            request_hash="0",
            unit_price=1,
            units=1,
            estimate=1,
            cost=Decimal("1.60"),
        )
    token = managers.ask("GET", "me/")  # loads what is cached
    with CaptureQueriesContext(connection) as captured:
        items = managers.ask("GET", "projects/").json()["items"]
    assert token.status_code == 200
    money = [(one["spent"], one["percent"], one["alert"]) for one in items if one["budget"]]
    assert money == [("1.6000", 80, 80)] * number
    assert len(captured) <= 16, [query["sql"][:150] for query in captured]


def test_new_stories_begin_with_the_usual_providers_of_their_project(managers, manager):
    sent = {
        "name": "Harbour",
        "code": "HARBOUR",
        "image_provider": "stability_ai",
        "clip_provider": "runway_ml",
        "music_provider": "elevenlabs",
    }
    made = managers.ask("POST", "projects/", sent).json()
    names = ("planner_provider", "image_provider", "clip_provider", "music_provider")
    usual = (None, "stability_ai", "runway_ml", "elevenlabs")
    assert tuple(made[name] for name in names) == usual
    story = {"title": "Dawn", "project": "HARBOUR", "sound": True}
    found = managers.ask("POST", "stories/", story).json()
    assert (found["image_provider"], found["clip_provider"]) == ("stability_ai", "runway_ml")
    assert found["planner_provider"] == "local"
    sound = managers.ask("GET", f"stories/{found['id']}/sound/").json()
    assert sound["music_provider"] == "elevenlabs"
    own = {**story, "image_provider": "local"}
    assert managers.ask("POST", "stories/", own).json()["image_provider"] == "local"
    address = f"projects/{made['id']}/"
    changed = managers.ask("PATCH", address, {"clip_provider": None}).json()
    assert (changed["clip_provider"], changed["image_provider"]) == (None, "stability_ai")
    found = managers.ask("POST", "stories/", story).json()
    assert (found["image_provider"], found["clip_provider"]) == ("stability_ai", "local")


def test_usual_provider_must_make_what_it_is_chosen_for(managers):
    address = f"projects/{Project.objects.get(code='STUDIO').pk}/"
    for sent in (
        {"image_provider": "elevenlabs"},
        {"clip_provider": "stability_ai"},
        {"planner_provider": "nobody"},
        {"music_provider": "openai_speech"},
    ):
        refused = managers.ask("PATCH", address, sent)
        (name,) = sent
        errors = [error["pointer"] for error in refused.json()["errors"]]
        assert (refused.status_code, errors) == (422, [f"/{name}"])


def test_archived_provider_holds_up_neither_new_stories_nor_the_project(managers):
    address = f"projects/{Project.objects.get(code='STUDIO').pk}/"
    managers.ask("PATCH", address, {"image_provider": "stability_ai"})
    managers.ask("PATCH", "providers/stability_ai/", {"archived": True})
    assert managers.ask("PATCH", address, {"client": "Port"}).status_code == 200
    story = {"title": "Dawn", "project": "STUDIO"}
    assert managers.ask("POST", "stories/", story).json()["image_provider"] == "local"


@pytest.mark.moderate
def test_form_of_a_project_has_its_usual_providers(client, manager):
    from django.urls import reverse

    client.force_login(manager)
    project = Project.objects.get(code="STUDIO")
    address = reverse("admin:stories_project_change", args=[project.pk])
    page = client.get(address).content.decode()
    assert 'name="music_provider"' in page
    form = {
        "name": "Studio",
        "client": "",
        "is_open": "on",
        "budget": "",
        "language": "",
        "aspect_ratio": "",
        "resolution": "",
        "style": "",
        "planner_provider": "",
        "image_provider": "local",
        "clip_provider": "",
        "speech_provider": "",
        "music_provider": "",
        "members-TOTAL_FORMS": "0",
        "members-INITIAL_FORMS": "0",
    }
    assert client.post(address, form).status_code == 302
    assert Project.objects.get(code="STUDIO").image_provider == "local"
    wrong = client.post(address, {**form, "image_provider": "elevenlabs"})
    assert wrong.status_code == 200
    assert Project.objects.get(code="STUDIO").image_provider == "local"


def test_usual_models_over_the_api(managers):
    address = f"projects/{Project.objects.get(code='STUDIO').pk}/"
    sent = {"image_provider": "runway_ml", "image_model": "gen4_image"}
    found = managers.ask("PATCH", address, sent).json()
    assert (found["image_provider"], found["image_model"]) == ("runway_ml", "gen4_image")
    story = managers.ask("POST", "stories/", {"title": "Dawn", "project": "STUDIO"}).json()
    assert (story["image_provider"], story["image_model"]) == ("runway_ml", "gen4_image")
    patched = managers.ask("PATCH", f"stories/{story['id']}/", {"image_model": ""}).json()
    assert patched["image_model"] == ""
    refused = managers.ask("PATCH", f"stories/{story['id']}/", {"image_model": "nothing"})
    errors = [error["pointer"] for error in refused.json()["errors"]]
    assert (refused.status_code, errors) == (422, ["/image_model"])
    refused = managers.ask("PATCH", address, {"image_model": "nothing"})
    errors = [error["pointer"] for error in refused.json()["errors"]]
    assert (refused.status_code, errors) == (422, ["/image_model"])
    found = managers.ask("PATCH", address, {"image_provider": "stability_ai"}).json()
    assert (found["image_provider"], found["image_model"]) == ("stability_ai", "")
    found = managers.ask("PATCH", address, {"image_provider": None}).json()
    assert (found["image_provider"], found["image_model"]) == (None, "")
