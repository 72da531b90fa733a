"""Our index beside faiss and hnswlib: recall@50 against the exact answer, time per query, time and bytes to build.

    pip install faiss-cpu hnswlib
    python benchmarks/neighbours.py [--rows 10000 100000 1000000] [--width 128]

Vectors are synthetic: clusters of unit vectors, about as hard as real photographs (hundreds of clusters with noise of
the same size as the distance between neighbours). One thread everywhere; queries are new vectors of the same kind.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import faiss
import hnswlib
import numpy as np
import numpy.typing as npt

from fashion_cli.retrieval.annoy_index import AnnoyIndex, build_annoy
from fashion_cli.retrieval.exact import ExactIndex

NEIGHBOURS = 50
QUERIES = 200
CLUSTERS = 500
NOISE = 1.0  # length of the noise against that of a cluster's centre

Matrix = npt.NDArray[np.float32]
Ask = Callable[[Matrix], npt.NDArray[np.int64]]  # (Q, D) -> (Q, 50) rows


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    rows: int
    index: str
    recall: float
    milliseconds: float
    build_seconds: float
    megabytes: float


def main() -> None:
    """Measure and print one JSON line per index and size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--width", type=int, default=128)
    arguments = parser.parse_args()
    faiss.omp_set_num_threads(1)
    for count in arguments.rows:
        vectors = _vectors(count + QUERIES, arguments.width)
        for row in _measure(vectors[:count], vectors[count:]):
            print(json.dumps(vars(row)), flush=True)


def _vectors(count: int, width: int) -> Matrix:
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((CLUSTERS, width)).astype(np.float32)
    vectors = centres[rng.integers(CLUSTERS, size=count)]
    vectors += NOISE * rng.standard_normal((count, width), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _measure(vectors: Matrix, queries: Matrix) -> list[Row]:
    exact = faiss.IndexFlatIP(vectors.shape[1])
    exact.add(vectors)
    truth = exact.search(queries, NEIGHBOURS)[1]
    with tempfile.TemporaryDirectory() as folder:
        builders = {
            "fashion exact": lambda: _fashion_exact(vectors),
            "fashion annoy": lambda: _fashion_annoy(vectors, Path(folder) / "a.ann"),
            "faiss IVF SQ8": lambda: _faiss_ivf(vectors),
            "faiss HNSW32": lambda: _faiss_hnsw(vectors),
            "hnswlib M=32": lambda: _hnswlib(vectors),
        }
        return [_row(name, build, vectors, queries, truth) for name, build in builders.items()]


def _row(
    name: str,
    build: Callable[[], tuple[Ask, float]],
    vectors: Matrix,
    queries: Matrix,
    truth: npt.NDArray[np.int64],
) -> Row:
    start = time.perf_counter()
    ask, megabytes = build()
    built = time.perf_counter()
    ask(queries[:1])
    asked = time.perf_counter()
    found = np.concatenate([ask(query[None]) for query in queries])
    milliseconds = 1000 * (time.perf_counter() - asked) / len(queries)
    hits = [len(set(here) & set(there)) for here, there in zip(found.tolist(), truth.tolist(), strict=True)]
    recall = float(np.mean(hits)) / NEIGHBOURS
    return Row(
        len(vectors), name, round(recall, 4), round(milliseconds, 3), round(built - start, 1), round(megabytes, 1)
    )


def _fashion_exact(vectors: Matrix) -> tuple[Ask, float]:
    index = ExactIndex(vectors.astype(np.float16))
    return lambda queries: index.nearest(queries, NEIGHBOURS).rows, vectors.size * 2 / 1e6


def _fashion_annoy(vectors: Matrix, path: Path) -> tuple[Ask, float]:
    calibration = build_annoy(vectors.astype(np.float16), path, recall=0.99, patient=True)
    index = AnnoyIndex.open(path, vectors.shape[1], calibration.search_k, len(vectors))
    return lambda queries: index.nearest(queries, NEIGHBOURS).rows, path.stat().st_size / 1e6


def _faiss_ivf(vectors: Matrix) -> tuple[Ask, float]:
    lists = min(1024, len(vectors) // 40)
    index = faiss.index_factory(vectors.shape[1], f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
    index.train(vectors[:: max(1, len(vectors) // 100_000)])
    index.add(vectors)
    faiss.ParameterSpace().set_index_parameter(index, "nprobe", 64)
    return lambda queries: index.search(queries, NEIGHBOURS)[1], len(faiss.serialize_index(index)) / 1e6


def _faiss_hnsw(vectors: Matrix) -> tuple[Ask, float]:
    index = faiss.IndexHNSWFlat(vectors.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efSearch = 256
    index.add(vectors)
    return lambda queries: index.search(queries, NEIGHBOURS)[1], len(faiss.serialize_index(index)) / 1e6


def _hnswlib(vectors: Matrix) -> tuple[Ask, float]:
    index = hnswlib.Index(space="ip", dim=vectors.shape[1])
    index.init_index(max_elements=len(vectors), M=32, ef_construction=200)
    index.set_num_threads(1)
    index.add_items(vectors, num_threads=1)
    index.set_ef(256)
    return lambda queries: index.knn_query(queries, k=NEIGHBOURS, num_threads=1)[0], index.index_file_size() / 1e6


if __name__ == "__main__":
    main()
