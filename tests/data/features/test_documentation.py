"""Every example of `docs/feature-file.md` is run, in its order, beside a file of ours."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from io import FileIO
from pathlib import Path

import pytest

from fashion_cli.data.features import AddedTags, FeatureFile, FeatureHeader, FeatureRows, FeatureWriter
from fashion_cli.data.features.transactions import TransactionFile
from fashion_cli.model_cards import TagGroup, Vocabulary
from tests.required import not_there

PAGE = Path(__file__).parents[3] / "docs" / "feature-file.md"
MakeFile = Callable[..., Path]
RowsOf = Callable[..., FeatureRows]
Holds = Callable[[Path, Sequence[int]], None]


def examples(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def example(language: str, word: str) -> str:
    (found,) = [text for text in examples(language) if word in text]
    return found


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def run_python(program: str, folder: Path) -> str:
    return run([sys.executable, "-c", program], folder)


def test_there_are_as_many_examples_as_are_run_here() -> None:
    assert [len(examples(language)) for language in ("python", "sh", "c")] == [5, 2, 1]


def test_read_with_h5py(make_file: MakeFile, rows_of: RowsOf) -> None:
    path = make_file(300)
    first, *_ = run_python(example("python", "argsort"), path.parent).splitlines()
    assert first.startswith("1.000 ")
    assert rows_of([0]).paths[0] in first


def test_whose_tags_are_whose(make_file: MakeFile, header: FeatureHeader) -> None:
    path = make_file(3)
    assert run_python(example("python", "owners"), path.parent) == (
        "category by fashion-mobilenet\ncolour by fashion-mobilenet\n"
    )
    added = AddedTags("styles", "7a" * 32, "styles", "", Vocabulary((TagGroup("style", ("dandy",), exclusive=True),)))
    FeatureWriter.create(path, header.with_added([added])).close()
    last = run_python(example("python", "owners"), path.parent).splitlines()[-1]
    assert last == "style by styles"


def test_read_with_pandas(make_file: MakeFile) -> None:
    path = make_file(300)
    run_python(example("python", "pandas"), path.parent)
    lines = (path.parent / "scores.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "path,dress,trousers,red,grün,青"
    assert len(lines) == 301


def test_read_in_c(make_file: MakeFile, rows_of: RowsOf) -> None:
    if shutil.which("h5cc") is None:
        not_there("no h5cc: apt install libhdf5-dev")
    path = make_file(100)
    (path.parent / "vectors.c").write_text(examples("c")[0], encoding="utf-8")
    run(["h5cc", "vectors.c", "-o", "vectors"], path.parent)
    expected = rows_of(range(100))
    lines = [f"{name} {vector[0]:f}" for name, vector in zip(expected.paths, expected.vectors, strict=True)]
    assert run(["./vectors", "clothes.h5"], path.parent).splitlines() == lines


def test_look_at_it(make_file: MakeFile) -> None:
    if shutil.which("h5dump") is None:
        not_there("no h5dump: apt install hdf5-tools")
    path = make_file(100)
    shown = run(["bash", "-ec", example("sh", "h5dump -H")], path.parent)
    for part in ("fashion-mobilenet", "H5T_CSET_UTF8", "/photos/0/", "/tags/thresholds"):
        assert part in shown


def test_h5repack(make_file: MakeFile, holds: Holds) -> None:
    if shutil.which("h5repack") is None:
        not_there("no h5repack: apt install hdf5-tools")
    path = make_file(2100)
    run(["bash", "-ec", example("sh", "h5repack")], path.parent)
    holds(path.parent / "small.h5", range(2100))


def test_file_of_another_program(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(name.encode())
    run_python(example("python", "own.h5"), tmp_path)
    with FeatureFile.open(tmp_path / "own.h5") as file:
        assert file.paths() == [str(tmp_path / "a.jpg"), str(tmp_path / "b.jpg")]
        assert file.header.model == "my-encoder"
        assert file.vectors().tolist()[1][:3] == [0, 1, 0]
        rows = file.read([1])
    with FeatureWriter.append_to(tmp_path / "own.h5") as writer:
        writer.append(rows)
        assert len(writer) == 3


def test_finish_what_a_killed_writer_left(make_file: MakeFile, rows_of: RowsOf, holds: Holds) -> None:
    class KilledWhileReplacing(FileIO):
        """Takes the new bytes and the journal, and nothing after it."""

        writes = 0

        def write(self, content: bytes | memoryview) -> int:  # type: ignore[override]
            self.writes += 1
            if self.writes > 3:
                raise KeyboardInterrupt
            return super().write(content)

    path = make_file(100)
    with KilledWhileReplacing(path, "r+b") as stream:
        writer = FeatureWriter(path, stream, TransactionFile(stream))
        with pytest.raises(KeyboardInterrupt):
            writer.append(rows_of(range(100, 1200)))
        writer.close()
    left = path.read_bytes()
    assert left.endswith(b"\x89fashJ\r\n")
    holds(path, range(1200))
    assert path.read_bytes() == left
    run_python(example("python", "def finish"), path.parent)
    assert len(path.read_bytes()) < len(left)
    holds(path, range(1200))
    finished = path.read_bytes()
    run_python(example("python", "def finish"), path.parent)
    assert path.read_bytes() == finished
