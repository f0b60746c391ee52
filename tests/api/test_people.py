"""People, log-ins, invitations and the audit log over the API, for administrators."""

import pytest
from django.test import Client

from accounts import refresh_tokens
from accounts.audit import words_of
from accounts.models import AuditEntry, Invitation


@pytest.fixture
def admins(api, admin_user):
    api.person = admin_user
    return api


def test_people_are_listed_by_name_and_changed(admins, viewer, owner):
    names = [one["username"] for one in admins.ask("GET", "people/").json()["items"]]
    assert names == sorted(names)
    assert {"owner", "viewer"} <= set(names)
    sent = {"first_name": "Mina", "roles": ["producer", "viewer"]}
    changed = admins.ask("PATCH", f"people/{viewer.pk}/", sent).json()
    assert (changed["first_name"], changed["roles"]) == ("Mina", ["producer", "viewer"])
    entry = AuditEntry.objects.filter(object_id=str(viewer.pk)).first()
    assert (words_of(entry), entry.actor_name) == ("first name, roles", "admin")
    assert admins.ask("GET", f"people/{2**70}/").status_code == 404


def test_account_that_is_switched_off_loses_its_log_ins(admins, viewer):
    token = refresh_tokens.start(viewer).access.token
    assert admins.ask("PATCH", f"people/{viewer.pk}/", {"is_active": False}).status_code == 200
    assert admins.ask("GET", "me/", token=token).status_code == 401
    gone = admins.ask("GET", "people/?active=false").json()["items"]
    assert [one["username"] for one in gone] == ["viewer"]


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [({"roles": ["king"]}, "/roles"), ({"email": "no address"}, "/email")],
)
def test_wrong_changes_are_422_and_write_nothing(admins, viewer, sent, pointer):
    response = admins.ask("PATCH", f"people/{viewer.pk}/", {"first_name": "Mina", **sent})
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, pointer)
    viewer.refresh_from_db()
    assert viewer.first_name == ""


def test_administrator_does_not_switch_off_the_own_account(admins, admin_user):
    refused = admins.ask("PATCH", f"people/{admin_user.pk}/", {"is_active": False})
    assert refused.json()["errors"][0]["pointer"] == "/is_active"


def test_log_ins_are_listed_and_ended_by_their_person_and_administrators(admins, viewer):
    first, second = (refresh_tokens.start(viewer).access.token for _ in range(2))
    mine = admins.ask("GET", "me/log_ins/", token=first).json()["items"]
    theirs = admins.ask("GET", f"people/{viewer.pk}/log_ins/").json()["items"]
    assert (len(mine), mine) == (2, theirs)
    sent = {"kind": "api", "key": mine[0]["key"]}
    assert admins.ask("POST", "me/log_ins/end/", sent, token=first).status_code == 204
    assert admins.ask("POST", f"people/{viewer.pk}/log_ins/end/", sent).status_code == 404
    assert len(admins.ask("GET", f"people/{viewer.pk}/log_ins/").json()["items"]) == 1
    assert admins.ask("POST", f"people/{viewer.pk}/log_ins/end/", {}).status_code == 204
    assert {admins.ask("GET", "me/", token=one).status_code for one in (first, second)} == {401}


def test_invitation_is_told_once_and_withdrawn(admins):
    answer = admins.ask("POST", "invitations/", {"name": "Mina", "role": "viewer"})
    made = answer.json()
    assert (answer.status_code, made["role"]) == (201, "viewer")
    assert Client().get(made["url"]).status_code == 200
    (listed,) = admins.ask("GET", "invitations/").json()["items"]
    assert "url" not in listed
    assert admins.ask("DELETE", f"invitations/{made['id']}/").status_code == 204
    assert admins.ask("DELETE", f"invitations/{made['id']}/").status_code == 404
    assert Invitation.objects.get().withdrawn_at
    unknown = admins.ask("POST", "invitations/", {"name": "Mina", "role": "king"})
    assert unknown.json()["errors"][0]["pointer"] == "/role"


def test_wrong_log_ins_are_forgotten(admins, viewer):
    def tries(password):
        sent = {"username": "viewer", "password": password}
        return admins.ask("POST", "auth/token/", sent, token="").status_code

    while tries("wrong") != 429:
        pass
    assert tries("viewer") == 429
    assert admins.ask("POST", f"people/{viewer.pk}/unlock/", {}).status_code == 200
    assert tries("viewer") == 200


def test_audit_log_is_filtered_and_paged(admins, viewer, owner):
    for person in (viewer, owner):
        admins.ask("PATCH", f"people/{person.pk}/", {"first_name": "Mina"})
    found = admins.ask("GET", f"audit/?action=changed&object_id={viewer.pk}").json()["items"]
    assert [one["object_name"] for one in found] == ["viewer"]
    first = admins.ask("GET", "audit/?person=ADMIN&page_size=1").json()
    second = admins.ask(
        "GET", f"audit/?person=ADMIN&page_size=1&cursor={first['next_cursor']}"
    ).json()
    assert first["items"][0]["id"] > second["items"][0]["id"]
