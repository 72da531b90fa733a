"""Several processes share the tests group by group, so that what a module or a folder sets up is set up once."""

import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from tests.conftest import SHARED_SETUP, group_of

REPOSITORY = Path(__file__).parents[1]
MODULES = ("tests/products/test_availability.py", "tests/products/test_money.py", "tests/test_suggestions.py")


def test_a_group_is_a_module_or_a_folder_with_a_shared_set_up() -> None:
    assert group_of("tests/test_app.py::test_help[a::b]") == "tests/test_app.py"
    assert group_of("tests/web/page/test_box.py::test_x") == "tests/web/page"
    assert group_of("tests/web/test_api.py::test_x") == "tests/web/test_api.py"
    assert all((REPOSITORY / folder).is_dir() for folder in SHARED_SETUP)


def test_one_process_runs_all_of_a_group() -> None:
    line = [sys.executable, "-m", "pytest", "-n", "2", "--dist=loadscope", "--no-loadscope-reorder", "-v", *MODULES]
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(line, check=False, cwd=REPOSITORY, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    processes: dict[str, set[str]] = defaultdict(set)
    for process, nodeid in re.findall(r"^\[(gw\d)\] .* PASSED (\S+)", done.stdout, re.MULTILINE):
        processes[group_of(nodeid)].add(process)
    assert {group: len(found) for group, found in processes.items()} == {"tests/products": 1, MODULES[2]: 1}
