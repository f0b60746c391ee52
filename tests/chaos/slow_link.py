"""A line between the studio and a service that can be made slow."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

BLOCK = 64 * 1024


class Wire:
    """`with Wire(port) as wire:` passes everything on to a port of this machine; each block waits
    `wire.delay` seconds.
    """

    def __init__(self, port: int) -> None:
        self.target = port
        self.delay = 0.0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self.listener.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.listener.close()

    @contextmanager
    def slow(self, seconds: float) -> Iterator[None]:
        """Within it each block waits so long, in each direction."""
        self.delay = seconds
        try:
            yield
        finally:
            self.delay = 0.0

    def _accept(self) -> None:
        while True:
            try:
                near, _address = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target), timeout=5)
            except OSError:
                near.close()  # as refused as the service itself would have been
                continue
            far.settimeout(None)
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while block := source.recv(BLOCK):
                time.sleep(self.delay)
                sink.sendall(block)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
