"""Scrapy's scheduler over `crawl.sqlite`. Scrapy's own queues are pickles, and a kill loses what is on its way."""

from collections import deque
from typing import Any, Self

from scrapy import Request
from scrapy.core.scheduler import BaseScheduler
from scrapy.crawler import Crawler


class FrontierScheduler(BaseScheduler):
    """Hands out the frontier's requests to Scrapy; redirects and second tries of those come first."""

    def __init__(self, spider: Any) -> None:
        self._spider = spider
        self._retry: deque[Request] = deque()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler.spider)

    def has_pending_requests(self) -> bool:
        return not self._spider.stopping and (bool(self._retry) or self._spider.frontier.has_waiting())

    def enqueue_request(self, request: Request) -> bool:
        """Enqueue what becomes of a request that was handed out: a redirect, another try."""
        if request.meta.get("crawl_request") is None:
            return False
        if not request.meta.get("own_slot"):
            request.meta.pop("download_slot", None)  # of the host before the redirect
        self._retry.append(request)
        return True

    def next_request(self) -> Request | None:
        if self._spider.stopping:
            return None
        if self._retry:
            return self._retry.popleft()
        try:
            request = self._spider.frontier.pop()
        except Exception as error:  # noqa: BLE001  # Scrapy would go on waiting, without end
            self._spider.abort(error)
            return None
        return None if request is None else self._spider.build_request(request)
