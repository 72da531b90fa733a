"""A session gives what the command gives, whatever a photograph comes as and from any thread, also after an update."""

import io
import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from fashion_cli import FashionError, Gallery, Hit, Model
from fashion_cli.app import main
from fashion_cli.errors import ImageError, IndexDirectoryError, UsageError
from fashion_cli.model_cards import CARD_FILE, CategoryPrior, ModelCard
from fashion_cli.session import live_index, query_encoder
from tests.web.shops import COUNT, Shop, draw, make_index, make_shop, png


@pytest.fixture(scope="module")
def shop(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return make_shop(tmp_path_factory.mktemp("session") / "shop", tiny_model)


@pytest.fixture(scope="module")
def gallery(shop: Shop) -> Iterator[Gallery]:
    with Gallery.open(shop.index, engine="onnx") as gallery:
        yield gallery


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photograph that the gallery does not have."""
    path = tmp_path_factory.mktemp("query") / "query.png"
    draw(1000).save(path)
    return path


def command(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[dict[str, Any]]:
    """The hits of `fashion search`."""
    capsys.readouterr()
    assert main(["search", *map(str, arguments), "--format", "jsonl", "--no-catalog"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def same(hits: tuple[Hit, ...], lines: list[dict[str, Any]]) -> None:
    assert [(hit.path, hit.rank, hit.retrieval_rank) for hit in hits] == [
        (line["path"], line["rank"], line["retrieval_rank"]) for line in lines
    ]
    assert [hit.cosine for hit in hits] == pytest.approx([line["cosine"] for line in lines], abs=1e-4)


def comparable(hits: tuple[Hit, ...]) -> list[tuple[object, ...]]:
    """What can be compared of hits: no numbers that are nan, and cosines as batches of any size give them."""
    return [(hit.path, hit.rank, hit.retrieval_rank, round(hit.cosine, 2), hit.tags, hit.sha256) for hit in hits]


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ({}, ["--topk", 50]),
        ({"topk": 5}, ["--topk", 5]),
        ({"topk": 5, "rerank": False}, ["--topk", 5, "--no-rerank"]),
        ({"topk": 8, "alpha": 1, "beta": 4}, ["--topk", 8, "--alpha", 1, "--beta", 4]),
        ({"where": "colour=red,green"}, ["--where", "colour=red,green"]),
        ({"where": ["colour=red", "category=dress"]}, ["--where", "colour=red", "--where", "category=dress"]),
        ({"where": {"colour": ["red", "green"]}}, ["--where", "colour=red,green"]),
        ({"where": {"colour": "red", "category": "dress"}}, ["--where", "colour=red", "--where", "category=dress"]),
        ({"where": {"colour": "!=red"}}, ["--where", "colour!=red"]),
        ({"box": (5, 6, 20, 30)}, ["--box", "5,6,20,30"]),
        ({"min_percentile": 80}, ["--min-percentile", 80]),
        ({"largest_gap": True}, ["--largest-gap"]),
        ({"exact": True}, ["--exact"]),
        ({"prior": False, "collapse": False}, ["--no-prior", "--no-collapse"]),
        ({"exclude_self": True}, ["--exclude-self"]),
    ],
)
def test_it_finds_what_the_command_finds(
    options: dict[str, Any], arguments: list[object], gallery: Gallery, shop: Shop, query: Path, capsys
) -> None:
    same(gallery.search(query, **options), command(capsys, query, "--index", shop.index, *arguments))


def test_several_photographs_add_up(gallery: Gallery, shop: Shop, query: Path, capsys) -> None:
    other = shop.photograph(3)
    lines = command(capsys, "--query", f"{query}:1", "--query", f"{other}:-0.5", "--index", shop.index)
    same(gallery.search({str(query): 1, str(other): -0.5}), lines)
    same(gallery.search([(query, 1), (other, -0.5)]), lines)
    parts: list[tuple[Any, float]] = [(query.read_bytes(), 1.0), (Image.open(other), -0.5)]
    same(gallery.search(parts), lines)
    both = command(capsys, "--query", query, "--query", other, "--index", shop.index)
    same(gallery.search([query, other]), both)


def test_kinds_and_copies_are_those_of_the_command(tiny_model: Path, tmp_path: Path, query: Path, capsys) -> None:
    model = shutil.copytree(tiny_model, tmp_path / "kinds")
    card = ModelCard.read(model / CARD_FILE)
    replace(card, prior=CategoryPrior("category", weight=0.5)).write(model / CARD_FILE)
    shop = Shop(tmp_path / "shop")
    (shop.folder / "photographs").mkdir(parents=True)
    for number in range(8):
        draw(number).save(shop.photograph(number))
    shutil.copy(shop.photograph(3), shop.photograph(8))
    make_index(shop, model)
    with Gallery.open(shop.index, engine="onnx") as gallery:
        for options, arguments in (
            ({}, []),
            ({"prior": False}, ["--no-prior"]),
            ({"collapse": False}, ["--no-collapse"]),
            ({"but": {"category": "shoes"}}, ["--but", "category=shoes"]),
        ):
            hits = gallery.search(query, **options)
            lines = command(capsys, query, "--index", shop.index, *arguments)
            same(hits, lines)
            assert [[copy.path for copy in hit.copies] for hit in hits] == [line["copy_paths"] for line in lines]
            weighed = [None if math.isnan(hit.agreement) else hit.agreement for hit in hits]
            assert weighed == [line["agreement"] and pytest.approx(line["agreement"], abs=1e-3) for line in lines]


def test_like_this_but(gallery: Gallery, query: Path) -> None:
    hits = gallery.search(query, but={"colour": "blue"})
    assert hits
    assert all("colour:blue" in map(str, hit.tags) for hit in hits)


def as_everything(path: Path) -> dict[str, Any]:
    """A photograph in every form in which it may be given."""
    data = path.read_bytes()
    image = Image.open(path)
    pixels = np.asarray(image)
    return {
        "text": str(path),
        "path": path,
        "bytes": data,
        "bytearray": bytearray(data),
        "memoryview": memoryview(data),
        "stream": io.BytesIO(data),
        "pillow": image,
        "rgba": image.convert("RGBA"),
        "cmyk": image.convert("RGB"),
        "array": pixels,
        "array with alpha": np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)]),
        "array that is not contiguous": np.ascontiguousarray(pixels[..., ::-1])[..., ::-1],
        "read-only array": np.frombuffer(pixels.tobytes(), np.uint8).reshape(pixels.shape),
    }


def test_every_form_of_a_photograph_gives_the_same(gallery: Gallery, query: Path) -> None:
    expected = comparable(gallery.search(query, topk=5)), gallery.tag(query), gallery.embed(query)
    for name, form in as_everything(query).items():
        assert comparable(gallery.search(form, topk=5)) == expected[0], name
    for name, form in as_everything(query).items():
        assert gallery.tag(form) == expected[1], name
    for name, form in as_everything(query).items():
        assert np.array_equal(gallery.embed(form), expected[2]), name


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "I;16", "I", "F", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"])
def test_every_mode_of_pillow_can_be_given(mode: str, gallery: Gallery, query: Path) -> None:
    image = Image.open(query)
    converted = image.convert("L").convert("I").convert(mode) if mode == "I;16" else image.convert(mode)
    assert len(gallery.search(converted, topk=3)) == 3


def test_an_image_of_pillow_is_turned_as_its_file_is(gallery: Gallery, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    draw(2000, (64, 48)).save(tmp_path / "turned.png", exif=exif)
    expected = gallery.embed(tmp_path / "turned.png")
    assert np.array_equal(gallery.embed(Image.open(tmp_path / "turned.png")), expected)
    assert np.array_equal(gallery.embed(ImageOps.exif_transpose(Image.open(tmp_path / "turned.png"))), expected)
    draw(2000, (64, 48)).save(tmp_path / "plain.png")
    assert not np.array_equal(gallery.embed(tmp_path / "plain.png"), expected)


def test_transparency_lies_on_white(gallery: Gallery) -> None:
    image = draw(2001).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    expected = gallery.embed(png(image))
    assert np.array_equal(gallery.embed(image), expected)
    assert np.array_equal(gallery.embed(np.asarray(image)), expected)


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (None, UsageError, "got None"),
        (5, UsageError, "a photograph: a path, the bytes of a file, .*; got int"),
        (io.StringIO("x"), UsageError, "got _io.StringIO"),
        (b"", ImageError, "the photograph: empty file"),
        (b"not a photograph", ImageError, "the photograph: "),
        ("gone.jpg", ImageError, "gone.jpg: cannot be read"),
        ("https://shop.example/a.jpg", UsageError, "an address, and nothing is fetched"),
        (np.zeros((3, 20, 20), np.uint8), ImageError, r"an array of uint8 with the shape \(3, 20, 20\)"),
        (np.zeros((20, 20, 3), np.float32), ImageError, "an array of float32"),
        (np.zeros((0, 20, 3), np.uint8), ImageError, r"\(0, 20, 3\)"),
        (np.zeros((1, 20, 20, 3), np.uint8), ImageError, r"\(1, 20, 20, 3\)"),
        ([], UsageError, "no photograph"),
        ({}, UsageError, "no photograph"),
        ({"a.jpg": "1"}, UsageError, "weight: a finite number; got '1'"),
        ({"a.jpg": float("nan")}, UsageError, "weight: a finite number; got nan"),
    ],
)
def test_what_is_no_photograph_is_said(wrong: Any, error: type[FashionError], message: str, gallery: Gallery) -> None:
    with pytest.raises(error, match=message):
        gallery.search(wrong)


FLOATS = "np.uint8(255 * array) for values in [0, 1], np.uint8(array) for values up to 255"


@pytest.mark.parametrize(
    ("array", "hint"),
    [
        (np.zeros((0, 10, 3), np.uint8), "there is no pixel in it: look at the slice or the crop that made it"),
        (np.zeros((10, 0), np.uint8), "there is no pixel in it: look at the slice or the crop that made it"),
        (np.zeros((3, 20, 30), np.uint8), "array.transpose(1, 2, 0) for (3, H, W)"),
        (np.zeros((1, 20, 30), np.uint8), "array[0] for (1, H, W)"),
        (np.zeros((1, 20, 30, 3), np.uint8), "array[0] of a batch of one"),
        (np.zeros((5, 20, 30, 3), np.uint8), "one photograph at a time: for image in array"),
        (np.zeros((20, 30, 2), np.uint8), "height and width, or height, width and 3 channels"),
        (np.zeros(20, np.uint8), "height and width, or height, width and 3 channels"),
        (
            np.zeros((20, 30, 3), np.float32),
            "np.uint8(255 * array) for values in [0, 1], np.uint8(array) for values up to 255",
        ),
        (np.zeros((20, 30), np.bool_), "np.uint8(255 * array) for values that are true or false"),
        (np.zeros((20, 30, 3), np.uint16), "np.uint8(array) for values up to 255, np.uint8(array >> 8) for 16 bits"),
        (
            np.zeros((1, 3, 20, 30), np.float32),
            f"array[0] of a batch of one; array.transpose(1, 2, 0) for (3, H, W); {FLOATS}",
        ),
    ],
    ids=lambda value: f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else "",
)
def test_advice_about_an_array_fits_it(array: Any, hint: str, gallery: Gallery) -> None:
    with pytest.raises(ImageError) as raised:
        gallery.search(array)
    assert raised.value.hint == hint


def test_a_language_without_titles_is_refused(gallery: Gallery, tiny_model: Path, query: Path) -> None:
    for call in (
        lambda: gallery.search(query, language="fr"),
        lambda: gallery.search(text="dress", language="fr"),
        lambda: gallery.tag(query, language="fr"),
        lambda: Model.open(tiny_model).tag(query, language="fr"),
    ):
        with pytest.raises(UsageError, match="no titles in 'fr', in no language") as raised:
            call()
        assert raised.value.hint


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"topk": "5"}, "topk: an int; got a str, '5'"),
        ({"topk": 0}, "topk 0 is less than 1"),
        ({"where": "color=red"}, "no tag group 'color'"),
        ({"where": "red"}, "not group=tag"),
        ({"where": 5}, "where: texts or a dict; got 5"),
        ({"where": [5]}, "where: texts or a dict"),
        ({"but": "colour=red"}, "but: a dict of group and tag; got 'colour=red'"),
        ({"but": {"colour": "mauve"}}, "no tag 'mauve'"),
        ({"box": "1,2,3,4"}, "box: a Box or"),
        ({"box": (1, 2, 3)}, "box: a Box or"),
        ({"box": (0, 0, 9999, 9999)}, "reaches beyond"),
        ({"min_percentile": 101}, "not in"),
    ],
)
def test_what_means_nothing_is_said(options: dict[str, Any], message: str, gallery: Gallery, query: Path) -> None:
    with pytest.raises(UsageError, match=message):
        gallery.search(query, **options)


def test_a_photograph_of_the_gallery_needs_no_reading(gallery: Gallery, shop: Shop, tmp_path: Path) -> None:
    first = gallery.search(shop.photograph(7), topk=1, rerank=False)[0]
    assert first.path == str(shop.photograph(7))
    assert first.cosine == pytest.approx(1, abs=1e-3)


def test_the_query_itself_can_be_left_out(gallery: Gallery, shop: Shop) -> None:
    path = shop.photograph(7)
    for form in (path, str(path), path.read_bytes()):
        hits = gallery.search(form, exclude_self=True)
        assert len(hits) == COUNT - 1
        assert str(path) not in {hit.path for hit in hits}


def test_what_it_says_of_itself(gallery: Gallery, shop: Shop) -> None:
    assert len(gallery) == COUNT
    assert sorted(gallery.paths) == [str(shop.photograph(number)) for number in range(COUNT)]
    assert gallery.groups == {"category": ("shirt", "dress", "shoes", "bag"), "colour": ("red", "green", "blue")}
    assert repr(gallery) == f"<Gallery {str(shop.index)!r}, 36 photographs, tiny>"
    vector = gallery.embed(shop.photograph(0))
    assert vector.shape == (16,)
    assert vector.dtype == np.float32
    assert float(np.linalg.norm(vector)) == pytest.approx(1, abs=1e-6)


def test_a_model_alone_says_the_same(gallery: Gallery, tiny_model: Path, query: Path) -> None:
    model = Model.open(tiny_model, engine="onnx")
    assert [str(tag) for tag in model.tag(query)] == [str(tag) for tag in gallery.tag(query)]
    assert float(model.embed(query) @ gallery.embed(query)) == pytest.approx(1, abs=1e-4)
    assert len(model.tag(query, min_score=0)) == 7


def test_a_model_without_tags_says_so(untagged_model: Path, query: Path) -> None:
    model = Model.open(untagged_model, engine="onnx")
    assert model.embed(query).shape == (16,)
    with pytest.raises(UsageError, match="has no tags"):
        model.tag(query)


def test_many_threads_get_what_one_gets(gallery: Gallery) -> None:
    photographs = [png(draw(3000 + number)) for number in range(24)]
    expected = [comparable(gallery.search(each, topk=4)) for each in photographs]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda each: comparable(gallery.search(each, topk=4)), photographs)) == expected


def test_index_and_model_are_opened_once(shop: Shop, query: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Gallery.open(shop.index, engine="onnx") as gallery:
        expected = comparable(gallery.search(query))
        for module, opener in ((live_index, "Gallery"), (live_index, "QueryEncoder"), (query_encoder, "open_engine")):
            monkeypatch.delattr(module, opener)
        assert [comparable(gallery.search(query)) for _ in range(3)] == [expected] * 3
        assert comparable(gallery.search(query.read_bytes())) == expected


def test_the_next_search_sees_a_new_index(tiny_model: Path, tmp_path: Path, query: Path) -> None:
    shop = make_shop(tmp_path / "shop", tiny_model)
    with Gallery.open(shop.index, engine="onnx") as gallery:
        assert len(gallery.search(query)) == COUNT
        make_index(shop, tiny_model, (shop.photograph(0), shop.photograph(1)))
        assert {hit.path for hit in gallery.search(query)} == {str(shop.photograph(number)) for number in (0, 1)}
        shutil.rmtree(shop.index)  # the old state stays in use
        assert len(gallery.search(query)) == 2


def test_how_an_index_is_found(shop: Shop, query: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(shop.index, tmp_path / "site" / ".fashion")
    monkeypatch.delenv("FASHION_ROOT", raising=False)
    with Gallery.open(str(tmp_path / "site"), engine="onnx") as gallery:
        assert gallery.directory == tmp_path / "site" / ".fashion"
    (tmp_path / "site" / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "site" / "deep")
    monkeypatch.delenv("FASHION_INDEX", raising=False)
    with Gallery.open(engine="onnx") as gallery:
        assert len(gallery) == COUNT
    monkeypatch.setenv("FASHION_INDEX", str(shop.index))
    with Gallery.open(engine="onnx") as gallery:
        assert gallery.directory == shop.index
    with pytest.raises(IndexDirectoryError, match="no index here"):
        Gallery.open(tmp_path)


def test_photographs_that_lie_elsewhere(
    shop: Shop, query: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photographs = shutil.copytree(shop.folder / "photographs", tmp_path / "images")
    with Gallery.open(shop.index, root=photographs, engine="onnx") as gallery:
        assert all(Path(hit.path).parent == photographs for hit in gallery.search(query))
    monkeypatch.setenv("FASHION_ROOT", str(photographs))
    with Gallery.open(shop.index, engine="onnx") as gallery:
        assert all(Path(path).parent == photographs for path in gallery.paths)


def test_a_closed_gallery_says_so(shop: Shop, query: Path) -> None:
    gallery = Gallery.open(shop.index, engine="onnx")
    gallery.close()
    gallery.close()
    assert "closed" in repr(gallery)
    with pytest.raises(UsageError, match="the gallery is closed"):
        gallery.search(query)


def test_importing_the_package_imports_nothing_else() -> None:
    program = (
        "import sys, fashion_cli; assert not {'numpy', 'torch', 'h5py', 'PIL'} & set(sys.modules), sys.modules;"
        "from fashion_cli import Gallery, Model;"
        "assert not {'torch', 'fastapi', 'prometheus_client'} & set(sys.modules);"
        "assert 'Gallery' in dir(fashion_cli); from fashion_cli import *; Hit; Tag; Box; FashionError"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
