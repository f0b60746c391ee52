"""Fetching a result from where its provider put it, and from nowhere else."""

import ipaddress
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx
from django.conf import settings
from django.utils.translation import gettext_noop

from .errors import Expired, Later, Unclear
from .http import is_loopback, require_one_coding

TIMEOUT = httpx.Timeout(connect=10.0, read=60.0, write=10.0, pool=10.0)
LONGEST = 600.0  # seconds for one file
MAX_BYTES = 512 * 1024 * 1024
GONE = {401, 403, 404, 410}
TYPES = ("image/", "video/", "application/octet-stream", "binary/octet-stream")
HTTPS = 443


@dataclass(frozen=True, slots=True)
class Link:
    """A file at a provider: only over https, only from its `hosts` (and hosts below them), only from public addresses.

    `headers` are sent along; they may carry a key only when the file's hosts are the provider's own.
    """

    url: str
    hosts: tuple[str, ...]
    headers: Mapping[str, str] = field(default_factory=dict)
    max_bytes: int = MAX_BYTES
    trusted: bool = False

    def bring(self, to: Path, *, should_stop: Callable[[], bool]) -> None:
        """Stream the file to `to`. Raises `Expired`, `Later`, or `Unclear` for what must not or cannot be fetched at all."""
        url, headers, extensions = self._address()
        began = time.monotonic()
        try:
            with (
                httpx.Client(transport=httpx.HTTPTransport(retries=0), timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client,
                client.stream("GET", url, headers={**self.headers, **headers}, extensions=extensions) as response,
                to.open("wb") as file,
            ):
                self._judge(response)
                for piece in response.iter_bytes():
                    file.write(piece)
                    if file.tell() > self.max_bytes:
                        raise self._too_large()
                    if should_stop() or time.monotonic() - began > LONGEST:
                        raise Later(gettext_noop("Fetching the result was stopped."))
        except httpx.HTTPError as error:
            raise Later(gettext_noop("The result could not be fetched at the moment (%(error)s)."), error=type(error).__name__) from error

    def _judge(self, response: httpx.Response) -> None:
        if response.status_code in GONE:
            raise Expired(gettext_noop("The link to the result has expired (HTTP %(status)s); a new one is asked for."), status=response.status_code)
        if response.status_code != httpx.codes.OK:
            raise Later(gettext_noop("The result could not be fetched at the moment (%(error)s)."), error=f"HTTP {response.status_code}")
        if not response.headers.get("content-type", TYPES[-1]).startswith(TYPES):
            raise Later(gettext_noop("The result could not be fetched at the moment (%(error)s)."), error=response.headers["content-type"][:60])
        require_one_coding(response)
        if int(response.headers.get("content-length", 0)) > self.max_bytes:
            raise self._too_large()

    def _too_large(self) -> Unclear:
        return Unclear(gettext_noop("The result is larger than %(most)s MB and was not fetched."), most=self.max_bytes // (1024 * 1024))

    def _address(self) -> tuple[str, dict[str, str], dict[str, str]]:
        """Where to connect: to the address that was looked at, not to what the name may say a moment later."""
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        if settings.LOOPBACK_PROVIDERS and parts.scheme == "http" and is_loopback(host) and any(is_loopback(h) for h in self.hosts):
            return self.url, {}, {}
        known = any(host == h or host.endswith(f".{h}") for h in self.hosts)
        if parts.scheme != "https" or not known or parts.username or parts.password or parts.port not in {None, HTTPS}:
            raise Unclear(gettext_noop("The provider's link leads to a place that is not the provider's: %(host)s."), host=host or self.url[:60])
        address = _public_address(host)
        pinned = f"[{address}]" if ":" in address else address
        return urlunsplit(parts._replace(netloc=pinned)), {"Host": host}, {"sni_hostname": host}


def _public_address(host: str) -> str:
    """The first address of the host. Raises `Later` when it has none, `Unclear` when one of them is not public."""
    try:
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, HTTPS, type=socket.SOCK_STREAM)]
    except OSError as error:
        raise Later(gettext_noop("The result could not be fetched at the moment (%(error)s)."), error=type(error).__name__) from error
    if not found or not all(ipaddress.ip_address(address).is_global for address in found):
        raise Unclear(gettext_noop("The provider's link leads to a place that is not the provider's: %(host)s."), host=host)
    return found[0]
