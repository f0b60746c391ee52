"""What a job starts never outlives it, whatever is killed: ffmpeg above all."""

import shutil
from pathlib import Path

import pytest

from jobs.worker import linux_processes
from media import ffmpeg

from .marks import on_both, patient, under
from .worker_group import Drill, WorkerGroup, eventually, gone

pytestmark = pytest.mark.fault_injection


def the_child(drill: Drill) -> list[int]:
    """The process that the job started and the ones below it."""
    ((_job, _worker, child),) = eventually(lambda: drill.lines("children"), what="a child")
    return eventually(
        lambda: len(found := [int(child), *linux_processes.descendants(int(child))]) >= 3 and found,
        what="grandchildren",
    )


@on_both
@patient
def test_child_process_ends_with_a_job_that_forgot_it(drill):
    drill.crew()
    drill.enqueue("chaos_child", {"seconds": 0.5})
    family = the_child(drill)
    drill.wait_for_end()
    assert gone(family)


@on_both
@patient
def test_child_process_ends_when_its_job_is_cancelled(drill):
    drill.crew()
    (job,) = drill.enqueue("chaos_child", {"seconds": 60})
    family = the_child(drill)
    assert drill.desk.ask("cancel", job=job) == "running"
    drill.wait_for_end()
    assert drill.row()["status"] == "cancelled"
    assert gone(family)


@on_both
def test_child_process_ends_when_its_worker_is_killed(drill):
    drill.crew()
    drill.enqueue("chaos_child", {"seconds": 60, "max_attempts": 1})
    family = the_child(drill)
    linux_processes.kill([int(drill.lines("children")[0][1])])
    eventually(lambda: gone(family), what="the child has ended")
    drill.wait_for_end()
    assert (drill.row()["status"], drill.row()["error"]["code"]) == ("failed", "worker_lost")


@on_both
@under(JOB_LEASE_SECONDS="30", CHAOS_TIME_LIMIT="1.5")
def test_child_process_ends_when_the_time_is_over(drill):
    drill.crew()
    drill.enqueue("chaos_child", {"seconds": 60, "max_attempts": 1})
    family = the_child(drill)
    drill.wait_for_end()
    assert (drill.row()["status"], drill.row()["error"]["code"]) == ("failed", "overtime")
    assert gone(family)


@on_both
def test_child_process_of_a_killed_crew_ends_with_the_next(drill):
    """Nobody was left to end it; the next crew on this machine does."""
    crew = drill.crew()
    drill.enqueue("chaos_child", {"seconds": 60, "max_attempts": 1})
    family = the_child(drill)
    everyone = [pid for pid in crew.everyone() if pid not in family]
    linux_processes.kill(everyone)
    crew.process.wait()
    drill.crew()
    eventually(lambda: gone(family), what="the child has ended")


@on_both
@under(JOB_LEASE_SECONDS="5", CHAOS_TIME_LIMIT="0.5")
def test_time_over_and_not_listening(drill):
    """A handler that does not even look is ended together with its process; the job says why."""
    drill.crew()
    drill.enqueue("chaos_stuck", {"seconds": 60, "max_attempts": 1})
    ((_job, _token, pid, _priority),) = drill.wait_for_starts(1)
    drill.wait_for_end()
    assert (drill.row()["status"], drill.row()["error"]["code"]) == ("failed", "overtime")
    eventually(lambda: gone([pid]), what="the worker has ended")


# --- ffmpeg


def films(crew: WorkerGroup) -> list[int]:
    """The crew's ffmpeg processes."""
    program = str(Path(shutil.which(ffmpeg.binary()) or "").resolve())
    return [pid for pid in crew.everyone() if str(Path(f"/proc/{pid}/exe").resolve()) == program]


def the_film(drill: Drill, crew: WorkerGroup) -> tuple[int, int]:
    """ffmpeg and its worker, in the middle of a film."""
    _job, worker, _frames = eventually(lambda: drill.lines("frames"), what="a frame")[-1]
    (film,) = eventually(lambda: films(crew), what="ffmpeg")
    return film, int(worker)


@on_both
@pytest.mark.parametrize("victim", ["worker", "pool", "supervisor", "all"])
def test_ffmpeg_ends_with_whoever_is_killed(drill, victim):
    crew = drill.crew()
    drill.enqueue("drill_ffmpeg", {"seconds": 120, "max_attempts": 1})
    film, worker = the_film(drill, crew)
    everyone = [pid for pid in crew.everyone() if pid != film]
    linux_processes.kill(
        {
            "worker": [worker],
            "pool": [crew.pool],
            "supervisor": [crew.process.pid],
            "all": everyone,
        }[victim]
    )
    eventually(lambda: gone([film]), what="ffmpeg has ended")
    if victim in {"supervisor", "all"}:
        crew.process.wait()
        crew = drill.crew()
    drill.wait_for_end()
    assert (drill.row()["status"], drill.row()["error"]["code"]) == ("failed", "worker_lost")
    assert films(crew) == []


@on_both
@patient
@pytest.mark.parametrize("how", ["cancelled", "terminated"])
def test_ffmpeg_ends_with_its_job(drill, how):
    crew = drill.crew()
    (job,) = drill.enqueue("drill_ffmpeg", {"seconds": 120})
    film, _worker = the_film(drill, crew)
    if how == "cancelled":
        drill.desk.ask("cancel", job=job)
        drill.wait_for_end()
    else:
        crew.terminate()
    assert gone([film])
    assert drill.row()["status"] == {"cancelled": "cancelled", "terminated": "queued"}[how]
    assert list(drill.folder.glob("*.mkv*")) == list(drill.folder.glob(".*.part")) == []


@on_both
@patient
def test_killed_ffmpeg_is_tried_again_and_the_film_is_whole(drill):
    crew = drill.crew()
    (job,) = drill.enqueue("drill_ffmpeg", {"seconds": 2})
    film, _worker = the_film(drill, crew)
    linux_processes.kill([film])
    drill.wait_for_end()
    row = drill.row()
    assert (row["status"], row["effects"], row["attempts"]) == ("succeeded", 1, 2)
    assert ffmpeg.probe(drill.folder / f"{job}.mkv").frames == 2 * 24
