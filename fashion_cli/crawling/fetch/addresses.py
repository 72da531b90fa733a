"""The address policy: which hosts and IP addresses may be fetched (protection against SSRF).

A page decides what is fetched next, so a page could make a crawler ask the machines around it: routers, other services
of this computer, the metadata service of a cloud. Only addresses of the public internet are fetched, unless
`--allow-private`. A name is judged by the addresses that it resolves to, and the connection goes to exactly those: see
`resolver.py`. What a URL or a redirect spells out is judged before, so that a message can say why.

Sources: RFC 6890 and IANA's registries of special-purpose addresses; RFC 6052 (NAT64), RFC 3056 (6to4), RFC 4380
(Teredo); the legacy spellings of `inet_aton(3)`.
"""

import socket
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

ALLOWED_SCHEMES = ("http", "https")

# Names that mean this computer or this network wherever they are asked (RFC 6761, RFC 6762, RFC 8375; clouds' own).
_LOCAL_NAMES = ("localhost", "local", "internal", "home.arpa", "localdomain")

_IPV4_EMBEDDINGS = (
    ip_network("64:ff9b::/96"),
    ip_network("::ffff:0:0:0/96"),
    ip_network("::/96"),
)  # IPv4 in the last 32 bits
_GLOBAL_UNICAST = IPv6Network("2000::/3")
# What `ipaddress` of some Python versions takes for public.
_NOT_PUBLIC = tuple(
    ip_network(each)
    for each in (
        "192.0.0.0/24",  # protocol assignments; metadata of one cloud
        "192.88.99.0/24",  # 6to4 relays
        "100.64.0.0/10",  # carriers' own; metadata of one cloud
        "168.63.129.16/32",  # a public number that means the host's services in one cloud
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
    )
)


def check_host(host: str) -> str:
    """Why a host of a URL may not be fetched, before it is resolved; "" if nothing speaks against it.

    Args:
        host: A name or an address in any spelling: `[::1]`, `0x7f.1`, `2130706433`, `１２７.0.0.1`.
    """
    plain = _normalize_host(host)
    if not plain:
        return "no host"
    if (address := parse_ip_literal(plain)) is not None:
        return check_address(address)
    if any(plain == name or plain.endswith(f".{name}") for name in _LOCAL_NAMES):
        return f"{plain} is a name of this computer or this network"
    return ""


def check_url(url: str, *, allow_private: bool = False) -> str:
    """Why a URL may not be fetched; "" if nothing speaks against it."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "not a URL"
    if parts.scheme.lower() not in ALLOWED_SCHEMES:
        return f"scheme {parts.scheme or '(none)'} is not http or https"
    if not host:
        return "no host"
    return "" if allow_private else check_host(host)


def check_address(address: str | IPv4Address | IPv6Address) -> str:
    """Why an address may not be connected to; "" if it belongs to the public internet.

    Args:
        address: As a connection has it: `93.184.216.34`, `fe80::1%eth0`.
    """
    if isinstance(address, str):
        try:
            address = ip_address(address.partition("%")[0])
        except ValueError:
            return f"{address} is not an address"
    kind = _classify(_unwrap_ipv4(address))
    return f"{address} is {kind}" if kind else ""


def parse_ip_literal(host: str) -> IPv4Address | IPv6Address | None:
    """Parse the address that a host spells out, in every spelling that a C library takes for one; None for a name."""
    plain = _normalize_host(host)
    with suppress(ValueError):
        return ip_address(plain.partition("%")[0])
    if plain and plain.isascii() and not any(letter.isspace() for letter in plain):
        with suppress(OSError, ValueError):
            return IPv4Address(socket.inet_aton(plain))
    return None


def filter_addresses(addresses: Iterable[str]) -> tuple[list[str], str]:
    """Filter a name's addresses: those that may be connected to, and why the others may not ("" if none was refused).

    A name that has both kinds is not trusted with either: it is how a page makes a name mean two things.
    """
    listed = list(addresses)
    reasons = [reason for each in listed if (reason := check_address(each))]
    return ([], reasons[0]) if reasons else (listed, "")


def _normalize_host(host: str) -> str:
    """Normalize a host as it is resolved: no brackets, no dot at the end, full-width digits and dots as plain ones."""
    text = unicodedata.normalize("NFKC", host.strip()).replace("。", ".")
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    return text.removesuffix(".").lower()


def _unwrap_ipv4(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Unwrap the IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if any(address in network for network in _IPV4_EMBEDDINGS) and int(address) > 1:  # not :: and ::1
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _classify(address: IPv4Address | IPv6Address) -> str:
    """Classify an address; "" for one of the public internet."""
    kinds = (
        (address.is_loopback, "this computer"),
        (address.is_unspecified, "no address"),
        (address.is_link_local, "link-local"),
        (address.is_multicast, "multicast"),
        (any(address in network for network in _NOT_PUBLIC if network.version == address.version), "not public"),
        (address.is_private, "private"),
        (not address.is_global, "not public"),
        (isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST, "not public"),
    )
    return next((kind for holds, kind in kinds if holds), "")
