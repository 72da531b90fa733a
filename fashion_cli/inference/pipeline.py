"""The one prediction loop: threads read batches of photographs and predict them; rows come out in order.

Each thread reads a batch and predicts it. With as many threads as processors none ever waits for another: there is no
queue between reading and predicting to run dry or to fill up, and memory holds a batch per thread, however large the
folder is.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from os.path import abspath
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.data.features import FeatureRows
from fashion_cli.data.features.rows import unsound_rows
from fashion_cli.data.images import Box, Photograph
from fashion_cli.errors import ImageError, UsageError
from fashion_cli.inference.engine import Engine, Reader
from fashion_cli.inference.engines import open_engine, open_reader
from fashion_cli.inference.multi_model import Models
from fashion_cli.inference.options import InferenceOptions
from fashion_cli.message_text import printable
from fashion_cli.outputs import Predictions

Progress = Callable[[int, int], None]  # (done, total)

_NOTHING = Predictions(np.empty((0, 0), np.float32), np.empty((0, 0), np.float32))


@dataclass(frozen=True)
class Skipped:
    """A photograph that could not be read, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Batch:
    """What became of some photographs.

    Attributes:
        rows: Those that were predicted, in the order given.
        skipped: The others: they cannot be read, or the model gives no numbers for them.
        engine: The name of what predicted them.
    """

    rows: FeatureRows
    skipped: tuple[Skipped, ...]
    engine: str


def predict(
    paths: Sequence[Path],
    models: Models,
    options: InferenceOptions,
    box: Box | None = None,
    boxes: Mapping[Path, Box] | None = None,
) -> Generator[Batch, None, None]:
    """Read and predict photographs with the engine that is done first with so many.

    Args:
        paths: The photographs.
        models: What looks at them.
        options: How the models run.
        box: The part of each photograph to look at.
        boxes: Path -> part, for those that are not looked at whole. A box beyond its photograph skips that photograph.

    Yields:
        Batches in the order of the paths.

    Raises:
        UsageError: If the options contradict each other or name what is not there.
        WeightsError: If the weights are missing or damaged.
    """
    engine = open_engine(models, options, len(paths))
    reader = open_reader(models, fast=engine.fast_images)
    yield from predict_images(paths, _BoxReader(reader, boxes) if boxes else reader, engine, options.batch_size, box)


def predict_images(
    paths: Iterable[Path], reader: Reader, engine: Engine, batch_size: int, box: Box | None = None
) -> Generator[Batch, None, None]:
    """Read and predict photographs.

    Args:
        paths: May be endless; read as batches come free.
        reader: Fits photographs to the model.
        engine: Runs it.
        batch_size: Photographs in a forward pass.
        box: The part of each photograph to look at.

    Yields:
        Batches in the order of the paths.
    """
    remaining = iter(paths)
    pending: deque[Future[Batch]] = deque()
    threads = ThreadPoolExecutor(engine.num_threads, thread_name_prefix="predict")
    try:
        while chunk := list(islice(remaining, batch_size)):
            pending.append(threads.submit(_predict, chunk, reader, engine, box))
            if len(pending) > engine.num_threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        threads.shutdown(cancel_futures=True)


def _predict(paths: list[Path], reader: Reader, engine: Engine, box: Box | None) -> Batch:
    read: list[tuple[Path, Photograph]] = []
    skipped = []
    for path in paths:
        try:
            read.append((path, reader.read(path, box)))
        except ImageError as error:
            skipped.append(Skipped(str(path), str(error)))
    rows = _rows(read, engine)
    unsound = unsound_rows(rows.vectors, rows.scores)
    if unsound:
        skipped += [_skip_non_finite(read[row][0], what) for row, what in unsound.items()]
        rows = rows.take([row for row in range(len(rows)) if row not in unsound])
    return Batch(rows, tuple(skipped), engine.name)


def _skip_non_finite(path: Path, what: str) -> Skipped:
    return Skipped(str(path), f"{printable(path)}: the model gives no answer: its {what}")


def _rows(read: list[tuple[Path, Photograph]], engine: Engine) -> FeatureRows:
    photographs = [photograph for _, photograph in read]
    predictions = engine.predict(np.stack([each.pixels for each in photographs])) if read else _NOTHING
    return FeatureRows(
        paths=tuple(abspath(path) for path, _ in read),
        sha256=tuple(photograph.sha256 for photograph in photographs),
        sizes=np.array([photograph.size for photograph in photographs], np.int64),
        mtimes_ns=np.array([photograph.stamp.mtime_ns for photograph in photographs], np.int64),
        widths=np.array([photograph.width for photograph in photographs], np.int32),
        heights=np.array([photograph.height for photograph in photographs], np.int32),
        vectors=_to_float16(predictions.vectors),
        scores=_to_float16(predictions.scores),
        inodes=np.array([photograph.stamp.inode for photograph in photographs], np.int64),
        ctimes_ns=np.array([photograph.stamp.ctime_ns for photograph in photographs], np.int64),
    )


def _to_float16(numbers: npt.NDArray[np.floating]) -> npt.NDArray[np.float16]:
    """As float16; what is too large for it becomes infinite."""
    with np.errstate(over="ignore"):
        return numbers.astype(np.float16)


@dataclass(frozen=True)
class _BoxReader:
    """A reader of the part of each photograph that its box shows.

    Attributes:
        reader: Of whole photographs.
        boxes: Path -> part; all of a photograph that is not among these.
    """

    reader: Reader
    boxes: Mapping[Path, Box]

    def read(self, path: Path, box: Box | None = None) -> Photograph:
        with _skipping(path):
            return self.reader.read(path, box or self.boxes.get(path))

    def decode(self, data: bytes, path: Path, box: Box | None = None) -> Photograph:
        with _skipping(path):
            return self.reader.decode(data, path, box or self.boxes.get(path))


@contextmanager
def _skipping(path: Path) -> Iterator[None]:
    """A published box may reach beyond its photograph: the photograph is skipped, not the whole call refused."""
    try:
        yield
    except UsageError as error:
        raise ImageError(f"{printable(path)}: {error}") from error
