"""Clients that never come to an end, and one that asks whether the studio is there."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

LOGIN = (
    b"POST /admin/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
    b"application/x-www-form-urlencoded\r\n"
)
BEGINNINGS = {
    "nothing": b"",
    "half a header": b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
    "a body": LOGIN + b"Content-Length: 5000\r\n\r\nusername=",
    "chunks": LOGIN + b"Transfer-Encoding: chunked\r\n\r\n1000\r\nusername=",
    "a long body": LOGIN + b"Content-Length: 9000000\r\n\r\nusername=",
    "a body for a program": (
        b"POST /api/ai-video/auth/token/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
        b"application/json\r\nContent-Length: 900\r\n\r\n{"
    ),
    "a hook": b"POST /hooks/replicate/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900\r\n\r\n{",
    "a promise": LOGIN + b"Expect: 100-continue\r\nContent-Length: 5000\r\n\r\n",
}


@contextmanager
def slow_clients(port: int, count: int = 64) -> Iterator[list[socket.socket]]:
    """So many connections, each of which sends a byte a second after its beginning."""
    beginnings = list(BEGINNINGS.values())
    sockets = []
    over = threading.Event()

    def drip() -> None:
        while not over.wait(1):
            for client in sockets:
                try:
                    client.send(b"x")
                except OSError:
                    continue

    for number in range(count):
        client = socket.create_connection(("127.0.0.1", port), timeout=120)
        client.sendall(beginnings[number % len(beginnings)])
        sockets.append(client)
    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        yield sockets
    finally:
        over.set()
        dripping.join()
        for client in sockets:
            client.close()


def ask(
    port: int, path: str = "/healthz", *, timeout: float = 120, **headers: str
) -> tuple[int, float]:
    """Status and seconds; 0 when nobody answers."""
    begun = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path, headers=headers)
        status = connection.getresponse().status
    except OSError:
        status = 0
    finally:
        connection.close()
    return status, time.monotonic() - begun
