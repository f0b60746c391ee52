"""Slow clients hold no thread: directly, and through both proxies where they are installed."""

import http.client
import json
import os
import re
import select
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings as studio

from stories.services.uploads import LIMIT
from tests.operations.running import until
from tests.operations.slow import ask, slow_clients

ROOT = Path(studio.BASE_DIR)
pytestmark = pytest.mark.fault_injection

# A small application beside the studio's settings of the server: it tells what it was sent.
ECHO = """
import hashlib, json

def application(environ, start_response):
    try:
        body = environ["wsgi.input"].read()
    except OSError as error:
        body = type(error).__name__.encode()
    report = json.dumps({"length": len(body), "sha": hashlib.sha256(body).hexdigest(),
        "start": body[:40].decode("latin1")}).encode()
    start_response("200 OK", [("Content-Type", "application/json"),
        ("Content-Length", str(len(report)))])
    return [report]
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Served:
    """gunicorn with the studio's settings, in a folder of its own."""

    def __init__(self, folder: Path, *, app: str = "", limits: str = "") -> None:
        self.port = free_port()
        config = ROOT / "site/config/gunicorn_settings.py"
        if app:
            config = folder / "server.py"
            config.write_text(
                f"import sys\nsys.path[:0] = [{str(ROOT / 'site')!r}, "
                f"{str(folder)!r}]\nfrom config.gunicorn_settings import *\n"
                f"from config import gunicorn_worker\n{limits}\n"
            )
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        line = [
            sys.executable,
            "-m",
            "gunicorn",
            "-c",
            str(config),
            "--bind",
            f"127.0.0.1:{self.port}",
            "--graceful-timeout",
            "1",
            *([app] if app else []),
        ]
        self.log = (folder / "gunicorn.log").open("ab")
        env = kept | {"VAR_DIR": str(folder / "var"), "LANGUAGE_CODE": "en"}
        self.process = subprocess.Popen(line, cwd=ROOT, env=env, stdout=self.log, stderr=self.log)
        until(lambda: ask(self.port)[0], seconds=120, what="the first answer")

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(120)
        finally:
            self.process.kill()
            self.log.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = Served(tmp_path_factory.mktemp("studio"))
    yield made
    made.end()


@contextmanager
def echo_server(folder: Path, limits: str = "") -> Iterator[Served]:
    (folder / "echo.py").write_text(ECHO)
    made = Served(folder, app="echo:application", limits=limits)
    try:
        yield made
    finally:
        made.end()


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The application above, with the studio's time limits: a busy machine keeps to them."""
    with echo_server(tmp_path_factory.mktemp("echo")) as made:
        yield made


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Served]:
    """The same with time limits of half a second, only for requests that are to exceed them."""
    limits = "gunicorn_worker.HEADER_SECONDS = gunicorn_worker.BODY_SECONDS = 0.5"
    with echo_server(tmp_path, limits) as made:
        yield made


THREADS = 16  # of the web server: two processes of eight


def assert_answers(port: int, slow: Sequence[socket.socket] = (), **headers: str) -> None:
    """Ten looks are answered, the first while more slow clients hang than there are threads.

    Seconds are not compared: the machine may be busy.
    """
    looks = [ask(port, **headers)]
    hanging = sum(map(hangs, slow))
    looks += [ask(port, **headers) for _ in range(9)]
    assert [status for status, _seconds in looks] == [200] * 10, looks
    assert not slow or hanging > THREADS, looks


def hangs(client: socket.socket) -> bool:
    """Whether the server has neither answered this client nor hung up."""
    if not select.select([client], [], [], 0)[0]:
        return True
    try:
        return client.recv(12, socket.MSG_PEEK) == b"HTTP/1.1 100"
    except OSError:
        return False


def test_sixty_four_slow_clients_directly(served: Served) -> None:
    with slow_clients(served.port) as slow:
        assert_answers(served.port, slow)
        status, _seconds = ask(served.port, "/admin/login/")
        assert status in {
            200,
            500,
            503,
        }  # its folder has no database: the answer counts, not what it says


def test_clients_that_do_not_hang_up_after_their_answer_hold_up_nobody(served: Served) -> None:
    """Not the thread that accepts connections either: each would hold it for two seconds."""
    clients = []
    try:
        for _ in range(64):
            client = socket.create_connection(("127.0.0.1", served.port), timeout=120)
            clients.append(client)
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert_answers(served.port)
        for client in clients:
            answer = b""
            while data := client.recv(65536):
                answer += data
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    finally:
        for client in clients:
            client.close()


