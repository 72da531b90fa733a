"""Without --allow-private, no page, redirect, name or script leads a crawl to this computer or its network."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.crawling.isolated_network import TARGETS
from tests.required import not_there

ROOT = Path(__file__).parents[2]


PAGES, ALLOWED, SCRIPTS = "pages", "allowed", "scripts"
Found = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def unshare() -> list[str]:
    """The command that gives a program a network of its own."""
    command = ["unshare", "--map-root-user", "--net", "--mount"]
    reason = "" if shutil.which("ip") else "no `ip` here: apt-get install iproute2"
    if not reason and subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        reason = "no network of its own for a program here: `unshare --map-root-user --net` fails"
    if reason:
        not_there(reason)
    return command


def has_chromium() -> bool:
    return bool(shutil.which("chromium") and shutil.which("chromedriver"))


@pytest.fixture(scope="module")
def crawls(unshare: list[str], tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What came of each crawl, by its name."""
    options = {PAGES: [], ALLOWED: ["--allow-private", "--timeout", "5"]}
    if has_chromium():
        options[SCRIPTS] = ["--browser", "--max-depth", "0"]
    folder = tmp_path_factory.mktemp("network")
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'examples'}"}
    command = [*unshare, sys.executable, "-m", "tests.crawling.isolated_network", str(folder), json.dumps(options)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: Found = json.loads(done.stdout)
    return found


def test_pages_redirects_and_photographs(crawls: Found) -> None:
    found = crawls[PAGES]
    assert found["code"] == 0, found["said"]
    assert found["reached"] == []
    assert {f"/{kind}/{each}" for kind in ("moved", "away", "fine") for each in range(len(TARGETS))} <= set(
        found["asked"]
    )
    assert found["report"]["all_products"] == found["report"]["all_photographs"] == len(TARGETS)
    assert sum(found["report"]["refused"].values()) == 3 * len(TARGETS)


def test_with_allow_private_the_same_pages_do_lead_there(crawls: Found) -> None:
    """Else the test before would pass for the wrong reason."""
    found = crawls[ALLOWED]
    hosts = {each.partition(":")[0] for each in found["reached"]}
    assert {"127.0.0.1", "10.0.0.1", "169.254.169.254", "inside.shop-for-tests.com"} <= hosts


def test_scripts_of_a_page_in_the_browser(crawls: Found) -> None:
    if not has_chromium():
        not_there("no chromium with its driver here: apt-get install chromium chromium-driver")
    found = crawls[SCRIPTS]
    assert found["code"] == 0, found["said"]
    assert found["reached"] == []
    assert found["report"]["all_products"] == 1
    assert "/scripted/data/1.json" in found["asked"]
