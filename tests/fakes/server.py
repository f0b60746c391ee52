"""What all fake providers share: the server, its routes, its scenarios, and the ledger of what it
charged.
"""

import json
import re
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, urlsplit

MAGIC = re.compile(r"\[\[([a-z0-9_]+)\]\]")


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    status: int = 200
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: bool = False  # half of the body, then the connection breaks
    no_length: bool = False  # the end of the connection is the end of the body

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Dropped(Exception):  # noqa: N818  what happens to the connection
    """The connection breaks without an answer."""


@dataclass
class Charge:
    """What the provider will have on its bill for one piece of work."""

    what: str
    usd: Decimal
    asked: Asked


class Fake:
    """A provider. Subclasses add `routes`: a method, a pattern of the path, and the function's
    name.
    """

    key: ClassVar[str]
    routes: ClassVar[list[tuple[str, str, str]]]

    def __init__(self) -> None:
        self.charges: dict[str, Charge] = {}
        self.asked: list[Asked] = []
        self.lock = threading.RLock()
        self._expected: list[list[Any]] = []
        self.slow = 3.0
        self._server: _Server | None = None
        self._port = 0  # that of its first start

    # --- running

    def __enter__(self) -> Self:
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.shut()

    def listen(self) -> None:
        """At the same address as before."""
        handler = type("Handler", (Handler,), {"fake": self})
        self._server = _Server(("127.0.0.1", self._port), handler)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def shut(self) -> None:
        """Nobody listens there any more."""
        assert self._server
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        assert self._server
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def finish_abandoned(self) -> None:
        """Return when every request whose client has gone away by now has been dealt with.

        Until then a request may still be charged that nobody waits for any more.
        """
        assert self._server
        # A connection of its own comes after all those that wait to be taken.
        with socket.create_connection(self._server.server_address[:2]) as last:
            name = last.getsockname()
            while name not in list(self._server.open.values()):
                time.sleep(0.005)
            for connection in list(self._server.open):
                while connection in self._server.open and not _is_connected(connection):
                    time.sleep(0.005)

    # --- scenarios and the ledger

    def expect(self, scenario: str, *, times: int = 1_000_000) -> None:
        """The next `times` pieces of work go so."""
        with self.lock:
            self._expected.append([scenario, times])

    def calm(self) -> None:
        """Everything goes well again."""
        with self.lock:
            self._expected.clear()

    def scenario(self, *texts: str) -> str:
        """How this piece of work goes; empty: well."""
        for text in texts:
            if magic := MAGIC.search(text):
                return magic[1]
        with self.lock:
            if not self._expected:
                return ""
            first = self._expected[0]
            first[1] -= 1
            if first[1] <= 0:
                self._expected.pop(0)
            return str(first[0])

    def charge(self, work: str, what: str, usd: Decimal | str, asked: Asked) -> None:
        with self.lock:
            self.charges[work] = Charge(what, Decimal(usd), asked)

    @property
    def charged(self) -> Decimal:
        """The sum of the bill."""
        with self.lock:
            return sum((charge.usd for charge in self.charges.values()), Decimal(0))

    @property
    def paid(self) -> int:
        """How many pieces of work cost something."""
        with self.lock:
            return sum(charge.usd > 0 for charge in self.charges.values())

    @property
    def posts(self) -> Counter[bytes]:
        """How often each body of a paid POST came."""
        return Counter(asked.body for asked in self.orders)

    @property
    def orders(self) -> list[Asked]:
        """The requests that may be paid for."""
        return [asked for asked in self.asked if asked.method == "POST" and self.is_paid(asked)]

    def is_paid(self, asked: Asked) -> bool:
        raise NotImplementedError

    # --- common ways to go wrong, before anything is done

    def trouble(self, scenario: str) -> Reply | None:
        """An answer that says nothing about the work itself; None when this scenario is another
        one.
        """
        if scenario == "drop_before":
            raise Dropped
        if scenario.startswith("http_"):
            return Reply(
                int(scenario[5:]),
                {
                    "error": "Something went wrong.",
                    "detail": "Something went wrong.",
                    "errors": ["Something went wrong."],
                },
            )
        if scenario == "echo":
            words = f"Refused: Bearer {self.key} may not."
            return Reply(
                400,
                {
                    "error": words,
                    "detail": words,
                    "title": words,
                    "errors": [words],
                    "message": words,
                },
            )
        if scenario == "html":
            return Reply(502, b"<html><h1>Bad gateway</h1></html>", {"Content-Type": "text/html"})
        if scenario == "redirect":
            return Reply(307, b"", {"Location": "http://127.0.0.1:9/elsewhere"})
        return None

    def twisted(self, scenario: str, reply: Reply) -> Reply:
        """The good answer, as this scenario lets it arrive: the work is done and charged."""
        if scenario == "drop":
            raise Dropped
        if scenario == "slow":
            reply.delay = self.slow
        if scenario == "half":
            reply.cut = True
        if scenario == "garbage":
            return Reply(200, b"{not json")
        if scenario == "done_http_500":
            return Reply(500, {"error": "Internal server error"})
        return _dressed(scenario, reply)

    def answer(self, asked: Asked) -> Reply:
        with self.lock:
            self.asked.append(asked)
        if asked.path == "/_control" and asked.method == "POST":
            self.expect(asked.json["scenario"], times=asked.json.get("times", 1))
            return Reply(204)
        if asked.path == "/_ledger":
            return Reply(
                200,
                {
                    "charged": str(self.charged),
                    "charges": {work: str(charge.usd) for work, charge in self.charges.items()},
                },
            )
        for method, pattern, name in self.routes:
            if method == asked.method and (match := re.fullmatch(pattern, asked.path)):
                reply: Reply = getattr(self, name)(asked, *match.groups())
                return reply
        return self.missing(asked)

    def missing(self, asked: Asked) -> Reply:
        return Reply(404, {"error": f"No such path: {asked.path}"})


