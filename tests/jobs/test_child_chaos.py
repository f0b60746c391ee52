"""What a job starts never outlives it, whatever is killed: ffmpeg above all."""

import shutil
from pathlib import Path

import pytest

from jobs.worker import linux_processes
from media import ffmpeg

from .marks import long_lease, on_both, under
from .worker_group import JobSystem, WorkerGroup, eventually, gone

pytestmark = pytest.mark.fault_injection


def the_child(system: JobSystem) -> list[int]:
    """The process that the job started and the ones below it."""
    ((_job, _worker, child),) = eventually(lambda: system.lines("children"), what="a child")
    return eventually(
        lambda: len(found := [int(child), *linux_processes.descendants(int(child))]) >= 3 and found,
        what="grandchildren",
    )


@on_both
@long_lease
def test_child_process_ends_with_a_job_that_forgot_it(system):
    system.start_workers()
    system.enqueue("chaos_child", {"seconds": 0.5})
    family = the_child(system)
    system.wait_for_end()
    assert gone(family)


@on_both
@long_lease
def test_child_process_ends_when_its_job_is_cancelled(system):
    system.start_workers()
    (job,) = system.enqueue("chaos_child", {"seconds": 60})
    family = the_child(system)
    assert system.client.ask("cancel", job=job) == "running"
    system.wait_for_end()
    assert system.row()["status"] == "cancelled"
    assert gone(family)


@on_both
def test_child_process_ends_when_its_worker_is_killed(system):
    system.start_workers()
    system.enqueue("chaos_child", {"seconds": 60, "max_attempts": 1})
    family = the_child(system)
    linux_processes.kill([int(system.lines("children")[0][1])])
    eventually(lambda: gone(family), what="the child has ended")
    system.wait_for_end()
    assert (system.row()["status"], system.row()["error"]["code"]) == ("failed", "worker_lost")


@on_both
@under(JOB_LEASE_SECONDS="30", CHAOS_TIME_LIMIT="1.5")
def test_child_process_ends_when_the_time_is_over(system):
    system.start_workers()
    system.enqueue("chaos_child", {"seconds": 60, "max_attempts": 1})
    family = the_child(system)
    system.wait_for_end()
    assert (system.row()["status"], system.row()["error"]["code"]) == ("failed", "overtime")
    assert gone(family)


@on_both
def test_child_process_of_a_killed_group_ends_with_the_next(system):
    """The next group of workers on this machine ends it."""
    worker_group = system.start_workers()
    system.enqueue("chaos_child", {"seconds": 60, "max_attempts": 1})
    family = the_child(system)
    everyone = [pid for pid in worker_group.everyone() if pid not in family]
    linux_processes.kill(everyone)
    worker_group.process.wait()
    system.start_workers()
    eventually(lambda: gone(family), what="the child has ended")


@on_both
@under(JOB_LEASE_SECONDS="30", CHAOS_TIME_LIMIT="0.5")
def test_time_over_and_not_listening(system):
    """A handler that does not even look is ended together with its process; the job says why."""
    system.start_workers()
    system.enqueue("chaos_stuck", {"seconds": 60, "max_attempts": 1})
    ((_job, _token, pid, _priority),) = system.wait_for_starts(1)
    system.wait_for_end()
    assert (system.row()["status"], system.row()["error"]["code"]) == ("failed", "overtime")
    eventually(lambda: gone([pid]), what="the worker has ended")


# --- ffmpeg


def films(worker_group: WorkerGroup) -> list[int]:
    """The group's ffmpeg processes."""
    program = str(Path(shutil.which(ffmpeg.binary()) or "").resolve())
    return [
        pid for pid in worker_group.everyone() if str(Path(f"/proc/{pid}/exe").resolve()) == program
    ]


def the_film(system: JobSystem, worker_group: WorkerGroup) -> tuple[int, int]:
    """ffmpeg and its worker, in the middle of a film."""
    _job, worker, _frames = eventually(lambda: system.lines("frames"), what="a frame")[-1]
    (film,) = eventually(lambda: films(worker_group), what="ffmpeg")
    return film, int(worker)


@on_both
@pytest.mark.parametrize("victim", ["worker", "pool", "supervisor", "all"])
def test_ffmpeg_ends_with_whoever_is_killed(system, victim):
    worker_group = system.start_workers()
    system.enqueue("chaos_ffmpeg", {"seconds": 600, "max_attempts": 1})
    film, worker = the_film(system, worker_group)
    everyone = [pid for pid in worker_group.everyone() if pid != film]
    linux_processes.kill(
        {
            "worker": [worker],
            "pool": [worker_group.pool],
            "supervisor": [worker_group.process.pid],
            "all": everyone,
        }[victim]
    )
    eventually(lambda: gone([film]), what="ffmpeg has ended")
    if victim in {"supervisor", "all"}:
        worker_group.process.wait()
        worker_group = system.start_workers()
    system.wait_for_end()
    assert (system.row()["status"], system.row()["error"]["code"]) == ("failed", "worker_lost")
    assert films(worker_group) == []


@on_both
@long_lease
@pytest.mark.parametrize("how", ["cancelled", "terminated"])
def test_ffmpeg_ends_with_its_job(system, how):
    worker_group = system.start_workers()
    (job,) = system.enqueue("chaos_ffmpeg", {"seconds": 600})
    film, _worker = the_film(system, worker_group)
    if how == "cancelled":
        system.client.ask("cancel", job=job)
        system.wait_for_end()
    else:
        worker_group.terminate()
    assert gone([film])
    assert system.row()["status"] == {"cancelled": "cancelled", "terminated": "queued"}[how]
    assert list(system.folder.glob("*.mkv*")) == list(system.folder.glob(".*.part")) == []


@on_both
@long_lease
def test_killed_ffmpeg_is_tried_again_and_the_film_is_whole(system):
    worker_group = system.start_workers()
    (job,) = system.enqueue("chaos_ffmpeg", {"seconds": 2})
    film, _worker = the_film(system, worker_group)
    linux_processes.kill([film])
    system.wait_for_end()
    row = system.row()
    assert (row["status"], row["effects"], row["attempts"]) == ("succeeded", 1, 2)
    assert ffmpeg.probe(system.folder / f"{job}.mkv").frames == 2 * 24
