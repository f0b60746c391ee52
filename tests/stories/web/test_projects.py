"""The pages of projects."""

import pytest
from django.urls import reverse

from stories.models import Project, ProjectMember

pytestmark = pytest.mark.django_db


def form(**values):
    return {
        "name": "Harbour",
        "code": "HARBOUR",
        "client": "Harbour Ltd",
        "budget": "10",
        "language": "",
        "aspect_ratio": "",
        "resolution": "",
        "style": "",
        "members-TOTAL_FORMS": "1",
        "members-INITIAL_FORMS": "0",
        "members-0-role": "lead",
        **values,
    }


@pytest.mark.moderate
def test_administrator_makes_a_project_with_its_people_and_archives_it(admin_client, owner):
    add = reverse("admin:stories_project_add")
    assert admin_client.post(add, form(**{"members-0-user": owner.pk})).status_code == 302
    made = Project.objects.get(code="HARBOUR")
    assert (made.is_open, made.archived_at, str(made.budget)) == (False, None, "10.00")
    assert list(made.members.values_list("user__username", "role")) == [("owner", "lead")]
    change = reverse("admin:stories_project_change", args=[made.pk])
    nobody = {"members-TOTAL_FORMS": "0"}
    assert admin_client.post(change, form(archived="on", **nobody)).status_code == 302
    assert Project.objects.get(code="HARBOUR").archived_at is not None
    assert admin_client.post(change, form(**nobody)).status_code == 302
    assert Project.objects.get(code="HARBOUR").archived_at is None
    for wrong in ("harbour 1", "", "HARBOUR"):
        page = admin_client.post(add, form(code=wrong, name="Other", **nobody))
        assert (page.status_code, Project.objects.filter(name="Other").exists()) == (200, False)


def test_list_shows_the_projects_that_somebody_sees(client, admin_client, owner, manager):
    Project.objects.create(name="Quay", code="QUAY")
    harbour = Project.objects.create(name="Harbour", code="HARBOUR", budget=10)
    ProjectMember.objects.create(project=harbour, user=manager)
    address = reverse("admin:stories_project_changelist")
    client.force_login(manager)
    page = client.get(address).content.decode()
    assert ("HARBOUR" in page, "QUAY" in page) == (True, False)
    assert "QUAY" in admin_client.get(address).content.decode()
    change = reverse("admin:stories_project_change", args=[harbour.pk])
    client.force_login(owner)
    assert client.post(change, form()).status_code == 302  # a foreign project is not found
    assert Project.objects.get(pk=harbour.pk).client == ""
