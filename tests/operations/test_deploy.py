"""The files that an installation is made from: right in form, true to the studio, and safe."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from django.conf import settings as studio

from jobs.worker.supervisor import PAID_SECONDS
from operations import health
from operations.management.commands.serve import web_command
from operations.metrics import disk, http, row_metrics, views
from operations.process_supervisor import PAID_STOP_SECONDS
from providers import registry
from providers.calls.sending import PAUSES
from providers.models import AIProviderConfig

ROOT = Path(studio.BASE_DIR)
DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
SETTINGS = "\n".join(path.read_text() for path in (ROOT / "site/config").glob("*.py"))
KNOWN = set(
    re.findall(r'env\.(?:text|words|integer|boolean|secrets|choice)\(\s*"([A-Z_0-9]+)"', SETTINGS)
) | set(re.findall(r'"(MINIO_[A-Z_]+)"', SETTINGS))


def test_compose_file_has_the_form_of_its_specification() -> None:
    schema = json.loads((ROOT / "tests/operations/schema/compose-spec.json").read_text())
    without_name = {
        key: value for key, value in COMPOSE.items() if key != "name"
    }  # came into the specification later
    jsonschema.Draft201909Validator(schema).validate(without_name)


def test_compose_file_runs_all_that_the_studio_stands_on() -> None:
    assert set(SERVICES) == {
        "folders",
        "prepare",
        "web",
        "worker",
        "postgresql",
        "valkey",
        "store",
        "proxy",
    }
    for name, service in SERVICES.items():
        for network in service["networks"]:
            assert network in COMPOSE["networks"], name
        for secret in service.get("secrets", []):
            assert secret in COMPOSE["secrets"], name
        for other in service.get("depends_on", {}):
            assert other in SERVICES, name
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source in COMPOSE["volumes"] or (DEPLOY / source).is_file(), name


def test_only_the_proxy_can_be_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    for name in ("postgresql", "valkey", "store"):
        assert SERVICES[name]["networks"] == ["inside"]


def test_images_are_pinned_and_no_container_has_rights_to_spare() -> None:
    for name, service in SERVICES.items():
        tag = service["image"].partition(":")[2]
        assert tag, name
        assert "latest" not in tag, name
        assert (service["read_only"], service["cap_drop"], service["security_opt"]) == (
            True,
            ["ALL"],
            ["no-new-privileges:true"],
        ), name
    assert {
        name: service["cap_add"] for name, service in SERVICES.items() if "cap_add" in service
    } == {
        "folders": ["CHOWN"],
        "proxy": ["NET_BIND_SERVICE"],
    }
    users = {
        name: service["user"]
        for name, service in SERVICES.items()
        if name not in {"prepare", "web", "worker"}
    }  # the image says theirs
    assert users.pop("folders") == "0:0"  # and it ends at once, with the one right that it needs
    assert users == {
        "postgresql": "999:999",
        "valkey": "999:999",
        "store": "1000:1000",
        "proxy": "1000:1000",
    }


def test_every_secret_is_readable_by_the_container_that_needs_it_and_by_nobody_else(
    tmp_path: Path,
) -> None:
    script = tmp_path / "secrets.sh"
    script.write_bytes((DEPLOY / "secrets.sh").read_bytes())
    done = subprocess.run(["sh", script], check=True, capture_output=True, text=True)
    folder = tmp_path / "secrets"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o400}
    if os.getuid() != 0:
        assert "run this again as root" in done.stderr
        return
    for name, service in SERVICES.items():
        user = service.get("user", "10001:10001")
        for secret in service.get("secrets", []):
            found = (folder / secret).stat()
            assert f"{found.st_uid}:{found.st_gid}" == user, (name, secret)
    assert (folder / "valkey_password").read_text() == (folder / "redis_password").read_text()
    assert (folder / "store_own_key").read_text() == (folder / "store_key").read_text()


def test_units_leave_little_exposed() -> None:
    tool = Path("/usr/bin/systemd-analyze")
    units = sorted((DEPLOY / "systemd").glob("*.service"))
    wanted = {
        "NoNewPrivileges=true",
        "ProtectSystem=strict",
        "ProtectHome=true",
        "PrivateDevices=true",
        "CapabilityBoundingSet=",
        "RestrictNamespaces=true",
    }
    for unit in units:
        assert wanted <= set(unit.read_text().splitlines()), unit.name
        if tool.exists():
            done = subprocess.run(
                [tool, "security", "--offline=true", "--threshold=25", unit],
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout.splitlines()[-1:]


def test_web_server_has_the_same_settings_everywhere() -> None:
    """Limits of requests and the handling of slow clients stand in one file, and nothing on a
    command line says otherwise.
    """
    unit = (DEPLOY / "systemd/videoplanet-web.service").read_text()
    image = (DEPLOY / "Dockerfile").read_text()
    lines = [
        re.search(r"(?m)^ExecStart=\S+ (.*)$", unit)[1],
        *re.findall(r'(?m)^CMD \["gunicorn", (.*)\]$', image),
    ]  # type: ignore[index]
    lines = [line.replace('", "', " ").strip('"') for line in lines] + [
        " ".join(web_command("127.0.0.1", 8000)[2:])
    ]
    assert len(lines) == 3
    for line in lines:
        options = re.findall(r"(?:^|\s)(-\S+)", line)
        assert set(options) <= {
            "-c",
            "--bind",
            "--graceful-timeout",
            "--worker-tmp-dir",
            "--log-level",
        }, line
        assert re.search(r"-c \S*site/config/gunicorn_settings\.py", line), line


def test_every_setting_in_the_files_is_one_that_the_studio_reads() -> None:
    given = set(SERVICES["web"]["environment"])
    given |= {
        line.partition("=")[0]
        for line in (DEPLOY / "studio.env").read_text().splitlines()
        if re.match(r"[A-Z_]+=", line)
    }
    assert {
        name.removesuffix("_FILE") if name != "LOG_FILE" else name for name in given
    } <= KNOWN | {"LOG_FILE"}


def test_no_secret_stands_in_a_file() -> None:
    for path in DEPLOY.rglob("*"):
        if path.is_file() and "secrets" not in path.relative_to(DEPLOY).parts:
            assert not re.search(
                (
                    r"(?m)^\s*(SECRET_KEY|VP_SECRET_KEYS|[A-Z_]*PASSWORD|MINIO_SECRET_KEY"
                    r"|METRICS_TOKEN)\s*[:=][ \t]*[^\s$]"
                ),
                path.read_text(),
            ), path


def test_worker_is_asked_to_end_with_time_to_do_so() -> None:
    unit = (DEPLOY / "systemd/videoplanet-worker.service").read_text()
    assert "KillMode=mixed" in unit
    grace = int(re.search(r"--grace (\d+)", unit)[1])  # type: ignore[index]
    assert int(re.search(r"TimeoutStopSec=(\d+)", unit)[1]) > max(grace, PAID_SECONDS)  # type: ignore[index]
    command = SERVICES["worker"]["command"]
    stop = int(SERVICES["worker"]["stop_grace_period"].removesuffix("s"))
    assert stop > max(int(command[command.index("--grace") + 1]), PAID_SECONDS)


@pytest.mark.parametrize("kind", registry.ADAPTERS)
def test_paid_requests_may_take_as_long_as_the_longest_send(kind: str) -> None:
    """No request, with the writing of its answer, takes longer than workers and services are given
    at a restart, whatever kind of connection it goes to.
    """
    config = AIProviderConfig(kind=kind, provider=kind, base_url="https://provider.example")
    limit = registry.known_adapter_class(kind)(config).send_limit.total_seconds()
    assert limit + sum(PAUSES) < PAID_SECONDS < PAID_STOP_SECONDS


def test_signal_reaches_the_web_alone_and_the_worker_is_asked_known_checks() -> None:
    assert "KillMode=mixed" in (DEPLOY / "systemd/videoplanet-web.service").read_text()
    assert set(SERVICES["worker"]["healthcheck"]["test"][4:]) <= set(health.CHECKS)


def test_units_are_understood_by_systemd(tmp_path: Path) -> None:
    tool = Path("/usr/bin/systemd-analyze")
    if not tool.exists():
        pytest.skip("systemd-analyze is missing")
    done = subprocess.run(
        [tool, "verify", "--man=no", *sorted(map(str, (DEPLOY / "systemd").iterdir()))],
        capture_output=True,
        text=True,
        check=False,
    )
    wrong = [
        line
        for line in done.stderr.splitlines()
        if "/opt/videoplanet" not in line and "videoplanet" in line
    ]
    assert wrong == []


def test_image_is_slim_without_root_and_made_of_the_locked_packages() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert re.search(r"ARG PYTHON=\d+\.\d+\.\d+-slim", text)
    assert (
        re.search(r"ARG PYTHON=(\d+\.\d+)", text)[1]
        in (ROOT / ".python-version").read_text().split()
    )  # type: ignore[index]
    assert "--require-hashes" in text
    assert re.findall(r"(?m)^USER (\S+)", text) == ["10001:10001"]
    assert text.rindex("USER") < text.rindex("CMD [")
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored  # nothing but what is named: no secrets, no var, no tests
    for source in (
        "manage.py",
        "site",
        "jobs",
        "providers",
        "stories",
        "templates",
        "static",
        "assets",
        "requirements.txt",
    ):
        assert f"!{source}" in ignored


def test_proxies_hide_the_metrics_and_write_the_headers_anew() -> None:
    for name in ("Caddyfile", "nginx.conf"):
        text = (DEPLOY / name).read_text()
        assert re.search(r"/metrics (404|\{ return 404; \})", text)
        assert "X-Forwarded-For" in text
        assert "$proxy_add_x_forwarded_for" not in text


# --- what Grafana and Prometheus are told


@pytest.fixture
def known_metrics(db: None) -> set[str]:
    names = {"videoplanet_database_up"}
    ends = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("_total",)}
    collectors = (row_metrics.RowCollector(), http.RequestCollector(), disk.SpoolCollector())
    for metric in [metric for collector in collectors for metric in collector.collect()]:
        names |= {f"{metric.name}{end}" for end in ends.get(metric.type, ("",))}
    return names


def expressions() -> list[str]:
    dashboard = json.loads((DEPLOY / "grafana/dashboard.json").read_text())
    found = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    rules = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())
    return found + [rule["expr"] for group in rules["groups"] for rule in group["rules"]]


def test_every_metric_that_is_asked_for_exists(known_metrics: set[str]) -> None:
    asked = set(re.findall(r"videoplanet_[a-z_]+", " ".join(expressions())))
    assert asked <= known_metrics
    unused = {name for name in known_metrics if not name.endswith(("_sum", "_count"))} - asked
    assert unused == set()


def test_labels_that_are_asked_for_are_the_metrics_own() -> None:
    labels = {"name", "status", "role", "provider", "kind", "state", "method", "route", "le"}
    for text in expressions():
        grouped = {
            word for inside in re.findall(r"by \(([a-z, ]+)\)", text) for word in inside.split(", ")
        }
        assert grouped <= labels
        assert set(re.findall(r"([a-z]+)=~?\"", text)) <= labels
        assert text.count("(") == text.count(")")


def test_metrics_page_is_what_prometheus_is_told_to_ask() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())["scrape_configs"][0]
    assert config["metrics_path"] == "/metrics"
    assert views.metrics.__name__ == "metrics"


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    script = tmp_path / "secrets.sh"
    script.write_bytes((DEPLOY / "secrets.sh").read_bytes())

    def made() -> dict[str, str]:
        subprocess.run(["sh", script], check=True, capture_output=True)
        return {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}

    first = made()
    assert set(first) == set(COMPOSE["secrets"])
    assert min(len(value) for value in first.values()) >= 64
    assert first["database_password"] in first["database_url"]
    assert made() == first
