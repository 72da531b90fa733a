"""Photographs in every format and of every oddity, through the commands that people call."""

import csv
import importlib.util
import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashion_cli.app import main
from fashion_cli.data.features import FeatureFile
from fashion_cli.data.image_formats import format_named
from fashion_cli.data.images import upright
from fashion_cli.errors import ExitCode
from tests.data.images.encoding import encoded
from tests.data.images.profiles import DISPLAY_P3, SRGB_CURVE, rgb_profile
from tests.data.images.reading import smooth
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


def test_what_cannot_be_read_is_counted_and_named(
    tmp_path: Path, tiny_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "photographs"
    folder.mkdir()
    smooth(48, 64).save(folder / "good.png")
    (folder / "notes.txt").write_text("no photograph")
    unreadable = (".jxl", ".dng", ".NEF", ".psd", ".svg", ".jp2", ".exr", ".tga")
    for suffix in unreadable:
        (folder / f"x{suffix}").write_bytes(b"something")
    command = ["embed", str(folder), "-o", str(tmp_path / "a.h5"), "--model", str(tiny_model)]
    assert main([*command, "--strict"]) == ExitCode.SKIPPED
    _, err = capsys.readouterr()
    assert "skipped 8:" in err
    for suffix in unreadable:
        known = format_named(f"x{suffix}")
        assert known is not None
        assert f"x{suffix}: {known.name} cannot be read: {known.advice}" in err
    assert "notes.txt" not in err


@pytest.fixture(scope="module")
def telephone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same photographs as HEIC and as PNG, by number."""
    if importlib.util.find_spec("pillow_heif") is None:
        not_there("pillow-heif is not installed: pip install 'fashion-cli[heif]'")
    import pillow_heif

    folder = tmp_path_factory.mktemp("telephone")
    for kind in ("heic", "png"):
        (folder / kind).mkdir()
    for number, suffix in enumerate((".heic", ".HEIC", ".heif", ".hif")):
        picture = smooth(96, 128, slowness=2 + number)
        picture.save(folder / "png" / f"{number}.png")
        pillow_heif.from_pillow(picture).save(folder / "heic" / f"{number}{suffix}", quality=95, format="HEIF")
    return folder


def test_heic_through_every_command(
    telephone: Path,
    tmp_path: Path,
    tiny_model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FASHION_MODEL", str(tiny_model))
    assert main(["index", str(telephone / "heic"), "--strict", "--quiet"]) == ExitCode.DONE
    with FeatureFile.open(next((tmp_path / ".fashion").rglob("*.h5"))) as features:
        assert len(features) == 4
        assert set(features.read(slice(None)).widths.tolist()) == {96}
    capsys.readouterr()
    for number in range(4):
        query = str(telephone / "png" / f"{number}.png")
        assert main(["search", query, "--topk", "1", "--format", "paths", "--html", "sheet.html"]) == ExitCode.DONE
        assert Path(capsys.readouterr().out.strip()).stem == str(number)
    assert (tmp_path / "sheet.html").read_text().count("data:image/jpeg;base64,") == 2
    assert main(["tag", str(telephone / "heic"), "--strict", "--format", "csv", "--top", "1"]) == ExitCode.DONE
    rows = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert len({row["path"] for row in rows}) == 4


def test_heic_says_its_colours_and_turns_itself(telephone: Path) -> None:
    import pillow_heif

    picture = smooth(96, 128)
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    file = pillow_heif.from_pillow(picture)
    file.info["exif"] = exif.tobytes()
    profile = rgb_profile(DISPLAY_P3, SRGB_CURVE)
    file.info["icc_profile"] = profile
    file.info["icc_profile_type"] = "prof"
    file.save(stream, quality=100, chroma=444)
    found = upright(stream.getvalue(), Path("x.heic"))
    plain = upright(encoded(picture.transpose(Image.Transpose.ROTATE_270), "PNG", icc_profile=profile), Path("x.png"))
    assert found.size == plain.size == (128, 96)
    assert np.abs(np.asarray(found).astype(int) - np.asarray(plain)).mean() < 3
