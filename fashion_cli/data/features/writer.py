"""Write a feature file, batch by batch, each batch whole or not at all."""

import os
from collections.abc import Sequence
from dataclasses import replace
from io import FileIO
from pathlib import Path
from typing import Self

from fashion_cli.data.features import layout
from fashion_cli.data.features.file_errors import missing, naming_damage, naming_unwritable
from fashion_cli.data.features.roots import stored_path
from fashion_cli.data.features.rows import FeatureHeader, FeatureRows
from fashion_cli.data.features.transactions import TransactionFile, open_locked
from fashion_cli.errors import FeatureFileError, OutputError


class FeatureWriter:
    """The one writer of a feature file. Made by `create` or `append_to`; a context manager.

    Killed at any moment, or on a full disk, the file holds every batch whose `append` had returned, and no
    half of another; `append_to` continues it.

    Attributes:
        path: Where it lies.
        header: What all rows have in common.
        column_names: The further texts of each row.
    """

    def __init__(self, path: Path, stream: FileIO, transaction: TransactionFile) -> None:
        self.path = path
        self._stream = stream
        self._transaction = transaction
        opened = layout.open_features(path, transaction, "r+")
        self.header = opened.header
        self.column_names = opened.columns
        self._file = opened.file
        self._stamped = opened.stamped
        self._rows = opened.rows
        self._whole = True  # False while a batch is under way: what is half done is never committed
        if opened.damaged:
            with naming_damage(path):
                layout.cut(self._file, self.column_names, self._rows, stamped=opened.stamped)

    @classmethod
    def create(cls, path: Path, header: FeatureHeader, columns: Sequence[str] = ()) -> Self:
        """Start a new file, in place of what is there.

        Args:
            path: Where; its folder must be there.
            header: What all rows have in common.
            columns: Names of further texts of each row, for example `item_id` and `label/colour`.

        Raises:
            FeatureFileError: If another process has the file, or it cannot hold these columns or tags.
            OutputError: If it cannot be written.
        """
        content = layout.empty_file(path, header, columns)
        with naming_unwritable(path):
            stream = open_locked(path, create=True)
        try:
            with naming_unwritable(path):
                stream.truncate(0)
                transaction = TransactionFile(stream)
                transaction.write(content)
                transaction.commit()
            return cls(path, stream, transaction)
        except BaseException:
            stream.close()
            raise

    @classmethod
    def append_to(cls, path: Path) -> Self:
        """Continue a file, also one that a writer was cut off in.

        Raises:
            FeatureFileError: As for `FeatureFile.open`, or if another process has the file open.
            OutputError: If it cannot be written.
        """
        if not path.exists():
            raise missing(path)
        with naming_unwritable(path):
            stream = open_locked(path, write=True)
        try:
            with naming_unwritable(path):
                transaction = TransactionFile(stream)
            return cls(path, stream, transaction)
        except BaseException:
            stream.close()
            raise

    def __len__(self) -> int:
        return self._rows

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, rows: FeatureRows) -> None:
        """Add photographs; when this returns, they are in the file for good.

        Raises:
            FeatureFileError: If the rows do not fit the file or are not finite; nothing is added.
            OutputError: If they cannot be written, for example on a full disk. What was added before is kept.
        """
        if not self._whole:
            raise OutputError(f"{self.path}: an earlier batch could not be written", hint="call again to continue")
        if fault := rows.fault(self.header, self.column_names):
            raise FeatureFileError(
                f"{self.path}: rows that cannot be added: {fault}",
                hint="check the model: fashion weights verify",
            )
        if len(rows) == 0:
            return
        self._whole = False
        root = self.header.root
        stored = replace(rows, paths=tuple(stored_path(path, root) for path in rows.paths)) if root else rows
        with naming_damage(self.path):
            layout.append(self._file, stored, stamped=self._stamped)
        with naming_unwritable(self.path):
            self._transaction.commit()
        self._rows += len(rows)
        self._whole = True

    def move_to(self, target: Path) -> None:
        """Close the file and give it its final name, in place of what is there. It stays locked until then.

        Raises:
            OutputError: If it cannot be written or renamed. Then the old target is still there.
        """
        try:
            self._finish()
            with naming_unwritable(target):
                os.replace(self.path, target)
        finally:
            self._stream.close()

    def close(self) -> None:
        """Finish the file and let go of it.

        Raises:
            OutputError: If its end cannot be written. Every row that was added is kept.
        """
        try:
            self._finish()
        finally:
            self._stream.close()

    def _finish(self) -> None:
        if self._stream.closed:
            return
        with naming_damage(self.path):
            self._file.close()
        if self._whole:
            with naming_unwritable(self.path):
                self._transaction.commit()
                self._transaction.sync()
