"""What is written into a feature file is read from it, by us and by plain h5py, and nothing else passes."""

import gzip
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from fashion_cli.data.features import FORMAT, FeatureFile, FeatureHeader, FeatureRows, FeatureWriter
from fashion_cli.errors import FeatureFileError
from fashion_cli.model_cards import InputSpec, ModelCard, TagGroup, Vocabulary

GOLDEN = Path(__file__).parents[1] / "golden" / "features-v1.h5.gz"
RowsOf = Callable[..., FeatureRows]
SameRows = Callable[[FeatureRows, FeatureRows], None]
Holds = Callable[[Path, Sequence[int]], None]
MakeFile = Callable[..., Path]


def make_golden(folder: Path, header: FeatureHeader, rows_of: RowsOf) -> None:
    """How the golden file was made, once. Never make it again: files like it are on people's disks."""
    with FeatureWriter.create(folder / "golden.h5", header, ["item_id", "label/colour"]) as writer:
        for start in (0, 3):
            writer.append(rows_of(range(start, start + 3), ["item_id", "label/colour"]))
    GOLDEN.write_bytes(gzip.compress((folder / "golden.h5").read_bytes(), mtime=0))


def test_golden_file_of_version_1(tmp_path: Path, header: FeatureHeader, rows_of: RowsOf, same_rows: SameRows) -> None:
    path = tmp_path / "golden.h5"
    path.write_bytes(gzip.decompress(GOLDEN.read_bytes()))
    with FeatureFile.open(path) as file:
        assert file.header == header
        assert file.column_names == ("item_id", "label/colour")
        same_rows(file.read(slice(None)), rows_of(range(6), ["item_id", "label/colour"]))
    with FeatureWriter.append_to(path) as writer:
        writer.append(rows_of([6], ["item_id", "label/colour"]))
        assert len(writer) == 7


def test_rows_come_back(make_file: MakeFile, holds: Holds) -> None:
    holds(make_file(2500, batch=700), range(2500))


def test_header_comes_back(make_file: MakeFile, header: FeatureHeader) -> None:
    with FeatureFile.open(make_file()) as file:
        assert file.header == header
        assert file.column_names == ()


def test_plain_h5py_reads_it(make_file: MakeFile, rows_of: RowsOf) -> None:
    expected = rows_of(range(100), ["item_id"])
    with h5py.File(make_file(columns=["item_id"])) as file:
        assert file.attrs["format"] == FORMAT
        assert file.attrs["version"] == 1
        assert file.attrs["rows"] == 100
        assert list(file["path"].asstr()) == list(expected.paths)
        assert [digest.decode() for digest in file["sha256"]] == list(expected.sha256)
        assert list(file["item_id"].asstr()) == list(expected.columns["item_id"])
        assert np.array_equal(file["vectors"], expected.vectors)
        assert np.array_equal(file["tags/scores"], expected.scores)
        assert np.array_equal(file["mtime_ns"], expected.mtimes_ns)
        assert list(file["tags/names"].asstr()) == ["dress", "trousers", "red", "grün", "青"]
        assert list(file["tags/groups"].asstr()) == ["category"] * 2 + ["colour"] * 3
        assert list(file["tags/thresholds"]) == [0.3, 0.1 + 0.2, 0.5, 0.5, 0.5]
        assert list(file["tags/exclusive"]) == [0, 0, 1, 1, 1]
        assert file["vectors"].chunks == (1024, 8)
        assert file["vectors"].compression is None


@pytest.mark.parametrize("count", [0, 1, 5, 300, 2000])
def test_some_rows_in_any_order(make_file: MakeFile, rows_of: RowsOf, same_rows: SameRows, count: int) -> None:
    numbers = np.random.default_rng(count).integers(0, 3000, count).tolist()  # repeats, no order
    with FeatureFile.open(make_file(3000, batch=3000, columns=["item_id"])) as file:
        same_rows(file.read(numbers), rows_of(numbers, ["item_id"]))
        same_rows(file.read(np.array(numbers, dtype=np.int32)), rows_of(numbers, ["item_id"]))
        assert np.array_equal(file.vectors(numbers), rows_of(numbers).vectors)
        assert np.array_equal(file.scores(numbers), rows_of(numbers).scores)


