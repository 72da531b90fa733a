"""Tags of several models side by side in one feature file: `fashion tag --add`, through `main`."""

import io
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from fashion_cli.app import main
from fashion_cli.atomic_files import partial_path
from fashion_cli.data.features import FeatureFile
from fashion_cli.data.tags import present_tags
from fashion_cli.model_cards import CARD_FILE, ModelCard, Vocabulary
from fashion_cli.retrieval.manifest import Manifest
from fashion_cli.weights import open_model
from tests.commands.conftest import draw

COUNT = 6

Fashion = Callable[..., int]
Capture = pytest.CaptureFixture[str]
Draw = Callable[..., Path]


@pytest.fixture
def shop(tmp_path: Path, drawn: Draw) -> Path:
    for seed in range(COUNT):
        drawn(tmp_path / "shop" / f"{seed}.png", seed, size=(50 + seed, 70))
    return tmp_path / "shop"


@pytest.fixture
def fashion(monkeypatch: pytest.MonkeyPatch) -> Fashion:
    monkeypatch.setenv("FASHION_ENGINE", "onnx")
    return lambda *argv: main([str(each) for each in argv])


@pytest.fixture
def tagged(shop: Path, fashion: Fashion, tiny_model: Path, capsys: Capture) -> Path:
    """A feature file of the tiny model: groups category and colour."""
    assert fashion("tag", shop, "-o", "f.h5", "--model", tiny_model) == 0
    capsys.readouterr()
    return Path("f.h5")


def with_groups(model: Path, directory: Path, *groups: str, weights: str = "") -> Path:
    """A copy of a model under another name, with other names for its groups and, on paper, other weights."""
    shutil.copytree(model, directory)
    card = ModelCard.read(directory / CARD_FILE)
    renamed = [replace(group, name=name) for group, name in zip(card.vocabulary.groups, groups, strict=True)]
    files = {**card.files, **({"model.safetensors": weights} if weights else {})}
    replace(card, name=directory.name, vocabulary=Vocabulary(tuple(renamed)), files=files).write(directory / CARD_FILE)
    return directory


def broken(model: Path, directory: Path) -> Path:
    """A copy that cannot predict anything."""
    shutil.copytree(model, directory)
    for file in ("model.onnx", "model.safetensors"):
        (directory / file).write_bytes(b"")
    return directory


def lines(capsys: Capture) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def contents(file: Path) -> tuple[dict[str, np.ndarray], dict[str, dict[str, np.ndarray]], tuple[str, ...]]:
    """path -> vector; group -> path -> scores; the names of all tags."""
    with FeatureFile.open(file) as features:
        paths, scores, vocabulary = features.paths(), features.scores(), features.header.vocabulary
        by_group = {
            name: dict(zip(paths, scores[:, window], strict=True)) for name, window in vocabulary.columns.items()
        }
        return dict(zip(paths, features.vectors(), strict=True)), by_group, vocabulary.names


def assert_holds(file: Path, *, own: Path, added: Path, prefix: str = "") -> None:
    """Each group of the file is what the file of one model alone says, to the bit where it was copied."""
    vectors, groups, _ = contents(file)
    own_vectors, own_groups, _ = contents(own)
    _, added_groups, _ = contents(added)
    assert vectors.keys() == own_vectors.keys()
    for path, vector in own_vectors.items():
        assert vectors[path] == pytest.approx(vector, abs=2e-3)
    expected = own_groups | {f"{prefix}{name}": scores for name, scores in added_groups.items()}
    assert list(groups) == list(expected)
    for name, scores in expected.items():
        for path, values in scores.items():
            assert groups[name][path] == pytest.approx(values, abs=2e-3), (name, path)


