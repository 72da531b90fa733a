"""The resolver: looks up names, and lets through only addresses that may be fetched from.

Twisted connects to the very addresses that this resolver gives it, so a name cannot mean one thing when it is checked
and another when it is connected to.
"""

from collections.abc import Sequence
from typing import Any

from scrapy.resolver import CachingHostnameResolver
from twisted.internet.base import ReactorBase
from twisted.internet.interfaces import IAddress, IHostnameResolver, IHostResolution, IResolutionReceiver
from zope.interface import implementer

from fashion_cli.crawling.fetch.addresses import filter_addresses

ALLOW_PRIVATE_SETTING = "ALLOW_PRIVATE"  # in Scrapy's settings: whether any address may be connected to

# Host -> why its addresses were refused. Twisted can only say that a name has none.
refused_hosts: dict[str, str] = {}


@implementer(IResolutionReceiver)
class _AddressFilter:
    """Collects a name's addresses, and hands them on if all of them are permitted."""

    def __init__(self, receiver: Any, host: str) -> None:
        self._receiver = receiver
        self._host = host
        self._addresses: list[Any] = []

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:  # noqa: N802, N803  # Twisted's names
        self._receiver.resolutionBegan(resolutionInProgress)

    def addressResolved(self, address: IAddress) -> None:  # noqa: N802
        self._addresses.append(address)

    def resolutionComplete(self) -> None:  # noqa: N802
        allowed, reason = filter_addresses(each.host for each in self._addresses)
        if reason:
            refused_hosts[self._host] = reason
        else:
            refused_hosts.pop(self._host, None)
        for address in self._addresses if allowed else ():
            self._receiver.addressResolved(address)
        self._receiver.resolutionComplete()


@implementer(IHostnameResolver)
class PublicResolver(CachingHostnameResolver):
    """Scrapy's resolver for IPv4 and IPv6, through the filter unless private addresses are allowed."""

    def __init__(self, reactor: ReactorBase, cache_size: int, *, allow_private: bool) -> None:
        super().__init__(reactor, cache_size)
        self._allow_private = allow_private

    @classmethod
    def from_crawler(cls, crawler: Any, reactor: ReactorBase) -> "PublicResolver":
        settings = crawler.settings
        return cls(reactor, settings.getint("DNSCACHE_SIZE"), allow_private=settings.getbool(ALLOW_PRIVATE_SETTING))

    def resolveHostName(  # noqa: N802  # Twisted's names
        self,
        resolutionReceiver: IResolutionReceiver,  # noqa: N803
        hostName: str,  # noqa: N803
        portNumber: int = 0,  # noqa: N803
        addressTypes: Sequence[type[IAddress]] | None = None,  # noqa: N803
        transportSemantics: str = "TCP",  # noqa: N803
    ) -> IHostResolution:
        receiver: Any = resolutionReceiver if self._allow_private else _AddressFilter(resolutionReceiver, hostName)
        return super().resolveHostName(receiver, hostName, portNumber, addressTypes, transportSemantics)
