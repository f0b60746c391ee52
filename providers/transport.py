"""The connections over which providers are called and results are fetched."""

import ssl
from functools import cache

import httpx


@cache
def certificates() -> ssl.SSLContext:
    """The authorities that a server's certificate is checked by.

    A process reads them once: that takes 40 ms of processor time, which was more than the rest of a
    call took.
    """
    return httpx.create_ssl_context()


def transport() -> httpx.HTTPTransport:
    """A connection of its own, which sends nothing twice."""
    return httpx.HTTPTransport(verify=certificates(), retries=0)