def test_rest_of_a_refused_request_does_not_cut_off_the_answer(echo: Served) -> None:
    """The client goes on sending what nobody reads, and still gets the whole answer."""
    with socket.create_connection(("127.0.0.1", echo.port), timeout=120) as client:
        client.sendall(b"GET / HTTP/9.9\r\nHost: a\r\n\r\n" + b"x" * 30_000)
        answer = b""
        while data := client.recv(65536):
            answer += data
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert body == b"This request cannot be understood.\n"


# --- what the worker does with each of them


def talk(port: int, *parts: bytes, timeout: float = 30) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as client:
        for part in parts:
            client.sendall(part)
        found = b""
        while data := client.recv(65536):
            found += data
        return found


def test_who_is_too_slow_is_told_so(impatient: Served) -> None:
    for begun in (
        b"GET / HTTP/1.1\r\nHost: a\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc",
    ):
        assert talk(impatient.port, begun).startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert talk(impatient.port, b"") == b""


def test_rest_of_a_long_body_must_come_at_a_least_speed(tmp_path: Path) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3000000\r\n\r\n"
    # What is collected must arrive within this time, too.
    with echo_server(tmp_path, "gunicorn_worker.BODY_SECONDS = 5") as echo:
        answer = talk(echo.port, head + b"x" * 1_500_000, timeout=120)
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["start"] == "TimeoutError"


def test_long_bodies_take_half_of_the_threads_at_most(echo: Served) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n"
    clients = []
    try:
        for _ in range(40):
            clients.append(socket.create_connection(("127.0.0.1", echo.port), timeout=120))
            clients[-1].sendall(head + b"x" * 1_100_000)
        assert_answers(echo.port)
    finally:
        for client in clients:
            client.close()


@pytest.mark.parametrize("count", [0, 1, 1000, 1024 * 1024, 1024 * 1024 + 1, 5_000_000])
def test_bodies_of_any_length_arrive_whole(echo: Served, count: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", echo.port, timeout=60)
    for _ in range(2):  # the second on the kept connection
        connection.request("POST", "/", body=b"y" * count)
        assert json.loads(connection.getresponse().read())["length"] == count
    connection.close()


def test_chunks_arrive_whole(echo: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", echo.port, timeout=60)
    for sizes in ((5, 1), (1,), (100_000,) * 30):
        connection.request(
            "POST",
            "/",
            body=(b"z" * size for size in sizes),
            encode_chunked=True,
            headers={"Transfer-Encoding": "chunked"},
        )
        assert json.loads(connection.getresponse().read())["length"] == sum(sizes)
    connection.close()


def test_requests_that_come_together_are_answered_in_turn(echo: Served) -> None:
    one = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"
    last = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\n"
    answer = talk(echo.port, one + b"one" + one + b"two" + last + b"end")
    assert re.findall(rb'"start": "(\w+)"', answer) == [b"one", b"two", b"end"]


def test_permission_to_send_is_given_once(echo: Served) -> None:
    with socket.create_connection(("127.0.0.1", echo.port), timeout=120) as client:
        client.sendall(
            b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nConnection: "
            b"close\r\nContent-Length: 5\r\n\r\n"
        )
        assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"hello")
        rest = b""
        while data := client.recv(1000):
            rest += data
    assert rest.startswith(b"HTTP/1.1 200 OK\r\n")
    assert rest.count(b"HTTP/1.1") == 1
    assert json.loads(rest.partition(b"\r\n\r\n")[2])["start"] == "hello"


MALFORMED = {
    b"nonsense\r\n\r\n": 400,
    b"GET%s HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n": 400,
    b"GET%s HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx": 400,
    b"GET%s HTTP/9.9\r\nHost: a\r\n\r\n": 400,
    b"GET%s HTTP/1.1\r\nHost : a\r\n\r\n": 400,
    b"GET%s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: zip\r\n\r\n": 400,
    b"GET%s HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n": 400,
    b"GET%s HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n": 417,
    b"GET%s" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n": 414,
    b"GET%s HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 20_000 + b"\r\n\r\n": 431,
    b"GET%s HTTP/1.1\r\n" + b"".join(b"X%d: 1\r\n" % n for n in range(200)) + b"\r\n": 431,
}


def request_of(form: bytes, path: bytes) -> bytes:
    return form.replace(b"%s", b" " + path, 1)


@pytest.mark.parametrize("form", MALFORMED)
@pytest.mark.parametrize("path", [b"/admin/", b"/api/ai-video/stories/"])
def test_what_is_no_request_is_refused_and_nothing_is_said_of_the_server(
    echo: Served, form: bytes, path: bytes
) -> None:
    answer = talk(echo.port, request_of(form, path))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % MALFORMED[form]), answer
    for word in (b"gunicorn", b"python", b"server:", b"<html", b"invalid", b"limit"):
        assert word not in answer.lower()
    if b"/api/" in request_of(form, path):
        assert b"Content-Type: application/problem+json" in head
        report = json.loads(body)
        assert (report["status"], report["code"], report["type"]) == (
            MALFORMED[form],
            "bad_request",
            "about:blank",
        )
    else:
        assert b"Content-Type: text/plain" in head


