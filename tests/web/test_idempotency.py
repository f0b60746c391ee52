"""A request sent twice with one key is done once."""

import threading
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.utils import timezone

from tests.web.conftest import JsonClient
from web.auth import refresh
from web.json import idempotency
from web.models import KeptAnswer, LogInAttempt

KEY = {"Idempotency-Key": "order-1"}


def test_same_key_and_body_give_the_same_answer_and_one_row(api):
    first = api.ask("POST", "notes/", {"title": "sea"}, headers=KEY)
    again = api.ask("POST", "notes/", {"title": "sea"}, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.content, again["Location"], again["Content-Type"]) == (first.content, first["Location"], "application/json")
    assert (first.get("Idempotency-Replayed"), again["Idempotency-Replayed"]) == (None, "true")
    assert LogInAttempt.objects.count() == 1


@pytest.mark.parametrize(("path", "body"), [("notes/", {"title": "other"}), ("slow/", {"title": "sea"})])
def test_same_key_for_another_request_is_422(api, path, body):
    api.ask("POST", "notes/", {"title": "sea"}, headers=KEY)
    response = api.ask("POST", path, body, headers=KEY)
    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
    assert LogInAttempt.objects.count() == 1


def test_answer_that_said_no_is_kept_and_its_work_is_undone(api):
    first = api.ask("POST", "notes/", {"title": "busy"}, headers=KEY)
    again = api.ask("POST", "notes/", {"title": "busy"}, headers=KEY)
    assert (first.status_code, again.status_code, again.content) == (409, 409, first.content)
    assert (again["Content-Type"], again["Idempotency-Replayed"]) == ("application/problem+json", "true")
    assert not LogInAttempt.objects.exists()


def test_crash_is_not_kept(api):
    first = api.ask("POST", "notes/", {"title": "boom"}, headers=KEY)
    again = api.ask("POST", "notes/", {"title": "boom"}, headers=KEY)
    assert (first.status_code, again.status_code, again.get("Idempotency-Replayed")) == (500, 500, None)
    assert (KeptAnswer.objects.count(), LogInAttempt.objects.count()) == (0, 0)


def test_body_that_cannot_be_taken_does_not_use_up_the_key(api):
    assert api.ask("POST", "notes/", {"title": ""}, headers=KEY).status_code == 422
    assert api.ask("POST", "notes/", {"title": "sea"}, headers=KEY).status_code == 201


def test_first_still_running_is_409_with_when_to_ask(api, user):
    api.ask("POST", "notes/", {"title": "sea"}, headers=KEY)
    KeptAnswer.objects.update(status=0, expires_at=timezone.now() + timedelta(seconds=30))
    response = api.ask("POST", "notes/", {"title": "sea"}, headers=KEY)
    assert (response.status_code, response.json()["code"], response["Retry-After"]) == (409, "idempotency_key_running", "1")


def test_key_of_a_lost_request_and_of_an_ended_answer_can_be_used_again(api):
    for status in (0, 201):
        api.ask("POST", "notes/", {"title": "sea"}, headers=KEY)
        KeptAnswer.objects.update(status=status, expires_at=timezone.now() - timedelta(seconds=1))
    assert api.ask("POST", "notes/", {"title": "other"}, headers=KEY).status_code == 201
    assert [row.account for row in LogInAttempt.objects.order_by("id")] == ["sea", "sea", "other"]


def test_late_request_that_was_taken_over_leaves_nothing(api, user, monkeypatch):
    def taken_over(claim, response):
        KeptAnswer.objects.filter(pk=claim.row).update(claim="00000000-0000-0000-0000-000000000000")
        return kept(claim, response)

    kept = idempotency.Claim.keep
    monkeypatch.setattr(idempotency.Claim, "keep", taken_over)
    api.ask("POST", "notes/", {"title": "sea"}, headers=KEY)
    assert not LogInAttempt.objects.exists()


def test_another_person_has_keys_of_their_own(api, django_user_model):
    other = django_user_model.objects.create(username="bob")
    api.ask("POST", "notes/", {"title": "sea"}, headers=KEY)
    response = api.ask("POST", "notes/", {"title": "mine"}, headers=KEY, token=refresh.start(other).access.token)
    assert (response.status_code, response.json()["title"]) == (201, "mine")


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "k\u00e9y"])
def test_key_that_is_none_is_422(api, key):
    response = api.ask("POST", "notes/", {"title": "sea"}, headers={"Idempotency-Key": key})
    assert (response.status_code, response.json()["errors"][0]["parameter"]) == (422, "Idempotency-Key")


def test_upload_with_the_same_file_is_one_and_with_another_422(api):
    def send(content):
        return api.post("/api/example/files/", {"file": SimpleUploadedFile("a.bin", content)}, headers={**KEY, "Authorization": f"Bearer {api.token}"})

    first, again, other = send(b"one"), send(b"one"), send(b"two")
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert again["Idempotency-Replayed"] == "true"
    assert LogInAttempt.objects.count() == 1
    assert send(b"x" * 6000).status_code == 413


def test_sweep_deletes_ended_answers_only(api, user):
    now = timezone.now()
    for name, ends in (("old", -1), ("new", 1)):
        KeptAnswer.objects.create(user=user, key=name, fingerprint="", expires_at=now + timedelta(hours=ends))
    assert idempotency.sweep() == 1
    assert [row.key for row in KeptAnswer.objects.all()] == ["new"]


@pytest.mark.django_db(transaction=True)
def test_ten_at_once_do_it_once(urls, django_user_model):
    user = django_user_model.objects.create(username="alice")
    token, answers = refresh.start(user).access.token, []

    def send():
        try:
            answers.append(JsonClient(raise_request_exception=False).ask("POST", "slow/", token=token, headers=KEY).status_code)
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
