"""A process is killed in the middle of an upload; the client sends it again with the same key."""

import signal
import subprocess
import sys
from datetime import timedelta

import pytest
from django.test import Client

from accounts import refresh_tokens
from accounts.models import IdempotencyRecord
from core.clock import moved
from stories.models import Take
from tests.api.world import upload
from tests.providers.processes import ROOT, environment
from tests.stories.factories import make_scene, make_story

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

KEY = {"Idempotency-Key": "upload-1"}

# A web process that takes one upload and is killed at a point of it.
PROCESS = """
import os, signal, sys
import django
django.setup()
from django.conf import settings
from django.test import Client
from api import idempotency
from tests.api.world import upload

settings.ALLOWED_HOSTS = ["testserver"]
path, token, key, point = sys.argv[1:]
keep, once = idempotency.Claim.keep, idempotency.answer_long_once

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

def keep_or_die(claim, response):
    if point == "before the answer is stored":
        kill()
    keep(claim, response)
    if point == "before the commit":
        kill()

def once_or_die(*values):
    response = once(*values)
    kill()
    return response

idempotency.Claim.keep = keep_or_die
idempotency.answer_long_once = once_or_die
headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
print(Client().post(path, {"file": upload(), "kind": "image"}, headers=headers).content)
"""


@pytest.mark.parametrize(
    ("point", "is_written"),
    [
        ("before the answer is stored", False),
        ("before the commit", False),
        ("before the answer is sent", True),
    ],
)
def test_upload_of_a_killed_process_is_written_once(owner, settings, point, is_written):
    scene = make_scene(make_story(owner))
    token = refresh_tokens.start(owner).access.token
    path = f"/api/ai-video/scenes/{scene.pk}/takes/"
    ended = subprocess.run(
        [sys.executable, "-c", PROCESS, path, token, KEY["Idempotency-Key"], point],
        env=environment() | {"SECRET_KEY": settings.SECRET_KEY},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (-signal.SIGKILL, ""), ended.stderr
    assert Take.objects.count() == is_written

    def send():
        headers = {"Authorization": f"Bearer {token}", **KEY}
        return Client().post(path, {"file": upload(), "kind": "image"}, headers=headers)

    if not is_written:
        early = send()
        assert (early.status_code, early.json()["code"]) == (409, "idempotency_key_running")
    with moved(timedelta(seconds=11)):
        again = send()
    assert (again.status_code, again.get("Idempotency-Replayed")) == (
        201,
        "true" if is_written else None,
    )
    take = Take.objects.get()
    assert again.json()["id"] == str(take.pk)
    assert IdempotencyRecord.objects.get().status == 201
