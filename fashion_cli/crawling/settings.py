"""Scrapy's settings for a crawl: everything that it does not need is off."""

from typing import Any

from fashion_cli import __version__
from fashion_cli.crawling.browser.middleware import ENABLED_SETTING as BROWSER
from fashion_cli.crawling.fetch.middlewares import SLOWEST
from fashion_cli.crawling.fetch.naver_credentials import ENDPOINT_SETTING
from fashion_cli.crawling.fetch.resolver import ALLOW_PRIVATE_SETTING
from fashion_cli.crawling.fetch.robots import AGENT
from fashion_cli.crawling.job import CrawlConfig
from fashion_cli.crawling.parse import naver

HOME = "https://pypi.org/project/fashion-cli/"  # says what the program is; who runs it says `contact`
AT_ONCE = 32  # requests to all hosts together
PAGE_BYTES = 10 * 2**20
_HERE = "fashion_cli.crawling"


def user_agent(contact: str) -> str:
    """Who asks, truthfully: the program, and where its user can be told to stop."""
    return f"{AGENT}/{__version__} (+{contact or HOME})"


def scrapy_settings(config: CrawlConfig, *, search: bool) -> dict[str, Any]:
    """What Scrapy runs with.

    Args:
        config: Of the crawl.
        search: Whether a source is Naver's search.
    """
    return {
        **_without(),
        "BOT_NAME": AGENT,
        "USER_AGENT": user_agent(config.contact),
        "ROBOTSTXT_OBEY": True,
        "ROBOTSTXT_USER_AGENT": AGENT,
        "SCHEDULER": f"{_HERE}.fetch.scheduler.MemoryScheduler",
        "TWISTED_DNS_RESOLVER": f"{_HERE}.fetch.resolver.PublicResolver",
        "DOWNLOADER_MIDDLEWARES": {
            f"{_HERE}.fetch.middlewares.AddressMiddleware": 40,
            "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
            "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
            f"{_HERE}.fetch.middlewares.RobotsMiddleware": 100,
            "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
            f"{_HERE}.browser.middleware.BrowserMiddleware": 540,
            "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
            f"{_HERE}.fetch.middlewares.PatienceMiddleware": 550,
            "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
            f"{_HERE}.fetch.naver_credentials.NaverAccess": 800,
        },
        "SPIDER_MIDDLEWARES": {
            "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
            "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware": None,
            "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
            "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,
        },
        "EXTENSIONS": {
            "scrapy.extensions.throttle.AutoThrottle": None,
            f"{_HERE}.fetch.middlewares.PaceExtension": 0,
        },
        "AUTOTHROTTLE_ENABLED": True,
        "AUTOTHROTTLE_START_DELAY": config.delay,
        "AUTOTHROTTLE_MAX_DELAY": max(SLOWEST, config.delay),
        "AUTOTHROTTLE_TARGET_CONCURRENCY": float(config.per_host),
        "DOWNLOAD_DELAY": config.delay,
        "DOWNLOAD_SLOTS": {naver.SLOT: naver.SLOT_SETTINGS},
        "CONCURRENT_REQUESTS": AT_ONCE,
        "CONCURRENT_REQUESTS_PER_DOMAIN": config.per_host,
        "DOWNLOAD_TIMEOUT": config.timeout,
        "DOWNLOAD_MAXSIZE": PAGE_BYTES,
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


def _without() -> dict[str, Any]:
    """What a crawl leaves alone.

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
