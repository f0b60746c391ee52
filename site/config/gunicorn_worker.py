"""The gunicorn worker class: slow clients wait in a list and do not occupy threads.

gunicorn's gthread reads requests in the threads that answer them. A client that sends one byte per
second occupies a thread indefinitely, and sixteen such clients block the server. Here the accept
loop also collects each request: its header and up to `MOST_COLLECTED` bytes of its body. Only then
is it passed to a thread. A request that does not arrive in time is answered with 408. A thread
reads the rest of a longer body (an upload), at a minimum speed; at most half of the threads may do
so.
"""

import json
import re
import selectors
import socket
import struct
import threading
import time
from collections import deque
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any

from gunicorn.http import errors
from gunicorn.workers.gthread import TConn, ThreadWorker

HEADER_SECONDS = 10.0  # for the whole header, from the start of the connection
BODY_SECONDS = (
    20.0  # for the collected part of the body, and before the minimum speed applies to the rest
)
LEAST_SPEED = 32 * 1024  # minimum bytes per second for the rest of a longer body
MOST_HEADER = 64 * 1024
MOST_COLLECTED = 1024 * 1024  # of one body
MOST_HELD = 48 * 1024 * 1024  # of all requests a process collects; beyond it the oldest is refused
SEND_SECONDS = 60  # time after which an unread response is abandoned
LINGER_SECONDS, MOST_LINGERED = 2.0, 64 * 1024  # for a client to close after its last response
READ = 64 * 1024
END = b"\r\n\r\n"
LENGTH = re.compile(rb"(?im)^content-length:[ \t]*([0-9]{1,18})[ \t]*\r?$")
CHUNKED = re.compile(rb"(?im)^transfer-encoding:[^\r\n]*chunked")
LAST_CHUNK = re.compile(rb"(?:^|\r\n)0+[ \t]*(?:;[^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*\r\n$")
EXPECTS = re.compile(rb"(?im)^expect:[ \t]*100-continue[ \t]*\r\n")


API = re.compile(rb"[A-Za-z]{1,20} (?:https?://[^/\s]*)?/api/")
# Statuses by parser exception; any other invalid request is 400. The parser's own messages are
# not shown: they repeat the input and name the server software.
STATUSES = {
    errors.LimitRequestLine: 414,
    errors.LimitRequestHeaders: 431,
    errors.ExpectationFailed: 417,
}
SENTENCES = {
    400: "This request cannot be understood.",
    408: "The request did not arrive in time.",
    414: "The address of this request is too long.",
    417: "What this request expects cannot be done.",
    431: "The header of this request is too long.",
    500: "Something went wrong.",
    503: "Too many requests are under way.",
}
OURS = (
    errors.InvalidResponseHeader,
    errors.InvalidResponseHeaderName,
)  # errors in the application's response
CODES = {500: "crashed", 503: "busy"}


def refusal(status: int, begun: bytes) -> bytes:
    """Return the complete response to a refused request: a problem document under /api/, else a
    line of text.

    `begun` is the beginning of the request.
    """
    phrase, sentence = HTTPStatus(status).phrase, SENTENCES[status]
    if API.match(begun):
        kind = "application/problem+json"
        problem = {
            "type": "about:blank",
            "title": phrase,
            "status": status,
            "code": CODES.get(status, "bad_request"),
            "detail": sentence,
        }
        body = json.dumps(problem)
    else:
        kind, body = "text/plain; charset=utf-8", f"{sentence}\n"
    lines = [
        f"HTTP/1.1 {status} {phrase}",
        "Connection: close",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
    ]
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        lines.append("Retry-After: 10")
    return "\r\n".join([*lines, "", body]).encode()


CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Collected:
    """The received part of one request, and the deadline for the rest."""

    def __init__(self, conn: TConn, begun: bytes) -> None:
        self.conn = conn
        self.data = bytearray(begun)
        self.body_at = -1  # offset of the body; -1 while the header is incomplete
        self.wanted = 0  # expected bytes of header and body; 0 for a chunked body
        self.is_long = False  # the body exceeds what is collected
        self.deadline = time.monotonic() + HEADER_SECONDS

    def is_whole(self) -> bool:
        """Return whether the request can be passed to a thread.

        True if it is complete, if the collected part of a long body has arrived, or if it is
        invalid.
        """
        if self.body_at < 0 and not self._find_header():
            return len(self.data) > MOST_HEADER  # the parser refuses it
        if self.wanted:
            return len(self.data) >= self.wanted
        if len(self.data) - self.body_at >= MOST_COLLECTED:
            self.is_long = True
            return True
        return bool(LAST_CHUNK.search(self.data[max(self.body_at - 2, len(self.data) - READ) :]))

    def _find_header(self) -> bool:
        end = self.data.find(END)
        if end < 0:
            return False
        self.body_at = end + len(END)
        header = bytes(self.data[:end]) + b"\r\n"
        self.deadline = time.monotonic() + BODY_SECONDS
        if CHUNKED.search(header):
            self._say_continue(header)
            return True
        found = LENGTH.search(header)
        length = int(found[1]) if found else 0
        if length:
            self._say_continue(header)
        self.is_long = length > MOST_COLLECTED
        self.wanted = self.body_at + min(length, MOST_COLLECTED)
        return True

    def _say_continue(self, header: bytes) -> None:
        """Send 100 Continue if the client waits for it, and remove the header so that gunicorn does
        not send it again.
        """
        if found := EXPECTS.search(header):
            with suppress(OSError):
                self.conn.sock.send(CONTINUE)
            del self.data[found.start() : found.end()]
            self.body_at -= found.end() - found.start()


class Lingering:
    """A connection whose last response is sent, and which the client has not closed yet."""

    def __init__(self, conn: TConn) -> None:
        self.conn = conn
        self.left = MOST_LINGERED  # bytes that are still read and dropped
        self.deadline = time.monotonic() + LINGER_SECONDS