@pytest.mark.parametrize(
    "rows",
    [
        slice(None),
        slice(10, 20),
        slice(20, 10),
        slice(90, 1000),
        slice(-5, None),
        slice(0, 50, 7),
        slice(9, 2, -3),
    ],
)
def test_slices_are_those_of_a_list(make_file: MakeFile, rows_of: RowsOf, same_rows: SameRows, rows: slice) -> None:
    with FeatureFile.open(make_file(100)) as file:
        same_rows(file.read(rows), rows_of(list(range(100))[rows]))


@pytest.mark.parametrize("rows", [[100], [-1], [3, 7, 100]])
def test_rows_that_are_not_there(make_file: MakeFile, rows: list[int]) -> None:
    with FeatureFile.open(make_file(100)) as file, pytest.raises(IndexError, match="there are 100"):
        file.read(rows)


def test_chunks_cover_everything_once(make_file: MakeFile, rows_of: RowsOf, same_rows: SameRows) -> None:
    with FeatureFile.open(make_file(100)) as file:
        parts = list(file.chunks(30))
    assert [len(part) for part in parts] == [30, 30, 30, 10]
    for start, part in zip(range(0, 100, 30), parts, strict=True):
        same_rows(part, rows_of(range(start, start + len(part))))


def test_find(make_file: MakeFile, rows_of: RowsOf) -> None:
    with FeatureFile.open(make_file(100)) as file:
        assert [file.find(path) for path in rows_of([0, 57, 99, 100]).paths] == [0, 57, 99, None]
        assert file.paths() == list(rows_of(range(100)).paths)


def test_columns(make_file: MakeFile) -> None:
    with FeatureFile.open(make_file(50, columns=["label/colour", "item_id", "split"])) as file:
        assert file.column("label/colour") == [f"label/colour {n}" for n in range(50)]
        with pytest.raises(FeatureFileError, match="no column 'label'") as raised:
            file.column("label")
        assert raised.value.hint == "did you mean 'label/colour'?"
        with pytest.raises(FeatureFileError, match="no column 'brand'") as raised:
            file.column("brand")
        assert "item_id" in raised.value.hint


def test_take(rows_of: RowsOf, same_rows: SameRows) -> None:
    same_rows(rows_of(range(50), ["split"]).take([7, 3, 3]), rows_of([7, 3, 3], ["split"]))


def test_float32_is_rounded(tmp_path: Path, header: FeatureHeader, rows_of: RowsOf) -> None:
    exact = rows_of(range(10))
    vectors = exact.vectors.astype(np.float32) * np.float32(1.0001)
    scores = np.full((10, 5), 1 + 1e-6, dtype=np.float32)  # what a softmax in float32 may give
    with FeatureWriter.create(tmp_path / "f.h5", header) as writer:
        writer.append(replace(exact, vectors=vectors, scores=scores))  # type: ignore[arg-type]
    with FeatureFile.open(tmp_path / "f.h5") as file:
        assert np.array_equal(file.vectors(), vectors.astype(np.float16))
        assert (file.scores() == 1).all()


@pytest.mark.parametrize(
    "name",
    [
        "/a b/new\nline/[red].jpg",
        "/日本/ё.png",
        os.fsdecode(b"/latin/caf\xe9.jpg"),  # no UTF-8: a surrogate stands for the byte
        "/" + "x" * 4000,
    ],
)
def test_any_file_name(tmp_path: Path, header: FeatureHeader, rows_of: RowsOf, name: str) -> None:
    with FeatureWriter.create(tmp_path / "f.h5", header, ["note"]) as writer:
        writer.append(replace(rows_of([1, 2]), paths=("/first", name), columns={"note": ("", name)}))
    with FeatureFile.open(tmp_path / "f.h5") as file:
        assert file.paths() == ["/first", name]
        assert file.find(name) == 1
        assert file.column("note") == ["", name]
    with h5py.File(tmp_path / "f.h5") as plain:
        assert plain["path"][1] == os.fsencode(name)


