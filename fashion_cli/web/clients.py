"""Identify clients for rate limits."""

import ipaddress
from collections.abc import Mapping


def client_of(scope: Mapping[str, object]) -> str:
    """The client's address; of IPv6 the /64 network, of which one client has all."""
    client = scope.get("client")
    host = str(client[0]) if isinstance(client, (tuple, list)) and client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)
