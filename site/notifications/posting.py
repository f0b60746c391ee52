"""Posts JSON to an address that a person has entered, by the rules for providers' addresses:
public networks, HTTPS, no redirects.

The address is a secret: it is neither logged nor part of an error.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from contextvars import ContextVar

from cryptography.fernet import InvalidToken
from django.utils.translation import gettext_noop

from core.encryption import fernet
from providers import addresses, before_sending
from providers.client import ProviderClient, ProviderResponse, checked_base
from providers.errors import ProviderError, Refused, Unclear

from .failures import MaybeSentError, NotNowError, RefusedError

READ = 20.0  # seconds
LONGEST_URL = 2000
_is_secret: ContextVar[bool] = ContextVar("address_is_secret", default=False)


class _WithoutAddresses(logging.Filter):
    """Leaves out what httpx says of each request, which names the whole address."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002  the signature of the base
        return not _is_secret.get()


logging.getLogger("httpx").addFilter(_WithoutAddresses())


def checked_url(url: str) -> tuple[str, str]:
    """Return the address without white space, and its host. Raises `RefusedError`."""
    url = url.strip()
    if not url or len(url) > LONGEST_URL:
        raise RefusedError(gettext_noop("Give an address that begins with https://."))
    parts = addresses.split(url)
    host = addresses.host_of(parts) if parts else ""
    try:
        checked_base(url, name=host or "…")
    except ProviderError as error:
        raise RefusedError(error.sentence.template, **error.sentence.values) from error
    return url, host


def sealed(purpose: str, text: str) -> str:
    """Encrypt a text for this purpose."""
    return fernet().encrypt(f"{purpose}\n{text}".encode()).decode()


def opened(purpose: str, encrypted: str) -> str:
    """Decrypt a text. Raises `RefusedError` if no secret of the installation fits."""
    try:
        bound, _newline, text = fernet().decrypt(encrypted.encode()).decode().partition("\n")
    except InvalidToken:
        bound, text = "", ""
    if bound != purpose:
        raise RefusedError(
            gettext_noop(
                "The stored address cannot be read with this installation's secrets; enter it "
                "again."
            )
        )
    return text


def post(
    url: str,
    *,
    host: str,
    body: bytes,
    headers: Mapping[str, str],
    begin: Callable[[], None] | None = None,
    clear: Collection[int] = (),
) -> ProviderResponse:
    """Post once. `begin` is called when the connection stands and nothing was sent yet.

    `clear`: statuses from 500 on that say clearly enough that it was not taken.

    Raises `NotNowError` if nothing was sent, `MaybeSentError` if that is unknown, and what `begin`
    raises.
    """
    client = ProviderClient(url, name=host, headers={"Content-Type": "application/json", **headers})

    def check(_read: float) -> None:
        if begin is not None:
            begin()

    secret = _is_secret.set(True)
    try:
        with before_sending.watched(check):
            return client.post_once("", read=READ, not_done=clear, content=body)
    except Unclear as error:
        raise MaybeSentError(error.sentence.template, **error.sentence.values) from error
    except Refused as error:
        raise NotNowError(error.sentence.template, **error.sentence.values) from error
    except ProviderError as error:
        raise RefusedError(error.sentence.template, **error.sentence.values) from error
    finally:
        _is_secret.reset(secret)