def test_file_itself_has_any_name(tmp_path: Path, header: FeatureHeader, rows_of: RowsOf) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9 [x]\n.h5")
    with FeatureWriter.create(path, header) as writer:
        writer.append(rows_of(range(3)))
    with FeatureFile.open(path) as file:
        assert len(file) == 3


@pytest.mark.parametrize(("tags", "width"), [((), 8), (("dress",), 0)])
def test_without_tags_or_without_vectors(
    tmp_path: Path,
    header: FeatureHeader,
    rows_of: RowsOf,
    same_rows: SameRows,
    tags: tuple[str, ...],
    width: int,
) -> None:
    vocabulary = Vocabulary((TagGroup("category", tags, exclusive=True),) if tags else ())
    narrow = replace(header, vocabulary=vocabulary, vector_width=width)
    rows = rows_of(range(700))
    rows = replace(rows, vectors=rows.vectors[:, :width], scores=rows.scores[:, : len(tags)])
    with FeatureWriter.create(tmp_path / "f.h5", narrow) as writer:
        writer.append(rows)
    with FeatureFile.open(tmp_path / "f.h5") as file:
        assert file.header == narrow
        same_rows(file.read(slice(None)), rows)
        same_rows(file.read(range(0, 700, 2)), rows.take(range(0, 700, 2)))


def test_continued(make_file: MakeFile, rows_of: RowsOf, holds: Holds, header: FeatureHeader) -> None:
    path = make_file(100, columns=["split"])
    for start in range(100, 160, 20):
        with FeatureWriter.append_to(path) as writer:
            assert len(writer) == start
            assert writer.header == header
            assert writer.column_names == ("split",)
            writer.append(rows_of(range(start, start + 20), ["split"]))
            writer.append(rows_of([], ["split"]))
            assert len(writer) == start + 20
    holds(path, range(160))


def test_create_replaces_what_is_there(make_file: MakeFile, holds: Holds) -> None:
    make_file(3000)
    holds(make_file(5), range(5))


def test_move_to(make_file: MakeFile, rows_of: RowsOf, holds: Holds, tmp_path: Path) -> None:
    target = tmp_path / "final.h5"
    target.write_text("what was there before")
    with FeatureWriter.append_to(make_file(10, name="final.h5.partial")) as writer:
        writer.append(rows_of(range(10, 15)))
        writer.move_to(target)
    holds(target, range(15))
    assert list(tmp_path.iterdir()) == [target]


BAD_ROWS: dict[str, Callable[[FeatureRows], FeatureRows]] = {
    "unequal row counts": lambda rows: replace(rows, sizes=rows.sizes[1:]),
    "vectors of width": lambda rows: replace(rows, vectors=rows.vectors[:, 1:]),
    "scores of width": lambda rows: replace(rows, scores=rows.scores[:, 1:]),
    "not finite or not of unit length": lambda rows: replace(rows, vectors=rows.vectors * np.float16("nan")),
    "é 3.jpg: its vector": lambda rows: replace(rows, vectors=np.where(np.arange(5)[:, None] == 3, 0.1, rows.vectors)),
    "not all in": lambda rows: replace(rows, scores=rows.scores - 1),
    "é 4.jpg: its scores": lambda rows: replace(rows, scores=np.where(np.arange(5)[:, None] == 4, np.inf, rows.scores)),
    "columns": lambda rows: replace(rows, columns={"item_id": ("x",) * 5}),
    "is no sha256": lambda rows: replace(rows, sha256=("abc",) * 5),
    "is no path": lambda rows: replace(rows, paths=("/a\0b",) * 5),
}


