"""The client address of a request."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """Return the client's address for rate limits: IPv4 in full, IPv6 as its /64 network.

    Behind `TRUSTED_PROXIES` proxies it is the X-Forwarded-For entry written by the outermost of
    them; entries to its left may be forged by the client. Without proxies the header is ignored.
    """
    proxies = getattr(settings, "TRUSTED_PROXIES", 0)
    hops = [
        hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()
    ]
    raw = (
        hops[-proxies]
        if proxies and len(hops) >= proxies
        else str(request.META.get("REMOTE_ADDR", ""))
    )
    try:
        address = ipaddress.ip_address(raw)
    except ValueError:
        return raw[:64]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
