"""A request sent twice with one key is done once."""

import threading
import time
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.utils import timezone

from accounts import refresh_tokens
from accounts.models import IdempotencyRecord, LogInAttempt
from api import idempotency, leases
from core.clock import database_now, moved
from tests.api.framework import example
from tests.api.framework.conftest import JsonClient

KEY = {"Idempotency-Key": "order-1"}


def test_same_key_and_body_give_the_same_answer_and_one_row(api):
    first = api.ask("POST", "notes/", {"title": "sea"}, headers=KEY)
    again = api.ask("POST", "notes/", {"title": "sea"}, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.content, again["Location"], again["Content-Type"]) == (
        first.content,
        first["Location"],
        "application/json",
    )
    assert (first.get("Idempotency-Replayed"), again["Idempotency-Replayed"]) == (None, "true")
    assert LogInAttempt.objects.count() == 1


def test_answer_is_stored_encrypted(api, settings):
    """Some answers tell a link that is stored as a hash elsewhere."""
    settings.PROVIDER_SECRETS = ["first"]
    first = api.ask("POST", "notes/", {"title": "sea"}, headers=KEY)
    stored = bytes(IdempotencyRecord.objects.get().body)
    assert (b"sea" in first.content, b"sea" in stored) == (True, False)
    settings.PROVIDER_SECRETS = ["second", "first"]
    idempotency.reseal()
    assert bytes(IdempotencyRecord.objects.get().body) != stored
    settings.PROVIDER_SECRETS = ["second"]
    assert api.ask("POST", "notes/", {"title": "sea"}, headers=KEY).content == first.content


def test_answer_that_no_secret_opens_is_409_and_nothing_is_done_again(api, settings):
    settings.PROVIDER_SECRETS = ["first"]
    api.ask("POST", "notes/", {"title": "sea"}, headers=KEY)
    settings.PROVIDER_SECRETS = ["second"]
    idempotency.reseal()  # leaves it as it is
    response = api.ask("POST", "notes/", {"title": "sea"}, headers=KEY)
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_answer_lost")
    assert LogInAttempt.objects.count() == 1


def test_answer_that_an_earlier_version_stored_is_given_again(api):
    first = api.ask("POST", "notes/", {"title": "sea"}, headers=KEY)
    IdempotencyRecord.objects.update(body=first.content)
    again = api.ask("POST", "notes/", {"title": "sea"}, headers=KEY)
    assert (again.content, again["Idempotency-Replayed"]) == (first.content, "true")


@pytest.mark.parametrize(
    ("path", "body"), [("notes/", {"title": "other"}), ("slow/", {"title": "sea"})]
)
def test_same_key_for_another_request_is_422(api, path, body):
    api.ask("POST", "notes/", {"title": "sea"}, headers=KEY)
    response = api.ask("POST", path, body, headers=KEY)
    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
    assert LogInAttempt.objects.count() == 1


def test_answer_that_said_no_is_kept_and_its_work_is_undone(api):
    first = api.ask("POST", "notes/", {"title": "busy"}, headers=KEY)
    again = api.ask("POST", "notes/", {"title": "busy"}, headers=KEY)
    assert (first.status_code, again.status_code, again.content) == (409, 409, first.content)
    assert (again["Content-Type"], again["Idempotency-Replayed"]) == (
        "application/problem+json",
        "true",
    )
    assert not LogInAttempt.objects.exists()


def test_crash_is_not_kept(api):
    first = api.ask("POST", "notes/", {"title": "boom"}, headers=KEY)
    again = api.ask("POST", "notes/", {"title": "boom"}, headers=KEY)
    assert (first.status_code, again.status_code, again.get("Idempotency-Replayed")) == (
        500,
        500,
        None,
    )
    assert (IdempotencyRecord.objects.count(), LogInAttempt.objects.count()) == (0, 0)


def test_body_that_cannot_be_taken_does_not_use_up_the_key(api):
    assert api.ask("POST", "notes/", {"title": ""}, headers=KEY).status_code == 422
    assert api.ask("POST", "notes/", {"title": "sea"}, headers=KEY).status_code == 201


def test_first_still_running_is_409_with_when_to_ask(api, user):
    api.ask("POST", "notes/", {"title": "sea"}, headers=KEY)
    IdempotencyRecord.objects.update(status=0, expires_at=timezone.now() + timedelta(seconds=30))
    response = api.ask("POST", "notes/", {"title": "sea"}, headers=KEY)
    assert (response.status_code, response.json()["code"], response["Retry-After"]) == (
        409,
        "idempotency_key_running",
        "1",
    )


