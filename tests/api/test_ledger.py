"""The ledger over the API: calls, decisions on unclear ones, costs, bills and the budget."""

from datetime import UTC, date, datetime
from decimal import Decimal
from unittest.mock import patch

import pytest

from providers.adapters import Used
from providers.backends.runway.adapter import RunwayAdapter
from providers.models import (
    AIProviderConfig,
    Bill,
    MoneyChange,
    OrganizationBudget,
    ProviderCall,
)
from stories.models import Project, ProjectMember, Story

from .world import bill_file


@pytest.fixture
def managers(api, manager):
    api.person = manager
    return api


def test_calls_are_filtered_and_shown_with_their_request(managers, world):
    (one,) = managers.ask("GET", "calls/?state=unclear").json()["items"]
    assert (one["id"], one["counted"], one["cost"]) == (str(world.unclear.pk), "0.0500", None)
    assert managers.ask("GET", "calls/?state=settled").json()["items"] == []
    assert len(managers.ask("GET", f"calls/?story={world.story.pk}").json()["items"]) == 1
    assert len(managers.ask("GET", "calls/?project=STUDIO").json()["items"]) == 1
    assert managers.ask("GET", "calls/?project=HARBOUR").json()["items"] == []
    assert managers.ask("GET", "calls/?provider=local").json()["items"] == []
    detail = managers.ask("GET", f"calls/{world.unclear.pk}/").json()
    assert (detail["request"], detail["actor"]) == ({}, "owner")


@pytest.mark.parametrize(
    ("decision", "state", "cost"),
    [("not_charged", "refused", "0.0000"), ("write_off", "written_off", "0.0500")],
)
def test_unclear_call_is_decided_once(managers, world, decision, state, cost):
    address = f"calls/{world.unclear.pk}/resolve/"
    sent = {"decision": decision, "reason": "The balance says so."}
    found = managers.ask("POST", address, sent).json()
    assert (found["state"], found["cost"]) == (state, cost)
    again = managers.ask("POST", address, sent)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


def test_task_is_attached_and_wrong_decisions_write_nothing(managers, world):
    address = f"calls/{world.unclear.pk}/resolve/"
    for sent in (
        {"decision": "attach", "reason": "Seen there."},
        {"decision": "write_off", "reason": " "},
        {"decision": "send_again", "reason": "Why not."},
    ):
        assert managers.ask("POST", address, sent).status_code == 422, sent
    assert ProviderCall.objects.get(pk=world.unclear.pk).state == "unclear"
    sent = {"decision": "attach", "reason": "Seen there.", "task_id": "task-9"}
    found = managers.ask("POST", address, sent).json()
    assert (found["state"], found["task_id"]) == ("accepted", "task-9")


def test_costs_are_summed_by_what_is_asked_for(managers, world, owner):
    ProviderCall.objects.filter(pk=world.unclear.pk).update(
        state="settled", cost=Decimal("0.0400"), model="gen4"
    )
    expected = {
        "story": [str(world.story.pk)],
        "scene": [str(world.story.pk), str(world.deleted.pk)],
        "kind": ["image"],
        "provider": ["runway_ml"],
        "model": ["runway_ml", "gen4"],
        "person": [str(owner.pk)],
    }
    for by, key in expected.items():
        (row,) = managers.ask("GET", f"costs/?by={by}").json()["rows"]
        assert (row["key"], row["actual"], row["calls"]) == (key, "0.0400", 1), by
    whole = managers.ask("GET", "costs/?until=2020-01-01T00:00:00Z&since=2019-01-01T00:00:00Z")
    assert (whole.json()["total"]["calls"], whole.json()["rows"]) == (0, [])


def test_costs_of_a_project_are_for_its_people(managers, world, manager):
    project = Project.objects.create(name="Harbour", code="HARBOUR")
    Story.objects.update(project=project)
    assert managers.ask("GET", "costs/").status_code == 403
    assert managers.ask("GET", "costs/?project=HARBOUR").status_code == 404
    ProjectMember.objects.create(project=project, user=manager)
    found = managers.ask("GET", "costs/?project=HARBOUR").json()
    assert found["total"]["at_risk"] == "0.0500"
    assert managers.ask("GET", "costs/?project=STUDIO").json()["rows"] == []


def test_bill_is_imported_once_compared_and_removed(managers, manager, world):
    ProviderCall.objects.filter(pk=world.unclear.pk).update(
        state="settled", cost=Decimal("0.50"), task_id="task-2"
    )
    sent = {"file": bill_file(), "provider": "runway_ml"}
    answer = managers.send("bills/", sent)
    assert answer.status_code == 201, answer.content
    bill = answer.json()
    again = managers.send("bills/", {"file": bill_file(), "provider": "runway_ml"}).json()
    assert (again["id"], bill["total"], bill["billed"]) == (bill["id"], "0.5000", "0.5000")
    assert len(managers.ask("GET", "bills/").json()["items"]) == 2
    old = managers.ask("GET", f"bills/{world.bill.pk}/").json()
    assert (old["agrees"], old["only_on_bill"][0]["task_id"]) == (False, "task-1")
    assert managers.ask("DELETE", answer["Location"]).status_code == 204
    assert not Bill.objects.filter(pk=bill["id"]).exists()