def test_only_the_other_model_looks_and_its_groups_stand_beside(
    shop: Path, fashion: Fashion, tagged: Path, tiny_model: Path, style_model: Path, tmp_path: Path, capsys: Capture
) -> None:
    shutil.copy(tagged, "own.h5")
    assert fashion("tag", shop, "-o", "styles.h5", "--model", style_model) == 0
    with h5py.File(tagged, "r+") as file:  # whoever looked again would find nothing
        file.attrs["model_location"] = str(broken(tiny_model, tmp_path / "broken"))
    capsys.readouterr()
    assert fashion("tag", shop, "-o", tagged, "--add", "--model", style_model) == 0
    err = capsys.readouterr().err
    assert err.startswith("f.h5: 6 photographs, with style, season of styles beside those of tiny\ntagged 6 in ")
    assert_holds(tagged, own=Path("own.h5"), added=Path("styles.h5"))
    assert (contents(tagged)[0][str(shop / "0.png")] == contents(Path("own.h5"))[0][str(shop / "0.png")]).all()
    with FeatureFile.open(tagged) as features:
        header = features.header
    assert (header.model, header.weights_sha256) == ("tiny", open_model(tiny_model).card.weights_sha256)
    (added,) = header.added
    assert (added.model, added.location, added.prefix) == ("styles", str(style_model), "")
    assert added.weights_sha256 == open_model(style_model).card.weights_sha256
    written = tagged.stat().st_mtime_ns
    assert fashion("tag", shop, "-o", tagged, "--add", "--model", style_model) == 0
    assert "nothing new to tag" in capsys.readouterr().err
    assert fashion("tag", "-o", tagged, "--add", "--model", style_model) == 0
    assert tagged.stat().st_mtime_ns == written


def test_new_changed_gone_and_unreadable_photographs(
    shop: Path, fashion: Fashion, tagged: Path, tiny_model: Path, style_model: Path, drawn: Draw, capsys: Capture
) -> None:
    drawn(shop / "1.png", seed=70, size=(40, 40))  # changed
    drawn(shop / "new.png", seed=71)
    (shop / "2.png").unlink()
    (shop / "3.png").rename(shop / "moved é.png")
    (shop / "bad.jpg").write_bytes(b"no photograph")
    assert fashion("tag", shop, "-o", tagged, "--add", "--model", style_model, "--strict") == 3
    err = capsys.readouterr().err
    assert "tagged 6 in " in err  # four with a row, two without
    assert ", 2 new, 2 dropped" in err
    assert "skipped 1:" in err
    assert "bad.jpg" in err
    (shop / "bad.jpg").unlink()
    assert fashion("tag", shop, "-o", "own.h5", "--model", tiny_model) == 0
    assert fashion("tag", shop, "-o", "styles.h5", "--model", style_model) == 0
    assert_holds(tagged, own=Path("own.h5"), added=Path("styles.h5"))


def test_what_the_other_model_cannot_read_leaves_the_file_by_name(
    shop: Path, fashion: Fashion, tagged: Path, style_model: Path, capsys: Capture
) -> None:
    (shop / "2.png").unlink()
    assert fashion("tag", "-o", tagged, "--add", "--model", style_model) == 0
    err = capsys.readouterr().err
    assert "f.h5: 5 photographs" in err
    assert f"skipped 1:\n  {shop / '2.png'}: " in err
    before = tagged.read_bytes()
    for path in shop.iterdir():
        path.unlink()
    (shop / "other.png").write_bytes(b"")
    assert fashion("tag", shop, "-o", tagged, "--add", "--model", style_model) == 1
    assert "is left as it is" in capsys.readouterr().err
    assert tagged.read_bytes() == before


def test_later_updates_keep_every_group(
    shop: Path, fashion: Fashion, tagged: Path, tiny_model: Path, style_model: Path, drawn: Draw, capsys: Capture
) -> None:
    assert fashion("tag", shop, "-o", tagged, "--add", "--model", style_model) == 0
    drawn(shop / "new.png", seed=71)
    capsys.readouterr()
    assert fashion("embed", shop, "-o", tagged, "--model", tiny_model) == 0
    assert "embedded 1 in " in capsys.readouterr().err
    for file, model in (("own.h5", tiny_model), ("styles.h5", style_model)):
        assert fashion("tag", shop, "-o", file, "--model", model) == 0
    assert_holds(tagged, own=Path("own.h5"), added=Path("styles.h5"))


