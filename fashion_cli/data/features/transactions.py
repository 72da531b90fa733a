"""A file whose changes reach the disk all together or not at all, at whatever instant its writer is killed.

A format with an index inside, such as HDF5, changes bytes in the middle of the file when it grows. A process
that dies between two such writes leaves a file that does not open, or one that opens and has lost rows. Here
every change waits in memory until `commit`, which

1. appends what is new, where no reader of the old file looks,
2. appends a journal of what is to be replaced in the old part, closed by a trailer with its checksum,
3. replaces it, and
4. cuts the journal off.

Killed in 1 or 2, the old file is there, followed by bytes that mean nothing. Killed in 3 or 4, the journal is
whole, and opening the file finishes the work (in memory only where the file is opened to be read). This holds
for a process that is killed and for a full disk; against a power cut only `sync` helps.
"""

import os
import struct
import zlib
from contextlib import suppress
from io import SEEK_CUR, SEEK_END, SEEK_SET, FileIO
from pathlib import Path

from fashion_cli.atomic_files import lock

Bytes = bytes | bytearray | memoryview

PAGE = 4096
MAGIC = b"\x89fashJ\r\n"
RECORD = struct.Struct("<QI")  # where the bytes that follow belong, and how many they are
TRAILER = struct.Struct("<QQI8s")  # length of the file after the commit, length of the journal, its CRC-32, MAGIC
LOCK_ATTEMPTS = 5


