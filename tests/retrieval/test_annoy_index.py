"""Annoy behind our interface, against the exact scan and against annoy used alone."""

import sys
from pathlib import Path

import annoy
import numpy as np
import numpy.typing as npt
import pytest

from fashion_cli.errors import IndexDirectoryError, OutputError
from fashion_cli.retrieval import annoy_index
from fashion_cli.retrieval.annoy_index import AnnoyIndex, build_annoy, why_not_annoy
from fashion_cli.retrieval.calibration import Calibration, RecallBenchmark
from fashion_cli.retrieval.exact import ExactIndex
from fashion_cli.retrieval.neighbours import Neighbours, Vectors
from tests.retrieval.conftest import WIDTH, DrawVectors

pytestmark = pytest.mark.usefixtures("slow_scan")
COUNT = 2000
Floats = npt.NDArray[np.float32]


@pytest.fixture
def stored(draw_vectors: DrawVectors) -> npt.NDArray[np.float16]:
    return draw_vectors(COUNT)


@pytest.fixture
def asked(draw_vectors: DrawVectors) -> Floats:
    """Vectors of the same heaps that are not stored."""
    near = draw_vectors(COUNT)[:60].astype(np.float32)
    return near + draw_vectors(60, seed=1).astype(np.float32) * np.float32(0.3)


def plain_recall(stored: Vectors, found: Neighbours, asked: Floats) -> float:
    truth = ExactIndex(stored).nearest(asked, found.rows.shape[1])
    pairs = zip(found.rows.tolist(), truth.rows.tolist(), strict=True)
    return float(np.mean([len(set(some) & set(right)) / len(right) for some, right in pairs]))


def open_built(path: Path, calibration: Calibration) -> AnnoyIndex:
    return AnnoyIndex.open(path, WIDTH, calibration.search_k, COUNT)


@pytest.mark.parametrize("recall", [0.8, 0.99, 1.0])
def test_reaches_the_recall(stored: Vectors, asked: Floats, tmp_path: Path, recall: float) -> None:
    calibration = build_annoy(stored, tmp_path / "a.ann", recall)
    assert calibration.recall_reached >= recall == calibration.recall_target
    assert calibration.queries == 100
    found = open_built(tmp_path / "a.ann", calibration).nearest(asked, 50)
    assert plain_recall(stored, found, asked) > recall - 0.02  # other queries than those of the calibration


def test_a_higher_recall_takes_more_candidates(stored: Vectors, tmp_path: Path) -> None:
    low, high = (build_annoy(stored, tmp_path / f"{recall}.ann", recall) for recall in (0.5, 0.99))
    assert low.search_k < high.search_k


def test_cosines_are_those_of_the_exact_scan(stored: Vectors, asked: Floats, tmp_path: Path) -> None:
    index = open_built(tmp_path / "a.ann", build_annoy(stored, tmp_path / "a.ann", 0.97))
    found, truth = index.nearest(7 * asked, 10), ExactIndex(stored).nearest(asked, 10)
    same = found.rows == truth.rows
    assert same.mean() > 0.9
    assert found.cosines[same] == pytest.approx(truth.cosines[same], abs=1e-6)
    assert index.nearest(np.zeros((1, WIDTH), np.float32), 3).cosines == pytest.approx(0, abs=1e-6)
    alike, unlike = index.nearest(stored[5:6].astype(np.float32), COUNT).cosines[0][[0, -1]]
    assert alike == pytest.approx(1, abs=1e-6)
    assert unlike == pytest.approx(
        float(ExactIndex(stored).nearest(stored[5:6].astype(np.float32), COUNT).cosines[0, -1]), abs=1e-6
    )


def test_always_as_many_as_wanted(stored: Vectors, tmp_path: Path) -> None:
    path = tmp_path / "a.ann"
    build_annoy(stored, path, 0.5)
    index = AnnoyIndex.open(path, WIDTH, 1, COUNT)
    for k in (1, 50, 1000, COUNT, COUNT + 1):
        found = index.nearest(stored[:3].astype(np.float32), k)
        assert found.rows.shape == found.cosines.shape == (3, min(k, COUNT))
        assert all(len(set(rows)) == len(rows) for rows in found.rows.tolist())
    assert index.nearest(np.empty((0, WIDTH), np.float32), 4).rows.shape == (0, 4)


def test_the_same_vectors_give_the_same_answers(stored: Vectors, asked: Floats, tmp_path: Path) -> None:
    answers = []
    for name in ("a", "b"):
        build_annoy(stored, tmp_path / name, 0.7)
        answers.append(AnnoyIndex.open(tmp_path / name, WIDTH, 300, COUNT).nearest(asked, 50))
    assert (answers[0].rows == answers[1].rows).all()
    assert (answers[0].cosines == answers[1].cosines).all()


def test_thousands_of_copies(draw_vectors: DrawVectors, tmp_path: Path) -> None:
    stored = draw_vectors(COUNT)
    stored[:1500] = stored[0]
    calibration = build_annoy(stored, tmp_path / "a.ann", 0.95)
    assert calibration.passed
    found = open_built(tmp_path / "a.ann", calibration).nearest(stored[:1].astype(np.float32), 50)
    assert found.cosines == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("count", [2, 3, 40, 51, 52])
