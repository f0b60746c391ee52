"""The connections over which providers are called and results are fetched."""

import ssl
import threading

import httpx

_of_thread = threading.local()


def certificates() -> ssl.SSLContext:
    """The SSL context with the trusted certificate authorities.

    Each thread creates it once, because reading the certificates takes about 40 ms of processor
    time. Threads must not share one: httpcore sets the protocols of a context before each
    connection, which frees memory that another thread may be reading.
    """
    if not hasattr(_of_thread, "context"):
        _of_thread.context = httpx.create_ssl_context()
    context: ssl.SSLContext = _of_thread.context
    return context


def transport() -> httpx.HTTPTransport:
    """A new transport that never retries a request."""
    return httpx.HTTPTransport(verify=certificates(), retries=0)
