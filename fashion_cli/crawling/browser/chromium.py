"""Debian's chromium, driven by Selenium: one process, one page at a time, nothing of it left behind.

`chromedriver` gets a signal when this process dies, whatever it dies of, and chromium ends when the pipe to its driver
closes: even a kill leaves no browser running.
"""

import ctypes
import os
import re
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from selenium.common.exceptions import TimeoutException, WebDriverException
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from fashion_cli.crawling.fetch.errors import BrowserError, BrowserStuckError

DEBIAN_PACKAGES = "chromium chromium-driver"  # of Debian
PAGE_TIMEOUT = 20.0  # until a page has to be loaded
SETTLE_TIMEOUT = 8.0  # after that, until its scripts have to be done
SCRIPT_TIMEOUT = 5.0  # until a loaded page has to answer
QUIET_PERIOD = 0.4  # done is: nothing was fetched and nothing changed for so long
MAX_HTML_CHARACTERS = 20_000_000  # characters of a rendered page
_POLL_INTERVAL = 0.05  # seconds

_ARGUMENTS = (
    "--headless=new",
    "--homepage=about:blank",  # Debian's own start page would be asked for
    "--remote-debugging-pipe",  # ends with its driver
    "--disable-dev-shm-usage",  # shared memory may be small in a container
    "--window-size=1280,2000",
    "--blink-settings=imagesEnabled=false",
    "--ignore-certificate-errors",  # every connection ends at the proxy; the crawler makes the ones to sites
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",  # no name is looked up here
    "--proxy-bypass-list=<-loopback>",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-breakpad",  # reports of crashes
    "--disable-domain-reliability",  # reports of failed connections
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-default-apps",
    "--no-first-run",
    "--no-pings",
    "--mute-audio",
    "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,NetworkTimeServiceQuerying,OptimizationHints",
)
_PREFERENCES = {
    "download_restrictions": 3,  # no page stores a file
    "profile.default_content_setting_values": {"popups": 2, "notifications": 2, "geolocation": 2},
    "webrtc.ip_handling_policy": "disable_non_proxied_udp",
    "webrtc.multiple_routes_enabled": False,
    "webrtc.nonproxied_udp_enabled": False,
}
_HTML_LENGTH_SCRIPT = "return document.documentElement ? document.documentElement.outerHTML.length : 0"


@dataclass(frozen=True)
class BrowserOptions:
    """How the browser runs.

    Attributes:
        proxy: Host and port of the intercepting proxy.
        user_agent: The crawler's own.
        profile: An empty folder for what the browser remembers, and its home directory.
    """

    proxy: str
    user_agent: str
    profile: Path
    page_timeout: float = PAGE_TIMEOUT
    settle_timeout: float = SETTLE_TIMEOUT


def find_programs() -> tuple[str, str]:
    """Find Chromium and its driver on the PATH.

    Raises:
        BrowserError: If one is missing.
    """
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        missing = "chromedriver" if chromium else "chromium"
        raise BrowserError(
            f"--browser needs {missing}, which is not on the PATH", hint=f"apt-get install {DEBIAN_PACKAGES}"
        )
    return chromium, driver


class Browser:
    """One chromium. All calls but `kill` come from one thread, which has to live as long as the browser.

    Raises:
        BrowserError: If it is not installed or does not start.
    """

    def __init__(self, options: BrowserOptions) -> None:
        self._options = options
        self._killed = False
        chromium, driver = find_programs()
        # Looked up before the fork, in which little is safe.
        set_option = ctypes.CDLL(None).prctl
        ends_with_us = {"preexec_fn": lambda: set_option(_PR_SET_PDEATHSIG, signal.SIGKILL), "start_new_session": True}
        try:
            service = Service(driver, env=_build_environment(options.profile), popen_kw=ends_with_us)
            self._driver = Chrome(_build_chrome_options(chromium, options), service)
        except (WebDriverException, OSError) as error:
            raise BrowserError(f"chromium does not start: {_first_line(error)}") from error
        self._driver.set_page_load_timeout(options.page_timeout)
        self._driver.set_script_timeout(SCRIPT_TIMEOUT)

    @property
    def pid(self) -> int:
        """The process id of the driver, which leads a process group of its own."""
        return int(self._driver.service.process.pid)

    def render(self, url: str, is_network_idle: Callable[[], bool], is_left: Callable[[], bool]) -> str:
        """Render a page: its HTML after its scripts have run.

        Args:
            is_network_idle: Whether no request of the page is under way.
            is_left: Whether the page's scripts want to go elsewhere: what it shows is not waited for then.

        Raises:
            BrowserStuckError: If the page is too large, or its scripts do not end.
            BrowserError: If the browser does not answer any more. In both cases, use a new one then.
        """
        try:
            with suppress(TimeoutException):  # what there is by then is looked at
                self._driver.get(url)
            self._wait_until_idle(is_network_idle, is_left)
            if (size := self._html_length()) > MAX_HTML_CHARACTERS:
                raise BrowserStuckError(f"the rendered page has {size} characters")
            html = self._driver.page_source
            self._driver.get("about:blank")
        except BrowserError:
            raise
        except TimeoutException as error:
            raise BrowserStuckError("the page's scripts do not come to an end") from error
        except Exception as error:  # urllib3's and Selenium's own have no common base
            raise BrowserError(f"the browser gave up: {_first_line(error)}") from error
        return html

    def _wait_until_idle(self, is_network_idle: Callable[[], bool], is_left: Callable[[], bool]) -> None:
        """Wait until nothing happens any more, the page is left, or until it has been long enough."""
        now = time.monotonic()
        end, since, size = now + self._options.settle_timeout, now, -1
        while now < end and now - since < QUIET_PERIOD and not is_left():
            time.sleep(_POLL_INTERVAL)
            latest, now = self._html_length(), time.monotonic()
            if latest != size or not is_network_idle():
                since, size = now, latest

    def _html_length(self) -> int:
        return int(self._driver.execute_script(_HTML_LENGTH_SCRIPT))

    def close(self) -> None:
        if not self._killed:
            with suppress(Exception):  # it may be gone already; then there is nothing to close
                self._driver.quit()
        self.kill()

    def kill(self) -> None:
        """End it at once, from any thread; a call that is under way fails."""
        self._killed = True
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def _build_environment(profile: Path) -> dict[str, str]:
    """Build the browser's environment: in a home of its own, keys, crash reports and settings go when it ends."""
    own = {name: value for name, value in os.environ.items() if not re.fullmatch(r"XDG_\w+_HOME", name)}
    return {**own, "HOME": str(profile)}


def _build_chrome_options(chromium: str, options: BrowserOptions) -> ChromeOptions:
    chosen = ChromeOptions()
    chosen.binary_location = chromium
    chosen.unhandled_prompt_behavior = "dismiss"
    arguments = (
        f"--proxy-server=http://{options.proxy}",
        f"--user-agent={options.user_agent}",
        f"--user-data-dir={options.profile}",
    )
    # Chromium's sandbox refuses to work for root.
    for each in (*_ARGUMENTS, *arguments, *(["--no-sandbox"] if os.geteuid() == 0 else [])):
        chosen.add_argument(each)
    chosen.add_experimental_option("excludeSwitches", ["disable-popup-blocking"])  # the driver's own
    chosen.add_experimental_option("prefs", _PREFERENCES)
    return chosen


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