@pytest.mark.parametrize("message", BAD_ROWS)
def test_rows_that_do_not_fit_are_refused(make_file: MakeFile, rows_of: RowsOf, holds: Holds, message: str) -> None:
    path = make_file(20)
    with FeatureWriter.append_to(path) as writer:
        with pytest.raises(FeatureFileError, match=message) as raised:
            writer.append(BAD_ROWS[message](rows_of(range(5))))
        assert raised.value.hint
        writer.append(rows_of(range(20, 25)))  # the writer still works
    holds(path, range(25))


@pytest.mark.parametrize(
    "columns",
    [["path"], ["tags/mine"], ["path/x"], ["a", "a/b"], ["a/./b"], ["/a"], ["a//b"], [""], ["tags/names"]],
)
def test_columns_that_cannot_be(tmp_path: Path, header: FeatureHeader, columns: list[str]) -> None:
    (tmp_path / "f.h5").write_text("kept")
    with pytest.raises(FeatureFileError) as raised:
        FeatureWriter.create(tmp_path / "f.h5", header, columns)
    assert raised.value.hint
    assert (tmp_path / "f.h5").read_text() == "kept"


def test_tags_that_cannot_be(tmp_path: Path, header: FeatureHeader) -> None:
    twice = Vocabulary((TagGroup("colour", ("red",), exclusive=True), TagGroup("colour", ("blue",), exclusive=True)))
    with pytest.raises(FeatureFileError, match="cannot hold"):
        FeatureWriter.create(tmp_path / "f.h5", replace(header, vocabulary=twice))


def card(name: str, weights: str) -> ModelCard:
    files = {"model.safetensors": weights} if weights else {}
    return ModelCard(name, "net", "", "", "", 8, InputSpec(224, 224), Vocabulary(()), files=files)


def test_model_is_told_by_its_weights(make_file: MakeFile) -> None:
    with FeatureFile.open(make_file()) as file:
        file.require_model(card("fashion-mobilenet", "5e" * 32))
        file.require_model(card("renamed", "5e" * 32))
        for other in (card("fashion-mobilenet", "77" * 32), card("fashion-mobilenet", "")):
            with pytest.raises(FeatureFileError, match="do not compare") as raised:
                file.require_model(other)
            assert "--model fashion-mobilenet" in raised.value.hint


def test_model_without_weights_is_told_by_its_name(header: FeatureHeader) -> None:
    unknown = replace(header, weights_sha256="")
    assert unknown.same_weights("fashion-mobilenet", "")
    assert not unknown.same_weights("other", "")


def test_headers_that_fit(header: FeatureHeader) -> None:
    assert header.fits(replace(header, model="renamed", created_by="another version"))
    assert not header.fits(replace(header, weights_sha256="77" * 32))
    assert not header.fits(replace(header, vocabulary=Vocabulary(())))
    assert FeatureHeader.of(card("net", "5e" * 32)).created_by.startswith("fashion-cli ")


def test_readers_share_and_writers_do_not(make_file: MakeFile) -> None:
    path = make_file(30)
    locked = pytest.raises(BlockingIOError, match="lock")
    with FeatureFile.open(path), FeatureFile.open(path), locked, h5py.File(path, "r+"):
        pass
    with FeatureWriter.append_to(path), locked, h5py.File(path):
        pass


def test_threads_read_one_file(make_file: MakeFile, rows_of: RowsOf) -> None:
    expected = rows_of(range(120))
    with FeatureFile.open(make_file(120)) as file, ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda row: file.read([row]), range(120)))
    assert [rows.paths[0] for rows in found] == list(expected.paths)
    assert np.array_equal(np.concatenate([rows.vectors for rows in found]), expected.vectors)


def test_identities(make_file: MakeFile, rows_of: RowsOf) -> None:
    expected = rows_of([7, 3])
    with FeatureFile.open(make_file(20)) as file:
        found = file.identities([7, 3])
        assert len(file.identities()) == 20
    assert [(each.path, each.sha256, each.size, each.stamp.mtime_ns) for each in found] == list(
        zip(expected.paths, expected.sha256, expected.sizes, expected.mtimes_ns, strict=True)
    )