@pytest.mark.parametrize(
    ("form", "pointer"),
    [
        ({"provider": "runway_ml"}, "/file"),
        ({"provider": "nobody"}, "/provider"),
        ({"provider": "runway_ml", "colour": "red"}, "/colour"),
    ],
)
def test_wrong_forms_of_bills_are_422(managers, form, pointer):
    files = {} if pointer == "/file" else {"file": bill_file()}
    response = managers.send("bills/", {**form, **files})
    assert response.status_code == 422
    assert pointer in [error["pointer"] for error in response.json()["errors"]]


ASKED = {"provider": "runway_ml", "first_day": "2026-05-01", "last_day": "2026-05-31"}


def test_reported_usage_is_compared_by_day_and_model(managers, manager, world):
    used = [
        Used(date(2026, 5, 2), "gen4_turbo", Decimal("0.25")),
        Used(date(2026, 5, 1), "gen4_image", Decimal("-0.05")),
    ]
    ProviderCall.objects.filter(pk=world.unclear.pk).update(
        provider="runway_ml",
        model="gen4_turbo",
        state="settled",
        cost=Decimal("0.25"),
        sending_at=datetime(2026, 5, 2, 23, 59, tzinfo=UTC),
    )
    with patch.object(RunwayAdapter, "usage", return_value=used) as asked:
        answer = managers.ask("POST", "bills/usage/", ASKED)
    assert answer.status_code == 201, answer.content
    asked.assert_called_once_with(date(2026, 5, 1), date(2026, 5, 31))
    bill = answer.json()
    assert managers.ask("GET", answer["Location"]).json() == bill
    assert (bill["source"], bill["name"], bill["total"]) == ("usage", "", "0.2000")
    assert (bill["billed"], bill["booked"], bill["agrees"], bill["matched"]) == (
        "0.2000",
        "0.2500",
        False,
        1,
    )
    assert bill["sums"] == [
        {
            "day": "2026-05-01",
            "model": "gen4_image",
            "billed": "-0.0500",
            "booked": None,
            "agrees": False,
        },
        {
            "day": "2026-05-02",
            "model": "gen4_turbo",
            "billed": "0.2500",
            "booked": "0.2500",
            "agrees": True,
        },
    ]
    sources = {row["source"] for row in managers.ask("GET", "bills/").json()["items"]}
    assert sources == {"file", "usage"}


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"provider": "nobody"}, 422, "/provider"),
        ({"provider": "local"}, 422, "/provider"),
        ({"first_day": "2026-06-01"}, 422, "/first_day"),
        ({"last_day": "2999-01-01", "first_day": "2998-12-31"}, 422, "/last_day"),
        ({"colour": "red"}, 422, None),
    ],
)
def test_wrong_questions_for_usage(managers, change, status, pointer):
    answer = managers.ask("POST", "bills/usage/", ASKED | change)
    assert answer.status_code == status
    if pointer:
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not Bill.objects.exists()


def test_budget_is_changed_and_limits_only_by_administrators(managers, manager, admin_user):
    changed = managers.ask("PATCH", "budget/", {"monthly_budget": "250.50"}).json()
    assert changed["monthly_budget"] == "250.5000"
    limit = {"plan_limit": "5.00"}
    assert managers.ask("PATCH", "budget/", limit).status_code == 403
    found = managers.ask("PATCH", "budget/", limit, person=admin_user).json()
    assert (found["plan_limit"], found["my_limit"]) == ("5.0000", "5.0000")
    assert MoneyChange.objects.filter(actor=admin_user).count() == 1
    press = {"one_press_limit": "0.50"}
    assert managers.ask("PATCH", "budget/", press).status_code == 403
    found = managers.ask("PATCH", "budget/", press, person=admin_user).json()
    assert found["one_press_limit"] == "0.5000"
    assert OrganizationBudget.objects.get().one_press_limit == Decimal("0.50")
    endless = {"one_press_limit": None}
    assert managers.ask("PATCH", "budget/", endless, person=admin_user).status_code == 422
    none = managers.ask("PATCH", "budget/", {"monthly_budget": None}).json()
    assert none["monthly_budget"] is None


def test_provider_is_paused_with_a_reason_and_resumed(managers, world):
    assert managers.ask("POST", "providers/local/pause/", {"reason": " "}).status_code == 422
    paused = managers.ask("POST", "providers/local/pause/", {"reason": "Maintenance."}).json()
    assert (paused["is_paused"], paused["pause_reason"]) == (True, "Maintenance.")
    listed = {one["provider"]: one for one in managers.ask("GET", "providers/").json()["items"]}
    assert listed["local"]["is_paused"] is True
    assert "api_key_enc" not in listed["local"]
    assert managers.ask("POST", "providers/local/resume/", {}).json()["is_paused"] is False
    assert AIProviderConfig.objects.get(provider="local").pause_reason == ""
    assert managers.ask("POST", "providers/nobody/resume/", {}).status_code == 404
