"""The index as it is now: a new state is opened beside the old one and takes its place between two requests."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic

from fashion_cli.errors import FashionError
from fashion_cli.products.hits import ItemsOf
from fashion_cli.retrieval.gallery import Gallery
from fashion_cli.retrieval.manifest import MANIFEST_FILE
from fashion_cli.session.observer import Observer
from fashion_cli.session.open_index import OpenIndex
from fashion_cli.session.query_encoder import QueryEncoder, QueryEncoderOptions, identity

log = logging.getLogger(__name__)

POLL = 1.0  # seconds between two looks at the manifest
FIRST_WAIT, LONGEST_WAIT = (
    1.0,
    60.0,
)  # seconds until an index that could not be opened is tried again, doubled each time
Signature = tuple[int, int, int]


class _Failed:
    """A state of an index that could not be opened, and when to try again.

    Args:
        signature: Of its manifest; None for no state.
    """

    def __init__(self, signature: Signature | None) -> None:
        self.signature = signature
        self._wait, self._until = FIRST_WAIT, 0.0

    def waits(self, signature: Signature) -> bool:
        """Whether a state is this one, and it is too early for it."""
        return signature == self.signature and monotonic() < self._until

    def put_off(self) -> None:
        """Wait longer each time."""
        self._until = monotonic() + self._wait
        self._wait = min(2 * self._wait, LONGEST_WAIT)


class LiveIndex:
    """Always the newest state of an index directory. A context manager; `watch` starts looking for new ones.

    A request that has begun with one state ends with it: its files stay open until then.

    Args:
        directory: The index directory.
        options: How its models run.
        observer: Told about batches and reloads.
        items_of: As in `OpenIndex`.
        root: The folder that the photographs lie below; None for what the index says.

    Raises:
        IndexDirectoryError: If there is no index there.
        WeightsError: If its models cannot be used.
    """

    def __init__(
        self,
        directory: Path,
        options: QueryEncoderOptions,
        observer: Observer,
        items_of: ItemsOf | None = None,
        root: Path | None = None,
    ) -> None:
        self.directory, self._root = directory, root
        self._options, self._observer, self._items_of = options, observer, items_of
        self._lock = Lock()  # around which state is the newest
        self._reloading = Lock()
        self._due, self._ending = Event(), False
        self._thread: Thread | None = None
        self._failed = _Failed(None)
        self._seen = self._signature()
        self._current = self._open(None)

    def __enter__(self) -> "LiveIndex":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def lease(self) -> Iterator[OpenIndex]:
        """The newest state, which stays open meanwhile."""
        with self._lock:
            index = self._current
            index.acquire()
        try:
            yield index
        finally:
            index.release()

    def watch(self) -> None:
        """Look for new states until `close`, in a thread of its own."""
        self._thread = Thread(target=self._watch, name="reload", daemon=True)
        self._thread.start()

    def check_now(self) -> None:
        """Look at once, whatever the file's time says; may be called by a signal's handler."""
        self._seen, self._failed = None, _Failed(None)
        self._due.set()

    def reload(self, *, wait: bool = True) -> bool:
        """Take up a new state if there is one.

        Args:
            wait: Where another thread is at it already, until that is done.

        Returns:
            Whether there was. One that cannot be opened is told to the log once, the old one stays, and it is tried
            again after a second, then after two, …
        """
        if not self._reloading.acquire(blocking=wait):
            return False
        try:
            signature = self._signature()
            if signature is None or signature == self._seen or self._failed.waits(signature):
                return False
            try:
                fresh = self._open(self._current)
            except FashionError as error:
                self._put_off(signature, error)
                return False
            self._seen, self._failed = signature, _Failed(None)
            with self._lock:
                old, self._current = self._current, fresh
            old.retire()
            self._observer.count_reload("taken")
            log.info("index generation %d, %d photographs", fresh.gallery.manifest.generation, len(fresh))
            return True
        finally:
            self._reloading.release()

    def close(self) -> None:
        """Stop looking, and close the index when its last request is done."""
        self._ending = True
        self._due.set()
        if self._thread is not None:
            self._thread.join()
        self._current.retire()

    def _watch(self) -> None:
        while not self._ending:
            self._due.wait(POLL)
            self._due.clear()
            if not self._ending:
                try:
                    self.reload()
                except Exception:  # a bug, which must not end the thread
                    log.exception("looking for a new index failed")

    def _open(self, old: OpenIndex | None) -> OpenIndex:
        gallery = Gallery.open(self.directory, self._root)
        try:
            shared = old is not None and old.encoder.identity == identity(gallery)
            encoder = (
                old.encoder if old is not None and shared else QueryEncoder(gallery, self._options, self._observer)
            )
            index = OpenIndex(gallery, encoder, self._items_of)
        except BaseException:
            gallery.close()
            raise
        try:
            index.warm()
        except BaseException:
            index.retire()
            raise
        return index

    def _put_off(self, signature: Signature, error: FashionError) -> None:
        """Try again later; say it only of a state that has not failed before."""
        if self._failed.signature != signature:
            self._failed = _Failed(signature)
            self._observer.count_reload("failed")
            log.warning("the new index is not used: %s", error)
        self._failed.put_off()

    def _signature(self) -> Signature | None:
        """What changes whenever the manifest is replaced; None where it is gone, which leaves the old state in use."""
        try:
            status = os.stat(self.directory / MANIFEST_FILE)
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size
