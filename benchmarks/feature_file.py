"""A feature file of many rows: the time to read some of them, and to find one by its path.

    python -m benchmarks.feature_file [--rows 100000]

One JSON line each: processor milliseconds, the least of five. Reading 50 scattered rows has to cost the same at any
number of rows; finding a path reads all of them once, and then none.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fashion_cli.data.features import FeatureFile, FeatureHeader, FeatureRows, FeatureWriter
from fashion_cli.model_cards import TagGroup, Vocabulary

WIDTH = 128
AT_ONCE = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    count: int = parser.parse_args().rows
    numbers = np.random.default_rng(1).choice(count, 50, replace=False)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.h5"
        _write(path, count)
        with FeatureFile.open(path) as file:
            _report("first path found", lambda: file.find(f"/photos/{count // 2}.jpg"), times=1)
            _report("path found", lambda: file.find(f"/photos/{count // 3}.jpg"))
            _report("path not there", lambda: file.find("/elsewhere.jpg"))
            _report("50 rows read", lambda: file.read(numbers))
            _report("50 vectors read", lambda: file.vectors(numbers))


def _report(what: str, action: Callable[[], object], times: int = 5) -> None:
    least = float("inf")
    for _ in range(times):
        start = time.process_time()
        action()
        least = min(least, time.process_time() - start)
    print(json.dumps({"what": what, "milliseconds": round(1000 * least, 3)}))


def _write(path: Path, count: int) -> None:
    vocabulary = Vocabulary((TagGroup("category", ("dress", "trousers", "hat"), exclusive=True),))
    with FeatureWriter.create(path, FeatureHeader("made up", "0" * 64, WIDTH, vocabulary, "a benchmark")) as writer:
        for start in range(0, count, AT_ONCE):
            writer.append(_rows(start, min(AT_ONCE, count - start)))


def _rows(start: int, count: int) -> FeatureRows:
    random = np.random.default_rng(start)
    vectors = random.standard_normal((count, WIDTH)).astype(np.float32)
    scores = random.random((count, 3)).astype(np.float32)
    numbers = range(start, start + count)
    return FeatureRows(
        paths=tuple(f"/photos/{number}.jpg" for number in numbers),
        sha256=tuple(f"{number:064x}" for number in numbers),
        sizes=np.full(count, 20_000, np.int64),
        mtimes_ns=np.full(count, 10**18, np.int64),
        widths=np.full(count, 192, np.int32),
        heights=np.full(count, 256, np.int32),
        vectors=(vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16),
        scores=(scores / scores.sum(axis=1, keepdims=True)).astype(np.float16),
    )


if __name__ == "__main__":
    main()
