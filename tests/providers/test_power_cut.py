"""Committed means on the disk: what is there if the power fails at the moment when a paid request
arrives at a provider.
"""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from config.services import database
from jobs import registry
from jobs.enums import JobStatus
from jobs.models import Pause
from jobs.outcomes import Done
from jobs.run import Run
from jobs.runner import run
from jobs.services.claim import claim
from jobs.services.queue import enqueue
from providers import store
from providers.calls import Ready, advance
from providers.models import AIProviderConfig, OrganizationBudget
from tests.fakes.server import Asked, Reply
from tests.fakes.stability import Stability
from tests.providers.real import IMAGE, KEYS, configure
from tests.providers.synced_disk import SyncedDisk, synced_disk

CALLS = "SELECT state FROM providers_providercall"
JOBS = "SELECT id, status, token FROM jobs_job WHERE token > 0"
TAKEN = "SELECT key FROM providers_providercall WHERE state = 'settled'"


class Witness(Stability):
    """Looks at the disk when a request arrives that is paid for."""

    def __init__(self, disk: SyncedDisk, folder: Path) -> None:
        super().__init__()
        self.disk, self.folder = disk, folder
        self.seen: list[Any] = []

    def answer(self, asked: Asked) -> Reply:
        if asked.method == "POST" and self.is_paid(asked):
            self.seen.append(self.disk.rows(self.folder / f"cut-{len(self.seen)}", CALLS))
        return super().answer(asked)


@pytest.fixture
def disk(transactional_db: None) -> Iterator[SyncedDisk]:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL syncs its log at each commit by itself")
    name = Path(connection.settings_dict["NAME"])
    connection.close()  # the next one is opened through the watched file system
    with synced_disk(name) as disk:
        yield disk
        connection.close()


@pytest.fixture
def stability(disk: SyncedDisk, settings: Any, tmp_path: Path) -> Iterator[Witness]:
    settings.LOOPBACK_PROVIDERS = True
    settings.PROVIDER_KEYS = KEYS
    OrganizationBudget.objects.get_or_create(pk=1)
    with Witness(disk, tmp_path) as fake:
        configure("stability_ai", fake)
        yield fake


def go() -> Ready:
    ready = advance(IMAGE, provider="stability_ai", key="k", subject="story", item="scene")
    assert isinstance(ready, Ready)
    return ready


def test_call_is_on_the_disk_when_its_request_arrives(stability: Witness) -> None:
    go()
    assert stability.seen == [[("sending",)]]


def test_result_is_on_the_disk_when_the_call_has_returned(
    stability: Witness, tmp_path: Path
) -> None:
    go()
    assert stability.disk.rows(tmp_path / "afterwards", TAKEN) == [("k",)]


def test_without_syncing_the_call_would_be_gone(stability: Witness) -> None:
    """That this test can fail: as the database was set before,
    the same power cut leaves no call.
    """
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous=NORMAL")
    go()
    assert stability.seen == [[]]


def test_power_cut_forgets_at_most_the_end_of_a_job_and_nothing_that_it_bought(
    stability: Witness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job is then running without a worker, as if its worker had been killed, and finds what
    it has bought. The next commit that is flushed brings the end to the disk as well.
    """

    def buy(_run: Run) -> Done:
        go()
        return Done()

    monkeypatch.setattr(registry, "_handlers", {})
    registry.handler("buy")(buy)
    data = {"story_id": "story", "action": "buy", "parameters": {}}
    bought, _made = enqueue("buy", data=data, subject="story")
    job = claim(worker="w")
    assert job is not None
    run(job)
    assert stability.seen == [[("sending",)]]
    cut = stability.disk.rows(tmp_path / "cut", JOBS), stability.disk.rows(tmp_path / "too", TAKEN)
    assert cut == ([(bought.pk, "running", 1)], [("k",)])
    bought.refresh_from_db()
    assert bought.status == JobStatus.SUCCEEDED
    Pause.objects.create(name="flushed")
    assert stability.disk.rows(tmp_path / "after", JOBS) == [(bought.pk, "succeeded", 1)]


def synchronous() -> int:
    with connection.cursor() as cursor:
        return int(cursor.execute("PRAGMA synchronous").fetchone()[0])


def test_every_connection_syncs_its_commits(disk: SyncedDisk) -> None:
    """Web threads, workers and commands all open theirs from the same settings."""
    found = [synchronous()]

    def look() -> None:
        found.append(synchronous())
        connections.close_all()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [2, 2]
    assert (
        "synchronous=FULL" in database("sqlite:////var/studio.sqlite3")["OPTIONS"]["init_command"]
    )


@pytest.fixture
def fsynced(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The inodes of files and folders that were synced."""
    inodes: set[int] = set()
    fsync = os.fsync

    def note(handle: int) -> None:
        fsync(handle)
        inodes.add(os.fstat(handle).st_ino)

    monkeypatch.setattr(os, "fsync", note)
    return inodes


def test_kept_file_is_synced_with_its_name_and_its_folders(
    media_folder: Path, tmp_path: Path, fsynced: set[int]
) -> None:
    """The file, the folder that holds its name, and the folders above it that were made for it."""
    file = tmp_path / "made"
    file.write_bytes(b"picture")
    kept = media_folder / store.save(file, "png").name
    wanted = [kept, kept.parent, kept.parent.parent, media_folder, media_folder.parent]
    assert [path.stat().st_ino in fsynced for path in wanted] == [True] * 5


def test_file_of_a_settled_call_is_synced_with_its_name(
    stability: Witness, media_folder: Path, fsynced: set[int]
) -> None:
    ready = go()
    assert ready.call.result is not None
    file = media_folder / ready.call.result["file"]
    assert {file.stat().st_ino, file.parent.stat().st_ino} <= fsynced
    assert AIProviderConfig.objects.filter(provider="stability_ai").exists()
