"""Results are fetched from their providers only, never from inside, within limits, and whole or not
at all.
"""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from providers import fetch
from providers.errors import Expired, Later, Unclear
from providers.fetch import Link
from tests.fakes.server import Asked, Fake, Reply

HOSTS = ("cdn.example.com",)


class Files(Fake):
    """Serves whatever the test puts there."""

    key = ""
    routes = [("GET", r"/file", "file")]
    reply = Reply(200, b"content", {"Content-Type": "video/mp4"})

    def is_paid(self, asked: Asked) -> bool:
        return False

    def file(self, asked: Asked) -> Reply:
        return self.reply


@pytest.fixture
def files(settings: Any) -> Iterator[Files]:
    settings.LOOPBACK_PROVIDERS = True
    with Files() as fake:
        yield fake


def download(files: Files, to: Path, **more: Any) -> None:
    Link(f"{files.url}/file", hosts=("127.0.0.1",), **more).download(to, should_stop=lambda: False)


def test_file_is_streamed(files: Files, tmp_path: Path) -> None:
    download(files, tmp_path / "f", headers={"Authorization": "Bearer of the owner"})
    assert (tmp_path / "f").read_bytes() == b"content"
    assert files.asked[0].headers["authorization"] == "Bearer of the owner"


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.example.com/film.mp4",
        "ftp://cdn.example.com/film.mp4",
        "file:///etc/passwd",
        "https://example.com/film.mp4",
        "https://cdn.example.com.evil.org/film.mp4",
        "https://evilcdn.example.com@evil.org/film.mp4",
        "https://user:word@cdn.example.com/film.mp4",
        "https://cdn.example.com:8443/film.mp4",
        "https://169.254.169.254/latest/meta-data/",
        "https://localhost/film.mp4",
        "//cdn.example.com/film.mp4",
        "",
    ],
)
def test_links_that_are_never_followed(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(httpx, "Client", _forbidden)
    with pytest.raises(Unclear, match="is not the provider's"):
        Link(url, hosts=HOSTS).download(tmp_path / "f", should_stop=lambda: False)


def _forbidden(**_: Any) -> None:
    raise AssertionError("nothing may be asked")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.8",
        "192.168.1.1",
        "169.254.169.254",
        "::1",
        "fd00::1",
        "100.64.0.1",
        "0.0.0.0",
    ],
)
def test_name_that_leads_inside_is_not_followed(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(httpx, "Client", _forbidden)
    answers = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 443)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: answers)
    with pytest.raises(Unclear, match="is not the provider's"):
        Link("https://cdn.example.com/film.mp4", hosts=HOSTS).download(
            tmp_path / "f", should_stop=lambda: False
        )


def test_connection_goes_to_the_address_that_was_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda *_args, **_more: [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 443))
        ],
    )
    assert Link("https://a.cdn.example.com/film.mp4?x=1", hosts=HOSTS)._address() == (
        "https://93.184.216.34/film.mp4?x=1",
        {"Host": "a.cdn.example.com"},
        {"sni_hostname": "a.cdn.example.com"},
    )


def test_name_that_does_not_exist_is_asked_for_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_more: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(Later):
        Link("https://cdn.example.com/film.mp4", hosts=HOSTS).download(
            tmp_path / "f", should_stop=lambda: False
        )


def test_this_machine_is_for_tests_only(files: Files, settings: Any, tmp_path: Path) -> None:
    settings.LOOPBACK_PROVIDERS = False
    with pytest.raises(Unclear, match="is not the provider's"):
        download(files, tmp_path / "f")
    settings.LOOPBACK_PROVIDERS = True
    with pytest.raises(Unclear, match="is not the provider's"):
        Link(f"{files.url}/file", hosts=HOSTS).download(tmp_path / "f", should_stop=lambda: False)
    assert files.asked == []


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_expired(status: int, files: Files, tmp_path: Path) -> None:
    files.reply = Reply(status, b"")
    with pytest.raises(Expired):
        download(files, tmp_path / "f")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(500, b""),
        Reply(429, b""),
        Reply(204),
        Reply(302, b"", {"Location": "http://169.254.169.254/"}),
        Reply(200, b"<html>", {"Content-Type": "text/html"}),
        Reply(200, b"x" * 10_000, {"Content-Type": "video/mp4"}, cut=True),
    ],
    ids=["500", "429", "204", "redirect", "html", "cut"],
)
def test_later(reply: Reply, files: Files, tmp_path: Path) -> None:
    files.reply = reply
    with pytest.raises(Later) as later:
        download(files, tmp_path / "f")
    assert not isinstance(later.value, Expired)


@pytest.mark.parametrize("has_length", [True, False])
def test_too_large(has_length: bool, files: Files, tmp_path: Path) -> None:  # noqa: FBT001  a parameter
    files.reply = Reply(200, b"x" * 5000, {"Content-Type": "video/mp4"}, no_length=not has_length)
    with pytest.raises(Unclear, match="larger than"):
        download(files, tmp_path / "f", max_bytes=4000)


def test_long_download_can_be_stopped_and_has_a_limit(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = Link(f"{files.url}/file", hosts=("127.0.0.1",))
    with pytest.raises(Later, match="stopped"):
        link.download(tmp_path / "f", should_stop=lambda: True)
    monkeypatch.setattr(fetch, "LONGEST", -1.0)
    with pytest.raises(Later, match="stopped"):
        link.download(tmp_path / "f", should_stop=lambda: False)


def test_nobody_there(tmp_path: Path, settings: Any) -> None:
    settings.LOOPBACK_PROVIDERS = True
    with pytest.raises(Later, match="ConnectError"):
        Link("http://127.0.0.1:9/file", hosts=("127.0.0.1",)).download(
            tmp_path / "f", should_stop=lambda: False
        )