def test_key_of_a_lost_request_and_of_an_ended_answer_can_be_used_again(api):
    for status in (0, 201):
        api.ask("POST", "notes/", {"title": "sea"}, headers=KEY)
        IdempotencyRecord.objects.update(
            status=status, expires_at=timezone.now() - timedelta(seconds=1)
        )
    assert api.ask("POST", "notes/", {"title": "other"}, headers=KEY).status_code == 201
    assert [row.account for row in LogInAttempt.objects.order_by("id")] == ["sea", "sea", "other"]


def test_late_request_that_was_taken_over_leaves_nothing(api, user, monkeypatch):
    def taken_over(claim, response):
        IdempotencyRecord.objects.filter(pk=claim.row).update(
            claim="00000000-0000-0000-0000-000000000000"
        )
        return kept(claim, response)

    kept = idempotency.Claim.keep
    monkeypatch.setattr(idempotency.Claim, "keep", taken_over)
    api.ask("POST", "notes/", {"title": "sea"}, headers=KEY)
    assert not LogInAttempt.objects.exists()


def test_another_person_has_keys_of_their_own(api, django_user_model):
    other = django_user_model.objects.create(username="bob")
    api.ask("POST", "notes/", {"title": "sea"}, headers=KEY)
    response = api.ask(
        "POST",
        "notes/",
        {"title": "mine"},
        headers=KEY,
        token=refresh_tokens.start(other).access.token,
    )
    assert (response.status_code, response.json()["title"]) == (201, "mine")


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "k\u00e9y"])
def test_key_that_is_none_is_422(api, key):
    response = api.ask("POST", "notes/", {"title": "sea"}, headers={"Idempotency-Key": key})
    assert (response.status_code, response.json()["errors"][0]["parameter"]) == (
        422,
        "Idempotency-Key",
    )


def test_upload_with_the_same_file_is_one_and_with_another_422(api):
    def send(content):
        return api.post(
            "/api/example/files/",
            {"file": SimpleUploadedFile("a.bin", content)},
            headers={**KEY, "Authorization": f"Bearer {api.token}"},
        )

    first, again, other = send(b"one"), send(b"one"), send(b"two")
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert again["Idempotency-Replayed"] == "true"
    assert LogInAttempt.objects.count() == 1
    assert send(b"x" * 6000).status_code == 413


def test_sweep_deletes_ended_answers_only(api, user):
    now = timezone.now()
    for name, ends in (("old", -1), ("new", 1)):
        IdempotencyRecord.objects.create(
            user=user, key=name, fingerprint="", expires_at=now + timedelta(hours=ends)
        )
    assert idempotency.sweep() == 1
    assert [row.key for row in IdempotencyRecord.objects.all()] == ["new"]


@pytest.mark.django_db(transaction=True)
def test_ten_at_once_do_it_once(urls, django_user_model):
    user = django_user_model.objects.create(username="alice")
    token, answers = refresh_tokens.start(user).access.token, []

    def send():
        try:
            answers.append(
                JsonClient(raise_request_exception=False)
                .ask("POST", "slow/", token=token, headers=KEY)
                .status_code
            )
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert LogInAttempt.objects.count() == 1
    assert set(answers) <= {202, 409}
    assert answers.count(202) >= 1


# A process that ended in the middle of a request


@pytest.fixture
def held(urls, django_user_model):
    """A request that another thread is in the middle of: `held(send)` returns the list its answer
    will be in.
    """
    example.entered.clear()
    example.leave.clear()
    threads = []

    def begin(send):
        answers = []

        def run():
            try:
                answers.append(send().status_code)
            finally:
                connections.close_all()

        threads.append(threading.Thread(target=run))
        threads[0].start()
        assert example.entered.wait(60)
        return answers

    def end():
        example.leave.set()
        for thread in threads:
            thread.join(60)

    begin.end = end
    yield begin
    end()


@pytest.fixture
def client_of_alice(urls, django_user_model):
    client = JsonClient(raise_request_exception=False)
    client.token = refresh_tokens.start(
        django_user_model.objects.create(username="alice")
    ).access.token
    return client


