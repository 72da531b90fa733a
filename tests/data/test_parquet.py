"""Tables as Parquet files; that pandas reads what was written is tested with `fashion map`."""

from pathlib import Path

import numpy as np
import pytest

from fashion_cli.data.parquet import write_parquet
from fashion_cli.errors import OutputError


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"gone/table\.parquet: cannot be written"):
        write_parquet({"x": np.zeros(3, np.float32)}, tmp_path / "gone" / "table.parquet")
