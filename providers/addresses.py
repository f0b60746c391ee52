"""Which addresses a provider may have.

Only public networks are allowed, except for hosts that the installation allows by name.
"""

import ipaddress
import re
import socket
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

PORTS = {"https": 443, "http": 80, "rediss": 6379, "redis": 6379}
MOST_ADDRESSES = 3
NAT64 = ipaddress.ip_network("64:ff9b::/96")
SIX_TO_FOUR = ipaddress.ip_network("2002::/16")
COMPATIBLE = ipaddress.ip_network("::/96")
NUMERIC = re.compile(r"[0-9a-fx.]+")


class NotPublicError(Exception):
    """The host has a non-public address: this machine, a private network or cloud metadata."""


def is_public(address: str) -> bool:
    """Return whether an address is on the public internet.

    IPv4 addresses embedded in IPv6 addresses are unwrapped first.
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and (inner := _within(found)) is not None:
        found = inner
    return found.is_global and not (
        found.is_multicast
        or found.is_reserved
        or found.is_unspecified
        or found.is_loopback
        or found.is_link_local
    )


def _within(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address embedded in this one, if any."""
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address in SIX_TO_FOUR:
        return address.sixtofour
    if address in NAT64 or address in COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def literal(host: str) -> str | None:
    """Return the IP address that a host is written as, or None if the host is a name.

    Accepts all forms that a resolver accepts, such as 2130706433 or 0x7f.1.
    """
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        pass
    if NUMERIC.fullmatch(host):
        try:
            return socket.inet_ntoa(socket.inet_aton(host))
        except OSError:
            pass
    return None


def split(url: str) -> SplitResult | None:
    """Split a URL into its parts; return None if it is not valid."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for an invalid port
    except ValueError:
        return None
    return parts if parts.hostname and parts.scheme in PORTS else None


def host_of(parts: SplitResult) -> str:
    return (parts.hostname or "").rstrip(".")


def port_of(parts: SplitResult) -> int:
    return parts.port or PORTS[parts.scheme]


def origin(url: str) -> str:
    """Return scheme, host and port, which identify the recipient of a key; empty if invalid."""
    parts = split(url)
    if parts is None:
        return ""
    host = host_of(parts)
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port_of(parts)}"


def is_allowed(parts: SplitResult) -> bool:
    """Return whether the installation allows this host by configuration.

    The host is listed in PROVIDER_PRIVATE_HOSTS, or it is a loopback address and LOOPBACK_PROVIDERS
    is set (for development).
    """
    host = host_of(parts)
    if settings.LOOPBACK_PROVIDERS and is_loopback(host):
        return True
    shown = f"[{host}]" if ":" in host else host
    return bool(
        {host, shown, f"{shown}:{port_of(parts)}"}
        & {name.lower() for name in settings.PROVIDER_PRIVATE_HOSTS}
    )


def addresses(host: str, port: int) -> list[str]:
    """Resolve the host and return the addresses to connect to.

    Raises `OSError` if the name has no address, `NotPublicError` if one of them is not public.
    """
    found = list(
        dict.fromkeys(
            str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
    )
    if not found:
        raise socket.gaierror(socket.EAI_NONAME, "no address")
    if not all(map(is_public, found)):
        raise NotPublicError
    return found[:MOST_ADDRESSES]


def pinned(parts: SplitResult, address: str) -> tuple[str, dict[str, str], dict[str, str]]:
    """Return URL, headers and extensions of a request pinned to this IP address.

    The request does not resolve the name again, so a later DNS change has no effect.
    """
    at = f"[{address}]" if ":" in address else address
    default = port_of(parts) == PORTS[parts.scheme]
    host = f"[{host_of(parts)}]" if ":" in host_of(parts) else host_of(parts)
    port = "" if default else f":{port_of(parts)}"
    return (
        parts._replace(netloc=f"{at}{port}").geturl(),
        {"Host": f"{host}{port}"},
        {"sni_hostname": host_of(parts)},
    )
