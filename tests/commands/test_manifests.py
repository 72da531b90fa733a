"""A manifest and a gallery that do not quite fit: what fits is used, the rest is counted and named."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fashion_cli.app import main
from fashion_cli.data.features import FeatureFile

Fashion = Callable[..., int]
Capture = pytest.CaptureFixture[str]
COUNT = 6


@pytest.fixture
def fashion(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Fashion:
    monkeypatch.setenv("FASHION_MODEL", str(tiny_model))
    monkeypatch.setenv("FASHION_ENGINE", "onnx")
    return lambda *argv: main([str(each) for each in argv])


@pytest.fixture
def shop(tmp_path: Path, drawn: Callable[..., Path]) -> Path:
    for seed in range(COUNT):
        drawn(tmp_path / "shop" / "tops" / f"{seed}.bmp", seed)
    return tmp_path / "shop"


def items(file: str | Path) -> dict[str, str]:
    with FeatureFile.open(Path(file)) as features:
        return {Path(path).name: item for path, item in zip(features.paths(), features.column("item_id"), strict=True)}


def table(path: Path, rows: list[str], header: str = "path,item_id") -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("command", ["embed", "index"])
def test_rows_that_match_nothing_are_counted_and_named(
    shop: Path, fashion: Fashion, capsys: Capture, command: str
) -> None:
    rows = [f"tops/{number}.bmp,item {number}" for number in range(COUNT - 1)]
    manifest = table(shop / "m.csv", [*rows, *(f"gone/{number}.bmp,x" for number in range(5))])
    line = [command, shop, "--manifest", manifest, "-o", "out"]
    assert fashion(*line) == 0
    told = f"{manifest}: 5 of 10 rows matched, not found: gone/0.bmp, gone/1.bmp, gone/2.bmp and 2 more"
    assert told in capsys.readouterr().err
    file = Path("out") if command == "embed" else next(Path("out").glob("*.h5"))
    assert items(file) == {f"{number}.bmp": f"item {number}" if number < 5 else "" for number in range(COUNT)}
    assert fashion(*line, "--strict") == 3
    assert "5 of 10 rows matched" in capsys.readouterr().err


@pytest.mark.parametrize("prefix", ["", "./", "../shop/", "{shop}/", "../elsewhere/../shop/"])
@pytest.mark.parametrize("lies", ["shop", "elsewhere"])
def test_paths_are_relative_to_the_manifest_or_the_gallery(
    shop: Path, fashion: Fashion, capsys: Capture, prefix: str, lies: str
) -> None:
    start = prefix.format(shop=shop)
    rows = [f"{start}tops/{number}.bmp,item {number}" for number in range(COUNT)]
    (shop.parent / "elsewhere").mkdir(exist_ok=True)
    manifest = table(shop.parent / lies / "m.csv", rows)
    assert fashion("embed", shop, "--manifest", manifest, "-o", "out.h5") == 0
    assert "matched" not in capsys.readouterr().err
    assert items("out.h5") == {f"{number}.bmp": f"item {number}" for number in range(COUNT)}


@pytest.mark.parametrize("command", ["embed", "index"])
def test_a_manifest_of_other_photographs_is_an_error_and_nothing_is_replaced(
    shop: Path, fashion: Fashion, capsys: Capture, command: str
) -> None:
    good = table(shop / "good.csv", [f"tops/{number}.bmp,item {number}" for number in range(COUNT)])
    assert fashion(command, shop, "--manifest", good, "-o", "out") == 0
    file = Path("out") if command == "embed" else next(Path("out").glob("*.h5"))
    before = file.read_bytes()
    capsys.readouterr()
    for rows, said in ((["a.jpg,1", "b.jpg,2"], "0 of 2 rows matched"), ([], "0 of 0 rows matched")):
        assert fashion(command, shop, "--manifest", table(shop / "bad.csv", rows), "-o", "out") == 1
        error = capsys.readouterr().err
        assert said in error
        assert " — " in error
        assert file.read_bytes() == before


def test_a_feature_file_takes_no_manifest(shop: Path, fashion: Fashion, capsys: Capture) -> None:
    manifest = table(shop / "m.csv", ["tops/0.bmp,1"])
    assert fashion("embed", shop, "-o", "f.h5") == 0
    assert fashion("index", "f.h5", "--manifest", manifest) == 2
    assert "a feature file has its columns already" in capsys.readouterr().err


BAD = {
    "twice": ("path,colour,item_id,colour\ntops/0.bmp,red,1,blue\n", "the column 'colour' is named twice"),
    "path twice": ("path,path\ntops/0.bmp,a\n", "the column 'path' is named twice"),
    "unnamed value": ("path,item_id,\ntops/0.bmp,1,x\n", "a value in a column without a name"),
    "too few": ("path,item_id,colour\ntops/0.bmp,1\n", "m.csv:2: not as many values as the header has columns"),
    "too many": ("path,item_id\ntops/0.bmp,1,red\n", "m.csv:2: not as many values as the header has columns"),
    "no path": ("path,item_id\n,1\n", "m.csv:2: the path is empty"),
    "semicolons": ("path;item_id\ntops/0.bmp;1\n", "m.csv:1: its columns are separated by ';'"),
    "empty": ("", "no column 'path' in the header"),
    "contradiction": (
        "path,item_id\ntops/0.bmp,1\n./tops/0.bmp,2\n",
        "m.csv:3: tops/0.bmp has '2' in the column 'item_id', and '1' in line 2",
    ),
}


@pytest.mark.parametrize(("text", "said"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("named", [True, False])
def test_tables_that_cannot_be_meant(
    shop: Path, fashion: Fashion, capsys: Capture, text: str, said: str, named: bool
) -> None:
    (shop / "m.csv").write_text(text)
    assert fashion("embed", *([shop] if named else []), "--manifest", shop / "m.csv", "-o", "out.h5") == 1
    assert said in capsys.readouterr().err
    assert not Path("out.h5").exists()


GOOD = {
    "byte order mark": "\ufeffpath,item_id\ntops/0.bmp,1\n",
    "blank lines": "\npath,item_id\n\n  \ntops/0.bmp,1\n\n",
    "rows of commas": "path,item_id\ntops/0.bmp,1\n,\n,\n",
    "columns of nothing": "path,item_id,,\ntops/0.bmp,1,,\n",
    "trailing commas": "path,item_id\ntops/0.bmp,1,,\n",
    "the same row twice": "path,item_id\ntops/0.bmp,1\ntops/0.bmp,1\n",
    "carriage returns": "path,item_id\r\ntops/0.bmp,1\r\n",
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_tables_that_can_only_mean_one_thing(shop: Path, fashion: Fashion, text: str) -> None:
    (shop / "m.csv").write_bytes(text.encode())
    assert fashion("embed", shop / "tops" / "0.bmp", "--manifest", shop / "m.csv", "-o", "out.h5") == 0
    assert items("out.h5") == {"0.bmp": "1"}
