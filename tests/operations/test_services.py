"""Addresses of the database and of Redis from the environment, and the pool that the web's threads
share.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from redis import Redis

from config import services

REDIS = (
    "REDIS_URL",
    "REDIS_HOST",
    "REDIS_PORT",
    "REDIS_DB",
    "REDIS_USER",
    "REDIS_PASSWORD",
    "REDIS_TLS",
    "REDIS_CA",
)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in (*REDIS, "DATABASE_URL", "DATABASE_POOL"):
        monkeypatch.delenv(name, raising=False)

    def given(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return given


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, ""),
        ({"REDIS_HOST": "redis"}, "redis://redis:6379/0"),
        (
            {
                "REDIS_HOST": "r",
                "REDIS_PORT": "6380",
                "REDIS_DB": "2",
                "REDIS_PASSWORD": "p@ss/w:rd",
            },
            "redis://:p%40ss%2Fw%3Ard@r:6380/2",
        ),
        (
            {"REDIS_HOST": "r", "REDIS_USER": "studio", "REDIS_PASSWORD": "p"},
            "redis://studio:p@r:6379/0",
        ),
        (
            {"REDIS_HOST": "r", "REDIS_TLS": "1", "REDIS_CA": "/etc/ca.pem"},
            "rediss://r:6379/0?ssl_ca_certs=%2Fetc%2Fca.pem",
        ),
        ({"REDIS_HOST": "::1"}, "redis://[::1]:6379/0"),
        ({"REDIS_URL": "rediss://h/1", "REDIS_HOST": "other"}, "rediss://h/1"),
    ],
)
def test_address_of_redis(environment: Any, given: dict[str, str], url: str) -> None:
    environment(**given)
    assert services.redis_url() == url


def test_redis_client_reads_the_same_password_and_authority(environment: Any) -> None:
    environment(REDIS_HOST="r", REDIS_TLS="1", REDIS_PASSWORD="p@ss/w:rd", REDIS_CA="/etc/ca.pem")
    options = Redis.from_url(services.redis_url()).connection_pool.connection_kwargs
    assert (options["password"], options["ssl_ca_certs"], options["host"]) == (
        "p@ss/w:rd",
        "/etc/ca.pem",
        "r",
    )


def test_address_of_another_kind_is_refused(environment: Any) -> None:
    environment(REDIS_URL="http://redis")
    with pytest.raises(ImproperlyConfigured, match="REDIS_URL"):
        services.redis_url()
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        services.database("mysql://h/d")


def test_database_options_go_to_the_driver() -> None:
    found = services.database(
        "postgresql://st%40ff:p%2Fw@db:5433/studio?sslmode=verify-full&connect_timeout=9"
    )
    assert {
        name: found[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT", "CONN_MAX_AGE")
    } == {
        "NAME": "studio",
        "USER": "st@ff",
        "PASSWORD": "p/w",
        "HOST": "db",
        "PORT": "5433",
        "CONN_MAX_AGE": 60,
    }
    assert found["OPTIONS"] == {"sslmode": "verify-full", "connect_timeout": 9}
    assert services.database("postgresql:///studio?host=/run/pg")["HOST"] == "/run/pg"


def test_database_addresses_of_every_form() -> None:
    assert services.database("sqlite:////tmp/x y%20z.sqlite3")["NAME"] == "/tmp/x y z.sqlite3"
    assert services.database("sqlite:///relative.sqlite3")["NAME"] == "relative.sqlite3"
    assert services.database("sqlite://:memory:")["NAME"] == ":memory:"
    found = services.database("postgres://me@[::1]/studio")
    assert (found["HOST"], found["PORT"], found["ENGINE"]) == (
        "::1",
        "",
        "django.db.backends.postgresql",
    )


@pytest.mark.parametrize("url", ["postgresql://h:port/d", "postgresql://[::1/d", "", "studio"])
def test_database_address_that_cannot_be_read_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        services.database(url)


@pytest.mark.slow
def test_processes_that_the_web_starts_have_no_pool(tmp_path: Path) -> None:
    """Workers fork, and a pool's threads do not come along: a worker that inherited one would wait
    for a connection for ever.
    """
    pool = (
        "from django.conf import settings; print('pool' in "
        "settings.DATABASES['default']['OPTIONS'], flush=True)"
    )
    web = (
        f"import subprocess, sys, config.wsgi; {pool}; subprocess.run([sys.executable, "
        f"'-c', {pool!r}], check=True)"
    )
    base = {
        name: value
        for name, value in os.environ.items()
        if name in {"PATH", "PYTHONDONTWRITEBYTECODE"}
    }
    own = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": "postgresql://db/studio",
        "VAR_DIR": str(tmp_path),
    }
    own["PYTHONPATH"] = f"{settings.BASE_DIR}{os.pathsep}{settings.BASE_DIR / 'site'}"
    output = subprocess.run(
        [sys.executable, "-c", web], env=base | own, check=True, capture_output=True, text=True
    ).stdout
    assert output.split() == ["True", "False"]


def test_web_shares_a_pool_and_workers_do_not(environment: Any) -> None:
    environment(DATABASE_URL="postgresql://db/studio", DATABASE_POOL="7")
    web, worker = (
        services.database_from_env(Path("/v"), process=process) for process in ("web", "")
    )
    assert (web["OPTIONS"]["pool"]["max_size"], web["CONN_MAX_AGE"]) == (7, 0)
    assert "pool" not in worker["OPTIONS"]
    environment(DATABASE_POOL="0")
    assert "pool" not in services.database_from_env(Path("/v"), process="web")["OPTIONS"]


@pytest.mark.slow
def test_folder_of_the_database_is_made(tmp_path: Path) -> None:
    """With SECRET_KEY from the environment nothing else makes VAR_DIR before the first migrate."""
    folder = tmp_path / "new" / "var"
    env = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("DATABASE", "REDIS", "MINIO", "PYTEST", "DJANGO"))
    }
    env |= {"VAR_DIR": str(folder), "SECRET_KEY": "x" * 50, "VP_SECRET_KEYS": "y" * 50}
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        # `--plan`: applying all migrations would only take longer.
        [sys.executable, "manage.py", "migrate", "-v0", "--plan"],
        env=env,
        cwd=root,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert (folder / "studio.sqlite3").exists()