class PacedSocket:
    """A socket that enforces a minimum speed: its read deadline moves with the received bytes."""

    def __init__(self, inner: socket.socket) -> None:
        self._inner = inner
        self._begun = time.monotonic()
        self._received = 0

    def recv(self, size: int) -> bytes:
        """Receive data. Raises TimeoutError if the client is too slow."""
        left = self._begun + BODY_SECONDS + self._received / LEAST_SPEED - time.monotonic()
        if (given := self._inner.gettimeout()) is not None:
            left = min(left, given)
        with selectors.DefaultSelector() as selector:
            selector.register(self._inner, selectors.EVENT_READ)
            if left <= 0 or not selector.select(left):
                raise TimeoutError("the body comes too slowly")
        data = self._inner.recv(size)
        self._received += len(data)
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class CheckedReader:
    """A body reader that raises OSError for invalid chunks, as for a connection that ends too
    early.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def read(self, size: int) -> bytes:
        try:
            data: bytes = self._inner.read(size)
        except errors.ParseException as error:
            raise OSError("the body makes no sense") from error
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """A gthread worker whose threads receive only requests that have arrived."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.collecting: dict[socket.socket, Collected] = {}
        self.lingering: dict[socket.socket, Lingering] = {}
        self.held = 0
        self.thread = (
            threading.local()
        )  # `begun`: the beginning of the request that a thread handles
        self.long_now = 0
        self.long_waiting: deque[Collected] = deque()

    def enqueue_req(self, conn: TConn) -> None:
        """Called on the main thread for a new connection, and for a keep-alive connection that is
        readable.
        """
        if self.cfg.is_ssl or conn.is_http2:
            super().enqueue_req(
                conn
            )  # a proxy normally terminates TLS; otherwise gunicorn's own behaviour applies
            return
        begun = conn.parser.unreader.take_buffered() if conn.parser is not None else b""
        found = Collected(conn, begun)
        self.held += len(begun)
        if found.data and found.is_whole():
            self._hand_on(found)
            return
        conn.sock.setblocking(False)
        self.collecting[conn.sock] = found
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._collect, found))

    def _collect(self, found: Collected, client: socket.socket) -> None:
        try:
            data = client.recv(READ)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._forget(found)
            self._close(found)
            return
        found.data += data
        self.held += len(data)
        if found.is_whole():
            self._forget(found)
            self._hand_on(found)
        elif self.held > MOST_HELD:
            oldest = min(self.collecting.values(), key=lambda one: one.deadline)
            self._forget(oldest)
            self._close(oldest, HTTPStatus.SERVICE_UNAVAILABLE)

    def _forget(self, found: Collected) -> None:
        self.collecting.pop(found.conn.sock, None)
        with suppress(OSError, KeyError, ValueError):
            self.poller.unregister(found.conn.sock)

    def _close(self, found: Collected, status: HTTPStatus | None = None) -> None:
        self.held -= len(found.data)
        self.nr_conns -= 1
        with suppress(OSError):
            if status:
                found.conn.sock.send(refusal(status, bytes(found.data[:200])))
        found.conn.close()

    def _hand_on(self, found: Collected) -> None:
        """Pass the request to a thread.

        A long body waits until a thread for long bodies is free.
        """
        if found.is_long and self.long_now >= max(1, self.cfg.threads // 2):
            self.long_waiting.append(found)
            return
        if found.is_long:
            self.long_now += 1
        self.held -= len(found.data)
        future = self.tpool.submit(self._handle_collected, found)
        future.add_done_callback(lambda done: self.method_queue.defer(self._finished, found, done))

    def _handle_collected(self, found: Collected) -> Any:
        """Runs in a thread: handle the request as gthread does, with the collected data put before
        the socket's.
        """
        conn = found.conn
        conn.sock.setblocking(True)
        conn.sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_SECONDS, 0)
        )
        conn.data_ready = True
        conn.init()
        conn.parser.unreader.sock = PacedSocket(conn.sock)
        conn.parser.unreader.unread(bytes(found.data))
        self.thread.begun = bytes(found.data[:200])
        found.data = bytearray()
        return self.handle(conn)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:  # noqa: ARG002  gunicorn's form
        """Answer a request that the parser refuses, or an exception of the application.

        The response reveals nothing about the implementation.
        """
        if isinstance(exc, errors.ParseException) and not isinstance(exc, OURS):
            status = STATUSES.get(type(exc), 400)
            self.log.warning(
                "Refused a request from %s: %s (%s)",
                (addr or ("-",))[0],
                SENTENCES[status],
                type(exc).__name__,
            )
        else:
            status = 500
            self.log.error("Error handling a request", exc_info=exc)
        with suppress(OSError):
            client.settimeout(1)
            client.sendall(refusal(status, getattr(self.thread, "begun", b"")))

    def handle_request(self, req: Any, conn: TConn) -> bool:
        """Handle the request as gthread does, with a body whose errors applications understand."""
        if req.body is not None:
            req.body.reader = CheckedReader(req.body.reader)
        answered: bool = super().handle_request(req, conn)
        return answered

    def _finished(self, found: Collected, done: Any) -> None:
        if found.is_long:
            self.long_now -= 1
            if self.long_waiting:
                self._hand_on(self.long_waiting.popleft())
        if done.cancelled() or done.exception() or not done.result():
            self._linger(found.conn)
        else:
            self.finish_request(found.conn, done)

    def _linger(self, conn: TConn) -> None:
        """Close the sending side, and wait for the client to close its own.

        A connection that is closed while data of the client is unread would be reset, and the
        client could lose the end of the response. gunicorn waits for this on the thread that
        accepts connections, up to two seconds for each client that does not close.
        """
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
            waiting = Lingering(conn)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, waiting))
        except (OSError, ValueError):
            self.nr_conns -= 1
            conn.close()
            return
        self.lingering[conn.sock] = waiting

    def _drain(self, waiting: Lingering, client: socket.socket) -> None:
        try:
            data = client.recv(READ)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        waiting.left -= len(data)
        if not data or waiting.left <= 0:
            self._end_lingering(waiting)

    def _end_lingering(self, waiting: Lingering) -> None:
        self.lingering.pop(waiting.conn.sock, None)
        with suppress(OSError, KeyError, ValueError):
            self.poller.unregister(waiting.conn.sock)
        self.nr_conns -= 1
        waiting.conn.close()

    def murder_pending(self) -> None:
        """Called by the loop about once a second; also closes connections that are too slow."""
        super().murder_pending()
        now = time.monotonic()
        for found in [
            one
            for one in self.collecting.values()
            if one.deadline < now or not (self.alive or one.data)
        ]:
            self._forget(found)
            # No data: a browser opened the connection ahead of time and expects no response.
            self._close(found, HTTPStatus.REQUEST_TIMEOUT if found.data else None)
        for waiting in [one for one in self.lingering.values() if one.deadline < now]:
            self._end_lingering(waiting)
        while self.long_waiting and self.long_waiting[0].deadline + BODY_SECONDS < now:
            self._close(self.long_waiting.popleft(), HTTPStatus.SERVICE_UNAVAILABLE)
