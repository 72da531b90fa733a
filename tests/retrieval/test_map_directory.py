"""A map directory holds what was written, is replaced whole or not at all, and says what is wrong with it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from fashion_cli.atomic_files import sync
from fashion_cli.data.features import AddedTags, FeatureHeader
from fashion_cli.errors import MapDirectoryError, OutputError
from fashion_cli.model_cards import TagGroup, Vocabulary
from fashion_cli.retrieval.attribute_map import AttributeMap, Garments
from fashion_cli.retrieval.map_directory import DRAFT_FOLDER, MAP_FILE, drafting, find_map, open_map, write_map

COLOUR = TagGroup("colour", ("red", "green", "blue"), exclusive=True, thresholds=(0.3, 0.4, 0.5))
DETAIL = TagGroup("detail", ("lace", "belt"), exclusive=False)
STYLE = TagGroup("style", ("chic", "rock"), exclusive=True)
KILLS = 10
MODULE = "fashion_cli.retrieval.map_directory"


def drawn_map(rows: int = 20, seed: int = 0) -> AttributeMap:
    """A map with a random autoencoder; one path is not UTF-8."""
    rng = np.random.default_rng(seed)
    added = AddedTags("styles", "ab", "/models/styles", "", Vocabulary((STYLE,)))
    header = FeatureHeader("tiny", "cd", 4, Vocabulary((COLOUR, DETAIL)), "test", model_location="/models/tiny")
    shapes = {"encoder.0": (8, 5), "encoder.2": (2, 8), "decoder.0": (8, 2), "decoder.2": (5, 8)}
    tensors = {f"{name}.weight": rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    tensors |= {f"{name}.bias": rng.normal(size=shape[0]).astype(np.float32) for name, shape in shapes.items()}
    garments = Garments(
        paths=("/shop/\udcff\n.jpg", *(f"/shop/{row}.jpg" for row in range(1, rows))),
        sizes=np.arange(rows, dtype=np.int64),
        mtimes_ns=np.arange(rows, dtype=np.int64) * 10**18,
        attributes=rng.dirichlet([0.3] * 5, rows).astype(np.float16),
        points=rng.random((rows, 2), np.float32),
    )
    header = header.with_added([added])
    return AttributeMap(header, ("colour", "style"), tensors, garments, "/shop/f.h5", 7, {"agreement": 0.5})


def written(directory: Path, attribute_map: AttributeMap) -> Path:
    with drafting(directory) as draft:
        write_map(attribute_map, draft)
        (draft / "map.png").write_bytes(b"picture")
    return directory


def test_what_is_written_is_read(tmp_path: Path) -> None:
    made = drawn_map()
    read = open_map(written(tmp_path / "a" / "map", made))
    assert (read.header, read.groups, read.source, read.seed) == (made.header, made.groups, made.source, made.seed)
    assert read.figures == made.figures
    assert read.garments.paths == made.garments.paths
    for name in ("sizes", "mtimes_ns", "attributes", "points"):
        np.testing.assert_array_equal(getattr(read.garments, name), getattr(made.garments, name))
    assert read.tensors.keys() == made.tensors.keys()
    for name, tensor in made.tensors.items():
        np.testing.assert_array_equal(read.tensors[name], tensor)


def test_a_new_map_takes_the_old_ones_place_and_leaves_other_files(tmp_path: Path) -> None:
    written(tmp_path, drawn_map())
    (tmp_path / "notes.txt").write_text("mine")
    written(tmp_path, drawn_map(rows=9, seed=1))
    assert len(open_map(tmp_path).garments) == 9
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "map-000002.safetensors",
        "map.json",
        "map.png",
        "notes.txt",
    ]


def test_a_draft_that_fails_leaves_the_old_map(tmp_path: Path) -> None:
    written(tmp_path, drawn_map())
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fail() -> None:
        with drafting(tmp_path) as draft:
            write_map(drawn_map(rows=9), draft)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_the_caller_cannot_do_is_not_said_of_the_directory(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="elsewhere"), drafting(tmp_path):
        (tmp_path / "elsewhere" / "file").read_bytes()


@pytest.mark.campaign
def test_kills_leave_a_whole_map(tmp_path: Path) -> None:
    """Processes write maps of 20 and of 30 garments in turn, until they are killed."""
    program = (
        "import sys; from pathlib import Path; from tests.retrieval.test_map_directory import drawn_map, written\n"
        "while True:\n"
        "    for rows in (20, 30): written(Path(sys.argv[1]), drawn_map(rows, seed=rows)); print(rows, flush=True)\n"
    )
    written(tmp_path / "map", drawn_map(20, seed=20))
    wanted = {rows: drawn_map(rows, seed=rows).garments.points for rows in (20, 30)}
    rng = np.random.default_rng(1)
    for _ in range(KILLS):
        line = [sys.executable, "-c", program, str(tmp_path / "map")]
        with subprocess.Popen(line, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as process:
            assert process.stdout is not None
            process.stdout.readline()  # it is at work
            time.sleep(float(rng.uniform(0, 0.05)))
            process.send_signal(signal.SIGKILL)
        read = open_map(tmp_path / "map")
        np.testing.assert_array_equal(read.garments.points, wanted[len(read.garments)])


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("step", range(10))
def test_wherever_it_is_cut_off_a_whole_map_is_there(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between any two of: a file is on the medium, a file has its name, an older one is gone."""
    written(tmp_path, drawn_map(20, seed=20))
    done: list[str] = []

    def until_killed(name: str, then: Callable[..., None]) -> Callable[..., None]:
        def run(*arguments: object) -> None:
            if len(done) == step:
                raise Killed
            done.append(name)
            then(*arguments)

        return run

    with monkeypatch.context() as patch:
        patch.setattr(f"{MODULE}.sync", until_killed("sync", sync))
        patch.setattr(os, "replace", until_killed("replace", os.replace))
        patch.setattr(Path, "unlink", until_killed("unlink", Path.unlink))
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)  # a killed process tidies nothing up
        with suppress(Killed):
            written(tmp_path, drawn_map(30, seed=30))
    read = open_map(tmp_path)
    assert len(read.garments) == (30 if done.count("replace") == 3 else 20)  # map.json comes last
    assert done[:3] == ["sync"] * min(3, len(done))  # what has a name is on the medium before
    written(tmp_path, drawn_map(9, seed=9))  # what was left behind does not get into the next one
    assert len(open_map(tmp_path).garments) == 9
    numbers = [path.name for path in tmp_path.iterdir() if path.suffix == ".safetensors"]
    assert len(numbers) == 1


