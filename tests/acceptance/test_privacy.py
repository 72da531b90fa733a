"""No command reports to anybody, looks anything up, or leaves anything in a home directory: seen by the kernel.

docs/privacy.md says which command contacts whom; everything else is checked here to contact nobody.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from PIL import Image

from fashion_cli.app import main
from tests.observed import Observed, observe
from tests.shop.site import Shop
from tests.web.shops import draw

ROOT = Path(__file__).parents[2]
FASHION = (sys.executable, "-m", "fashion_cli")
COUNT = 12
INDUCTOR = re.compile(r"torchinductor_\w+")  # an empty folder of temporary files that torch makes when it is imported
RECIPE = """
task = "multitask"
least_photographs = 1

[model]
name = "drawn"
vector_width = 16

[[stages]]
epochs = 1
height = 48
width = 32
garments = 4

[[groups]]
name = "category"

[[sets]]
source = "table.csv"
similar = "category"

[[sets.labels]]
group = "category"
column = "category"
"""


@pytest.fixture(scope="module")
def gallery(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photographs, a table of them, a recipe, an index."""
    folder = tmp_path_factory.mktemp("privacy")
    (folder / "photographs").mkdir()
    lines = ["path,item_id,category,split"]
    for number in range(COUNT):
        draw(number).save(folder / f"photographs/{number:02}.png")
        kind, split = ("shirt", "dress")[number % 2], "val" if number < 4 else "train"
        lines.append(f"photographs/{number:02}.png,{number // 2},{kind},{split}")
    (folder / "table.csv").write_text("\n".join(lines) + "\n")
    (folder / "recipe.toml").write_text(RECIPE)
    assert main(["index", f"{folder / 'photographs'}", "-o", f"{folder / 'index'}", "--model", f"{tiny_model}"]) == 0
    return folder


def address(shop: Shop) -> str:
    return f"127.0.0.1:{shop.port}"


def assert_private(seen: Observed, *contacts: str) -> None:
    """It worked, contacted nobody else and left nothing."""
    assert seen.code == 0, seen.output
    assert seen.contacts == frozenset(contacts)
    assert seen.home == ()
    assert [each for each in seen.temporary if not INDUCTOR.fullmatch(each)] == []


COMMANDS = {
    "tag": "tag {gallery}/photographs",
    "tag with the shipped model": "tag {gallery}/photographs/00.png",
    "embed": "embed {gallery}/photographs -o features.h5 --model {model}",
    "index": "index {gallery}/photographs -o index --model {model}",
    "search": "search {photograph} --index {gallery}/index --html sheet.html",
    "eval retrieval": "eval retrieval {gallery}/table.csv --model {model} --plot recall.png",
    "eval tags": "eval tags {gallery}/table.csv --model {model}",
    "weights list": "weights list",
    "weights verify": "weights verify fashion-mobilenet",
    "train": "train {gallery}/recipe.toml --data {gallery} --out run",
    "map": "map {gallery}/index -o map",
    "export": "weights export {copy} --force",
}


LONG = {"train", "map", "export"}  # each of them trains, or writes an ONNX file


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.campaign] if name in LONG else []) for name in COMMANDS]
)
def test_a_command_keeps_to_itself(name: str, gallery: Path, tiny_model: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_model, tmp_path / "copy")
    places = {
        "gallery": gallery,
        "photograph": gallery / "photographs" / "00.png",
        "model": tiny_model,
        "copy": tmp_path / "copy",
    }
    line = [word.format(**places) for word in COMMANDS[name].split()]
    assert_private(observe([*FASHION, *line], tmp_path, PYTHONPATH=str(ROOT)))


def test_the_installed_command_too(gallery: Path, tmp_path: Path) -> None:
    installed = Path(sys.executable).with_name("fashion")
    assert_private(observe([installed, "tag", gallery / "photographs"], tmp_path, PYTHONPATH=str(ROOT)))


LIBRARY = """
import sys
from pathlib import Path
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.steps.search import QueryPart, SearchConfig, search_gallery

query, index = map(Path, sys.argv[1:])
report = search_gallery(SearchConfig(((QueryPart(query),),), index, InferenceOptions(model="")))
assert report.results[0].hits
"""


def test_a_step_from_python_too(gallery: Path, tmp_path: Path) -> None:
    Image.effect_noise((60, 80), 100).convert("RGB").save(tmp_path / "query.png")
    program: list[str | Path] = [sys.executable, "-c", LIBRARY, tmp_path / "query.png", gallery / "index"]
    assert_private(observe(program, tmp_path, PYTHONPATH=str(ROOT)))


@pytest.mark.parametrize(
    "module",
    [
        *("", ".inference.onnx_engine", ".training", ".crawling.job"),
        pytest.param(".inference.onnx_export", marks=pytest.mark.campaign),
    ],
)
def test_whichever_module_comes_first_nothing_is_reported(module: str) -> None:
    variables = ("ORT_DISABLE_TELEMETRY", "HF_HUB_DISABLE_TELEMETRY")
    program = f"import fashion_cli{module}, os; print(*(os.environ[name] for name in {variables}))"
    environment = {"PATH": "", "PYTHONPATH": str(ROOT), "ORT_DISABLE_TELEMETRY": "0"}
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout == "1 1\n"


def test_a_server_answers_and_contacts_nobody(gallery: Path, tmp_path: Path) -> None:
    asked = []

    def ask_and_end(line: str, process: int) -> None:
        if address := re.search(r"fashion: (http://\S+/) ", line):
            with urllib.request.urlopen(f"{address[1]}api/v1/health") as answer:  # noqa: S310 - of this computer
                asked.append(answer.status)
            os.kill(process, signal.SIGINT)

    served = observe(
        [*FASHION, "serve", "--index", gallery / "index", "--port", "0"], tmp_path, ask_and_end, PYTHONPATH=str(ROOT)
    )
    assert asked == [200]
    assert_private(served)


def test_a_crawl_contacts_the_shop_alone(tmp_path: Path) -> None:
    with Shop(4) as shop:
        options = ["--allow-private", "--delay", "0", "-o", "shop"]
        assert_private(observe([*FASHION, "crawl", shop.url, *options], tmp_path, PYTHONPATH=str(ROOT)), address(shop))
