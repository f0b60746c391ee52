"""Behind PgBouncer in transaction mode: nothing of the studio belongs to one
session of the server.
"""

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection, connections

from config import services
from jobs.wakeup.database import DatabaseWakeup
from operations import handlers, retention
from tests.services import migrated_postgresql
from tests.services.server import LOOPBACK, Server, running

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


def test_settings_behind_a_pooler(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql://studio@db/studio"
    assert services.database(url)["DISABLE_SERVER_SIDE_CURSORS"] is False
    assert services.database(url, pooler="transaction")["DISABLE_SERVER_SIDE_CURSORS"] is True
    monkeypatch.setenv("DATABASE_DIRECT_URL", "postgresql://studio@db:5432/studio")
    assert services.direct_database("transaction") == "postgresql://studio@db:5432/studio"
    assert services.direct_database("none") == ""
    monkeypatch.setenv("DATABASE_DIRECT_URL", "db:5432")
    with pytest.raises(ImproperlyConfigured, match="DATABASE_DIRECT_URL"):
        services.direct_database("transaction")
    monkeypatch.setenv("DATABASE_POOLER", "session")
    with pytest.raises(ImproperlyConfigured, match="DATABASE_POOLER"):
        services.pooler()


@pytest.mark.django_db
def test_no_cursor_is_opened_in_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    named: list[str] = []
    kind = type(connections["default"])
    create = kind.create_cursor

    def watched(self: Any, name: str | None = None) -> Any:
        if name:
            named.append(name)
        return create(self, name)

    monkeypatch.setattr(kind, "create_cursor", watched)
    handlers.tidy()
    retention.files(min_age=timedelta(days=7))
    call_command("sweep")
    assert named == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql
def test_workers_look_at_each_tick_or_listen_past_the_pooler(settings: Any) -> None:
    settings.DATABASE_POOLER, settings.DATABASE_DIRECT_URL = "transaction", ""
    wakeup = DatabaseWakeup(list_key="test")
    begun = time.monotonic()
    wakeup.wait(0.2)
    assert time.monotonic() - begun >= 0.2
    assert wakeup.direct is None
    values = connection.get_connection_params()
    settings.DATABASE_DIRECT_URL = (
        f"postgresql://{values['user']}@{values['host']}:{values['port']}/{values['dbname']}"
    )
    wakeup.wait(60)  # begins to listen, and looks once: something may have been committed before
    threading.Timer(0.3, lambda: (wakeup.enqueue(""), connection.close())).start()
    begun = time.monotonic()
    wakeup.wait(300)
    assert time.monotonic() - begun < 300
    settings.DATABASE_DIRECT_URL = f"postgresql://{LOOPBACK}:1/nobody"
    wakeup._disconnect()
    begun = time.monotonic()
    wakeup.wait(0.2)  # nobody listens there: as without an address
    assert time.monotonic() - begun >= 0.2


class PgBouncer(Server):
    """Debian's PgBouncer in transaction mode, before a server of ours."""

    name = "pgbouncer"
    port = 0
    behind: Any = None

    @property
    def env(self) -> dict[str, str]:
        return {
            "DATABASE_URL": f"postgresql://studio@{LOOPBACK}:{self.port}/studio",
            "DATABASE_POOLER": "transaction",
        }

    def choose_ports(self) -> None:
        from tests.services.server import free_ports

        (self.port,) = free_ports(1)

    def command(self) -> list[str]:
        self.folder.chmod(0o777)
        (self.folder / "users").write_text('"studio" ""\n')
        lines = [
            "[databases]",
            (
                f"studio = host={LOOPBACK} port={self.behind.port} dbname=studio user=studio "
                f"pool_size=6"
            ),
            "[pgbouncer]",
        ]
        lines += [
            f"listen_addr={LOOPBACK}",
            f"listen_port={self.port}",
            "auth_type=any",
            f"auth_file={self.folder / 'users'}",
            "pool_mode=transaction",
        ]
        lines += ["ignore_startup_parameters=extra_float_digits", "unix_socket_dir="]
        (self.folder / "pgbouncer.ini").write_text("\n".join(lines) + "\n")
        assert PGBOUNCER
        return [PGBOUNCER, "-u", "nobody", str(self.folder / "pgbouncer.ini")]

    def is_ready(self) -> bool:
        import psycopg

        try:
            with psycopg.connect(self.env["DATABASE_URL"], connect_timeout=5):
                return True
        except psycopg.OperationalError:
            return False


@contextmanager
def pooled() -> Iterator[dict[str, str]]:
    with migrated_postgresql() as server:
        PgBouncer.behind = server
        with running(PgBouncer) as pooler:
            yield pooler.env


@pytest.mark.fault_injection
@pytest.mark.skipif(
    PGBOUNCER is None, reason="PgBouncer is missing: sudo apt-get install pgbouncer"
)
def test_studio_works_behind_pgbouncer(tmp_path: Path) -> None:
    from tests.jobs.worker_group import ROOT, fault_environment

    code = (
        "from operations import handlers, retention; from datetime import timedelta; "
        "handlers.tidy(); retention.files(min_age=timedelta(days=7)); print('tidy')"
    )
    with pooled() as env:
        variables = fault_environment(tmp_path, **env)
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "-v0"], env=variables, cwd=ROOT, check=True
        )
        done = subprocess.run(
            [sys.executable, "manage.py", "shell", "-v0", "-c", code],
            env=variables,
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        )
        assert "tidy" in done.stdout, done.stderr[-2000:]
