"""The HTTP client for all providers.

It never retries on its own, has explicit timeouts, follows no redirects, and sends a key only to
its owner's address.
"""

import logging
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import msgspec
from django.utils.translation import gettext_noop

from . import addresses, retry_after
from .addresses import NotPublicError
from .before_sending import last_look
from .enums import Refusal
from .errors import Later, NotConfigured, Refused, Unclear
from .lenient_decoding import UnreadableError, decoded, read
from .transport import transport

log = logging.getLogger("ai_video.providers")
CONNECT = 10.0  # seconds
KEY_HEADERS = ("authorization", "xi-api-key", "x-api-key", "x-sup-api-key")
WRITE = 60.0
FREE_READ = 20.0
MAX_RESPONSE_BYTES = 64 * 1024 * 1024  # bytes; the largest response is an image in base64
MAX_ERROR_TEXT = 300  # characters of a provider's message
HIDDEN, SHORTEST_KEY = b"[hidden]", 8  # shorter keys are placeholders of self-hosted servers
# Raised before the first byte of the request was sent, or because it could never be sent.
UNSENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)
NOUGHT, UNKNOWN_SIGN = rb"\u0000", rb"\ufffd"  # in JSON; a text column cannot store NUL
DID_NOTHING = {301, 302, 307, 308}  # redirects for "ask elsewhere"; 303 means "done"
INSIDE = gettext_noop(
    "The address of %(provider)s leads to a network that is not public; nothing was sent. "
    "PROVIDER_PRIVATE_HOSTS may allow its host."
)


@dataclass(frozen=True, slots=True)
class ProviderResponse:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300  # noqa: PLR2004  the success class of HTTP

    def parsed[T: msgspec.Struct](self, kind: type[T]) -> T:
        """Parse the body as this type.

        Unknown fields and optional fields of a wrong type are ignored. Raises `UnreadableError`.
        """
        return read(decoded(self.body), kind)

    @property
    def text(self) -> str:
        """The beginning of the body, for use in a message."""
        return brief(self.body[:MAX_ERROR_TEXT].decode("utf-8", "replace"))

    @property
    def retry_after(self) -> timedelta | None:
        """How long the provider asks to wait; None if it does not say. At most an hour."""
        return retry_after.retry_after(self.headers)


def brief(text: str) -> str:
    """Shorten a provider's text: one line, no control characters, at most 300 characters."""
    return " ".join(
        "".join(sign if sign.isprintable() else " " for sign in text[: 4 * MAX_ERROR_TEXT]).split()
    )[:MAX_ERROR_TEXT]


def checked_base(url: str, *, name: str, schemes: tuple[str, str] = ("https", "http")) -> str:
    """Return the address without a trailing slash.

    Raises `NotConfigured` for an address to which no key may be sent. The address must be https and
    on a public network; a host that the installation allows (PROVIDER_PRIVATE_HOSTS, or loopback
    with LOOPBACK_PROVIDERS) may also be http. DNS is checked when connecting. `schemes` are the
    encrypted and the plain one of another protocol.
    """
    parts = addresses.split(url)
    allowed = parts is not None and addresses.is_allowed(parts)
    encrypted, _plain = schemes
    if (
        parts is None
        or parts.scheme not in schemes
        or (parts.scheme != encrypted and not allowed)
        or parts.username is not None
        or parts.password is not None
    ):
        raise NotConfigured(
            gettext_noop("The address of %(provider)s must begin with %(scheme)s."),
            provider=name,
            scheme=f"{encrypted}://",
        )
    if "?" in url or "#" in url or not url.isprintable() or " " in url or "\\" in url:
        raise NotConfigured(
            gettext_noop(
                "The address of %(provider)s must be without a question mark, a number "
                "sign and blanks."
            ),
            provider=name,
        )
    host = addresses.host_of(parts)
    found = addresses.literal(host)
    if not allowed and (
        addresses.is_loopback(host) or (found is not None and not addresses.is_public(found))
    ):
        raise NotConfigured(INSIDE, provider=name)
    return url.rstrip("/")


