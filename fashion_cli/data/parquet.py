"""Write tables as Parquet files, for other people's viewers."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

Column = Sequence[str] | npt.NDArray[np.number]


def write_parquet(columns: Mapping[str, Column], path: Path) -> None:
    """Write a table.

    Args:
        columns: Name -> N texts, (N,) numbers, or (N, W) numbers, which become one list of W in each row. Text that is
            not UTF-8, as some paths, has its bytes escaped.
        path: Where to.
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
    parquet.write_table(pa.table(arrays), path, compression="zstd")


def _utf8(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
