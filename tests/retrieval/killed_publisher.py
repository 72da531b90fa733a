"""Publishes again and again while it is killed; run as a program by `test_publish`.

Usage: killed_publisher.py DIRECTORY (steps | moments | readers). Prints two counts; a broken promise is an
AssertionError.

- steps: a child is killed before its first file operation, then the next one before its second, and so on; kills and
  publications.
- moments: children are killed after a random while, twice as long after each kill and half as long after each
  publication, until both were seen three times; kills and publications.
- readers: nobody is killed, but the index is opened all the while; openings and states that were seen.

State n of the index holds 60 + n photographs, whose rows are all drawn with the seed n.
"""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fashion_cli.data.features import FeatureFile, FeatureHeader, FeatureRows, FeatureWriter
from fashion_cli.errors import IndexDirectoryError
from fashion_cli.model_cards import TagGroup, Vocabulary
from fashion_cli.retrieval import calibration, publish
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.retrieval.neighbours import unit_rows

WIDTH = 8
HEADER = FeatureHeader(
    model="small",
    weights_sha256="a" * 64,
    vector_width=WIDTH,
    vocabulary=Vocabulary((TagGroup("colour", ("red", "blue"), exclusive=True),)),
    created_by="a test",
)
LAST_STATE = 15  # of those that are published while the index is read
ATTEMPTS = 200  # far more than are needed, however busy the machine is
FILE_OPERATIONS = ("open", "os.rename", "os.remove", "os.mkdir", "os.truncate", "shutil.copyfile")

# Annoy is to be built, and quickly: what is tested is the order of file operations.
calibration.scan_milliseconds = lambda vectors, queries: 1e6
calibration.QUERIES = 5
vars(publish)["why_not_annoy"] = lambda: ""


def rows_of(state: int) -> FeatureRows:
    count = 60 + state
    vectors = np.random.default_rng(state).standard_normal((count, WIDTH)).astype(np.float32)
    return FeatureRows(
        paths=tuple(f"/photographs/{state}-{row}.jpg" for row in range(count)),
        sha256=tuple(f"{state:032x}{row:032x}" for row in range(count)),
        sizes=np.full(count, 1000, np.int64),
        mtimes_ns=np.full(count, 10**18, np.int64),
        widths=np.full(count, 60, np.int32),
        heights=np.full(count, 80, np.int32),
        vectors=unit_rows(vectors).astype(np.float16),
        scores=np.zeros((count, 2), np.float16),
    )


def make_working(working: Path, state: int) -> None:
    with FeatureWriter.create(working, HEADER) as writer:
        writer.append(rows_of(state))


def publish_next(directory: Path) -> None:
    with publish.writing(directory):
        publish.publish(directory, model_location="small", exact_below=0)


def opened_state(directory: Path) -> int:
    """The state that is there, every byte of it checked; 0 where there is no index."""
    try:
        gallery = Gallery.open(directory)
    except IndexDirectoryError as error:
        if "no index here" not in str(error):
            raise
        return 0
    with gallery:
        state = len(gallery) - 60
        expected, found = rows_of(state), gallery.features.read(slice(None))
        assert found.paths == expected.paths
        assert (found.vectors == expected.vectors).all()
        assert gallery.kind == "annoy"
        nearest = gallery.nearest(expected.vectors.astype(np.float32), 1)
        assert (nearest.rows[:, 0] == np.arange(len(gallery))).all()
    return state


def in_child(work: Callable[[], None]) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


def run_killed(directory: Path, state: int, work: Callable[[], None], after: float | None) -> bool:
    """Publish `state` in a child that is killed, and see that nothing is lost. Returns whether it was killed."""
    before = opened_state(directory)
    with publish.writing(directory) as working:
        if not working.exists():
            make_working(working, state)
    child = in_child(work)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, -signal.SIGKILL), status
    now = opened_state(directory)
    assert now in (before, state), (before, now)
    if now == before:
        with publish.writing(directory) as working, FeatureFile.open(working) as features:
            assert len(features) == 60 + state
    return status != 0


def killed_at(operation: int, directory: Path) -> Callable[[], None]:
    def work() -> None:
        count = 0

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal count
            if event in FILE_OPERATIONS and str(directory) in str(arguments):
                count += 1
                if count == operation:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        publish_next(directory)

    return work


def steps(directory: Path) -> tuple[int, int]:
    state, operation, killed = 1, 0, True
    while killed or operation < 10:
        operation += 1
        killed = run_killed(directory, state, killed_at(operation, directory), None)
        state += opened_state(directory) == state
    return operation - 1, state - 1


def moments(directory: Path) -> tuple[int, int]:
    state, killed, latest = 1, 0, 0.01
    for _ in range(ATTEMPTS):
        stopped = run_killed(directory, state, lambda: publish_next(directory), random.uniform(0, latest))
        killed += stopped
        state += opened_state(directory) == state
        latest *= 2 if stopped else 0.5
        if killed >= 3 and state > 3:
            break
    return killed, state - 1


def readers(directory: Path) -> tuple[int, int]:
    def publish_all() -> None:
        for state in range(2, LAST_STATE + 1):
            with publish.writing(directory) as working:
                make_working(working, state)
                publish.publish(directory, model_location="small", exact_below=0)

    make_working(_made(directory), 1)
    publish_next(directory)
    child, seen = in_child(publish_all), []
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        seen.append(opened_state(directory))
    assert seen == sorted(seen)
    assert opened_state(directory) == LAST_STATE
    return len(seen), len(set(seen))


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True)
    return publish.working_features(directory)


if __name__ == "__main__":
    counts = {"steps": steps, "moments": moments, "readers": readers}[sys.argv[2]](Path(sys.argv[1]))
    sys.stdout.write("{} {}\n".format(*counts))