def _dressed(scenario: str, reply: Reply) -> Reply:
    """The good answer in other bytes."""
    content = reply.content
    bodies = {
        "bom": b"\xef\xbb\xbf" + content,
        "junk_before": b")]}',\n" + content,
        "not_a_number": content.replace(b"{", b'{"score": NaN, ', 1),
        "more_fields": content.replace(b"{", b'{"meta": {"a": [1, null]}, "warnings": ["x"], ', 1),
    }
    if scenario == "utf16":
        bodies["utf16"] = content.decode().encode("utf-16")
    return (
        Reply(reply.status, bodies[scenario], reply.headers, reply.delay)
        if scenario in bodies
        else reply
    )


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, *arguments: Any) -> None:
        self.open: dict[socket.socket, Any] = {}  # and the addresses of their clients
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open[request] = client_address
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self.open.pop(request, None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are killed in the middle are what these servers are for."""


def _is_connected(connection: socket.socket) -> bool:
    """Whether the client still holds its end; what it sent before is there to be read either way.

    Linux only, as the runs are that ask.
    """
    established = 1
    try:
        return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == established
    except OSError:
        return False


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: ClassVar[Fake]

    def handle_any(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            reply = self.fake.answer(Asked(self.command, parts.path, query, headers, body))
        except Dropped:
            self.drop()
            return
        time.sleep(reply.delay)
        self.send(reply)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any  # noqa: N815  the names of http.server

    def send(self, reply: Reply) -> None:
        content = reply.content
        if "Date" in reply.headers:
            self.send_response_only(reply.status)
        else:
            self.send_response(reply.status)
        kind = {} if isinstance(reply.body, bytes) else {"Content-Type": "application/json"}
        length = (
            {} if reply.status == 204 or reply.no_length else {"Content-Length": str(len(content))}
        )
        for name, value in (kind | reply.headers | length).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[: len(content) // 2] if reply.cut else content)
        if reply.cut or reply.no_length:
            self.wfile.flush()
            self.drop()

    def drop(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def log_message(self, *_: Any) -> None:
        """Quiet."""


def multipart(asked: Asked) -> dict[str, bytes]:
    """The fields of a multipart/form-data body; raises ValueError for any other."""
    kind = asked.headers.get("content-type", "")
    match = re.search(r'boundary="?([^";]+)"?', kind)
    if not kind.startswith("multipart/form-data") or not match:
        raise ValueError(kind)
    fields: dict[str, bytes] = {}
    for part in asked.body.split(b"--" + match[1].encode())[1:-1]:
        head, _, content = part.strip(b"\r\n").partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]+)"', head)
        if name:
            fields[name[1].decode()] = content
    return fields
