"""A throwaway installation: PostgreSQL, Redis and S3 as real servers, the web and the workers as
real processes.
"""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
from django.conf import settings
from django.core.management.base import CommandError

from .client import Client
from .slow_link import Wire

KEPT = ("PATH", "HOME", "LANG", "FFMPEG", "PYTHONPATH")
STORE = ("MINIO_ENDPOINT", "MINIO_ACCESS_KEY", "MINIO_SECRET_KEY", "MINIO_BUCKET")
NAME, PASSWORD = "mina", "a long enough word"
SETTLE_SECONDS = 180.0
LEASE_SECONDS = 6

ACCOUNT = f"""
from django.contrib.auth.models import Group, User
person = User.objects.create_user({NAME!r}, password={PASSWORD!r}, is_staff=True)
person.groups.add(Group.objects.get(name="producer"))
"""


def services() -> Any:
    """The servers, which come with the development requirements."""
    try:
        from tests import services as found
    except ImportError as error:
        raise CommandError(
            "Fault tests need the source tree and requirements-dev.txt: the servers come with them."
        ) from error
    return found


def until[T](condition: Callable[[], T], *, seconds: float = SETTLE_SECONDS, what: str = "it") -> T:
    """The first true answer. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not happen within {seconds:g} s")
        time.sleep(0.1)
    return answer


class Installation:
    """`with Installation(folder) as installation:` a migrated installation with one producer;
    `installation.start()` begins web and workers.

    Services that DATABASE_URL, REDIS_URL and MINIO_ENDPOINT name are used when `given` says so,
    with a database and a bucket made for this installation alone; the others are started here, and
    only those can be broken.
    """

    def __init__(
        self,
        folder: Path,
        *,
        given: bool = False,
        env: dict[str, str] | None = None,
        disks: dict[str, Path] | None = None,
    ) -> None:
        self.folder = folder
        self.given = given
        self.stack = ExitStack()
        self.env = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.extra = env or {}
        self.disks = disks or {}  # folders that services started here are to live in, by service
        self.direct = ""  # the database's own address
        self.database: Any = None
        self.redis: Any = None
        self.store: Any = None
        self.web: subprocess.Popen[bytes] | None = None
        self.worker_groups: list[subprocess.Popen[bytes]] = []
        self.log = folder / "processes.log"
        self.wires: dict[
            str, Wire
        ] = {}  # the lines to what is started here, which can be made slow
        self.work_disk = folder / "var" / "work"

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()
        self.stack.close()

    def _open(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.port,) = services().free_ports(1)
        self.env |= {
            "VAR_DIR": str(self.folder / "var"),
            "LANGUAGE_CODE": "en",
            "LOG_FILE": "-",
            "LOG_LEVEL": "INFO",
            "LOOPBACK_PROVIDERS": "1",
            "SECRET_KEY": "only-for-tests--" * 4,
            "VP_SECRET_KEYS": "only-for-tests--" * 4,
            "JOB_LEASE_SECONDS": str(LEASE_SECONDS),
            "CHECK_TAKES": "0",  # the files of the fakes are smaller than a film
            "WORKERS": "2",
            **self._services(),
            **self.extra,
        }
        self.manage("migrate", "-v0")
        self.manage("make_bucket")
        self.manage("collectstatic", "-v0", "--noinput")
        self.manage("shell", "-v0", "-c", ACCOUNT)
        self.client = Client(f"http://127.0.0.1:{self.port}", NAME, PASSWORD)
        self.stack.callback(self.client.close)

    def _services(self) -> dict[str, str]:
        found: dict[str, str] = {}
        if self._is_given("DATABASE_URL"):
            found["DATABASE_URL"] = self.direct = self._own_database(os.environ["DATABASE_URL"])
        else:
            self.database = self.stack.enter_context(
                services().migrated_postgresql(self.disks.get("database"))
            )
            found["DATABASE_URL"] = self._wired("database", self.database.port, self.database.url)
            self.direct = self.database.url
            with psycopg.connect(
                self.database.url, autocommit=True
            ) as connection:  # what is committed survives a kill, as in production
                connection.execute("ALTER DATABASE studio SET synchronous_commit = on")
        if self._is_given("REDIS_URL"):
            found["REDIS_URL"] = os.environ["REDIS_URL"]
        else:
            self.redis = self.stack.enter_context(services().redis())
            found["REDIS_URL"] = self._wired("redis", self.redis.port, self.redis.url)
        if self._is_given("MINIO_ENDPOINT"):
            found |= {name: os.environ[name] for name in STORE if name in os.environ} | {
                "MINIO_BUCKET": f"studio-{uuid.uuid4().hex[:12]}"
            }
        else:
            self.store = self.stack.enter_context(services().s3())
            found |= self.store.env | {
                "MINIO_ENDPOINT": self._wired("store", self.store.ports[0], self.store.url)
            }
        return found

    def _wired(self, name: str, port: int, url: str) -> str:
        """The address of the service over a line of its own."""
        self.wires[name] = self.stack.enter_context(Wire(port))
        return url.replace(f":{port}", f":{self.wires[name].port}")

    def _is_given(self, name: str) -> bool:
        return self.given and bool(
            os.environ.get(name, "").startswith(("postgres", "redis", "http"))
        )

    def _own_database(self, url: str) -> str:
        """A database beside the given one, dropped in the end."""
        name = f"studio_{uuid.uuid4().hex[:12]}"

        def run(statement: str) -> None:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(statement.encode())

        run(f"CREATE DATABASE {name}")
        self.stack.callback(run, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))

    # --- processes

    def manage(self, *arguments: str) -> str:
        """Runs a command to its end. Raises RuntimeError with what it said."""
        done = subprocess.run(
            self._python("manage.py", *arguments),
            env=self.env,
            cwd=settings.BASE_DIR,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(
                f"manage.py {arguments[0]} ended with {done.returncode}:\n{done.stderr[-2000:]}"
            )
        return done.stdout

    def start(self, *, groups: int = 1) -> None:
        """The web and so many `manage.py work`; returns when all checks pass."""
        self.start_web()
        for _ in range(groups):
            self.start_worker_group()
        self.until_healthy()

    def start_web(self) -> None:
        address = f"127.0.0.1:{self.port}"
        self.web = self._spawn(
            *(
                "-m",
                "gunicorn",
                "--pythonpath",
                "site",
                "config.wsgi",
                "--bind",
                address,
                "--worker-class",
                "gthread",
                "--workers",
                "1",
            ),
            *(
                "--threads",
                "8",
                "--timeout",
                "60",
                "--graceful-timeout",
                "3",
                "--log-level",
                "warning",
            ),
        )

    def start_worker_group(self, *arguments: str) -> subprocess.Popen[bytes]:
        group = self._spawn("manage.py", "work", *arguments)
        self.worker_groups.append(group)
        return group

    def replace_worker_group(self, *arguments: str, seconds: float = 60) -> None:
        """Begins another group and asks the oldest to end; returns when it has. Raises
        TimeoutExpired.
        """
        self.start_worker_group(*arguments)
        oldest = self.worker_groups.pop(0)
        oldest.terminate()
        oldest.wait(seconds)
        kill(oldest)

    def until_healthy(self, seconds: float = SETTLE_SECONDS) -> None:
        until(
            lambda: self.health()[0] == httpx.codes.OK,
            seconds=seconds,
            what="that all checks pass",
        )

    def _python(self, *arguments: str) -> list[str]:
        return [sys.executable, *arguments]

    def _spawn(self, *arguments: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self._python(*arguments),
                env=self.env,
                cwd=settings.BASE_DIR,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def end(self) -> None:
        """SIGTERM to each, SIGKILL to what is left of its session."""
        mine = [process for process in (*self.worker_groups, self.web) if process is not None]
        for process in mine:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGCONT)
                process.terminate()
        for process in mine:
            with suppress(subprocess.TimeoutExpired):
                process.wait(12)
            kill(process)
        self.worker_groups, self.web = [], None

    # --- what can be seen

    def health(self, only: str = "") -> tuple[int, dict[str, Any]]:
        """Status and body of /readyz; 0 while the web does not answer."""
        try:
            answer = httpx.get(
                f"http://127.0.0.1:{self.port}/readyz",
                params={"only": only} if only else {},
                timeout=8,
            )
        except httpx.TransportError:
            return 0, {}
        return answer.status_code, answer.json()

    def not_well(self) -> list[str]:
        """The checks that fail now."""
        return sorted(
            name for name, check in self.health()[1].get("checks", {}).items() if not check["ok"]
        )

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database itself says."""
        with psycopg.connect(self.direct, connect_timeout=5) as connection:
            return list(connection.execute(statement.encode(), values))

    def log_lines(self) -> Iterator[str]:
        """The lines that web and workers wrote."""
        yield from self.log.read_text(errors="replace").splitlines()


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to a process with its whole session."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)
