"""The order in which tables are locked is recorded, and inversions fail a test."""

import re
import threading
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction

from jobs.models import Job
from stories.models import Scene, Story
from tests.lock_order import ORDER, LockOrder, LockOrderError

pytestmark = pytest.mark.django_db


def lock(*models: type) -> None:
    with transaction.atomic():
        for model in models:
            list(model.objects.select_for_update())


def test_the_documented_order_passes(lock_order: LockOrder) -> None:
    lock(Job, Story, Scene, Story)
    lock_order.check()


def test_an_inversion_is_named(lock_order: LockOrder) -> None:
    lock(Scene, Story)
    with pytest.raises(LockOrderError, match="stories_story was locked after stories_scene"):
        lock_order.check()


def test_two_transactions_are_two(lock_order: LockOrder) -> None:
    lock(Scene)
    lock(Story)
    lock_order.check()


def test_an_inner_transaction_belongs_to_the_outer_one(lock_order: LockOrder) -> None:
    with transaction.atomic():
        lock(Scene)
        lock(Job)
    with pytest.raises(LockOrderError, match="jobs_job was locked after stories_scene"):
        lock_order.check()


@pytest.mark.skipif(
    not connection.features.has_select_for_update_skip_locked, reason="PostgreSQL only"
)
def test_a_lock_that_does_not_wait_is_left_out(lock_order: LockOrder) -> None:
    with transaction.atomic():
        list(Story.objects.select_for_update())
        list(Job.objects.select_for_update(skip_locked=True))
    lock_order.check()


def test_threads_do_not_mix(lock_order: LockOrder) -> None:
    with transaction.atomic():
        list(Scene.objects.select_for_update())
        other = threading.Thread(target=lock_order.lock, args=("stories_story",))
        other.start()
        other.join()
    lock_order.check()


def test_the_document_has_the_same_order() -> None:
    text = (Path(settings.BASE_DIR) / "docs/development/locking.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \d \| ([^|]+) \|", text, re.MULTILINE)
    assert tuple(re.findall(r"`(\w+)`", " ".join(rows))) == ORDER
