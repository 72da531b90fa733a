"""Opening and searching index directories, and finding them."""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fashion_cli.errors import FashionError, FeatureFileError, IndexDirectoryError
from fashion_cli.model_cards import ModelCard
from fashion_cli.retrieval.exact import ExactIndex
from fashion_cli.retrieval.gallery import Gallery, find_index
from fashion_cli.retrieval.publish import publish, writing
from tests.retrieval.conftest import WIDTH, MakeFeatures

COUNT = 400
PutIndex = Callable[..., Path]


@pytest.fixture(scope="module")
def made() -> dict[str, Path]:
    """Index directories by their kind, once each is made."""
    return {}


@pytest.fixture
def put_index(
    make_features: MakeFeatures,
    made: dict[str, Path],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    slow_scan: None,
) -> PutIndex:
    """Puts a copy of one that is made once: making takes longer than any test of it."""
    del slow_scan

    def put(kind: str = "annoy") -> Path:
        if kind not in made:
            directory = tmp_path_factory.mktemp("made") / "index"
            with writing(directory) as working:
                make_features(working, COUNT)
                publish(directory, model_location="small", exact_below=0 if kind == "annoy" else 10**6)
            made[kind] = directory
        return Path(shutil.copytree(made[kind], tmp_path / "index"))

    return put


def change_manifest(directory: Path, **values: Any) -> None:
    path = directory / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.mark.parametrize("kind", ["annoy", "exact"])
def test_finds_what_a_scan_finds(put_index: PutIndex, kind: str) -> None:
    with Gallery.open(put_index(kind)) as gallery:
        assert (len(gallery), gallery.kind, gallery.note) == (COUNT, kind, "")
        vectors = gallery.features.vectors().astype(np.float32)
        truth = ExactIndex(gallery.features.vectors()).nearest(vectors[:40], 20)
        found = gallery.nearest(vectors[:40], 20)
        assert (found.rows[:, 0] == np.arange(40)).all()
        assert (found.rows == truth.rows).mean() > (0.8 if kind == "annoy" else 0.9999)
        exact = gallery.nearest(vectors[:40], 20, exact=True)
        assert (exact.rows == truth.rows).all()
        assert (exact.cosines == truth.cosines).all()
        assert gallery.nearest(vectors[:1], 10_000).rows.shape == (1, COUNT)


@pytest.mark.parametrize("kind", ["annoy", "exact"])
@pytest.mark.parametrize("allowed", [[7], [399, 3, 3, 40], list(range(0, COUNT, 2)), []])
def test_only_allowed_rows(put_index: PutIndex, kind: str, allowed: list[int]) -> None:
    with Gallery.open(put_index(kind)) as gallery:
        vectors = gallery.features.vectors().astype(np.float32)
        rows = np.array(allowed, np.int64)
        truth = ExactIndex(gallery.features.vectors()).nearest(vectors[:5], 10, rows)
        for _ in range(2):  # the second time after all vectors were read
            found = gallery.nearest(vectors[:5], 10, rows=rows)
            assert (found.rows == truth.rows).all()
            assert (found.cosines == truth.cosines).all()
            gallery.nearest(vectors[:1], 1, exact=True)


def test_without_annoy_the_scan_takes_over(put_index: PutIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = put_index()
    monkeypatch.setitem(sys.modules, "annoy", None)
    with Gallery.open(directory) as gallery:
        assert gallery.kind == "exact"
        assert gallery.note.startswith("annoy cannot be used here")
        assert gallery.nearest(gallery.features.vectors([9]).astype(np.float32), 1).rows.tolist() == [[9]]


def test_only_vectors_of_the_same_weights_compare(put_index: PutIndex, card: ModelCard) -> None:
    with Gallery.open(put_index()) as gallery:
        gallery.require_model(card)
        gallery.require_model(replace(card, name="the same by another name"))
        with pytest.raises(IndexDirectoryError, match=r"made by the model small, .* of big") as caught:
            gallery.require_model(replace(card, name="big", files={"model.safetensors": "b" * 64}))
        assert "--model small" in caught.value.hint


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"version": 2}, r"newer fashion-cli \(index version 2\)"),
        ({"version": "1"}, "damaged"),
        ({"version": 0}, "damaged"),
        ({"format": "other"}, "damaged"),
        ({"features": "../features.h5"}, "is no file name"),
        ({"features": ""}, "damaged"),
        ({"features": 3}, "damaged"),
        ({"tagger_location": 3}, "damaged"),
        ({"rows": -1}, "whole numbers"),
        ({"rows": "400"}, "whole numbers"),
        ({"kind": "magic"}, "magic"),
        ({"calibration": None}, "without its file or calibration"),
        ({"calibration": {"trees": 3}}, "damaged"),
        ({"calibration": "none"}, "damaged"),
        ({"neighbours": ""}, "without its file or calibration"),
        ({"rows": COUNT - 1}, "does not hold what manifest.json says"),
        ({"vector_width": WIDTH + 1}, "does not hold what manifest.json says"),
        ({"weights_sha256": "b" * 64}, "does not hold what manifest.json says"),
        ({"neighbours_bytes": 5}, "bytes long instead of 5"),
        ({"neighbours": "other.ann"}, "this part of the index is missing"),
        ({"features": "other.h5"}, "this part of the index is missing"),
    ],
)
def test_manifest_that_cannot_be_right(put_index: PutIndex, values: dict[str, Any], message: str) -> None:
    directory = put_index()
    change_manifest(directory, **values)
    with pytest.raises(IndexDirectoryError, match=message) as caught:
        Gallery.open(directory)
    assert caught.value.hint
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "3", '"text"', "{}", "\0\xff"])
def test_manifest_that_is_none(put_index: PutIndex, content: str) -> None:
    directory = put_index("exact")
    (directory / "manifest.json").write_text(content, encoding="latin-1")
    with pytest.raises(IndexDirectoryError, match=r"manifest\.json: damaged") as caught:
        Gallery.open(directory)
    assert "fashion index" in caught.value.hint


