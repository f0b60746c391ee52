"""From script to film on PostgreSQL, Redis and S3, with web and workers as
they run in production.
"""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.chaos.installation import Installation, until

pytestmark = [pytest.mark.fault_injection, pytest.mark.slow]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation(
        tmp_path_factory.mktemp("installation"), given=True, env={"LOG_FORMAT": "json"}
    ) as installation:
        installation.start()
        yield installation


@pytest.fixture(scope="module")
def made(installation: Installation) -> tuple[str, dict[str, Any]]:
    """A story of this installation and its final film."""
    story = installation.client.write("The lighthouse")
    return story, installation.client.carry(story)


def web(installation: Installation, path: str, **how: Any) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{installation.port}{path}", timeout=120, **how)


def test_story_becomes_a_film_and_the_store_serves_it(
    installation: Installation, made: tuple[str, dict[str, Any]]
) -> None:
    client, (story, film) = installation.client, made
    assert (film["kind"], film["number"], film["duration_seconds"], film["frames"]) == (
        "final",
        1,
        14.0,
        336,
    )

    link = client._ask(
        "GET",
        film["url"]
        if film["url"].startswith("http")
        else f"http://127.0.0.1:{installation.port}{film['url']}",
        headers={"Range": "bytes=4-11"},
    )
    assert link.url.host == "127.0.0.1"
    assert f":{link.url.port}" in installation.env["MINIO_ENDPOINT"]
    assert (link.status_code, link.content[:4], link.headers["Content-Type"]) == (
        206,
        b"ftyp",
        "video/mp4",
    )
    assert not (
        Path(installation.env["VAR_DIR"]) / "media"
    ).exists()  # every file went to the store

    rows = sorted(client.get(f"stories/{story}/transitions/")["items"], key=lambda row: row["id"])
    assert [row["to_status"] for row in rows] == [
        "planning",
        "planned",
        "previewing",
        "rendering",
        "completed",
    ]
    assert installation.rows("SELECT status, count(*) FROM jobs_job GROUP BY status") == [
        ("succeeded", 11)  # four of them encode segments
    ]
    assert installation.rows(
        "SELECT state, count(*) FROM providers_providercall GROUP BY state"
    ) == [("settled", 5)]
    assert client.crashes == []


@pytest.mark.usefixtures("made")
def test_every_check_is_well_and_the_metrics_tell_of_the_film(installation: Installation) -> None:
    assert (installation.health()[0], installation.not_well()) == (200, [])
    assert {
        name: check["detail"]
        for name, check in installation.health()[1]["checks"].items()
        if name in {"database", "wakeup", "storage"}
    } == {
        "database": "postgresql",
        "wakeup": "Redis",
        "storage": "writes and reads",
    }
    text = web(installation, "/metrics").text
    assert 'videoplanet_films_total{kind="final"} 1' in text
    assert 'videoplanet_job_run_seconds_count{name="story_render"} 1' in text
    assert 'videoplanet_jobs{name="scene_render",status="succeeded"} 2' in text


def test_pages_allow_films_from_the_store(installation: Installation) -> None:
    response = web(installation, "/admin/login/")
    assert (
        f"media-src 'self' blob: {installation.env['MINIO_ENDPOINT']}"
        in response.headers["Content-Security-Policy"]
    )


def test_log_lines_name_job_and_request_and_no_secret(installation: Installation) -> None:
    web(installation, "/api/ai-video/stories/", headers={"X-Request-ID": "request-1"})
    lines = list(installation.log_lines())
    entries = [json.loads(line) for line in lines if line.startswith("{")]
    assert entries
    assert any(entry["logger"] == "ai_video.jobs" for entry in entries)
    assert not [
        line
        for line in lines
        if installation.env["SECRET_KEY"] in line or installation.env["MINIO_SECRET_KEY"] in line
    ]


def test_workers_end_with_sigterm_and_give_back_what_they_do(installation: Installation) -> None:
    story = installation.client.write("Interrupted")
    installation.client.plan(story)
    installation.client.reach(story, "planned")
    installation.client.preview(story)
    until(
        lambda: installation.rows("SELECT 1 FROM jobs_job WHERE status = 'running'"),
        seconds=60,
        what="that a job runs",
    )
    group = installation.worker_groups.pop()
    os.kill(group.pid, signal.SIGTERM)
    assert group.wait(60) == 0
    assert installation.rows("SELECT count(*) FROM jobs_job WHERE status = 'running'") == [(0,)]
    until(
        lambda: installation.health("workers")[0] == 503, seconds=60, what="that health says so"
    )  # findings are told again for two seconds
    installation.start_worker_group()
    film = installation.client.wait_for_film(story, "preview")
    assert film["kind"] == "preview"
    assert installation.rows("SELECT max(attempts) FROM jobs_job") == [(1,)]