def test_fewer_rows_than_neighbours(draw_vectors: DrawVectors, tmp_path: Path, count: int) -> None:
    stored = draw_vectors(count)
    calibration = build_annoy(stored, tmp_path / "a.ann", 1.0)
    assert (calibration.recall_reached, calibration.queries) == (1.0, count)
    found = AnnoyIndex.open(tmp_path / "a.ann", WIDTH, calibration.search_k, count).nearest(
        stored.astype(np.float32), 60
    )
    assert found.rows.shape == (count, count)
    assert (found.rows[:, 0] == np.arange(count)).all()


def test_annoy_alone_reads_the_file(stored: Vectors, tmp_path: Path) -> None:
    calibration = build_annoy(stored, tmp_path / "a.ann", 0.99)
    alone = annoy.AnnoyIndex(WIDTH, "angular")
    alone.load(str(tmp_path / "a.ann"))
    assert (alone.get_n_items(), alone.get_n_trees()) == (COUNT, calibration.trees)
    assert alone.get_item_vector(17) == stored[17].astype(np.float32).tolist()
    assert alone.get_nns_by_item(17, 1) == [17]


def test_progress_names_each_stage(stored: Vectors, tmp_path: Path) -> None:
    stages: list[str] = []
    build_annoy(stored, tmp_path / "a.ann", 0.9, progress=lambda stage, _, __: stages.append(stage))
    assert stages[0] == "adding vectors"
    assert stages[-1] == "writing the trees"


class ScanOfSome:
    """An index that looks at the first `search_k` rows only: its recall can be computed by hand."""

    def __init__(self, stored: Vectors, search_k: int) -> None:
        self.scan = ExactIndex(stored[:search_k])

    def __len__(self) -> int:
        return len(self.scan)

    def nearest(self, vectors: Floats, k: int) -> Neighbours:
        return self.scan.nearest(vectors, k)


def test_calibration_finds_the_smallest_search_k_to_a_tenth(stored: Vectors) -> None:
    exam = RecallBenchmark.of(stored, 0.6, seed=0)
    result = exam.calibrate(lambda search_k: ScanOfSome(stored, search_k), trees=1, everything=COUNT)

    def recall(search_k: int) -> float:
        hits = 0
        for row in exam.query_rows.tolist():
            asked = stored[row : row + 1].astype(np.float32)
            truth = [hit for hit in ExactIndex(stored).nearest(asked, 51).rows[0].tolist() if hit != row][:50]
            hits += sum(hit < search_k for hit in truth)
        return hits / (50 * len(exam.query_rows))

    assert result.recall_reached == pytest.approx(recall(result.search_k), abs=1e-4)
    assert result.recall_reached >= 0.6 > recall(int(result.search_k * 0.88))


def test_calibration_stops_where_a_scan_is_faster(stored: Vectors) -> None:
    exam = RecallBenchmark.of(stored, 1.0, seed=0)
    hurried = RecallBenchmark(exam.query_rows, exam.vectors, exam.worst, exam.k, exam.recall, exact_milliseconds=0)
    result = hurried.calibrate(lambda search_k: ScanOfSome(stored, search_k), trees=1, everything=COUNT)
    assert (result.search_k, result.passed, result.useful) == (100, False, False)


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "other width", "other count", "folder"])
def test_a_file_that_is_not_whole(stored: Vectors, tmp_path: Path, damage: str) -> None:
    path, width, count = tmp_path / "a.ann", WIDTH, COUNT
    build_annoy(stored, path, 0.5)
    content = path.read_bytes()
    path.unlink()
    match damage:
        case "empty":
            path.write_bytes(b"")
        case "cut":
            path.write_bytes(content[:-7])
        case "folder":
            path.mkdir()
        case "other width" | "other count":
            path.write_bytes(content)
            width, count = (WIDTH + 1, COUNT) if damage == "other width" else (WIDTH, COUNT - 1)
    with pytest.raises(IndexDirectoryError, match=r"a\.ann") as caught:
        AnnoyIndex.open(path, width, 100, count)
    assert "fashion index" in caught.value.hint


def test_unwritable_place(stored: Vectors, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"No such file|Not a directory") as caught:
        build_annoy(stored, tmp_path / "missing" / "a.ann", 0.5)
    assert caught.value.hint


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_full_disk(stored: Vectors, tmp_path: Path) -> None:
    """A real failed write: Annoy itself opens the file, so its limit on file sizes is lowered."""
    import resource
    import signal

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(OutputError, match=r"a\.ann: cannot be written"):
            build_annoy(stored, tmp_path / "a.ann", 0.5)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []


def test_annoy_works_here() -> None:
    assert why_not_annoy() == ""


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("raise ImportError('no compiler')", "annoy does not work here (ImportError: no compiler)"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "annoy crashes here (signal 11)"),
        ("import time; time.sleep(60)", "annoy could not be tried"),
    ],
)
def test_annoy_that_does_not_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, expected: str) -> None:
    (tmp_path / "annoy.py").write_text(program)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    if "sleep" in program:
        monkeypatch.setattr(annoy_index, "PROBE_SECONDS", 2)
    assert why_not_annoy().startswith(expected)


def test_importing_our_module_does_not_import_annoy() -> None:
    import subprocess

    program = "import sys, fashion_cli.retrieval.gallery; print('annoy' in sys.modules, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