def test_a_manifest_that_knows_more_is_read(put_index: PutIndex) -> None:
    directory = put_index("exact")
    change_manifest(directory, remark="a later minor version may say more")
    Gallery.open(directory).close()


@pytest.mark.parametrize("part", ["features", "neighbours"])
@pytest.mark.parametrize("damage", ["missing", "cut", "empty", "longer"])
def test_parts_that_are_not_whole(put_index: PutIndex, part: str, damage: str) -> None:
    directory = put_index()
    path = next(directory.glob(f"{part}-*"))
    content = path.read_bytes()
    path.unlink()
    changed = {"cut": content[: len(content) // 2], "empty": b"", "longer": content + content[:5000]}
    if damage in changed:
        path.write_bytes(changed[damage])
    if (part, damage) == ("features", "longer"):  # bytes after its end mean nothing in this format
        Gallery.open(directory).close()
        return
    with pytest.raises((IndexDirectoryError, FeatureFileError), match=path.name) as caught:
        Gallery.open(directory)
    assert caught.value.hint


def test_no_index(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for directory in (tmp_path, tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(IndexDirectoryError, match="no index here") as caught:
            Gallery.open(directory)
        assert caught.value.hint == f"fashion index FOLDER -o {directory}"


class TestFindIndex:
    """`--index`, then $FASHION_INDEX, then .fashion here or in the nearest parent."""

    @pytest.fixture(autouse=True)
    def _indexes(self, tmp_path: Path) -> None:
        for folder in ("given", "named", "a/.fashion", "a/b/c/.fashion"):
            (tmp_path / folder).mkdir(parents=True)
            (tmp_path / folder / "manifest.json").write_text("{}")
        (tmp_path / "a/b/c/d").mkdir()

    def test_order(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        here, named = tmp_path / "a/b/c/d", {"FASHION_INDEX": str(tmp_path / "named")}
        assert find_index(tmp_path / "given", named, here) == tmp_path / "given"
        assert find_index(None, named, here) == tmp_path / "named"
        assert find_index(None, {"FASHION_INDEX": ""}, here) == tmp_path / "a/b/c/.fashion"
        assert find_index(None, {}, tmp_path / "a/b/c") == tmp_path / "a/b/c/.fashion"
        assert find_index(None, {}, tmp_path / "a/b") == tmp_path / "a/.fashion"
        monkeypatch.chdir(tmp_path / "a")
        assert find_index(None, {}) == tmp_path / "a/.fashion"
        assert find_index(None, {}, Path("b")) == tmp_path / "a/.fashion"

    @pytest.mark.parametrize(
        ("given", "variable", "hint"),
        [
            ("nothing", "", "fashion index FOLDER -o"),
            (None, "nothing", "unset FASHION_INDEX"),
            (None, "", "--index DIR"),
        ],
    )
    def test_nothing_there(self, tmp_path: Path, given: str | None, variable: str, hint: str) -> None:
        environment = {"FASHION_INDEX": str(tmp_path / variable)} if variable else {}
        with pytest.raises(FashionError, match="no index here") as caught:
            find_index(tmp_path / given if given else None, environment, tmp_path)
        assert hint in caught.value.hint

    def test_an_unfinished_index_does_not_give_way_to_another(self, tmp_path: Path) -> None:
        (tmp_path / "a/b/.fashion").mkdir()
        (tmp_path / "a/b/.fashion/features.h5.partial").write_text("")
        with pytest.raises(IndexDirectoryError, match="is not finished") as caught:
            find_index(None, {}, tmp_path / "a/b")
        assert "fashion index" in caught.value.hint
