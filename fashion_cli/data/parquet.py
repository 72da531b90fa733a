"""Write tables as Parquet files, for other people's viewers."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fashion_cli.errors import OutputError
from fashion_cli.message_text import one_line, printable

Column = Sequence[str] | npt.NDArray[np.number]


def write_parquet(columns: Mapping[str, Column], path: Path) -> None:
    """Write a table.

    Args:
        columns: Name -> N texts, (N,) numbers, or (N, W) numbers, which become one list of W in each row. Text that is
            not UTF-8, as some paths, has its bytes escaped.
        path: Where to.

    Raises:
        OutputError: If it cannot be written.
    """
    import pyarrow as pa
    from pyarrow import parquet

    arrays = {}
    for name, values in columns.items():
        if not isinstance(values, np.ndarray):
            arrays[name] = pa.array([_utf8(text) for text in values], pa.string())
        elif values.ndim == 1:
            arrays[name] = pa.array(values)
        else:
            flat = pa.array(np.ascontiguousarray(values).ravel())
            arrays[name] = pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
    table = pa.table(arrays)
    try:
        parquet.write_table(table, path, compression="zstd")
    except OSError as error:
        raise OutputError(
            f"{printable(path)}: cannot be written ({one_line(error)})",
            hint="choose another place with -o, or make room there",
        ) from error


def _utf8(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
