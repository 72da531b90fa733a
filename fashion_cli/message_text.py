"""Paths and errors as they stand in messages: each on one line."""

import os
from pathlib import Path


def printable(path: str | Path) -> str:
    """A path as one line, also with newlines in it or bytes that are not UTF-8."""
    text = os.fspath(path)
    return text if text.isprintable() else repr(text)


def one_line(error: Exception) -> str:
    """What an exception says, as one line."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split()) or type(error).__name__