def test_what_a_killed_process_left_is_not_part_of_the_next_map(tmp_path: Path) -> None:
    (tmp_path / DRAFT_FOLDER / "folder").mkdir(parents=True)
    (tmp_path / DRAFT_FOLDER / "map.parquet").write_text("half of it")
    written(tmp_path, drawn_map())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["map-000001.safetensors", "map.json", "map.png"]


def test_a_map_that_is_replaced_while_it_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, drawn_map(20, seed=20))
    sizes = [30, 9]

    def replaced_first(path: Path) -> dict[str, np.ndarray]:
        if sizes:  # another process is done between `map.json` and the numbers that it names
            written(tmp_path, drawn_map(sizes.pop()))
        return load_file(path)

    monkeypatch.setattr(f"{MODULE}.load_file", replaced_first)
    assert len(open_map(tmp_path).garments) == 30
    (tmp_path / "map-000003.safetensors").unlink()
    with pytest.raises(MapDirectoryError, match="missing or damaged"):  # nobody replaces it: it stays so
        open_map(tmp_path)


def test_two_writers_do_not_mix(tmp_path: Path) -> None:
    with (
        drafting(tmp_path),
        pytest.raises(MapDirectoryError, match="another process is writing this map"),
        drafting(tmp_path),
    ):
        pass


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    directory = written(tmp_path / "map", drawn_map())
    file = directory / MAP_FILE
    document = json.loads(file.read_text())
    (directory / "elsewhere").write_text("")
    for change, message in {
        '{"version": 99}': "written by a newer fashion-cli \\(map version 99\\)",
        '{"format": "else"}': "damaged",
        '{"groups": ["shape"]}': "no tag group 'shape'",
        '{"numbers": "../x"}': "damaged .*numbers '../x'",
        '{"rows": 21}': "not 21 garments with 5 attributes",
        '{"groups": ["colour"]}': "not 20 garments with 3 attributes",
        '{"features": {}}': "damaged",
        '{"numbers": "elsewhere"}': "missing or damaged",
        '{"numbers": "gone"}': "missing or damaged",
    }.items():
        file.write_text(json.dumps(document | json.loads(change)))
        with pytest.raises(MapDirectoryError, match=message):
            open_map(directory)
    file.write_text("{")
    with pytest.raises(MapDirectoryError, match="damaged"):
        open_map(directory)
    file.unlink()
    with pytest.raises(MapDirectoryError, match="no map here"):
        open_map(directory)


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    made = drawn_map()
    made.garments.points[3, 1] = np.nan
    with pytest.raises(MapDirectoryError, match="not finite"):
        open_map(written(tmp_path, made))


