"""How every provider is spoken to: no hidden retry, explicit time limits, no redirects, no key anywhere but at its owner's address."""

import ipaddress
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
from django.conf import settings
from django.utils.translation import gettext_noop

from .enums import Refusal
from .errors import Later, NotConfigured, Refused, Unclear
from .sending import last_look

log = logging.getLogger("ai_video.providers")
CONNECT = 10.0  # seconds
WRITE = 60.0
FREE_READ = 20.0
MAX_ANSWER = 64 * 1024 * 1024  # bytes; a picture in base64 is the largest honest answer
MOST_TOLD = 300  # characters of a stranger's words
LONGEST_WAIT = timedelta(days=1)
HIDDEN, SHORTEST_KEY = b"[hidden]", 8  # shorter ones are words: a server of one's own may have none
# Raised before the request's first byte was on the wire, or because it never could be.
UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.LocalProtocolError)
NOUGHT, UNKNOWN_SIGN = rb"\u0000", rb"\ufffd"  # in JSON; a database of texts keeps no NUL
DID_NOTHING = {301, 302, 307, 308}  # redirects that say "ask elsewhere"; 303 says "done, look there"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300  # noqa: PLR2004  the success class of HTTP

    def json(self) -> Any:
        """The parsed body, None when it is no JSON: error pages of proxies are HTML."""
        try:
            return msgspec.json.decode(self.body)
        except msgspec.MsgspecError:
            return None

    def parsed[T](self, kind: type[T]) -> T:
        """The body as this type; unknown fields are ignored. Raises `msgspec.MsgspecError`."""
        return msgspec.json.decode(self.body, type=kind)

    @property
    def text(self) -> str:
        """The beginning of the body, for a sentence."""
        return brief(self.body[:MOST_TOLD].decode("utf-8", "replace"))

    @property
    def retry_after(self) -> timedelta | None:
        """How long the provider asks us to wait; None when it does not say. Never longer than a day."""
        told = self.headers.get("retry-after", "")
        return wait_of(told) if told.isascii() and told.isdigit() else None


def wait_of(seconds: str) -> timedelta:
    """A wait as a provider told it, in digits; a day at most."""
    return min(timedelta(seconds=int(seconds[-9:])), LONGEST_WAIT) if len(seconds.lstrip("0")) <= 9 else LONGEST_WAIT  # noqa: PLR2004  years, whatever follows


