"""Search against arithmetic written out: cosines, weighted sums, filters, the paper's re-ranking."""

import math
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashion_cli.data.features import FeatureFile
from fashion_cli.data.images import Box
from fashion_cli.errors import IndexDirectoryError, UsageError
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.retrieval.manifest import Manifest
from fashion_cli.retrieval.search import SearchOptions
from fashion_cli.steps.index import IndexConfig, IndexReport, build_index
from fashion_cli.steps.search import QueryPart, SearchConfig, SearchReport, search_gallery

COUNT = 40
OPTIONS = {each.name for each in fields(SearchOptions)}


@pytest.fixture(scope="module")
def gallery(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of drawn photographs and its index, in one directory."""
    folder = tmp_path_factory.mktemp("gallery")
    rng = np.random.default_rng(7)
    (folder / "images").mkdir()
    for number in range(COUNT):
        patch = Image.fromarray(rng.integers(0, 255, (4, 3, 3), np.uint8)).resize((48, 64))
        patch.save(folder / "images" / f"[{number:02}] å.png")
    index(folder, tiny_model)
    return folder


def index(folder: Path, model: Path, **more) -> IndexReport:
    config = IndexConfig(
        (folder / "images",), folder / "index", InferenceOptions(model=str(model), engine="onnx"), **more
    )
    return build_index(config, lambda done, total: None)


def look(gallery: Path, *queries: tuple[QueryPart, ...], **more) -> SearchReport:
    inference = InferenceOptions(model="", engine="onnx")
    options = SearchOptions(**{name: more.pop(name) for name in [*more] if name in OPTIONS})
    return search_gallery(SearchConfig(queries, gallery / "index", inference, options, **more))


def photograph(gallery: Path, number: int) -> Path:
    return gallery / "images" / f"[{number:02}] å.png"


def stored(gallery: Path) -> tuple[list[str], np.ndarray, np.ndarray, FeatureFile]:
    manifest = Manifest.read(gallery / "index")
    with FeatureFile.open(gallery / "index" / manifest.features) as features:
        return (
            features.paths(),
            features.vectors().astype(np.float64),
            features.scores().astype(np.float64),
            features,
        )


def test_hits_are_the_nearest_by_cosine(gallery: Path) -> None:
    paths, vectors, _, _ = stored(gallery)
    query = paths.index(str(photograph(gallery, 5)))
    cosines = [float(vector @ vectors[query]) for vector in vectors]
    expected = sorted(range(COUNT), key=lambda row: -cosines[row])[:7]
    (result,) = look(gallery, (QueryPart(photograph(gallery, 5)),), topk=7, rerank=False).results
    assert [hit.path for hit in result.hits] == [paths[row] for row in expected]
    assert result.hits[0].path == str(photograph(gallery, 5))
    assert [hit.cosine for hit in result.hits] == pytest.approx([cosines[row] for row in expected], abs=2e-3)
    assert all(math.isnan(hit.rerank_score) for hit in result.hits)


def test_reranking_follows_the_papers_formula(gallery: Path) -> None:
    query = (QueryPart(photograph(gallery, 3)),)
    (plain,) = look(gallery, query, topk=20, rerank=False).results
    (ranked,) = look(gallery, query, topk=20, alpha=2, beta=3).results
    shown = {str(tag) for tag in plain.tags}
    totals = {}
    for rank, hit in enumerate(plain.hits, 1):
        totals[hit.path] = -2 * rank + 3 * len(shown & {str(tag) for tag in hit.tags})
    expected = sorted((hit.path for hit in plain.hits), key=lambda path: -totals[path])  # stable: ties keep order
    assert [hit.path for hit in ranked.hits] == expected
    for hit in ranked.hits:
        assert hit.rerank_score == totals[hit.path]
        assert {str(tag) for tag in hit.shared_tags} == shown & {str(tag) for tag in hit.tags}
        assert plain.hits[hit.retrieval_rank - 1].path == hit.path


def test_weighted_photographs_add_up(gallery: Path) -> None:
    paths, vectors, _, _ = stored(gallery)
    first, second = (vectors[paths.index(str(photograph(gallery, number)))] for number in (1, 2))
    wanted = 1.0 * first - 0.5 * second
    cosines = vectors @ wanted / np.linalg.norm(wanted)
    (result,) = look(
        gallery, (QueryPart(photograph(gallery, 1)), QueryPart(photograph(gallery, 2), -0.5)), topk=5, rerank=False
    ).results
    assert [hit.path for hit in result.hits] == [paths[row] for row in np.argsort(-cosines)[:5]]
    assert result.label.endswith(":-0.5")


def test_photographs_that_cancel_out_are_refused(gallery: Path) -> None:
    with pytest.raises(UsageError, match="cancel out"):
        look(gallery, (QueryPart(photograph(gallery, 1)), QueryPart(photograph(gallery, 1), -1.0)))


def test_a_filter_leaves_only_what_shows_the_tag(gallery: Path) -> None:
    (everything,) = look(gallery, (QueryPart(photograph(gallery, 0)),), topk=COUNT, rerank=False).results
    tag = max(
        {each for hit in everything.hits for each in map(str, hit.tags)},
        key=lambda name: sum(name in map(str, hit.tags) for hit in everything.hits) % COUNT,
    )
    group, name = tag.split(":")
    expected = [hit.path for hit in everything.hits if tag in map(str, hit.tags)]
    (filtered,) = look(
        gallery, (QueryPart(photograph(gallery, 0)),), topk=COUNT, rerank=False, where=(f"{group}={name}",)
    ).results
    assert [hit.path for hit in filtered.hits] == expected


@pytest.mark.parametrize("where", ["colour", "=red", "colour=", "shape=round"])
def test_a_filter_that_means_nothing_is_refused(gallery: Path, where: str) -> None:
    with pytest.raises(UsageError):
        look(gallery, (QueryPart(photograph(gallery, 0)),), where=(where,))


def test_a_box_searches_for_a_part(gallery: Path, tmp_path: Path) -> None:
    wide = Image.new("RGB", (148, 64), "white")
    with Image.open(photograph(gallery, 9)) as inner:
        wide.paste(inner, (100, 0))
    wide.save(tmp_path / "wide.png")
    box = Box(100, 0, 48, 64)
    (result,) = look(gallery, (QueryPart(tmp_path / "wide.png"),), box=box, rerank=False).results
    assert result.hits[0].path == str(photograph(gallery, 9))
    assert result.hits[0].cosine == pytest.approx(1, abs=2e-3)


def test_a_query_that_is_gone_is_found_by_its_indexed_path(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for number, colour in enumerate(["red", "green", "blue"]):
        Image.new("RGB", (48, 64), colour).save(tmp_path / "images" / f"[{number:02}] å.png")
    index(tmp_path, tiny_model)
    photograph(tmp_path, 1).unlink()
    (result,) = look(tmp_path, (QueryPart(photograph(tmp_path, 1)),), rerank=False).results
    assert result.hits[0].path == str(photograph(tmp_path, 1))


def test_several_queries_are_several_results_and_bad_ones_are_named(gallery: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"nothing")
    paths = (photograph(gallery, 0), tmp_path / "bad.jpg", photograph(gallery, 1))
    report = look(gallery, *((QueryPart(path),) for path in paths))
    assert [result.label for result in report.results] == [str(photograph(gallery, number)) for number in (0, 1)]
    assert [skipped.path for skipped in report.skipped] == [str(tmp_path / "bad.jpg")]


def test_lists_end_where_the_options_say(gallery: Path) -> None:
    (everything,) = look(gallery, (QueryPart(photograph(gallery, 0)),), topk=COUNT, rerank=False).results
    cosines = [hit.cosine for hit in everything.hits]
    (near,) = look(gallery, (QueryPart(photograph(gallery, 0)),), topk=COUNT, min_percentile=75.0).results
    assert len(near.hits) == sum(cosine >= np.percentile(cosines, 75) - 1e-4 for cosine in cosines)
    (gap,) = look(gallery, (QueryPart(photograph(gallery, 0)),), topk=COUNT, largest_gap=True).results
    drops = [here - after for here, after in pairwise(cosines[1:])]  # the first is the query itself
    assert len(gap.hits) == 1 + drops.index(max(drops)) + 1


def test_the_nearest_is_above_every_percentile(gallery: Path) -> None:
    for number in range(COUNT):
        (result,) = look(gallery, (QueryPart(photograph(gallery, number)),), min_percentile=100.0).results
        assert [hit.path for hit in result.hits] == [str(photograph(gallery, number))]


def test_no_index_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(IndexDirectoryError) as error:
        look(tmp_path, (QueryPart(tmp_path / "q.png"),))
    assert "fashion index" in error.value.hint
