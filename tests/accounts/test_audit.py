"""The audit log: what is written, that nothing is taken away, and who may read it."""

import ast
import re

import pytest
from allauth.core import context
from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils.translation import gettext_noop, override

from accounts import audit
from accounts.models import AuditAction, AuditEntry
from accounts.models.audit_entry import AppendOnlyError
from core.localized_messages import LocalizedMessage

pytestmark = pytest.mark.django_db


def entries(**wanted):
    rows = AuditEntry.objects.filter(**wanted).order_by("pk")
    return list(rows.values_list("actor_name", "action", "object_name", "detail", "address"))


def log_in(client, name, password, address="10.0.0.7"):
    sent = {"username": name, "password": password, "next": "/admin/"}
    return client.post(reverse("admin:login"), sent, REMOTE_ADDR=address)


def test_log_ins_failures_and_log_outs_are_written_with_their_address(client, owner):
    log_in(client, "owner", "wrong")
    log_in(client, "no-such-person", "my password")
    log_in(client, "owner", "owner")
    client.post(reverse("admin:logout"), REMOTE_ADDR="10.0.0.7")
    assert entries() == [
        ("owner", "log_in_refused", "", "", "10.0.0.7"),
        ("", "log_in_refused", "", "", "10.0.0.7"),
        ("owner", "log_in", "", "", "10.0.0.7"),
        ("owner", "log_out", "", "", "10.0.0.7"),
    ]


def test_log_in_over_the_api_is_written(client, owner):
    sent = {"username": "owner", "password": "owner"}
    client.post("/api/ai-video/auth/token/", sent, content_type="application/json")
    assert entries() == [("owner", "log_in", "", "API", "127.0.0.1")]


def test_changes_in_the_admin_are_written_and_put_into_words(admin_client, owner):
    address = reverse("admin:auth_user_change", args=[owner.pk])
    group = owner.groups.get()
    sent = {
        "username": "owner",
        "first_name": "Ann",
        "last_name": "",
        "email": owner.email,
        "groups": [group.pk],
        "is_active": "on",
        "is_staff": "on",
    }
    assert admin_client.post(address, sent, REMOTE_ADDR="10.0.0.8").status_code == 302
    (entry,) = AuditEntry.objects.filter(object_type="auth.user")
    assert (entry.actor_name, entry.action, entry.object_id, entry.address) == (
        "admin",
        "changed",
        str(owner.pk),
        "10.0.0.8",
    )
    page = admin_client.get(reverse("admin:audit"), headers={"Accept-Language": "en"})
    ((_row, kind, message),) = [row for row in page.context["rows"] if row[0].pk == entry.pk]
    assert (kind, message) == ("user", "Changed First name.")


def test_entries_outlive_their_people(make_person):
    person = make_person("short")
    audit.record(AuditAction.LOG_IN, actor=person)
    person.delete()
    assert entries() == [("short", "log_in", "", "", "")]


def test_nothing_is_changed_or_deleted(owner):
    audit.record(AuditAction.LOG_IN, actor=owner)
    entry = AuditEntry.objects.get()
    entry.actor_name = "somebody"
    rows = AuditEntry.objects.all()
    for attempt in (entry.save, entry.delete, rows.delete, lambda: rows.update(actor_name="x")):
        with pytest.raises(AppendOnlyError):
            attempt()
    assert entries() == [("owner", "log_in", "", "", "")]


@pytest.mark.parametrize(
    "statement", ["UPDATE web_auditentry SET actor_name = 'x'", "DELETE FROM web_auditentry"]
)
def test_database_refuses_it_too(owner, statement):
    audit.record(AuditAction.LOG_IN, actor=owner)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {audit.UNLOCKED}")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute(statement)
    assert entries() == [("owner", "log_in", "", "", "")]


@pytest.mark.postgresql  # SQLite has no TRUNCATE
@pytest.mark.moderate
def test_database_refuses_to_empty_it(owner):
    """TRUNCATE, which `manage.py flush` uses, asks no trigger of a row."""
    test_database_refuses_it_too(owner, "TRUNCATE web_auditentry")


def test_triggers_are_made_again_after_their_table_was_copied(owner):
    table = " ON web_auditentry" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        for event in audit.EVENTS[connection.vendor]:
            cursor.execute(f"DROP TRIGGER audit_no_{event.lower()}{table}")
    audit.create_triggers()
    audit.create_triggers()
    test_database_refuses_it_too(owner, "DELETE FROM web_auditentry")


def test_who_may_read_it(client, admin_client, viewer, manager):
    address = reverse("admin:audit")
    for person in (viewer, manager):
        client.force_login(person)
        assert client.get(address).status_code == 403
    assert admin_client.get(address).status_code == 200
    assert Client().get(address).status_code == 302


