"""Fetches a result file from the provider's hosts, and from nowhere else."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from urllib.parse import SplitResult, urljoin

import httpx
from django.conf import settings
from django.utils.translation import gettext_noop

from media import file_types

from . import addresses
from .addresses import NotPublicError
from .client import require_one_coding
from .errors import Expired, Incomplete, Later, Unclear
from .transport import transport

TIMEOUT = httpx.Timeout(connect=10.0, read=60.0, write=10.0, pool=10.0)
LONGEST = 600.0  # seconds for one file
MAX_BYTES = 512 * 1024 * 1024
GONE = {401, 403, 404, 410}
MOVED = {301, 302, 303, 307, 308}
MOST_HOPS = 5
HTTPS = 443
NOT_NOW = gettext_noop("The result could not be fetched at the moment (%(error)s).")
ELSEWHERE = gettext_noop(
    "The provider's link leads to a place that is not the provider's: %(host)s."
)


@dataclass(frozen=True, slots=True)
class Link:
    """A file at a provider.

    It is fetched only over https, only from `hosts` and their subdomains, and only from public
    addresses. `own` is the address of the connection itself, if its server hands out the file: what
    may be called may also be fetched from. `headers` are sent to the link's own host; they may
    contain a key only if the file's hosts are the provider's own.
    """

    url: str
    hosts: tuple[str, ...]
    headers: Mapping[str, str] = field(default_factory=dict)
    max_bytes: int = MAX_BYTES
    trusted: bool = False
    own: str = ""

    @property
    def again(self) -> bool:
        """Whether the file can be fetched again."""
        return True

    @property
    def leads_to_provider(self) -> bool:
        """Whether the URL is one that may be fetched, as far as the URL itself shows."""
        parts = addresses.split(self.url)
        return parts is not None and self._is_known(parts)

    def download(self, to: Path, *, should_stop: Callable[[], bool]) -> None:
        """Stream the file to `to`.

        Raises `Expired`, `Later`, or `Unclear` for a file that must not or cannot be fetched at
        all.
        """
        began, url = time.monotonic(), self.url
        for _hop in range(MOST_HOPS + 1):
            try:
                moved_to = self._follow(url, to, began=began, should_stop=should_stop)
            except httpx.HTTPError as error:
                raise Later(NOT_NOW, error=type(error).__name__) from error
            if moved_to is None:
                return
            url = moved_to
        raise Later(NOT_NOW, error="too many redirects")

    def _follow(
        self, url: str, to: Path, *, began: float, should_stop: Callable[[], bool]
    ) -> str | None:
        """Fetch from this URL; return the next URL if the file has moved within the hosts."""
        at, host, extensions = self._address(url)
        own = self.headers if addresses.origin(url) == addresses.origin(self.url) else {}
        with (
            httpx.Client(
                transport=transport(),
                timeout=TIMEOUT,
                follow_redirects=False,
                trust_env=False,
            ) as client,
            client.stream("GET", at, headers={**own, **host}, extensions=extensions) as response,
        ):
            if response.status_code in MOVED:
                return self._next(url, response)
            self._judge(response)
            with to.open("wb") as file:
                self._write(response, file, began=began, should_stop=should_stop)
        self._require_whole(to, response)
        return None

    def _next(self, url: str, response: httpx.Response) -> str:
        target: str = urljoin(url, response.headers.get("location", ""))
        parts = addresses.split(target)
        if parts is None or not self._is_known(parts):
            raise Later(NOT_NOW, error=f"HTTP {response.status_code}")
        return target

    def _write(
        self,
        response: httpx.Response,
        file: BinaryIO,
        *,
        began: float,
        should_stop: Callable[[], bool],
    ) -> None:
        written = 0
        for piece in response.iter_bytes():
            file.write(piece)
            written += len(piece)
            if written > self.max_bytes:
                raise self._too_large()
            if should_stop() or time.monotonic() - began > LONGEST:
                raise Later(gettext_noop("Fetching the result was stopped."))

    def _judge(self, response: httpx.Response) -> None:
        if response.status_code in GONE:
            raise Expired(
                gettext_noop(
                    "The link to the result has expired (HTTP %(status)s); a new one is asked for."
                ),
                status=response.status_code,
            )
        if response.status_code != httpx.codes.OK:
            raise Later(NOT_NOW, error=f"HTTP {response.status_code}")
        require_one_coding(response)
        length = response.headers.get("content-length", "")
        if (
            length.isascii()
            and length.isdigit()
            # Digits of a petabyte
            and (len(length) > 15 or int(length) > self.max_bytes)  # noqa: PLR2004
        ):
            raise self._too_large()

    def _require_whole(self, file: Path, response: httpx.Response) -> None:
        """Require a non-empty result file, judged by its content.

        An HTML page or an error message of a proxy is not a result, whatever its content type.
        """
        with file.open("rb") as opened:
            head = opened.read(file_types.ENOUGH)
        if not head:
            raise Incomplete(NOT_NOW, error="empty")
        if file_types.what(head) == "text":
            raise Later(NOT_NOW, error=response.headers.get("content-type", "text")[:60])

    def _too_large(self) -> Unclear:
        return Unclear(
            gettext_noop("The result is larger than %(most)s MB and was not fetched."),
            most=self.max_bytes // (1024 * 1024),
        )

    def _is_known(self, parts: SplitResult) -> bool:
        """Return whether the URL is on the provider's hosts and uses an allowed scheme and port."""
        host = addresses.host_of(parts)
        if self.own and addresses.origin(parts.geturl()) == addresses.origin(self.own):
            return True
        if _is_for_development(parts) and any(addresses.is_loopback(known) for known in self.hosts):
            return True
        known = any(host == h or host.endswith(f".{h}") for h in self.hosts)
        return (
            known
            and parts.scheme == "https"
            and parts.username is None
            and parts.password is None
            and addresses.port_of(parts) == HTTPS
        )

    def _address(self, url: str | None = None) -> tuple[str, dict[str, str], dict[str, str]]:
        """Return where to connect: a checked IP address, so that DNS changes have no effect."""
        url = self.url if url is None else url
        parts = addresses.split(url)
        if parts is None or not self._is_known(parts):
            raise Unclear(ELSEWHERE, host=(addresses.host_of(parts) if parts else "") or url[:60])
        if _is_for_development(parts):
            return url, {}, {}
        host = addresses.host_of(parts)
        if addresses.is_allowed(parts):
            return url, {}, {}
        try:
            port = addresses.port_of(parts)
            return addresses.pinned(parts, addresses.addresses(host, port)[0])
        except OSError as error:
            raise Later(NOT_NOW, error=type(error).__name__) from error
        except NotPublicError as error:
            raise Unclear(ELSEWHERE, host=host) from error


def elsewhere(texts: Iterable[str], *, raw: bytes) -> Unclear | None:
    """Return the error for a result of which no file is at the provider's hosts; it names the host
    of the first. None if there is no address of a file.
    """
    for text in texts:
        if "://" in text:
            parts = addresses.split(text.strip())
            host = (addresses.host_of(parts) if parts else "") or text.strip()[:60]
            return Unclear(ELSEWHERE, host=host, raw=raw)
    return None


def _is_for_development(parts: SplitResult) -> bool:
    return bool(
        settings.LOOPBACK_PROVIDERS
        and parts.scheme == "http"
        and addresses.is_loopback(addresses.host_of(parts))
    )