def test_search_filters_reranks_and_shows_whatever_groups_are_there(
    shop: Path, fashion: Fashion, tagged: Path, tiny_model: Path, style_model: Path, drawn: Draw, capsys: Capture
) -> None:
    assert fashion("tag", shop, "-o", tagged, "--add", "--model", style_model) == 0
    assert fashion("index", tagged, "--model", tiny_model) == 0
    drawn(shop / "new.png", seed=71)
    assert fashion("index", shop, "--model", tiny_model) == 0  # the folder goes on where the file was
    said: dict[str, set[str]] = {}
    query = drawn(Path("query.png"), seed=3, size=(53, 70)).absolute()
    capsys.readouterr()
    for model in (tiny_model, style_model):
        assert fashion("tag", shop, query, "--model", model) == 0
        for each in lines(capsys):
            tags = {f"{group}:{name}" for group, names in each["tags"].items() for name in names}
            said[each["path"]] = said.get(each["path"], set()) | tags
    assert fashion("search", query, "--topk", COUNT + 1) == 0
    hits = lines(capsys)
    assert len(hits) == COUNT + 1
    for hit in hits:
        assert set(hit["shared_tags"]) == said[str(query)] & said[hit["path"]]
        expected = -2 * hit["retrieval_rank"] + 2 * len(hit["shared_tags"])
        assert hit["rerank_score"] == pytest.approx(expected)
    assert any(tag.startswith("style:") for hit in hits for tag in hit["shared_tags"])
    styles = [tag for path, tags in said.items() if path != str(query) for tag in tags if tag.startswith("style:")]
    wanted = max(set(styles), key=styles.count)
    assert fashion("search", query, "--where", wanted.replace(":", "="), "--format", "paths") == 0
    found = set(capsys.readouterr().out.splitlines())
    assert found == {path for path, tags in said.items() if wanted in tags and path != str(query)}
    assert fashion("search", query, "--where", "style=nonesuch") == 2
    assert fashion("search", query, "--html", "sheet.html") == 0
    sheet = Path("sheet.html").read_text()
    assert f'title="style, {style_score(hits, wanted)}' in sheet
    with FeatureFile.open(Path(".fashion") / Manifest.read(Path(".fashion")).features) as features:
        assert [each.model for each in features.header.added] == ["styles"]
        assert present_tags(features.scores(), features.header.vocabulary).shape == (COUNT + 1, 14)


def style_score(hits: list[dict[str, Any]], tag: str) -> str:
    """The score of a tag of some hit, as a contact sheet shows it."""
    group, name = tag.split(":")
    return next(f"{hit['tags'][group][name]:.2f}" for hit in hits if name in hit["tags"].get(group, {}))


def test_a_search_says_what_is_missing(
    shop: Path,
    fashion: Fashion,
    tagged: Path,
    tiny_model: Path,
    style_model: Path,
    drawn: Draw,
    capsys: Capture,
) -> None:
    passing = shutil.copytree(style_model, shop.parent / "passing")
    assert fashion("tag", shop, "-o", tagged, "--add", "--model", passing) == 0
    assert fashion("index", tagged, "--model", tiny_model) == 0
    query = drawn(shop.parent / "query.png", 77)
    shutil.rmtree(passing)
    capsys.readouterr()
    assert fashion("search", query) == 1
    err = capsys.readouterr().err
    assert f"the tags of styles were made by {passing}" in err
    assert "--add" in err
    assert fashion("search", shop / "1.png") == 0  # its row is there
    assert fashion("tag", "-o", tagged, "--add", "--model", style_model) == 0  # where it lies now; nothing is predicted
    assert "nothing new to tag" in capsys.readouterr().err
    assert fashion("index", tagged, "--model", tiny_model) == 0
    assert fashion("search", query) == 0


def test_groups_of_the_same_name_need_a_prefix(
    shop: Path, fashion: Fashion, tagged: Path, tiny_model: Path, style_model: Path, tmp_path: Path, capsys: Capture
) -> None:
    other = with_groups(style_model, tmp_path / "other", "colour", "season")
    before = tagged.read_bytes()
    assert fashion("tag", shop, "-o", tagged, "--add", "--model", other) == 1
    expected = (
        "fashion: f.h5: there are groups named colour already — --add-as other calls those of other other.colour, …\n"
    )
    assert capsys.readouterr().err == expected
    assert tagged.read_bytes() == before
    assert fashion("tag", shop, "-o", tagged, "--add", "--model", other, "--add-as", "other") == 0
    assert list(contents(tagged)[1]) == ["category", "colour", "other.colour", "other.season"]
    capsys.readouterr()
    assert fashion("tag", shop, "-o", tagged, "--add", "--model", other) == 0  # it has its prefix
    assert "nothing new to tag" in capsys.readouterr().err
    assert fashion("tag", shop, "-o", tagged, "--add", "--model", other, "--add-as", "autumn") == 0  # renamed
    assert "nothing new to tag" in capsys.readouterr().err
    assert list(contents(tagged)[1]) == ["category", "colour", "autumn.colour", "autumn.season"]
    third = with_groups(style_model, tmp_path / "third", "autumn.season", "shape", weights="3" * 64)
    capsys.readouterr()
    assert fashion("tag", shop, "-o", tagged, "--add", "--model", third) == 1  # as one that was added is called
    assert "there are groups named autumn.season already" in capsys.readouterr().err
    assert fashion("index", tagged, "--model", tiny_model) == 0
    tags = contents(tagged)[1]["autumn.colour"]
    first = int(tags[str(shop / "0.png")].argmax())
    name = ("techwear", "dandy", "preppy", "rock chic")[first]
    assert fashion("search", shop / "0.png", "--where", f"autumn.colour={name}", "--format", "paths") == 0
    assert str(shop / "0.png") in capsys.readouterr().out.splitlines()


