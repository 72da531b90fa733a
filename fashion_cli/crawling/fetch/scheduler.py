"""Scrapy's scheduler over the crawl's own memory. Scrapy's queues are pickles, and a kill loses what is on its way."""

from collections import deque
from typing import Any, Self

from scrapy import Request
from scrapy.core.scheduler import BaseScheduler
from scrapy.crawler import Crawler


class MemoryScheduler(BaseScheduler):
    """Hands out visits as requests; redirects and second tries of those come first."""

    def __init__(self, spider: Any) -> None:
        self._spider = spider
        self._again: deque[Request] = deque()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler.spider)

    def has_pending_requests(self) -> bool:
        return not self._spider.stopping and (bool(self._again) or self._spider.frontier.waits())

    def enqueue_request(self, request: Request) -> bool:
        """What becomes of a visit that was handed out: a redirect, another try."""
        if request.meta.get("visit") is None:
            return False
        if not request.meta.get("own_slot"):
            request.meta.pop("download_slot", None)  # of the host before the redirect
        self._again.append(request)
        return True

    def next_request(self) -> Request | None:
        if self._spider.stopping:
            return None
        if self._again:
            return self._again.popleft()
        try:
            visit = self._spider.frontier.take()
        except Exception as error:  # noqa: BLE001  # Scrapy would go on waiting, without end
            self._spider.give_up(error)
            return None
        return None if visit is None else self._spider.request_of(visit)
