"""Scrapy's settings for a crawl: everything that it does not need is off."""

from typing import Any

from fashion_cli import __version__
from fashion_cli.crawling.browser.middleware import BROWSER_SETTING as BROWSER
from fashion_cli.crawling.fetch.middlewares import MAX_DELAY
from fashion_cli.crawling.fetch.naver_credentials import ENDPOINT_SETTING
from fashion_cli.crawling.fetch.resolver import ALLOW_PRIVATE_SETTING
from fashion_cli.crawling.fetch.robots import ROBOT_NAME
from fashion_cli.crawling.job import CrawlConfig
from fashion_cli.crawling.parse import naver

PROJECT_URL = "https://pypi.org/project/fashion-cli/"  # says what the program is; who runs it says `contact`
CONCURRENT_REQUESTS = 32  # requests to all hosts together
MAX_PAGE_BYTES = 10 * 2**20
_PACKAGE = "fashion_cli.crawling"
_EXTENSIONS = ("corestats.CoreStats", "logcount.LogCount", "logstats.LogStats")


def build_user_agent(contact: str) -> str:
    """Build the user agent: the program, and where its user can be reached."""
    return f"{ROBOT_NAME}/{__version__} (+{contact or PROJECT_URL})"


def build_scrapy_settings(config: CrawlConfig, *, search: bool) -> dict[str, Any]:
    """Build Scrapy's settings.

    Args:
        search: Whether a source is Naver's search.
    """
    return {
        **_disabled_parts(),
        "BOT_NAME": ROBOT_NAME,
        "USER_AGENT": build_user_agent(config.contact),
        "ROBOTSTXT_OBEY": True,
        "ROBOTSTXT_USER_AGENT": ROBOT_NAME,
        "SCHEDULER": f"{_PACKAGE}.fetch.scheduler.FrontierScheduler",
        "TWISTED_DNS_RESOLVER": f"{_PACKAGE}.fetch.resolver.PublicResolver",
        "DOWNLOADER_MIDDLEWARES": {
            f"{_PACKAGE}.fetch.middlewares.UrlPolicyMiddleware": 40,
            "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
            "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
            f"{_PACKAGE}.fetch.robots.RobotsMiddleware": 100,
            "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
            f"{_PACKAGE}.browser.middleware.BrowserMiddleware": 540,  # decompressed (590), not redirected (600)
            "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
            f"{_PACKAGE}.fetch.middlewares.BackoffMiddleware": 550,
            "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
            f"{_PACKAGE}.fetch.naver_credentials.NaverCredentialsMiddleware": 800,
        },
        "SPIDER_MIDDLEWARES": {
            "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
            "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,
            "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
            "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,
        },
        # Scrapy imports what its own list names even where it is off: a client of HTTP, a server of SSH.
        "EXTENSIONS_BASE": {f"scrapy.extensions.{each}": 0 for each in _EXTENSIONS},
        "EXTENSIONS": {f"{_PACKAGE}.fetch.middlewares.CrawlDelayThrottle": 0},
        "AUTOTHROTTLE_ENABLED": True,
        "AUTOTHROTTLE_START_DELAY": config.delay,
        "AUTOTHROTTLE_MAX_DELAY": max(MAX_DELAY, config.delay),
        "AUTOTHROTTLE_TARGET_CONCURRENCY": float(config.per_host),
        "DOWNLOAD_DELAY": config.delay,
        "DOWNLOAD_SLOTS": {naver.DOWNLOAD_SLOT: naver.SLOT_SETTINGS},
        "CONCURRENT_REQUESTS": CONCURRENT_REQUESTS,
        "CONCURRENT_ITEMS": 1,  # the spider yields no items; Scrapy starts so many tasks for each response
        "CONCURRENT_REQUESTS_PER_DOMAIN": config.per_host,
        "DOWNLOAD_TIMEOUT": config.timeout,
        "DOWNLOAD_MAXSIZE": MAX_PAGE_BYTES,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "REDIRECT_MAX_TIMES": 8,
        "HTTPERROR_ALLOW_ALL": True,
        "DEFAULT_REQUEST_HEADERS": {"Accept-Language": "en, ko;q=0.9, *;q=0.5"},
        "LOG_LEVEL": "INFO" if config.verbose else "CRITICAL",
        ALLOW_PRIVATE_SETTING: config.allow_private,
        BROWSER: config.browser,
        **({ENDPOINT_SETTING: config.endpoint or naver.ENDPOINT} if search else {}),
    }


def _disabled_parts() -> dict[str, Any]:
    """Settings that turn parts of Scrapy off.

    Proxies of the environment among it: a proxy resolves names itself, and addresses could not be checked. Cookies too:
    sessions of two pages that are fetched at once would mix.
    """
    return {
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "HTTPPROXY_ENABLED": False,
        "COOKIES_ENABLED": False,
        "REFERER_ENABLED": False,
        "RETRY_ENABLED": False,
        "METAREFRESH_ENABLED": False,
        "MEMUSAGE_ENABLED": False,
        "STATS_DUMP": False,
        "DOWNLOAD_HANDLERS": {"data": None, "file": None, "ftp": None, "s3": None},
        "COMMANDS_MODULE": "",
        "SPIDER_MODULES": [],
    }