def test_key_of_a_killed_request_is_free_after_a_few_seconds(api, user):
    """What the claim of a process that was killed leaves behind: a row without an answer, and
    nobody who renews it.
    """
    api.ask("POST", "notes/", {"title": "sea"}, headers=KEY)
    row = IdempotencyRecord.objects.get()
    IdempotencyRecord.objects.update(status=0, body=b"", expires_at=database_now() + leases.LEASE)
    assert timedelta(seconds=10) == leases.LEASE
    with moved(timedelta(seconds=8)):
        assert api.ask("POST", "notes/", {"title": "sea"}, headers=KEY).status_code == 409
    with moved(timedelta(seconds=11)):
        assert api.ask("POST", "notes/", {"title": "sea"}, headers=KEY).status_code == 201
    assert IdempotencyRecord.objects.get().claim != row.claim


@pytest.mark.row_locks
@pytest.mark.django_db(transaction=True)
def test_request_that_takes_an_hour_is_never_run_beside_its_repetition(client_of_alice, held):
    def send():
        return client_of_alice.ask("POST", "held/", headers=KEY)

    answers = held(send)
    with moved(timedelta(hours=1)):
        response = send()
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_key_running")
    held.end()
    assert answers == [202]
    again = send()
    assert (again.status_code, again["Idempotency-Replayed"]) == (202, "true")
    assert LogInAttempt.objects.count() == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_request_whose_process_is_killed_is_done_by_its_repetition(client_of_alice, held):
    def send():
        return client_of_alice.ask("POST", "held/", headers=KEY)

    answers = held(send)
    with (
        connection.cursor() as cursor
    ):  # what the server sees when the process is killed: its connection is gone
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = "
            "current_database() AND pid <> pg_backend_pid()"
        )
    with moved(timedelta(seconds=11)):
        assert send().status_code == 202
    held.end()
    assert answers in ([500], [503])
    assert LogInAttempt.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_upload_that_takes_long_keeps_its_key(client_of_alice, held, monkeypatch):
    def send():
        file = SimpleUploadedFile("held.bin", b"one")
        return client_of_alice.post(
            "/api/example/files/",
            {"file": file},
            headers={**KEY, "Authorization": f"Bearer {client_of_alice.token}"},
        )

    answers = held(send)
    with moved(timedelta(seconds=8)):
        leases.renew(set(leases._renewer.tokens))
    with moved(timedelta(seconds=16)):  # later than the lease that the request began with
        response = send()
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_key_running")
    held.end()
    assert (answers, leases._renewer.tokens) == ([201], set())
    assert LogInAttempt.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_upload_of_a_process_that_was_stopped_is_written_once(client_of_alice, held):
    """Its lease runs out while it reads the file; the repetition does the work, and it finds its
    key taken.
    """

    def send():
        file = SimpleUploadedFile("held.bin", b"one")
        return client_of_alice.post(
            "/api/example/files/",
            {"file": file},
            headers={**KEY, "Authorization": f"Bearer {client_of_alice.token}"},
        )

    answers = held(send)
    with moved(timedelta(minutes=1)):
        first = send()
    held.end()
    assert (first.status_code, answers) == (201, [409])
    again = send()
    assert (again.status_code, again.content, again["Idempotency-Replayed"]) == (
        201,
        first.content,
        "true",
    )
    assert LogInAttempt.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_upload_that_crashes_after_it_began_to_write_leaves_nothing(client_of_alice, monkeypatch):
    def send():
        file = SimpleUploadedFile("broken.bin", b"one")
        return client_of_alice.post(
            "/api/example/files/",
            {"file": file},
            headers={**KEY, "Authorization": f"Bearer {client_of_alice.token}"},
        )

    def keep(*_):
        raise RuntimeError("between the work and its answer")

    with monkeypatch.context() as broken:
        broken.setattr(idempotency.Claim, "keep", keep)
        assert send().status_code == 500
    assert (LogInAttempt.objects.count(), IdempotencyRecord.objects.count()) == (0, 0)
    assert send().status_code == 201


@pytest.mark.django_db(transaction=True)
def test_leases_are_renewed_while_a_request_runs(django_user_model, monkeypatch):
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.05)
    user = django_user_model.objects.create(username="alice")
    began = database_now() - timedelta(seconds=5)
    row = IdempotencyRecord.objects.create(user=user, key="k", fingerprint="f", expires_at=began)
    with leases.renewed(row.claim):
        deadline = time.monotonic() + 60
        while IdempotencyRecord.objects.get().expires_at == began and time.monotonic() < deadline:
            pass
        assert IdempotencyRecord.objects.get().expires_at > began + timedelta(seconds=10)
        thread = leases._renewer.thread
    thread.join(60)
    assert not thread.is_alive()
