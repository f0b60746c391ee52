"""Tests cannot leave this machine."""

import socket

import httpx
import pytest

from tests.conftest import OutsideError


@pytest.mark.parametrize("host", ["93.184.216.34", "2606:2800:220:1::1", "10.0.0.1"])
def test_connect_outside_is_refused(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as outgoing, pytest.raises(OutsideError):
        outgoing.connect((host, 80))


def test_lookup_outside_is_refused() -> None:
    with pytest.raises(OutsideError, match=r"not to api\.example\.com"):
        httpx.get("https://api.example.com/", trust_env=False)


def test_datagram_outside_is_refused() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outgoing, pytest.raises(OutsideError):
        outgoing.sendto(b"hello", ("8.8.8.8", 53))


def test_loopback_is_open() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(("localhost", server.getsockname()[1])) as outgoing,
    ):
        assert outgoing.getpeername()[0] == "127.0.0.1"
