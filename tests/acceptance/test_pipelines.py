"""The shell lines that the documentation promises, in a real shell, with names that break careless programs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

NAMES = ["plain.png", "two words.png", "línea.png", "new\nline.png", "[red].png", "-dash.png", "衣服.png", "a:1.png"]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    rng = np.random.default_rng(5)
    (tmp_path / "images").mkdir()
    for name in NAMES:
        patch = Image.fromarray(rng.integers(0, 255, (4, 3, 3), np.uint8)).resize((48, 64))
        patch.save(tmp_path / "images" / name)
    Image.new("RGB", (48, 64), "teal").save(tmp_path / "q.png")
    return tmp_path


def shell(folder: Path, model: Path, line: str) -> str:
    """Run a line of bash with `fashion` on the PATH and the tiny model as the default."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", f"set -euo pipefail; {line}"],
        cwd=folder,
        env={**os.environ, "PATH": path, "FASHION_MODEL": str(model)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_find_embed_index_search_ls(shop: Path, tiny_model: Path) -> None:
    out = shell(
        shop,
        tiny_model,
        "find images -name '*.png' -print0 | fashion embed -0 - -o c.h5 && fashion index c.h5 -o cat"
        " && fashion search q.png --index cat --format paths -0 | xargs -0 ls -1 --zero",
    )
    assert {Path(line).name for line in out.split("\0") if "/" in line} == set(NAMES)


def test_head_may_close_the_pipe(shop: Path, tiny_model: Path) -> None:
    (shop / "images" / "new\nline.png").unlink()
    out = shell(
        shop,
        tiny_model,
        "fashion index images --quiet > report.jsonl && set +o pipefail"
        " && fashion search q.png --format paths | head -3 | tr '\\n' '\\0' | xargs -0 ls",
    )
    assert len(out.splitlines()) == 3


def test_tags_are_json_lines_in_a_pipe(shop: Path, tiny_model: Path) -> None:
    out = shell(shop, tiny_model, "fashion tag images --top 1 | sort")
    rows = [json.loads(line) for line in out.splitlines()]
    assert {Path(row["path"]).name for row in rows} == set(NAMES)
    assert all(len(tags) == 1 for row in rows for tags in row["tags"].values())


def test_every_name_is_found_by_itself(shop: Path, tiny_model: Path) -> None:
    shell(shop, tiny_model, "fashion index images > report.jsonl")
    out = shell(
        shop, tiny_model, "find images -type f -print0 | fashion search -0 - --topk 1 --format paths -0 | sort -z"
    )
    assert out.split("\0")[:-1] == sorted(str(shop / "images" / name) for name in NAMES)


NO_TORCH = """
import sys
from fashion_cli.app import main
code = main(sys.argv[1:])
loaded = [name for name in ("torch", "torchvision") if name in sys.modules]
sys.exit(f"imported: {loaded}" if loaded else code)
"""


@pytest.mark.parametrize("query", ["q.png", "images/plain.png"])
def test_a_search_imports_no_torch(shop: Path, tiny_model: Path, query: str) -> None:
    shell(shop, tiny_model, "fashion index images > report.jsonl")
    line = [sys.executable, "-c", NO_TORCH, "search", query, "--model", str(tiny_model), "--format", "paths"]
    done = subprocess.run(line, cwd=shop, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split("\n")) >= len(NAMES)


def test_help_imports_nothing_slow() -> None:
    slow = '("torch", "torchvision", "numpy", "h5py", "PIL", "onnxruntime")'
    code = NO_TORCH.replace('("torch", "torchvision")', slow)
    done = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "search" in done.stdout
