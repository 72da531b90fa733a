"""Approximate neighbours with Annoy: memory-mapped, so a search starts at once however many rows there are.

The only module that imports annoy, and only where it is used: it is compiled on the user's machine, and may
be missing or broken there.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from fashion_cli.errors import IndexDirectoryError, OutputError
from fashion_cli.retrieval.calibration import NEIGHBOURS, Calibration, RecallBenchmark
from fashion_cli.retrieval.equal_rows import EqualRows
from fashion_cli.retrieval.neighbours import Neighbours, Vectors, as_float32, unit_rows

if TYPE_CHECKING:
    import annoy

METRIC: Final = "angular"
TREES = (48, 96)  # the second where the first misses the recall or takes too long
THREADS = 8  # however many cores there are: each thread has its own seed, so the trees depend on their number
HIGHEST_SEARCH_K = 2**31 - 1  # an int in Annoy
ROWS_AT_ONCE = 8192
CALIBRATION_SECONDS = 120.0  # a million vectors of 256 on one core take a minute
PROBE_SECONDS = 60
PROBE = """
from annoy import AnnoyIndex
index = AnnoyIndex(16, "angular")
for row in range(500):
    index.add_item(row, [float((row * 7919 + place * 104729) % 101 - 50) for place in range(16)])
index.build(4, n_jobs=2)
assert index.get_nns_by_vector([1.0] * 16, 100, -1, include_distances=True)[0]
"""
AGAIN = "call `fashion index` again: vectors that are there are used again"
FULL = "free some space or choose another place with -o, and call it again: finished photographs are kept"

Progress = Callable[[str, int, int], None]
"""Called with what is being done, and how much of how much is done."""


class AnnoyIndex:
    """An Annoy file that was built by `build_annoy`.

    Args:
        trees: Annoy's own index, built or loaded.
        search_k: Candidates per query, calibrated for 50 neighbours; more neighbours take more in proportion.
        equal: Which rows each vector of the trees stands for; None where no two rows are equal.
    """

    def __init__(self, trees: "annoy.AnnoyIndex", search_k: int, equal: EqualRows | None = None) -> None:
        self._trees = trees
        self._equal = equal
        self.search_k = search_k

    @classmethod
    def open(cls, path: Path, width: int, search_k: int, count: int, equal_rows: Path | None = None) -> "AnnoyIndex":
        """Map a file into memory.

        Args:
            path: The file.
            width: D of its vectors.
            search_k: As calibrated.
            count: How many rows it must have.
            equal_rows: The file that says which rows are equal, where some are.

        Raises:
            IndexDirectoryError: If it is missing, cut off, or of another width or count.
            ImportError: If annoy cannot be used here.
        """
        trees = _new_trees(width)
        try:
            trees.load(os.fspath(path))
        except (OSError, UnicodeEncodeError) as error:
            raise IndexDirectoryError(f"{path}: cannot be read ({error})", hint=AGAIN) from error
        equal = _open_equal_rows(equal_rows) if equal_rows else None
        distinct = equal.distinct if equal else count
        if trees.get_n_items() != distinct or (equal and len(equal) != count):
            raise IndexDirectoryError(f"{path}: does not hold the {count} rows of this index", hint=AGAIN)
        return cls(trees, search_k, equal)

    def __len__(self) -> int:
        return len(self._equal) if self._equal else self._trees.get_n_items()

    def nearest(self, vectors: npt.NDArray[np.float32], k: int) -> Neighbours:
        """The k nearest rows by cosine, of those that Annoy looks at.

        Args:
            vectors: (Q, D) queries of any length.
            k: How many, at least 1; clipped to the number of rows.
        """
        k = min(k, len(self))
        results = [self._nearest(vector, k) for vector in unit_rows(vectors).tolist()]
        rows = np.array([rows for rows, _ in results], np.int64).reshape(-1, k)
        distances = np.array([distances for _, distances in results], np.float64).reshape(-1, k)
        return Neighbours(rows, (1 - distances**2 / 2).astype(np.float32))

    def _nearest(self, vector: list[float], k: int) -> tuple[list[int], list[float]]:
        groups, distances = self._nearest_distinct(vector, min(k, self._trees.get_n_items()))
        if self._equal is None:
            return groups, distances
        rows, each = self._equal.expand(groups, distances, k)
        return rows.tolist(), each.tolist()

    def _nearest_distinct(self, vector: list[float], k: int) -> tuple[list[int], list[float]]:
        search_k = max(self.search_k * max(k, NEIGHBOURS) // NEIGHBOURS, k)
        while True:
            search_k = min(search_k, HIGHEST_SEARCH_K)
            rows, distances = self._trees.get_nns_by_vector(vector, k, search_k, include_distances=True)
            if len(rows) == k or search_k == HIGHEST_SEARCH_K:
                return rows, distances
            search_k *= 2  # the trees had the same rows among their candidates


def why_not_annoy() -> str:
    """What keeps annoy from working here, such as a crash on this Python or processor; empty where it works.

    Tried in another process, which may crash. Takes about as long as starting Python.
    """
    command = [sys.executable, "-P", "-c", PROBE]  # -P: not some annoy.py of the working directory
    try:
        probe = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=PROBE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"annoy could not be tried ({error})"
    if probe.returncode < 0:
        return f"annoy crashes here (signal {-probe.returncode})"
    complaints = probe.stderr.strip().splitlines() or ["no message"]
    return f"annoy does not work here ({complaints[-1]})" if probe.returncode else ""


def build_annoy(  # noqa: PLR0913  # what to build, and how far to go for it
    vectors: Vectors,
    path: Path,
    recall: float,
    seed: int = 0,
    progress: Progress | None = None,
    *,
    equal: EqualRows | None = None,
    patient: bool = False,
    seconds: float = CALIBRATION_SECONDS,
) -> Calibration:
    """Build an Annoy file, and find the fewest candidates per query that reach a recall.

    The trees grow in memory and not in the file (`on_disk_build`), since writing to a mapped file on a full
    disk ends the process. The same vectors and seed give the same trees.

    Args:
        vectors: (N, D), of which at least 2 are distinct, none of length zero.
        path: The file to write; replaced where it exists, removed where it cannot be finished.
        recall: The share of the true 50 nearest rows to be found, in [0, 1].
        seed: Of the trees and of the rows that are asked.
        progress: Told about each stage.
        equal: Which rows are equal; the trees hold the first of each group only. None: no two are.
        patient: Reach the recall even where an exact scan is faster.
        seconds: How long calibration may take; after that, the best that it found counts.

    Returns:
        What was reached; `useful` says whether that is what was asked for, and faster than an exact scan.

    Raises:
        OutputError: If the file cannot be written.
        ImportError: If annoy cannot be used here.
    """
    report = progress or _silent
    distinct = vectors if equal is None or equal.distinct == len(vectors) else vectors[equal.first]
    trees = _fill_index(distinct, seed, report)
    benchmark = RecallBenchmark.of(distinct, recall, seed, everything=vectors)
    left = seconds
    for number in TREES:
        calibration = _grow(trees, number, benchmark, report, patient=patient, seconds=left)
        left -= calibration.seconds
        if left <= 0 or (calibration.passed and (calibration.useful or patient)):
            break
    report("writing the trees", 0, 1)
    _save(trees, path)
    return calibration


def _new_trees(width: int) -> "annoy.AnnoyIndex":
    import annoy

    return annoy.AnnoyIndex(width, METRIC)


def _fill_index(vectors: Vectors, seed: int, report: Progress) -> "annoy.AnnoyIndex":
    trees = _new_trees(vectors.shape[1])
    trees.set_seed(seed)
    for start in range(0, len(vectors), ROWS_AT_ONCE):
        report("adding vectors", start, len(vectors))
        for row, vector in enumerate(as_float32(vectors[start : start + ROWS_AT_ONCE]).tolist(), start):
            trees.add_item(row, vector)
    return trees


def _open_equal_rows(path: Path) -> EqualRows:
    try:
        return EqualRows.read(path)
    except (OSError, ValueError, EOFError) as error:
        raise IndexDirectoryError(f"{path}: missing or damaged ({error})", hint=AGAIN) from error


def _grow(
    trees: "annoy.AnnoyIndex",
    number: int,
    benchmark: RecallBenchmark,
    report: Progress,
    *,
    patient: bool,
    seconds: float,
) -> Calibration:
    report(f"growing {number} trees", 0, 1)
    trees.unbuild()
    trees.build(number, n_jobs=THREADS)
    report(f"calibrating {number} trees", 0, 1)
    everything = min(number * trees.get_n_items(), HIGHEST_SEARCH_K // 2)
    return benchmark.calibrate(
        lambda search_k: AnnoyIndex(trees, search_k), number, everything, patient=patient, seconds=seconds
    )


def _save(trees: "annoy.AnnoyIndex", path: Path) -> None:
    """Write the file and wait until it is on the disk. Annoy checks what it writes, and loads it again."""
    rows = trees.get_n_items()
    try:
        trees.save(os.fspath(path))
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
        failure = "" if trees.get_n_items() == rows else "it is incomplete"
    except (OSError, UnicodeEncodeError) as error:
        failure = str(error)
    if failure:
        with suppress(OSError):
            path.unlink()
        raise OutputError(f"{path}: cannot be written ({failure})", hint=FULL)


def _silent(stage: str, done: int, total: int) -> None:
    del stage, done, total