@pytest.mark.moderate
def test_filters_and_pages(admin_client, owner):
    other = User.objects.create(username="other")
    for _ in range(3):
        audit.record(AuditAction.LOG_IN, actor=owner)
    audit.record(AuditAction.APPROVED, actor=other, target=owner, detail="the plan of the sea")
    address = reverse("admin:audit")

    def shown(**query):
        page = admin_client.get(address, query)
        return [(row.actor_name, row.action) for row, _kind, _message in page.context["rows"]]

    earlier = [*[("owner", "log_in")] * 3, ("admin", "log_in")]
    assert shown() == [("other", "approved"), *earlier]
    assert shown(person="OTHER") == [("other", "approved")]
    assert shown(action="log_in") == earlier
    assert shown(kind="auth.user") == [("other", "approved")]
    assert shown(q="SEA") == [("other", "approved")]
    assert shown(last="2000-01-01") == []
    assert len(shown(first="2000-01-01")) == 5
    assert len(shown(first="nonsense", action="nonsense", before="²")) == 5
    middle = AuditEntry.objects.order_by("pk")[2].pk
    assert shown(before=middle) == [("owner", "log_in"), ("admin", "log_in")]


def test_number_of_queries_is_that_of_an_empty_log(admin_client, owner):
    from django.test.utils import CaptureQueriesContext

    counts = []
    for _ in range(3):
        with CaptureQueriesContext(connection) as found:
            admin_client.get(reverse("admin:audit"))
        counts.append(len(found))
        for _ in range(3):
            audit.record(AuditAction.LOG_IN, actor=owner)
    assert counts[0] == counts[1] == counts[2]


def test_history_is_written_without_a_request(owner, manager):
    assert context.request is None
    LogEntry.objects.log_actions(
        manager.pk, [owner], CHANGE, change_message="x", single_object=True
    )
    assert entries() == [("manager", "changed", "owner", "x", "")]


def korean_rows(admin_client):
    with override("ko"):
        page = admin_client.get(reverse("admin:audit"), headers={"Accept-Language": "ko"})
        return [(row.actor_name, kind, words) for row, kind, words in page.context["rows"]]


def test_what_happened_is_said_in_the_language_of_its_reader(admin_client, admin_user, owner):
    paused = LocalizedMessage(gettext_noop("Paused: %(reason)s"), {"reason": "New prices"})
    audit.record(AuditAction.CHANGED, actor=owner, target=owner, detail=paused)
    audit.log(admin_user, owner, LocalizedMessage(gettext_noop("A passkey was added.")))
    assert korean_rows(admin_client)[:2] == [
        ("admin", "사용자", "패스키를 추가했습니다."),
        ("owner", "사용자", "일시 중지: New prices"),
    ]
    page = admin_client.get(reverse("admin:audit"), headers={"Accept-Language": "en"})
    assert [words for _row, _kind, words in page.context["rows"]][:2] == [
        "A passkey was added.",
        "Paused: New prices",
    ]
    assert LogEntry.objects.get().change_message == "A passkey was added."


@pytest.mark.parametrize(
    "words", ['{"template": 1}', '{"template": "%(a)s", "values": {"b": 1}}', '{"template"', "[x"]
)
def test_what_a_person_wrote_is_shown_as_it_is(words, admin_client, owner):
    audit.record(AuditAction.REFUSED, actor=owner, target=owner, detail=words)
    assert audit.words_of(AuditEntry.objects.get(action="refused")) == words
    assert admin_client.get(reverse("admin:audit")).status_code == 200


def test_long_message_is_cut_into_words(owner):
    long = LocalizedMessage(gettext_noop("Paused: %(reason)s"), {"reason": "x" * 5000})
    audit.record(AuditAction.CHANGED, actor=owner, detail=long)
    assert AuditEntry.objects.get().detail == ("Paused: " + "x" * 5000)[: audit.LONGEST_DETAIL]


def test_kinds_have_korean_names(admin_client):
    page = admin_client.get(reverse("admin:audit"), headers={"Accept-Language": "ko"})
    names = {name for _value, name in page.context["kinds"]}
    assert len(names) > 60
    assert {name for name in names if not re.search("[가-힣]", name)} == set()


OURS = {"stories", "jobs", "providers", "web", "notifications", "operations"}


def test_models_have_korean_names():
    with override("ko"):
        english = {
            f"{model._meta.label}: {name}"
            for model in apps.get_models()
            if model._meta.app_label in OURS
            for name in (str(model._meta.verbose_name), str(model._meta.verbose_name_plural))
            if not re.search("[가-힣]", name)
        }
    assert english == set()


def sentences(call: ast.Call) -> list[str]:
    """What this call writes into the log as it is. "API" is a name."""
    name = ast.unparse(call.func)
    return [
        ast.unparse(given.value)
        for given in call.keywords
        if (name, given.arg) == ("audit.record", "detail") or given.arg == "change_message"
        if isinstance(given.value, ast.Constant | ast.JoinedStr)
        if ast.unparse(given.value) != "'API'"
    ]


@pytest.mark.moderate
def test_details_are_messages_that_can_be_translated():
    assert sentences(ast.parse("audit.record(x, detail='Paused.')").body[0].value) == ["'Paused.'"]
    files = [
        path
        for package in ("site", "stories", "jobs", "providers")
        for path in (settings.BASE_DIR / package).rglob("*.py")
    ]
    assert len(files) > 500
    assert [
        found
        for path in files
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        for found in sentences(node)
    ] == []


def test_words_of_a_person_are_never_a_message(admin_user):
    written = '{"template": "%(a)9999999999s", "values": {"a": ""}}'
    audit.record(AuditAction.CHANGED, actor=admin_user, target=admin_user, detail=written)
    entry = AuditEntry.objects.latest("pk")
    assert audit.words_of(entry) == written
