"""Where a provider may be: on public networks only, unless the installation allows a named host of its own."""

import ipaddress
import re
import socket
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

PORTS = {"https": 443, "http": 80}
MOST_ADDRESSES = 3
NAT64 = ipaddress.ip_network("64:ff9b::/96")
SIX_TO_FOUR = ipaddress.ip_network("2002::/16")
COMPATIBLE = ipaddress.ip_network("::/96")
NUMERIC = re.compile(r"[0-9a-fx.]+")


class NotPublicError(Exception):
    """The host has an address inside: of this machine, of a private network, of a cloud's own services."""


def is_public(address: str) -> bool:
    """Whether an address belongs to the public internet, whatever way an IPv4 address is wrapped in an IPv6 one."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and (inner := _within(found)) is not None:
        found = inner
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified or found.is_loopback or found.is_link_local)


def _within(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that this one stands for."""
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
    """The address that a host is written as, in any of the forms that a resolver takes (2130706433, 0x7f.1); None for a name."""
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
    """The parts of an address; None for what is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is none
    except ValueError:
        return None
    return parts if parts.hostname and parts.scheme in PORTS else None


def host_of(parts: SplitResult) -> str:
    return (parts.hostname or "").rstrip(".")


def port_of(parts: SplitResult) -> int:
    return parts.port or PORTS[parts.scheme]


def origin(url: str) -> str:
    """Scheme, host and port, which say to whom a key is sent; empty for what is no address."""
    parts = split(url)
    if parts is None:
        return ""
    host = host_of(parts)
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port_of(parts)}"


def is_allowed(parts: SplitResult) -> bool:
    """Whether the installation itself names this host (PROVIDER_PRIVATE_HOSTS), or is one for development that allows this machine."""
    host = host_of(parts)
    if settings.LOOPBACK_PROVIDERS and is_loopback(host):
        return True
    shown = f"[{host}]" if ":" in host else host
    return bool({host, shown, f"{shown}:{port_of(parts)}"} & {name.lower() for name in settings.PROVIDER_PRIVATE_HOSTS})


def addresses(host: str, port: int) -> list[str]:
    """The addresses to connect to. Raises OSError when the name has none, `NotPublicError` when one of them is not public."""
    found = list(dict.fromkeys(str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    if not found:
        raise socket.gaierror(socket.EAI_NONAME, "no address")
    if not all(map(is_public, found)):
        raise NotPublicError
    return found[:MOST_ADDRESSES]


def pinned(parts: SplitResult, address: str) -> tuple[str, dict[str, str], dict[str, str]]:
    """URL, headers and extensions of a request that goes to this very address, not to what the name may say a moment later."""
    at = f"[{address}]" if ":" in address else address
    default = port_of(parts) == PORTS[parts.scheme]
    host = f"[{host_of(parts)}]" if ":" in host_of(parts) else host_of(parts)
    port = "" if default else f":{port_of(parts)}"
    return parts._replace(netloc=f"{at}{port}").geturl(), {"Host": f"{host}{port}"}, {"sni_hostname": host_of(parts)}
