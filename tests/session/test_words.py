"""`Gallery.search` by words gives what `fashion search` gives by the same words."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fashion_cli import Gallery
from fashion_cli.app import main
from fashion_cli.errors import ImageError, UnknownWordsError, UsageError
from tests.web.shops import COUNT, PER_ITEM, Shop, make_index, make_shop, price


@pytest.fixture(scope="module")
def shop(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """With a catalogue, whose names are words too."""
    shop = make_shop(tmp_path_factory.mktemp("session") / "shop", tiny_model)
    shutil.copy(shop.catalogue, shop.folder / "photographs")
    make_index(shop, tiny_model)
    return shop


@pytest.fixture(scope="module")
def gallery(shop: Shop) -> Iterator[Gallery]:
    with Gallery.open(shop.index, engine="onnx") as gallery:
        yield gallery


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ({}, []),
        ({"topk": 3}, ["--topk", "3"]),
        ({"where": "colour=red"}, ["--where", "colour=red"]),
        ({"where": {"colour": "red"}}, ["--where", "colour=red"]),
    ],
)
@pytest.mark.parametrize("words", ["dress", "Dresses", "red blue dress", "linen", "Nähwerk dress"])
def test_words_find_what_the_command_finds(
    words: str, options: dict[str, Any], arguments: list[str], gallery: Gallery, shop: Shop, capsys
) -> None:
    capsys.readouterr()
    assert main(["search", words, "--index", str(shop.index), "--format", "jsonl", *arguments]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines
    for hits in (gallery.search(words, **options), gallery.search(text=words, **options)):
        assert [(hit.path, hit.rank, hit.retrieval_rank) for hit in hits] == [
            (line["path"], line["rank"], line["retrieval_rank"]) for line in lines
        ]
        assert all(hit.cosine != hit.cosine and hit.rerank_score != hit.rerank_score for hit in hits)  # nan


def test_what_looks_like_a_path_is_a_photograph_unless_it_is_said_to_be_text(
    gallery: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ImageError, match=r"dress\.jpg"):
        gallery.search("dress.jpg")
    with pytest.raises(ImageError, match="No such file"):
        gallery.search("red/dress")
    with pytest.raises(ImageError):
        gallery.search(Path("dress"))
    (tmp_path / "dress").write_bytes(b"no photograph")
    with pytest.raises(ImageError):
        gallery.search("dress")
    assert gallery.search(text="dress")


def test_unknown_words_are_answered_with_near_ones(gallery: Gallery) -> None:
    with pytest.raises(UnknownWordsError, match="nothing here goes by 'drss'") as raised:
        gallery.search("drss")
    assert raised.value.hint == "did you mean 'dress'?"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "a photograph or words; got None"),
        ({"query": "a.jpg", "text": "dress"}, "a photograph and words"),
        ({"text": " "}, "the text is empty"),
        ({"query": ""}, "the text is empty"),
        ({"text": 3}, "text: words; got 3"),
        ({"text": "dress", "but": {"colour": "red"}}, "but needs a photograph to be like"),
        ({"text": "dress", "box": (0, 0, 1, 1)}, "box needs a photograph to be like"),
        ({"text": "dress", "min_percentile": 0}, "min_percentile needs a photograph to be like"),
        ({"text": "dress", "largest_gap": True}, "largest_gap needs a photograph to be like"),
        ({"text": "and the"}, "no words to search for"),
    ],
)
def test_what_means_nothing_is_said(arguments: dict[str, Any], message: str, gallery: Gallery) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        gallery.search(**arguments)
    assert raised.value.hint


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("price<15000", lambda amount: amount < 15000),
        ("Price>=20000", lambda amount: amount >= 20000),
        ("price=12000..14000", lambda amount: 12000 <= amount <= 14000),
        ("price=13000", lambda amount: amount == 13000),
    ],
)
def test_prices_of_the_catalogue_can_be_asked_for(
    condition: str, holds: Callable[[Any], bool], gallery: Gallery, shop: Shop, capsys
) -> None:
    """The last four photographs show no product, and have no price."""
    expected = {str(shop.photograph(number)) for number in range(COUNT - 4) if holds(price(number // PER_ITEM))}
    hits = gallery.search(shop.photograph(0), topk=100, where=condition)
    assert {hit.path for hit in hits} == expected
    argv = ["search", str(shop.photograph(0)), "--index", str(shop.index), "--where", condition, "--format", "paths"]
    capsys.readouterr()
    assert main(argv) == 0
    out, err = capsys.readouterr()
    assert set(out.splitlines()) == expected
    if "13000" not in condition:
        assert f"{condition}: of {COUNT} values 4 are empty" in err
    assert main([*argv, "--no-catalog"]) == 2
    assert "no tag group" in capsys.readouterr().err