def test_a_model_that_was_trained_again_takes_its_own_place(
    shop: Path, fashion: Fashion, tagged: Path, style_model: Path, tiny_model: Path, tmp_path: Path, capsys: Capture
) -> None:
    place = with_groups(style_model, tmp_path / "mine", "style", "season")
    third = with_groups(tiny_model, tmp_path / "third", "shape", "paint", weights="3" * 64)
    assert fashion("tag", shop, "-o", tagged, "--add", "--model", place) == 0
    assert fashion("tag", shop, "-o", tagged, "--add", "--model", third) == 0
    assert list(contents(tagged)[1]) == ["category", "colour", "style", "season", "shape", "paint"]
    before = contents(tagged)[1]
    shutil.rmtree(place)
    with_groups(style_model, place, "style", "season", weights="4" * 64)  # trained again
    capsys.readouterr()
    assert fashion("embed", shop, "-o", tagged, "--model", tiny_model) == 0  # nothing is new: nothing is needed
    new = draw(shop / "new.png", seed=71)
    capsys.readouterr()
    assert fashion("embed", shop, "-o", tagged, "--model", tiny_model) == 1  # whose tags would be other ones
    assert f"{place}: other weights than those that made the tags of mine" in capsys.readouterr().err
    new.unlink()
    assert fashion("tag", shop, "-o", tagged, "--add", "--model", place) == 0
    assert "tagged 6 in" in capsys.readouterr().err
    after = contents(tagged)[1]
    assert list(after) == list(before)
    for name, scores in before.items():
        for path, values in scores.items():
            assert after[name][path] == pytest.approx(values, abs=2e-3)
    with FeatureFile.open(tagged) as features:
        assert [each.weights_sha256 for each in features.header.added] == ["4" * 64, "3" * 64]


def test_two_states_of_a_model_stay_side_by_side(
    shop: Path, fashion: Fashion, tagged: Path, style_model: Path, tmp_path: Path, capsys: Capture
) -> None:
    first = with_groups(style_model, tmp_path / "one" / "mine", "style", "season", weights="1" * 64)
    second = with_groups(style_model, tmp_path / "two" / "mine", "style", "season", weights="2" * 64)
    assert fashion("tag", shop, "-o", tagged, "--add", "--model", first) == 0
    assert fashion("tag", shop, "-o", tagged, "--add", "--model", second, "--add-as", "b") == 0
    written = tagged.stat().st_mtime_ns
    capsys.readouterr()
    assert fashion("tag", shop, "-o", tagged, "--add", "--model", second) == 0
    assert "nothing new to tag" in capsys.readouterr().err
    assert tagged.stat().st_mtime_ns == written
    assert list(contents(tagged)[1]) == ["category", "colour", "style", "season", "b.style", "b.season"]
    with FeatureFile.open(tagged) as features:
        assert [each.weights_sha256 for each in features.header.added] == ["1" * 64, "2" * 64]