def test_a_place_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"), drafting(tmp_path / "file" / "map"):
        pass


def test_where_the_map_is(tmp_path: Path) -> None:
    inner = tmp_path / "shop" / "shoes"
    (inner / "map").mkdir(parents=True)  # a folder of that name is no map yet
    with pytest.raises(MapDirectoryError, match="no map here or in any parent"):
        find_map(None, inner)
    written(tmp_path / "map", drawn_map())
    assert find_map(None, inner) == tmp_path / "map"
    assert find_map(tmp_path / "map", inner) == tmp_path / "map"
    with pytest.raises(MapDirectoryError, match="no map here"):
        find_map(inner / "map")


def test_a_new_photograph_is_put_where_the_map_shows_what_is_nearest_to_it() -> None:
    made = drawn_map(seed=5)
    attributes = np.random.default_rng(3).dirichlet([0.3] * 5, 4).astype(np.float32)

    def affinity(place: np.ndarray, query: int) -> float:
        shown = made.decode(place[None])[0].astype(np.float64)
        parts = ((shown[window], attributes[query, window].astype(np.float64)) for window in (slice(0, 3), slice(3, 5)))
        return sum(float(np.sqrt(one * other / other.sum()).sum()) for one, other in parts)

    places = made.locate(attributes)
    for query in range(4):
        tried = [np.array([(x + 0.5) / 128, (y + 0.5) / 128], np.float32) for y in range(0, 128, 8) for x in range(128)]
        best = max(affinity(place, query) for place in [*tried, made.place(attributes)[query]])
        assert affinity(places[query], query) >= best - 1e-6


def test_where_the_encoder_is_right_its_place_stands() -> None:
    made = drawn_map(seed=5)
    right = np.array([[0.304, 0.702]], np.float32)  # between the places that are tried
    constant = {"encoder.2.weight": np.zeros((2, 8), np.float32), "encoder.2.bias": np.log(right[0] / (1 - right[0]))}
    made = replace(made, tensors={**made.tensors, **constant})
    np.testing.assert_allclose(made.locate(made.decode(right)), right, atol=1e-6)


def test_nearest_is_a_plain_loop_over_all_garments() -> None:
    made = drawn_map(rows=40, seed=5)
    places = made.place(made.garments.attributes[:6])
    shown = made.decode(places)
    own: list[int | None] = [0, None, 2, 3, None, 5]
    for k in (1, 4, 100):
        found = made.recommend(places, k, own)
        for query in range(6):
            scored = []
            for row in range(40):
                if row == own[query]:
                    continue
                theirs = made.garments.attributes[row].astype(np.float64)
                total = 0.0
                for window in (slice(0, 3), slice(3, 5)):
                    one, other = shown[query, window].astype(np.float64), theirs[window]
                    total += float(np.sqrt(one / one.sum() * (other / other.sum())).sum())
                scored.append((-total / 2, row))
            expected = [row for _, row in sorted(scored)][: min(k, 39)]
            assert found.rows[query].tolist() == expected
    assert made.questions == 2
    assert replace(made, groups=("detail",)).questions == 2
