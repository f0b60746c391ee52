"""/healthz, /readyz and /metrics: what they answer when all checks pass, when one fails, and to
whom.
"""

import json
import os
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as studio
from django.db import OperationalError
from django.test import Client, RequestFactory
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from jobs.models import Job, Worker
from operations import health
from operations.metrics import counters, http, views
from operations.metrics.histograms import buckets
from providers.models import ProviderCall
from stories.models import Story
from tests.services import redis


@pytest.fixture(autouse=True)
def nothing_kept_from_before() -> None:
    health.forget()
    views.forget()


def ready(client: Client, only: str = "") -> tuple[int, dict[str, Any]]:
    response = client.get("/readyz", {"only": only} if only else {})
    return response.status_code, response.json()


def test_healthz_answers_any_host_over_plain_http_without_a_database(
    client: Client, settings: Any
) -> None:
    settings.SECURE_SSL_REDIRECT, settings.ALLOWED_HOSTS = True, ["studio.example.com"]
    response = client.get("/healthz", headers={"Host": "10.0.0.9:8000"})
    assert (response.status_code, response.json(), response["Cache-Control"]) == (
        200,
        {"status": "ok"},
        "no-store",
    )
    assert client.post("/healthz").status_code == 405


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (45.2, "45.2 s ahead of"),
        (-3600.0, "3600.0 s behind"),
        (5.1, "5.1 s ahead of"),
        (4.9, "at most 4.9 s from"),
    ],
)
def test_readyz_tells_of_a_host_whose_clock_is_wrong(
    client: Client, manager: Any, ahead: float, words: str
) -> None:
    Worker.objects.create(name="w/1", host="render-2", pid=1, role="worker", clock_ahead=ahead)
    Worker.objects.create(name="w/2", host="render-3", pid=1, role="ticker", clock_ahead=0.1)
    status, body = ready(client, "clocks")
    assert words in body["checks"]["clocks"]["detail"]
    assert status == (200 if ahead == 4.9 else 503)
    assert "render" not in body["checks"]["clocks"]["detail"]  # anybody may ask
    client.force_login(manager)
    assert f"{ahead:+.1f} s" in client.get("/admin/monitoring/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_readyz_names_every_check_and_wants_a_worker(client: Client) -> None:
    status, body = ready(client)
    assert (status, body["status"], list(body["checks"])) == (
        503,
        "not ready",
        [
            "database",
            "migrations",
            "storage",
            "wakeup",
            "workers",
            "clocks",
            "periodic",
            "spool",
            "ffmpeg",
            "font",
        ],
    )
    assert {name: check["ok"] for name, check in body["checks"].items() if not check["ok"]} == {
        "workers": False
    }
    assert body["checks"]["workers"]["detail"] == "No worker is alive: start manage.py work."
    Worker.objects.create(name="w/1", host="h", pid=1, role="worker")
    health.forget()
    assert (ready(client)[0], ready(client)[1]["status"]) == (200, "ready")
    Worker.objects.update(seen_at=timezone.now() - timedelta(minutes=2))
    health.forget()
    assert ready(client)[0] == 503
    assert ready(client)[1]["checks"]["clocks"]["ok"]
    assert ready(client, "database,migrations,storage")[0] == 200


def test_unknown_check_is_refused(client: Client) -> None:
    status, body = ready(client, "database,moon")
    assert (status, body["unknown"]) == (400, ["moon"])


def test_storage_that_cannot_be_written_is_told_by_its_kind_alone(
    client: Client, settings: Any
) -> None:
    folder = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": "/proc/secret-place"},
    }
    settings.STORAGES = {**settings.STORAGES, "media": folder}
    status, body = ready(client, "storage")
    assert status == 503
    assert "secret-place" not in json.dumps(body)
    assert body["checks"]["storage"]["detail"] in {
        "FileNotFoundError",
        "PermissionError",
        "OSError",
        "NotADirectoryError",
    }


def test_storage_check_leaves_nothing_behind(client: Client, media_folder: Path) -> None:
    assert ready(client, "storage")[0] == 200
    assert [path for path in media_folder.rglob("*") if path.is_file()] == []


@pytest.mark.fault_injection
def test_bell_tells_of_redis(client: Client, settings: Any) -> None:
    with redis() as server:
        settings.REDIS_URL = server.url
        assert ready(client, "wakeup")[0] == 200
        server.freeze()
        health.forget()
        assert ready(client, "wakeup")[1]["checks"]["wakeup"]["detail"] == "TimeoutError"
        server.thaw()
        server.kill()
        health.forget()
        assert ready(client, "wakeup")[1]["checks"]["wakeup"]["detail"] == "ConnectionError"
        server.start()
        health.forget()
        assert ready(client, "wakeup")[0] == 200


