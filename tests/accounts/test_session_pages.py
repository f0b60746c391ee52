"""The log-ins of a person are listed and ended, by themselves and by an administrator."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts import refresh_tokens, session_pages
from accounts.audit import words_of
from accounts.models import AuditEntry

pytestmark = pytest.mark.django_db
OWN = "/admin/sessions/"


def logged_in(name, device):
    browser = Client(headers={"User-Agent": device})
    sent = {"username": name, "password": name, "next": "/admin/"}
    assert browser.post(reverse("admin:login"), sent).status_code == 302
    return browser


def status(browser):
    return browser.get("/admin/").status_code


@pytest.mark.moderate
def test_person_lists_and_ends_their_own(owner, colleague):
    laptop, phone, other = (
        logged_in("owner", "Laptop"),
        logged_in("owner", "Phone"),
        logged_in("colleague", "Elsewhere"),
    )
    pair = refresh_tokens.start(owner)
    rows = laptop.get(OWN).context["rows"]
    assert [(row.kind, row.device, row.is_current) for row in rows] == [
        ("browser", "Phone", False),
        ("browser", "Laptop", True),
        ("api", "", False),
    ]
    assert rows[0].address == "127.0.0.1"
    laptop.post(OWN, {"kind": "browser", "key": rows[0].key})
    assert [status(browser) for browser in (laptop, phone, other)] == [200, 302, 200]
    laptop.post(OWN, {"kind": "api", "key": rows[2].key})
    bearer = {"Authorization": f"Bearer {pair.access.token}"}
    assert Client().get("/api/ai-video/me/", headers=bearer).status_code == 401
    assert [row.device for row in laptop.get(OWN).context["rows"]] == ["Laptop"]
    ended = AuditEntry.objects.filter(action="ended")
    assert sorted((row.actor_name, words_of(row)) for row in ended) == [
        ("owner", "In a browser."),
        ("owner", "Over the API."),
    ]


def test_nobody_ends_the_log_ins_of_others_with_their_keys(owner, colleague):
    mine, theirs = logged_in("owner", "Mine"), logged_in("colleague", "Theirs")
    pair = refresh_tokens.start(colleague)
    for row in session_pages.log_ins_of(colleague):
        mine.post(OWN, {"kind": row.kind, "key": row.key})
    for nonsense in ({"kind": "browser", "key": "²"}, {"kind": "api", "key": "x"}, {"kind": "x"}):
        assert mine.post(OWN, nonsense).status_code == 302
    assert status(theirs) == 200
    bearer = {"Authorization": f"Bearer {pair.access.token}"}
    assert Client().get("/api/ai-video/me/", headers=bearer).status_code == 200


def test_all_others_are_ended_at_once(owner):
    laptop, phone = logged_in("owner", "Laptop"), logged_in("owner", "Phone")
    laptop.post(OWN, {"do": "all"})
    assert [status(browser) for browser in (laptop, phone)] == [200, 302]


def test_administrator_ends_those_of_a_person(admin_client, owner, manager, client):
    phone = logged_in("owner", "Phone")
    address = reverse("admin:person_sessions", args=[owner.pk])
    client.force_login(manager)
    assert (client.get(address).status_code, client.post(address).status_code) == (403, 403)
    (row,) = admin_client.get(address).context["rows"]
    assert (row.device, row.is_current) == ("Phone", False)
    admin_client.post(address, {"do": "all"})
    assert (status(phone), status(admin_client)) == (302, 200)
    assert admin_client.get(reverse("admin:person_sessions", args=[10**9])).status_code == 404
    (entry,) = AuditEntry.objects.filter(action="ended")
    assert (entry.actor_name, entry.object_name) == ("admin", "owner")
    assert words_of(entry) == "All others."


def test_queries_do_not_grow_with_the_number_of_log_ins(owner, django_assert_num_queries):
    for number in (1, 3):
        while len(session_pages.log_ins_of(owner)) < number:
            logged_in("owner", "Browser")
        with django_assert_num_queries(3):
            session_pages.log_ins_of(owner)
