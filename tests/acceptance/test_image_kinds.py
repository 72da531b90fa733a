"""Photographs in every format and of every oddity, through the commands that people call."""

import csv
import io
import os
from pathlib import Path

import numpy as np
import pytest

from fashion_cli.app import main
from fashion_cli.data.features import FeatureFile
from fashion_cli.data.images import upright
from fashion_cli.errors import ExitCode
from tests.required import not_there


@pytest.fixture(scope="module")
def cases() -> Path:
    """One picture in many files: `$FASHION_TEST_CASES`, else `../shared/cases/images`."""
    folder = Path(os.environ.get("FASHION_TEST_CASES", Path(__file__).parents[3] / "shared" / "cases" / "images"))
    if not (folder / "ref.png").is_file():
        not_there(f"no {folder}/ref.png: set FASHION_TEST_CASES")
    return folder


def test_one_picture_in_many_files(cases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The shipped model says the same of all of them."""
    out = tmp_path / "c.h5"
    assert main(["embed", str(cases), "-o", str(out), "--strict", "--quiet"]) == ExitCode.DONE
    with FeatureFile.open(out) as features:
        rows = features.read(slice(None))
    names = [Path(path).name for path in rows.paths]
    assert sorted(names) == sorted(path.name for path in cases.iterdir())
    vectors = rows.vectors.astype(np.float32)
    cosines = dict(zip(names, (vectors @ vectors[names.index("ref.png")]).tolist(), strict=True))
    assert min(cosines.values()) > 0.99, cosines

    capsys.readouterr()
    assert main(["tag", str(cases), "--group", "colour", "--top", "1", "--format", "csv"]) == ExitCode.DONE
    assert len({row["tag"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}) == 1


def test_a_printers_black_is_black(cases: Path) -> None:
    """Without black-point compensation, the darkest of this picture is 22 levels up."""
    path = cases / "i_cmykicc.jpg"
    assert np.asarray(upright(path.read_bytes(), path)).min() <= 2