def test_check_that_hangs_is_left_behind_and_not_begun_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held, begun = threading.Event(), []

    def hang() -> str:
        begun.append(1)
        held.wait(20)
        return "late"

    monkeypatch.setitem(health.CHECKS, "storage", hang)
    try:
        for _ in range(3):
            (finding,) = health.examine(["storage"], limit=0.1, max_age=0)
            assert (finding.ok, str(finding.detail)) == (False, "No answer within 0.1 s.")
        assert begun == [1]
    finally:
        held.set()
    health._Last.looking["storage"].join(60)
    (finding,) = health.examine(["storage"])
    assert (finding.ok, str(finding.detail)) == (True, "late")


def test_many_questions_at_once_cost_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    monkeypatch.setitem(health.CHECKS, "storage", lambda: looks.append(1) or "well")
    threads = [threading.Thread(target=health.examine, args=(["storage"],)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert looks == [1]


# --- metrics


def parsed(text: str) -> dict[tuple[str, str], float]:
    """Every sample by name and labels, as Prometheus' own parser reads them; each name is described
    once.
    """
    families = list(text_string_to_metric_families(text))
    names = [family.name for family in families]
    assert len(names) == len(set(names))
    assert {family.type for family in families} <= {"counter", "gauge", "histogram"}
    assert all(family.documentation for family in families)
    return {
        (
            sample.name,
            ",".join(f'{name}="{value}"' for name, value in sample.labels.items()),
        ): sample.value
        for family in families
        for sample in family.samples
    }


def test_histogram_counts_up_and_its_labels_are_escaped() -> None:
    family = HistogramMetricFamily("a_seconds", "Time.", labels=("name",))
    family.add_metric(('x"\n\\',), buckets((0.5, 1.0, 3600.0), (2, 1, 0, 4)), 12.5)
    registry = CollectorRegistry()
    registry.register(type("One", (Collector,), {"collect": lambda self: [family]})())
    assert generate_latest(registry).decode() == (
        "# HELP a_seconds Time.\n# TYPE a_seconds histogram\n"
        'a_seconds_bucket{le="0.5",name="x\\"\\n\\\\"} '
        '2.0\na_seconds_bucket{le="1",name="x\\"\\n\\\\"} 3.0\n'
        'a_seconds_bucket{le="3600",name="x\\"\\n\\\\"} '
        '3.0\na_seconds_bucket{le="+Inf",name="x\\"\\n\\\\"} 7.0\n'
        'a_seconds_count{name="x\\"\\n\\\\"} 7.0\na_seconds_sum{name="x\\"\\n\\\\"} 12.5\n'
    )


@pytest.mark.django_db
def test_metrics_tell_of_jobs_calls_and_requests(client: Client, owner: Any) -> None:
    done = {"subject": "s", "status": "succeeded", "finished_at": timezone.now()}
    Job.objects.create(
        id="a",
        name="scene_preview",
        queue_wait=timedelta(seconds=0.3),
        worked=timedelta(seconds=4),
        **done,
    )
    Job.objects.create(
        id="b",
        name="scene_preview",
        queue_wait=timedelta(seconds=20),
        worked=timedelta(hours=2),
        **done,
    )
    Job.objects.create(
        id="c", name="scene_render", subject="s", run_at=timezone.now() - timedelta(seconds=90)
    )
    Job.objects.create(
        id="d",
        name="scene_render",
        subject="s",
        status="running",
        lease_until=timezone.now() - timedelta(seconds=1),
    )
    Worker.objects.create(name="w/1", host="h", pid=1, role="worker")
    money = {"unit_price": 1, "units": 1, "request_hash": "h"}
    ProviderCall.objects.create(
        provider_id="local",
        kind="image",
        state="settled",
        key="k1",
        estimate=2,
        cost="1.25",
        **money,
    )
    ProviderCall.objects.create(
        provider_id="local", kind="image", state="unclear", key="k2", estimate=3, **money
    )
    ProviderCall.objects.create(
        provider_id="local",
        kind="image",
        state="accepted",
        key="k3",
        estimate=3,
        quote="4.5",
        **money,
    )
    Story.objects.create(owner=owner, title="The sea")
    client.get("/admin/login/")
    client.get("/nobody-knows-this/1234")
    found = parsed(client.get("/metrics").content.decode())
    wait, run = "videoplanet_job_wait_seconds", "videoplanet_job_run_seconds"
    expected = {
        ("videoplanet_database_up", ""): 1,
        ("videoplanet_jobs", 'name="scene_preview",status="succeeded"'): 2,
        ("videoplanet_jobs", 'name="scene_render",status="queued"'): 1,
        (f"{wait}_bucket", 'le="0.1",name="scene_preview"'): 0,
        (f"{wait}_bucket", 'le="0.5",name="scene_preview"'): 1,
        (f"{wait}_bucket", 'le="60",name="scene_preview"'): 2,
        (f"{wait}_count", 'name="scene_preview"'): 2,
        (f"{run}_bucket", 'le="3600",name="scene_preview"'): 1,
        (f"{run}_bucket", 'le="+Inf",name="scene_preview"'): 2,
        (f"{run}_sum", 'name="scene_preview"'): 7204,
        ("videoplanet_workers", 'role="worker"'): 1,
        ("videoplanet_workers", 'role="ticker"'): 0,
        ("videoplanet_leases_expired", ""): 1,
        ("videoplanet_provider_calls", 'kind="image",provider="local",state="settled"'): 1,
        ("videoplanet_provider_cost_usd_total", 'kind="image",provider="local"'): 1.25,
        ("videoplanet_provider_at_risk_usd", 'kind="image",provider="local"'): 7.5,
        ("videoplanet_stories", 'status="draft"'): 1,
        ("videoplanet_http_requests_total", 'method="GET",route="admin/login/",status="200"'): 1,
        ("videoplanet_http_requests_total", 'method="GET",route="unknown",status="404"'): 1,
        ("videoplanet_http_request_seconds_count", 'route="admin/login/"'): 1,
    }
    assert {key: found.get(key) for key in expected} == expected
    assert 89 < found["videoplanet_job_oldest_due_seconds", ""] < 200


@pytest.mark.parametrize(
    ("token", "networks", "proxies", "headers", "address", "status"),
    [
        ("", ["127.0.0.0/8"], 0, {}, "127.0.0.1", 200),
        ("", ["127.0.0.0/8"], 0, {}, "10.0.0.1", 404),
        ("", ["10.0.0.0/8"], 0, {}, "10.0.0.1", 200),
        ("", ["127.0.0.0/8"], 0, {"X-Forwarded-For": "127.0.0.1"}, "127.0.0.1", 404),
        ("", ["127.0.0.0/8"], 1, {"X-Forwarded-For": "8.8.8.8"}, "127.0.0.1", 404),
        ("s3cret-token", [], 0, {"Authorization": "Bearer s3cret-token"}, "8.8.8.8", 200),
        ("s3cret-token", [], 0, {"Authorization": "Bearer wrong"}, "8.8.8.8", 404),
        ("", [], 0, {"Authorization": "Bearer "}, "8.8.8.8", 404),
    ],
)
def test_metrics_are_for_the_token_and_the_networks(
    db: Any,
    settings: Any,
    token: str,
    networks: list[str],
    proxies: int,
    headers: dict[str, str],
    address: str,
    status: int,
) -> None:
    settings.METRICS_TOKEN, settings.METRICS_NETWORKS, settings.TRUSTED_PROXIES = (
        token,
        networks,
        proxies,
    )
    assert (
        views.metrics(
            RequestFactory().get("/metrics", headers=headers, REMOTE_ADDR=address)
        ).status_code
        == status
    )


def test_metrics_without_a_database_tell_that(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: Any) -> None:
        raise OperationalError("could not connect to db.internal")

    monkeypatch.setattr("operations.metrics.row_metrics.RowCollector.collect", away)
    text = client.get("/metrics").content.decode()
    assert parsed(text)["videoplanet_database_up", ""] == 0
    assert "db.internal" not in text


@pytest.mark.slow
def test_counts_add_up_over_processes_and_outlive_them(tmp_path: Path) -> None:
    script = (
        "import os, django; django.setup()\n"
        "from operations.metrics import http\n"
        "for _ in range(50): http.count('GET', 'a/', 200, 0.02)\n"
        "if not os.fork():\n"
        "    for _ in range(30): http.count('GET', 'a/', 200, 0.02)\n"
        "    os._exit(0)\n"
        "os.wait(); http.count('GET', 'b/', 500, 9)\n"
    )
    env = {
        **os.environ,
        "VAR_DIR": str(tmp_path),
        "PYTHONPATH": f"{studio.BASE_DIR}:{studio.BASE_DIR / 'site'}",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    for _ in range(2):
        subprocess.run([sys.executable, "-c", script], check=True, env=env)
    studio.VAR_DIR = tmp_path
    http.count(
        "GET", "a/", 200, 0.02
    )  # the first count of a process gathers the files of those that have ended
    totals = counters.totals()
    assert totals["http", "GET", "a/", "200"] == 161
    assert totals["http", "GET", "b/", "500"] == 2
    assert totals["http_bucket", "a/", "1"] == 161
    assert len(list((tmp_path / "metrics").glob("*.counts"))) == 2


def test_many_series_and_threads_lose_no_count() -> None:
    def work() -> None:
        for number in range(300):
            counters.add((("many", str(number % 150)), 1))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(value for key, value in counters.totals().items() if key[0] == "many") == 1200


def test_disk_that_cannot_be_written_fails_no_request(settings: Any) -> None:
    settings.VAR_DIR = Path("/proc/nowhere")
    http.count("GET", "a/", 200, 0.1)
    assert counters.totals() == {}
