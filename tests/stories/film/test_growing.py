"""Segments that jobs of their own encode before the film is built."""

from datetime import timedelta
from typing import Any

import pytest

from core.clock import DatabaseNow
from jobs.enums import JobStatus
from jobs.lease import Lease, never
from jobs.models import Job
from jobs.registry import find
from jobs.run import Run
from jobs.runner import run, run_due
from jobs.services import queue
from jobs.services.claim import claim
from jobs.services.reclaim import reclaim_expired
from media import ffmpeg
from providers import store
from stories.enums import JobName, TakeKind
from stories.film import growing
from stories.film.segments import Piece, encode, fetch, work_folder
from stories.models import Film, Scene, Take
from stories.services import enqueue, job_data, takes
from stories.services.transitions import apply_transition
from tests.pictures import picture
from tests.stories.factories import make_scene, make_story, make_take

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(owner: Any) -> Scene:
    story = make_story(owner, status="planned")
    return make_scene(story, duration_seconds=1)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The segments that are really encoded."""
    made: list[str] = []

    def counted(piece: Piece, *args: Any, **kwargs: Any) -> Any:
        made.append(piece.hash)
        return encode(piece, *args, **kwargs)

    monkeypatch.setattr(growing, "encode", counted)
    return made


def add(scene: Scene, colour: str, **values: Any) -> Take:
    return make_take(scene, content=picture(colour, (1280, 720)), chosen=False, **values)


def encoded(job: Job) -> list[str]:
    job.refresh_from_db()
    found: list[str] = (job.result or {})["result"]["metadata"]["encoded"]
    return found


def jobs(**values: Any) -> list[Job]:
    return list(
        Job.objects.filter(name=JobName.SCENE_SEGMENT, **values).order_by("created_at", "pk")
    )


def test_a_selected_take_is_encoded_at_once_and_once(
    scene: Scene, owner: Any, calls: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    take = add(scene, "teal")
    for _time in range(2):  # selecting the same take again changes nothing
        with django_capture_on_commit_callbacks(execute=True):
            takes.select_take(take.pk, actor=owner)
        run_due()
    (job,) = jobs()
    assert (job.status, job.priority, job.item) == (JobStatus.SUCCEEDED, 9, str(scene.pk))
    assert calls == encoded(job)
    assert store.media().exists(f"segments/{calls[0][:2]}/{calls[0]}.mp4")


def test_segments_come_after_what_is_paid_for(scene: Scene, owner: Any) -> None:
    enqueue.enqueue_segment(scene, "preview", owner=owner)
    paid, _new = enqueue.enqueue_scene(scene, TakeKind.IMAGE, owner=owner)
    found = claim(worker="one")
    assert found is not None
    assert found.pk == paid.pk


@pytest.mark.moderate
def test_the_film_finds_its_segments_encoded(scene: Scene, owner: Any, calls: list[str]) -> None:
    make_scene(scene.story, duration_seconds=1)
    apply_transition(scene.story_id, "generate_preview", actor=owner)
    run_due()
    film = Film.objects.get()
    hashes = [row["hash"] for row in film.manifest["segments"]]
    assert (film.segments_reused, film.segments_encoded) == (0, 2)
    assert (
        sorted(digest for job in jobs() for digest in encoded(job))
        == sorted(calls)
        == sorted(hashes)
    )


def test_another_take_stops_the_first_ones_job(
    scene: Scene, owner: Any, django_capture_on_commit_callbacks: Any
) -> None:
    first, second = add(scene, "teal"), add(scene, "navy")
    with django_capture_on_commit_callbacks(execute=True):
        takes.select_take(first.pk, actor=owner)
    running = claim(worker="one")
    assert running is not None
    queue.take_key(running, "segment:of the first")
    with django_capture_on_commit_callbacks(execute=True):
        takes.select_take(second.pk, actor=owner)
    old, new = jobs()
    assert (old.pk, old.cancel_requested_at is not None) == (running.pk, True)
    assert new.unique_key == f"scene_segment:preview:{scene.pk}"


@pytest.mark.moderate
def test_a_segment_is_encoded_by_one_job_of_all_stories(
    scene: Scene, owner: Any, calls: list[str]
) -> None:
    """Two stories show the same picture in the same way."""
    twin = make_scene(make_story(owner, status="planned"), duration_seconds=1)
    Scene.objects.filter(pk=twin.pk).update(prompt=scene.prompt)
    for one in (scene, twin):
        one.refresh_from_db()
        make_take(one, content=picture("teal", (1280, 720)))
        enqueue.enqueue_segment(one, "preview", owner=owner)
    first, second = claim(worker="one"), claim(worker="two")
    assert first is not None
    assert second is not None
    (segment,) = growing._present(scene.story, first.item, "preview")
    assert queue.take_key(first, growing.key_of(segment))
    run(second)
    assert (calls, encoded(second)) == ([], [])
    Job.objects.filter(pk=first.pk).update(lease_until=DatabaseNow(-timedelta(seconds=1)))
    assert reclaim_expired() == 1  # killed; another worker goes on
    run_due()
    assert calls == [segment.hash] == encoded(first)


def test_the_film_leaves_a_scene_to_the_job_that_has_begun_with_it(
    scene: Scene, owner: Any
) -> None:
    """The job has read nothing yet: it has the key of no segment."""
    make_take(scene, content=picture("teal", (1280, 720)))
    story = scene.story
    film_job, _new = enqueue.enqueue_segment(make_scene(story), "final", owner=owner)
    enqueue.enqueue_segment(scene, "preview", owner=owner)
    begun = Job.objects.get(unique_key=job_data.segment_key("preview", scene.pk))
    Job.objects.filter(pk=begun.pk).update(status="running", unique_key=f"begun:{begun.pk}")
    growth = growing.encode_ahead(
        story, "preview", scenes=[scene], ready={scene.pk}, parent=film_job
    )
    assert (growth.encoding, growth.all_ours) == (1, True)
    assert [job.pk for job in jobs(item=str(scene.pk))] == [begun.pk]


@pytest.mark.parametrize("boundary", ["cross_fade", "dip_to_black"])
@pytest.mark.moderate
def test_a_transition_keeps_the_length_of_the_film(
    scene: Scene, owner: Any, calls: list[str], boundary: str
) -> None:
    """White gives way to blue. The middle of a cross-fade is between them, that of a dip black."""
    scene.boundary = boundary
    make_take(scene, content=picture("white", (1280, 720)))
    other = make_scene(scene.story, duration_seconds=1)
    make_take(other, content=picture((0, 0, 255), (1280, 720)))
    apply_transition(scene.story_id, "generate_preview", actor=owner)
    run_due()
    film = Film.objects.get()
    windows = film.manifest.get("cross_fades", [])
    expected = [12] if boundary == "cross_fade" else []
    assert (film.frames, [row["frames"] for row in windows]) == (48, expected)
    assert len(calls) == len(set(calls)) == 2 + len(expected)
    luma = brightness(film)
    assert len(luma) == 48
    before, middle, after = luma[10], luma[24], luma[40]
    assert before > 200
    if boundary == "cross_fade":
        assert after < middle < before  # blue is darker than white
    else:
        assert middle < after < before
        assert luma[23] < 40  # the last frame before the boundary
        assert middle < 12


def brightness(film: Film) -> list[float]:
    """The mean luma of the upper half of each frame; captions are in the lower one."""
    with work_folder() as folder:
        path = fetch(film.file, folder)
        size = (film.width, film.height // 2)
        out = folder / "luma.raw"
        crop = f"crop={size[0]}:{size[1]}:0:0,scale=16:16:flags=area"
        ffmpeg.run(
            ["-i", f"file:{path}", "-vf", crop, "-pix_fmt", "gray", "-f", "rawvideo"], out=out
        )
        raw = out.read_bytes()
    return [sum(raw[at : at + 256]) / 256 for at in range(0, len(raw), 256)]


def test_a_worker_killed_after_storing_encodes_nothing_again(
    scene: Scene, owner: Any, calls: list[str]
) -> None:
    make_take(scene, content=picture("teal", (1280, 720)))
    job, _new = enqueue.enqueue_segment(scene, "preview", owner=owner)
    killed = claim(worker="one")
    assert killed is not None

    lease = Lease(killed, time_limit=find(killed.name).time_limit, stopping=never)
    growing.encode_segment(
        scene.story, killed.item, "preview", run=Run(killed, lease, watched=True)
    )
    Job.objects.filter(pk=job.pk).update(lease_until=DatabaseNow(-timedelta(seconds=1)))
    assert reclaim_expired() == 1
    run_due()
    job.refresh_from_db()
    assert (job.status, len(calls)) == (JobStatus.SUCCEEDED, 1)