class TransactionFile:
    """The binary file that a format library writes to; nothing is on the disk before `commit`.

    Not thread-safe. A pending journal is put in place when the file is opened.

    Args:
        stream: An unbuffered file, opened to be read, or to be read and written. The caller closes it.
    """

    def __init__(self, stream: FileIO) -> None:
        self._stream = stream
        self._disk_size = self._size = stream.seek(0, SEEK_END)  # lengths on the disk and with the changes
        self._pages: dict[int, bytearray] = {}  # changed pages of what is on the disk
        self._tail = bytearray()  # what comes after it
        self._position = 0
        self._finish_interrupted_commit()

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        """Move to a byte, as files do."""
        start = {SEEK_SET: 0, SEEK_CUR: self._position, SEEK_END: self._size}[whence]
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        """The byte at which the next call reads or writes."""
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:
        """Fill the buffer with the bytes from here on, changes included, and with zeros behind the end.

        Returns:
            How many there were. HDF5 does not look at it, and would take what a short read leaves for data.
        """
        view = memoryview(buffer).cast("B")
        count = max(0, min(len(view), self._size - self._position))
        old = max(0, min(count, self._disk_size - self._position))
        self._read_disk_and_pages(self._position, view[:old])
        start = self._position + old - self._disk_size
        view[old:count] = memoryview(self._tail)[start : start + count - old]
        view[count:] = bytes(len(view) - count)
        self._position += count
        return count

    def read(self, size: int = -1) -> bytes:
        """The bytes from here on, at most `size` where it is not negative."""
        rest = max(0, self._size - self._position)
        content = bytearray(rest if size < 0 else min(size, rest))
        self.readinto(content)
        return bytes(content)

    def write(self, content: Bytes) -> int:
        """Change the bytes from here on, in memory."""
        view = memoryview(content).cast("B")
        old = max(0, min(len(view), self._disk_size - self._position))
        self._replace(self._position, view[:old])
        if old < len(view):
            start = self._position + old - self._disk_size
            self._tail.extend(bytes(max(0, start - len(self._tail))))
            self._tail[start : start + len(view) - old] = view[old:]
        self._position += len(view)
        self._size = max(self._size, self._position)
        return len(view)

    def truncate(self, size: int) -> int:
        """Cut or lengthen the file, in memory. What a cut file had is undefined once it grows again."""
        self._size = size
        length = max(0, size - self._disk_size)
        del self._tail[length:]
        self._tail.extend(bytes(length - len(self._tail)))
        return size

    def flush(self) -> None:
        """Nothing: only `commit` writes."""

    def commit(self) -> None:
        """Write every change, all or none.

        Raises:
            OSError: If the disk is full or fails. The file on the disk is what it was before, or becomes what
                it was to be when it is opened next; this object is of no more use.
        """
        records = self._changed_records()
        try:
            self._write(self._disk_size, self._tail)
            if records:
                self._write(max(self._disk_size, self._size), _journal(records, self._size))
        except BaseException:
            with suppress(OSError):  # leftovers do no harm, but on a full disk others need the room
                self._stream.truncate(self._disk_size)
            raise
        self._put_in_place(records)
        self._pages.clear()
        self._tail.clear()
        self._disk_size = self._size

    def sync(self) -> None:
        """Wait until what was committed is on the medium itself."""
        os.fsync(self._stream.fileno())

    def _changed_records(self) -> list[tuple[int, bytes]]:
        """Where the old part differs from the pages in memory, and the bytes that belong there."""
        records = []
        end = min(self._disk_size, self._size)
        for start in sorted(index * PAGE for index in self._pages):
            content = bytes(self._pages[start // PAGE][: max(0, end - start)])
            if content and content != self._read_disk(start, len(content)):
                records.append((start, content))
        return records

    def _finish_interrupted_commit(self) -> None:
        pending = self._pending_journal()
        if pending is None:
            return
        records, self._size = pending
        if self._stream.writable():
            self._put_in_place(records)
            self._disk_size = self._size
        else:
            self._disk_size = self._size
            for start, content in records:
                self._replace(start, memoryview(content))

    def _pending_journal(self) -> tuple[list[tuple[int, bytes]], int] | None:
        """The records of a whole journal at the end of the file, and the length that the file is to have."""
        if self._disk_size < TRAILER.size:
            return None
        end = self._disk_size - TRAILER.size
        size, length, checksum, magic = TRAILER.unpack(self._read_disk(end, TRAILER.size))
        if magic != MAGIC or length > end:
            return None
        journal = self._read_disk(end - length, length)
        return (_records(journal), size) if zlib.crc32(journal) == checksum else None

    def _put_in_place(self, records: list[tuple[int, bytes]]) -> None:
        for start, content in records:
            self._write(start, content)
        self._stream.truncate(self._size)

    def _replace(self, start: int, content: memoryview) -> None:
        """Change bytes of the old part, in memory."""
        done = 0
        while done < len(content):
            index, offset = divmod(start + done, PAGE)
            count = min(PAGE - offset, len(content) - done)
            self._page(index)[offset : offset + count] = content[done : done + count]
            done += count

    def _page(self, index: int) -> bytearray:
        if index not in self._pages:
            page = bytearray(PAGE)
            stored = self._read_disk(index * PAGE, min(PAGE, self._disk_size - index * PAGE))
            page[: len(stored)] = stored
            self._pages[index] = page
        return self._pages[index]

    def _read_disk_and_pages(self, start: int, view: memoryview) -> None:
        """Fill the view with bytes of the old part, changed pages included."""
        self._read_disk_into(start, view)
        if not self._pages:
            return
        done = 0
        while done < len(view):
            index, offset = divmod(start + done, PAGE)
            count = min(PAGE - offset, len(view) - done)
            if index in self._pages:
                view[done : done + count] = memoryview(self._pages[index])[offset : offset + count]
            done += count

    def _read_disk(self, start: int, count: int) -> bytes:
        content = bytearray(count)
        self._read_disk_into(start, memoryview(content))
        return bytes(content)

    def _read_disk_into(self, start: int, view: memoryview) -> None:
        if not view:
            return  # a damaged file may ask for bytes at places that no file can have
        self._stream.seek(start)
        done = 0
        while done < len(view) and (count := self._stream.readinto(view[done:])):
            done += count

    def _write(self, start: int, content: Bytes) -> None:
        self._stream.seek(start)
        view = memoryview(content)
        while view:
            view = view[self._stream.write(view) :]
        view.release()


def open_locked(path: Path, *, write: bool = False, create: bool = False) -> FileIO:
    """Open a file which nobody else writes, and to be written, one which nobody else reads either.

    The lock is the one that HDF5 itself takes, so it also keeps other HDF5 programs away. A file system that
    has no locks is used without.

    Args:
        path: The file.
        write: To be read and written.
        create: To be written, and made where it is missing. What it holds is left alone.

    Raises:
        BlockingIOError: If another process has it.
        OSError: If it cannot be opened.
    """
    for _ in range(LOCK_ATTEMPTS):
        stream = _open(path, write or create, create)
        try:
            lock(stream, exclusive=write or create)
            if _is_still_at(stream, path):
                return stream
        except BaseException:
            stream.close()
            raise
        stream.close()  # renamed or replaced between opening and locking
    raise BlockingIOError(f"{path}: replaced again and again by another process")


def _open(path: Path, write: bool, create: bool) -> FileIO:
    def opener(name: str, flags: int) -> int:
        return os.open(name, flags | (os.O_CREAT if create else 0), 0o666)

    return FileIO(os.fspath(path), "r+b" if write else "rb", opener=opener)


def _is_still_at(stream: FileIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _journal(records: list[tuple[int, bytes]], size: int) -> bytes:
    journal = b"".join(RECORD.pack(start, len(content)) + content for start, content in records)
    return journal + TRAILER.pack(size, len(journal), zlib.crc32(journal), MAGIC)


def _records(journal: bytes) -> list[tuple[int, bytes]]:
    records, position = [], 0
    while position < len(journal):
        start, length = RECORD.unpack_from(journal, position)
        position += RECORD.size
        records.append((start, journal[position : position + length]))
        position += length
    return records