def test_who_is_too_slow_under_api_is_told_so_in_json(impatient: Served) -> None:
    answer = talk(impatient.port, b"GET /api/ai-video/stories/ HTTP/1.1\r\nHost: a\r\n")
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["status"] == 408


def test_chunks_that_make_no_sense_are_4xx(served: Served) -> None:
    head = (
        b"POST /api/ai-video/auth/token/ HTTP/1.1\r\nHost: localhost\r\nConnection: "
        b"close\r\nContent-Type: application/json\r\n"
    )
    answer = talk(served.port, head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n"), answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "malformed_body"


@pytest.mark.parametrize(
    "wrong",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET /" + b"a" * 70_000,
    ],
)
def test_what_is_no_request_is_refused(echo: Served, wrong: bytes) -> None:
    assert re.match(rb"HTTP/1.1 4\d\d ", talk(echo.port, wrong))


# --- the proxies, as the files of deploy/ have them


def nginx_config(folder: Path, port: int, upstream: int) -> str:
    """deploy/nginx.conf on a port of this machine, without certificates,
    as a whole configuration.
    """
    text = (
        (ROOT / "deploy/nginx.conf").read_text().replace("127.0.0.1:8000", f"127.0.0.1:{upstream}")
    )
    servers = re.split(r"(?m)^(?=server \{)", text)
    (shown,) = [part for part in servers if "server_name studio.example.com;" in part]
    shown = (
        re.sub(r"(?m)^ *ssl_.*\n", "", shown)
        .replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
        .partition("# The file store")[0]
    )
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    head = f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; events {{}}\n"
    return f"{head}http {{ access_log off;\n{temporary}{servers[0]}{shown} }}\n"


def caddy_config(port: int, upstream: int) -> str:
    text = (ROOT / "deploy/Caddyfile").read_text().partition("{$FILES_HOST}")[0]
    text = text.replace("{$STUDIO_HOST}", f"http://127.0.0.1:{port}").replace(
        "web:8000", f"127.0.0.1:{upstream}"
    )
    return text.replace(
        "{\n", "{\n\tadmin off\n\tauto_https off\n\tstorage file_system /dev/shm/none\n", 1
    )


PROXIES = [name for name in ("nginx", "caddy") if shutil.which(name)]


@pytest.fixture(params=PROXIES)
def proxy(request: pytest.FixtureRequest, served: Served, tmp_path: Path) -> Iterator[int]:
    program = str(shutil.which(request.param))
    port = free_port()
    if request.param == "nginx":
        (tmp_path / "nginx.conf").write_text(nginx_config(tmp_path, port, served.port))
        line = [program, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    else:
        (tmp_path / "Caddyfile").write_text(caddy_config(port, served.port))
        line = [program, "run", "--config", str(tmp_path / "Caddyfile"), "--adapter", "caddyfile"]
    with (tmp_path / "proxy.log").open("wb") as log:
        process = subprocess.Popen(
            line, stdout=log, stderr=log, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        )
    try:
        until(lambda: ask(port)[0] == 200, seconds=240, what="the proxy")
        yield port
    finally:
        process.terminate()
        process.wait(120)


if PROXIES:  # neither is needed to work on the studio

    def test_sixty_four_slow_clients_through_a_proxy(proxy: int) -> None:
        with slow_clients(proxy) as slow:
            assert_answers(proxy, slow)


# --- one size for all


def test_proxies_take_uploads_as_large_as_the_studio_does() -> None:
    """And a megabyte more, for the form around the file: the studio says in words what is too
    large, a proxy does not.
    """
    mib = 1024 * 1024
    caddy = re.findall(r"max_size (\d+)MiB", (ROOT / "deploy/Caddyfile").read_text())
    nginx = re.findall(r"client_max_body_size (\d+)m;", (ROOT / "deploy/nginx.conf").read_text())
    assert [int(size) * mib for size in caddy + nginx] == [LIMIT + mib] * 2