def test_an_empty_list_is_not_the_whole_file(
    fashion: Fashion, tagged: Path, style_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    before = tagged.read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    assert fashion("tag", "-", "-o", tagged, "--add", "--model", style_model) == 2
    assert "no photographs: the list is empty" in capsys.readouterr().err
    assert tagged.read_bytes() == before


def test_what_an_interrupted_run_left_is_filled_in_by_all_that_it_lacks(
    shop: Path, fashion: Fashion, tagged: Path, tiny_model: Path, style_model: Path, tmp_path: Path
) -> None:
    third = with_groups(tiny_model, tmp_path / "third", "shape", "paint", weights="3" * 64)
    shutil.copy(tagged, "own.h5")
    assert fashion("tag", shop, "-o", tagged, "--add", "--model", style_model) == 0
    shutil.copy("own.h5", partial_path(tagged))  # rows without both
    assert fashion("tag", shop, "-o", tagged, "--add", "--model", third) == 0
    _, groups, _ = contents(tagged)
    assert list(groups) == ["category", "colour", "style", "season", "shape", "paint"]
    assert fashion("tag", shop, "-o", "styles.h5", "--model", style_model) == 0
    for name, scores in contents(Path("styles.h5"))[1].items():
        for path, values in scores.items():
            assert groups[name][path] == pytest.approx(values, abs=2e-3)
    for one, same in (("category", "shape"), ("colour", "paint")):
        for path, values in groups[one].items():
            assert groups[same][path] == pytest.approx(values, abs=2e-3)


def test_what_an_interrupted_run_added_does_not_get_into_an_update_without_it(
    shop: Path, fashion: Fashion, tagged: Path, tiny_model: Path, style_model: Path, drawn: Draw, capsys: Capture
) -> None:
    shutil.copy(tagged, "own.h5")
    assert fashion("tag", shop, "-o", tagged, "--add", "--model", style_model) == 0
    shutil.copy(tagged, partial_path(Path("own.h5")))  # all rows are there, and more columns than are wanted
    drawn(shop / "new.png", seed=71)
    capsys.readouterr()
    assert fashion("embed", shop, "-o", "own.h5", "--model", tiny_model) == 0
    assert "embedded 1 in " in capsys.readouterr().err
    assert fashion("embed", shop, "-o", "fresh.h5", "--model", tiny_model) == 0
    (vectors, groups, names), (fresh_vectors, fresh_groups, fresh_names) = (
        contents(Path("own.h5")),
        contents(Path("fresh.h5")),
    )
    assert names == fresh_names
    for path, vector in fresh_vectors.items():
        assert vectors[path] == pytest.approx(vector, abs=2e-3)
        for name in ("category", "colour"):
            assert groups[name][path] == pytest.approx(fresh_groups[name][path], abs=2e-3)


def test_a_pair_and_a_third(
    shop: Path,
    fashion: Fashion,
    untagged_model: Path,
    tiny_model: Path,
    style_model: Path,
    drawn: Draw,
    capsys: Capture,
) -> None:
    pair = ("--model", untagged_model, "--tagger", tiny_model)
    assert fashion("tag", shop, "-o", "f.h5", *pair) == 0
    assert fashion("tag", shop, "-o", "f.h5", "--add", "--model", style_model) == 0
    drawn(shop / "new.png", seed=71)
    assert fashion("tag", shop, "-o", "f.h5", "--add", "--model", style_model) == 0  # all three look at it
    assert fashion("tag", shop, "-o", "own.h5", *pair) == 0
    assert fashion("tag", shop, "-o", "styles.h5", "--model", style_model) == 0
    assert_holds(Path("f.h5"), own=Path("own.h5"), added=Path("styles.h5"))
    assert fashion("index", "f.h5", *pair) == 0
    query = shutil.copy(shop / "0.png", "query.png")
    capsys.readouterr()
    assert fashion("search", query, "--no-rerank", "--topk", 1) == 0
    (hit,) = lines(capsys)
    assert hit["path"] == str(shop / "0.png")
    assert {tag.partition(":")[0] for tag in hit["shared_tags"]} >= {"style"}


def test_vectors_of_another_program(
    shop: Path, fashion: Fashion, tagged: Path, style_model: Path, drawn: Draw, capsys: Capture
) -> None:
    with h5py.File(tagged, "r+") as file:
        file.attrs.update(model="my-encoder", weights_sha256="")
        del file.attrs["model_location"]
    assert fashion("tag", shop, "-o", tagged, "--add", "--model", style_model) == 0
    assert list(contents(tagged)[1]) == ["category", "colour", "style", "season"]
    drawn(shop / "new.png", seed=71)
    capsys.readouterr()
    assert fashion("tag", shop, "-o", tagged, "--add", "--model", style_model) == 1
    err = capsys.readouterr().err
    assert "some photographs are new or changed, and the model of its vectors, my-encoder, is not known here" in err
    assert len(contents(tagged)[0]) == COUNT


def test_wrong_usage(
    shop: Path,
    fashion: Fashion,
    tagged: Path,
    tiny_model: Path,
    untagged_model: Path,
    style_model: Path,
    capsys: Capture,
) -> None:
    before = tagged.read_bytes()
    styles = ("--model", style_model)
    for options, code, message in (
        (("-o", "tags.csv", "--add", *styles), 2, "--add is for feature files — -o FILE.h5"),
        (("--add", *styles), 2, "--add is for feature files"),
        (("-o", "f.h5", "--add-as", "x", *styles), 2, "--add-as is for --add"),
        (("-o", "f.h5", "--add", "--add-as", "a=b", *styles), 2, "--add-as 'a=b': not a prefix"),
        (("-o", "none.h5", "--add", *styles), 1, "none.h5: no such feature file"),
        (("-o", "f.h5", "--add", "--model", tiny_model), 2, "f.h5: its own tags are those of tiny"),
        (("-o", "f.h5", "--add", "--model", untagged_model), 2, "the model untagged has no tags"),
        (("-o", "f.h5", "--add", "--top", "1", *styles), 2, "a feature file holds every score"),
    ):
        assert fashion("tag", shop, *options) == code, options
        assert message in capsys.readouterr().err
    assert tagged.read_bytes() == before


@pytest.mark.campaign
def test_kills_leave_a_usable_file_and_lose_no_finished_row(
    fashion: Fashion, tiny_model: Path, style_model: Path, drawn: Draw, tmp_path: Path
) -> None:
    many = tmp_path / "many"
    for seed in range(400):
        drawn(many / f"{seed:03}.png", seed, size=(20, 24))
    assert fashion("tag", many, "-o", "f.h5", "--model", tiny_model) == 0
    before = Path("f.h5").read_bytes()
    command = [sys.executable, "-m", "fashion_cli", "tag", "many", "-o", "f.h5", "--add", "--model", str(style_model)]
    rng = np.random.default_rng(0)
    kills, finished, wait = 0, 0, 0.3
    while kills < 5 or not finished:
        process = subprocess.Popen(
            [*command, "--engine", "onnx", "--batch-size", "2"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(float(rng.uniform(wait / 2, wait)))
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
        if len(contents(Path("f.h5"))[1]) == 4:
            break  # done before the kill: the next step sees that all is there
        assert Path("f.h5").read_bytes() == before
        left = 0
        if partial_path(Path("f.h5")).exists():
            with FeatureFile.open(partial_path(Path("f.h5"))) as features:
                left = len(features) if features.header.added else 0
        assert left >= finished
        wait *= 1.3 if left == finished else 1.0  # a slow machine gets nowhere in the time of a fast one
        finished = left
    assert fashion("tag", "many", "-o", "f.h5", "--add", "--model", style_model) == 0
    shutil.copy("f.h5", "resumed.h5")
    assert fashion("tag", "many", "-o", "own.h5", "--model", tiny_model) == 0
    assert fashion("tag", "many", "-o", "styles.h5", "--model", style_model) == 0
    assert_holds(Path("resumed.h5"), own=Path("own.h5"), added=Path("styles.h5"))


def test_the_format_for_other_tools(shop: Path, fashion: Fashion, tagged: Path, style_model: Path) -> None:
    assert fashion("tag", shop, "-o", tagged, "--add", "--model", style_model, "--add-as", "my") == 0
    with h5py.File(tagged) as file:
        assert file.attrs["version"] == 1
        groups = file["tags/groups"].asstr()[:].tolist()
        assert list(dict.fromkeys(groups)) == ["category", "colour", "my.style", "my.season"]
        added = file["tags/added"]
        assert added["models"].asstr()[:].tolist() == ["styles"]
        assert added["groups"][:].tolist() == [2]
        assert added["prefixes"].asstr()[:].tolist() == ["my"]
        assert added["locations"].asstr()[:].tolist() == [str(style_model)]
        assert added["weights_sha256"].asstr()[:].tolist() == [open_model(style_model).card.weights_sha256]
