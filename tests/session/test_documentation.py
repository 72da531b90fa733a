"""Every example of `docs/python.md` is run, in its order, beside an indexed gallery of drawn garments."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import draw_garments
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.steps.index import IndexConfig, build_index

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
ASKED = """
from fastapi.testclient import TestClient

with open("query.png", "rb") as stream:
    answer = TestClient(app).post("/similar", files={"photograph": stream})
assert answer.status_code == 200 and len(answer.json()) == 12, answer.text
answer = TestClient(app).post("/similar", files={"photograph": b"no photograph"})
assert answer.status_code == 422, answer.text
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("python")
    draw_garments.main(["gallery", str(folder / "gallery"), "--count", "16"])
    draw_garments.main(["one", str(folder / "query.png"), "--kind", "dress", "--colour", "red", "--variation", "7"])
    config = IndexConfig((folder / "gallery",), folder / ".fashion", InferenceOptions(engine="onnx"))
    build_index(config, lambda done, total: None)
    return folder


def test_there_are_as_many_examples_as_are_run_here() -> None:
    assert len(EXAMPLES) == 8


@pytest.mark.parametrize("number", range(8))
def test_an_example(number: int, folder: Path) -> None:
    program = EXAMPLES[number] + (ASKED if "FastAPI()" in EXAMPLES[number] else "")
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if "rad drss" in EXAMPLES[number]:
        assert done.stdout == "nothing here goes by 'rad' and 'drss' — did you mean 'red dress'?\n"
    if "one bracket too few" in EXAMPLES[number]:
        first, second, third = done.stdout.splitlines()
        assert first == "no tag group 'color' — did you mean 'colour'?"
        assert second.endswith("got a tuple of QueryPart: one bracket too few — queries=(…,)")
        assert third == "16 of 16"