class ProviderClient:
    """HTTP client for one provider.

    `name` is its display name. `headers` carry its key and are sent to `base` only.
    """

    def __init__(self, base: str, *, name: str, headers: Mapping[str, str]) -> None:
        self.base, self.name, self.headers = base, name, httpx.Headers(headers)
        stated = (self.headers[name] for name in KEY_HEADERS if name in self.headers)
        self.key = next(stated, "").rpartition(" ")[2].encode()

    def ask(
        self, method: str, path: str, *, read: float = FREE_READ, **body: Any
    ) -> ProviderResponse:
        """Send a free, repeatable request. Raises `Later` when no response arrives."""
        try:
            return self._exchange(method, path, read=read, **body)
        except httpx.HTTPError as error:
            raise Later(
                gettext_noop("%(provider)s cannot be reached at the moment (%(error)s)."),
                provider=self.name,
                error=type(error).__name__,
            ) from error
        except _TooLargeError as error:
            raise Later(
                gettext_noop("The answer of %(provider)s is too large."), provider=self.name
            ) from error
        except NotPublicError as error:
            raise Later(INSIDE, provider=self.name) from error

    def post_once(
        self, path: str, *, read: float, not_done: Collection[int] = (), **body: Any
    ) -> ProviderResponse:
        """Send the one POST that may be charged; it is sent once.

        Returns responses that state the outcome. `not_done` are further status codes with which
        this provider states that nothing was done. Raises `Refused` (unreachable) if certainly
        nothing was sent. Raises `Unclear` if the outcome is unknown: a timeout, a broken
        connection, or a status (408, 409, 5xx and others) that does not state whether it was done.
        Raises `NotSent` if the call may no longer be sent (`before_sending.last_look`).
        """
        received = bytearray()
        try:
            answer = self._exchange(
                "POST", path, read=read, received=received, trace=_LastLook(read), **body
            )
        except NotPublicError as error:
            raise NotConfigured(INSIDE, provider=self.name) from error
        except UNSENT as error:
            raise Refused(
                gettext_noop("%(provider)s cannot be reached (%(error)s); nothing was sent."),
                kind=Refusal.UNREACHABLE,
                provider=self.name,
                error=type(error).__name__,
            ) from error
        except _TooLargeError as error:
            raise Unclear(
                gettext_noop(
                    "The answer of %(provider)s was too large or took too long; it may have been "
                    "done and paid."
                ),
                provider=self.name,
                raw=self._without_key(bytes(received)),
            ) from error
        except httpx.HTTPError as error:
            raise Unclear(
                gettext_noop(
                    "The connection to %(provider)s broke after sending (%(error)s); it "
                    "may have been done and paid."
                ),
                provider=self.name,
                error=type(error).__name__,
                raw=self._without_key(bytes(received)),
            ) from error
        if answer.status in DID_NOTHING:
            raise Refused(
                gettext_noop("%(provider)s is at another address (HTTP %(status)s)."),
                kind=Refusal.INVALID,
                provider=self.name,
                status=answer.status,
            )
        if (
            not answer.ok
            and answer.status not in not_done
            and not (400 <= answer.status < 500 and answer.status not in {408, 409, 425})  # noqa: PLR2004  the class of client errors
        ):
            raise Unclear(
                gettext_noop(
                    "%(provider)s answered with an error (HTTP %(status)s) that does not "
                    "say whether it was done."
                ),
                provider=self.name,
                status=answer.status,
                raw=answer.body,
            )
        return answer

    def _exchange(
        self,
        method: str,
        path: str,
        *,
        read: float,
        headers: Mapping[str, str] | None = None,
        received: bytearray | None = None,
        trace: "_LastLook | None" = None,
        **body: Any,
    ) -> ProviderResponse:
        """Send one request. Raises `httpx.HTTPError` or `NotPublicError`.

        `received` holds what had arrived by then.
        """
        began = time.monotonic()
        status: int | str = "no answer"
        content = bytearray() if received is None else received
        try:
            with self._connected(
                method, path, {**self.headers, **(headers or {})}, read=read, trace=trace, **body
            ) as response:
                status = response.status_code
                require_one_coding(response)
                for piece in response.iter_bytes():
                    content += piece
                    if (
                        len(content) > MAX_RESPONSE_BYTES
                        or time.monotonic() - began > read + CONNECT + WRITE
                    ):
                        raise _TooLargeError
                return ProviderResponse(
                    status,
                    response.headers,
                    self._without_key(bytes(content)).replace(NOUGHT, UNKNOWN_SIGN),
                )
        finally:
            log.info(
                "%s %s %s: %s in %.2f s",
                self.name,
                method,
                path.partition("?")[0],
                status,
                time.monotonic() - began,
            )

    @contextmanager
    def _connected(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        *,
        read: float,
        trace: "_LastLook | None" = None,
        **body: Any,
    ) -> Iterator[httpx.Response]:
        """Yield the response to one request.

        The next of several addresses is tried only if no connection was made, so nothing is sent
        twice.
        """
        targets = self._targets(path)
        connect = CONNECT / len(targets)
        timeout = httpx.Timeout(connect=connect, read=read, write=WRITE, pool=CONNECT)
        how = {"timeout": timeout.as_dict()} | ({"trace": trace} if trace else {})
        with httpx.Client(
            transport=transport(),
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
        ) as client:
            for left, (url, host, extensions) in zip(
                reversed(range(len(targets))), targets, strict=True
            ):
                request = client.build_request(
                    method,
                    url,
                    headers={**headers, **host},
                    extensions={**extensions, **how},
                    **body,
                )
                try:
                    response = client.send(request, stream=True)
                except (httpx.ConnectError, httpx.ConnectTimeout):
                    if left:
                        continue
                    raise
                try:
                    yield response
                finally:
                    response.close()
                return

    def _targets(self, path: str) -> list[tuple[str, dict[str, str], dict[str, str]]]:
        """Return the checked addresses to connect to, so that a later DNS change has no effect."""
        parts = addresses.split(self.base + path)
        if parts is None:
            raise httpx.UnsupportedProtocol("no address")
        if addresses.is_allowed(parts):
            return [(self.base + path, {}, {})]
        try:
            found = addresses.addresses(addresses.host_of(parts), addresses.port_of(parts))
        except OSError as error:
            raise httpx.ConnectError(type(error).__name__) from error
        return [addresses.pinned(parts, address) for address in found]

    def _without_key(self, content: bytes) -> bytes:
        """Remove the key from a response.

        Some servers repeat the key that they reject, and responses are stored and shown.
        """
        return content.replace(self.key, HIDDEN) if len(self.key) >= SHORTEST_KEY else content


class _LastLook:
    """Calls `before_sending.last_look` on a new connection before anything is written."""

    def __init__(self, read: float) -> None:
        self.read = read

    def __call__(self, name: str, _info: Mapping[str, Any]) -> None:
        if name == "http11.send_request_headers.started":
            last_look(self.read)


class _TooLargeError(Exception):
    """The response exceeds the size limit, or takes too long to arrive."""


def require_one_coding(response: httpx.Response) -> None:
    """Raise `httpx.DecodingError` for a body that is compressed more than once.

    Each layer can expand it a thousandfold.
    """
    if "," in response.headers.get("content-encoding", ""):
        raise httpx.DecodingError("packed more than once", request=response.request)


def unparsable(name: str, answer: ProviderResponse) -> Unclear:
    """Return the error for a success response that cannot be parsed.

    The work was done, but the result is unknown.
    """
    template = gettext_noop(
        "%(provider)s answered HTTP %(status)s with something that cannot be read."
    )
    return Unclear(template, provider=name, status=answer.status, raw=answer.body)


__all__ = [
    "MAX_RESPONSE_BYTES",
    "ProviderClient",
    "ProviderResponse",
    "UnreadableError",
    "brief",
    "checked_base",
    "require_one_coding",
    "unparsable",
]