def brief(text: str) -> str:
    """A stranger's words for a sentence: on one line, without control characters, 300 characters at most."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text[: 4 * MOST_TOLD]).split())[:MOST_TOLD]


def is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def checked_base(url: str, *, name: str, plain_http: bool = False) -> str:
    """The address without a slash at its end. Raises `NotConfigured` unless it is https.

    http is taken for this machine when the setting LOOPBACK_PROVIDERS says so, and anywhere for servers of one's own
    (`plain_http`).
    """
    parts = urlsplit(url)
    loopback = settings.LOOPBACK_PROVIDERS and is_loopback(parts.hostname)
    if parts.hostname and not parts.username and (parts.scheme == "https" or (parts.scheme == "http" and (plain_http or loopback))):
        return url.rstrip("/")
    raise NotConfigured(gettext_noop("The address of %(provider)s must begin with https://."), provider=name)


class Line:
    """The line to one provider. `name` is what persons call it; `headers` carry its key and go to `base` only."""

    def __init__(self, base: str, *, name: str, headers: Mapping[str, str]) -> None:
        self.base, self.name, self.headers = base, name, httpx.Headers(headers)
        self.key = self.headers.get("Authorization", "").rpartition(" ")[2].encode()

    def ask(self, method: str, path: str, *, read: float = FREE_READ, **body: Any) -> Answer:
        """A call that is free and may be repeated. Raises `Later` when no answer comes."""
        try:
            return self._exchange(method, path, read=read, **body)
        except httpx.HTTPError as error:
            raise Later(gettext_noop("%(provider)s cannot be reached at the moment (%(error)s)."), provider=self.name, error=type(error).__name__) from error
        except _TooLargeError as error:
            raise Later(gettext_noop("The answer of %(provider)s is too large."), provider=self.name) from error

    def spend(self, path: str, *, read: float, **body: Any) -> Answer:
        """The one POST that may be paid for: sent once. Returns answers that say what happened.

        Raises `Refused` (unreachable) when surely nothing was sent and `Unclear` when nobody can know: the time is
        over, the connection broke, or the answer (408, 409, 5xx and others) does not say whether it was done.
        Raises `NotSent` if the call may not be sent any more (`sending.last_look`).
        """
        try:
            answer = self._exchange("POST", path, read=read, extensions={"trace": _LastLook(read)}, **body)
        except UNSENT as error:
            raise Refused(
                gettext_noop("%(provider)s cannot be reached (%(error)s); nothing was sent."),
                kind=Refusal.UNREACHABLE,
                provider=self.name,
                error=type(error).__name__,
            ) from error
        except (httpx.HTTPError, _TooLargeError) as error:
            raise Unclear(
                gettext_noop("The connection to %(provider)s broke after sending (%(error)s); it may have been done and paid."),
                provider=self.name,
                error=type(error).__name__,
            ) from error
        if answer.status in DID_NOTHING:
            raise Refused(gettext_noop("%(provider)s is at another address (HTTP %(status)s)."), kind=Refusal.INVALID, provider=self.name, status=answer.status)
        if not answer.ok and not (400 <= answer.status < 500 and answer.status not in {408, 409, 425}):  # noqa: PLR2004  the class "your fault"
            raise Unclear(
                gettext_noop("%(provider)s answered with an error (HTTP %(status)s) that does not say whether it was done."),
                provider=self.name,
                status=answer.status,
            )
        return answer

    def _exchange(self, method: str, path: str, *, read: float, headers: Mapping[str, str] | None = None, **body: Any) -> Answer:
        timeout = httpx.Timeout(connect=CONNECT, read=read, write=WRITE, pool=CONNECT)
        began = time.monotonic()
        status: int | str = "no answer"
        try:
            with (
                httpx.Client(transport=httpx.HTTPTransport(retries=0), timeout=timeout, follow_redirects=False, trust_env=False) as client,
                client.stream(method, self.base + path, headers={**self.headers, **(headers or {})}, **body) as response,
            ):
                status = response.status_code
                require_one_coding(response)
                content = bytearray()
                for piece in response.iter_bytes():
                    content += piece
                    if len(content) > MAX_ANSWER or time.monotonic() - began > read + CONNECT + WRITE:
                        raise _TooLargeError
                return Answer(status, response.headers, self._without_key(bytes(content)).replace(NOUGHT, UNKNOWN_SIGN))
        finally:
            log.info("%s %s %s: %s in %.2f s", self.name, method, path.partition("?")[0], status, time.monotonic() - began)

    def _without_key(self, content: bytes) -> bytes:
        """Some servers repeat the key that they refuse, and what they say is kept and shown."""
        return content.replace(self.key, HIDDEN) if len(self.key) >= SHORTEST_KEY else content


class _LastLook:
    """Asks `sending.last_look` when the connection stands and nothing has been written to it."""

    def __init__(self, read: float) -> None:
        self.read = read

    def __call__(self, name: str, _info: Mapping[str, Any]) -> None:
        if name == "http11.send_request_headers.started":
            last_look(self.read)


class _TooLargeError(Exception):
    """More than any honest answer, or one that trickles without end."""


def require_one_coding(response: httpx.Response) -> None:
    """Raises `httpx.DecodingError` for a body that is packed more than once: each packing can swell it a thousandfold."""
    if "," in response.headers.get("content-encoding", ""):
        raise httpx.DecodingError("packed more than once", request=response.request)


def unparsable(name: str, answer: Answer) -> Unclear:
    """A success that cannot be read: it was done, and nobody knows as what."""
    return Unclear(gettext_noop("%(provider)s answered HTTP %(status)s with something that cannot be read."), provider=name, status=answer.status)
