"""Photographs of the index: as files, small, and only as the index saw them."""

import hashlib
import io
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from fashion_cli.session.open_index import OpenIndex
from fashion_cli.web.pictures import Thumbnails
from fashion_cli.web.settings import WebSettings
from tests.web.shops import Running, Shop, draw, make_index, make_shop, png, served
from tests.web.test_process import process, rest

STRANGER = png(draw(1000))  # not in the index
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.fixture(scope="module")
def telling_shop(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop whose photographs say where and by whom they were taken: one of each format."""
    shop = Shop(tmp_path_factory.mktemp("telling") / "shop")
    (shop.folder / "photographs").mkdir(parents=True)
    tags = Image.Exif()
    tags[0x0112], tags[0x013B] = 6, "secret-owner"
    tags.get_ifd(0x8825)[29] = "secret-place"
    for number, kind in enumerate(("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "BMP", "GIF")):
        comment = {"comment": "secret-comment"} if kind in ("JPEG", "GIF") else {}
        with shop.photograph(number).open("wb") as stream:
            draw(number).save(stream, kind, exif=tags, xmp=b"secret-xmp", icc_profile=PROFILE, **comment)
    make_index(shop, tiny_model)
    return shop


def test_photographs_say_nothing_besides_the_picture(telling_shop: Shop) -> None:
    kept = {"JPEG": "jpeg", "PNG": "png", "WEBP": "webp", "AVIF": "avif", "TIFF": "png", "BMP": "png", "GIF": "gif"}
    with served(telling_shop, priced=False) as running:
        for number, (kind, sent) in enumerate(kept.items()):
            data = telling_shop.photograph(number).read_bytes()
            assert (b"secret" in data) == (kind != "BMP")
            sha256 = telling_shop.sha256(number)
            whole = running.client.get(f"/api/v1/photographs/{sha256}")
            small = running.client.get(f"/api/v1/photographs/{sha256}?size=320")
            assert b"secret" not in whole.content
            assert b"secret" not in small.content
            assert whole.headers["content-type"] == f"image/{sent}"
            assert sha256 in whole.headers["etag"]
            if kind in ("TIFF", "BMP"):  # drawn anew: not even a profile, which may say who made it
                assert Image.open(io.BytesIO(whole.content)).info == {}
            before, after = (ImageOps.exif_transpose(Image.open(io.BytesIO(each))) for each in (data, whole.content))
            assert np.array_equal(np.asarray(before.convert("RGB")), np.asarray(after.convert("RGB"))), kind


def test_metadata_is_kept_where_that_was_asked_for(telling_shop: Shop) -> None:
    sha256 = telling_shop.sha256(0)
    with served(telling_shop, WebSettings(rate="off", keep_metadata=True), priced=False) as running:
        kept = running.client.get(f"/api/v1/photographs/{sha256}")
        assert kept.content == telling_shop.photograph(0).read_bytes()
        assert b"secret" not in running.client.get(f"/api/v1/photographs/{sha256}?size=320").content
    with served(telling_shop, priced=False) as running:
        again = running.client.get(f"/api/v1/photographs/{sha256}", headers={"If-None-Match": kept.headers["etag"]})
        assert again.status_code == 200  # not the one that a browser has from before


@pytest.mark.parametrize("options", [[], ["--keep-metadata"]])
def test_the_command_leaves_metadata_out_unless_told(telling_shop: Shop, options: list[str]) -> None:
    with process(telling_shop, *options) as (running, address, _):
        sent = httpx.get(f"{address}api/v1/photographs/{telling_shop.sha256(0)}").content
        running.terminate()
        rest(running)
    assert (b"secret" in sent) == bool(options)


def test_photographs_are_served_whole_and_small(running: Running, drawn_shop: Shop) -> None:
    sha256 = drawn_shop.sha256(3)
    whole = running.client.get(f"/api/v1/photographs/{sha256}")
    assert (whole.content, whole.headers["content-type"]) == (drawn_shop.photograph(3).read_bytes(), "image/png")
    small = running.client.get(f"/api/v1/photographs/{sha256}", params={"size": 32})
    assert small.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(small.content)) as picture:
        assert picture.size == (24, 32)
    again = running.client.get(
        f"/api/v1/photographs/{sha256}?size=32", headers={"If-None-Match": small.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("harm", ["gone", "changed", "no photograph"])
def test_only_what_the_index_saw_is_served(tiny_model: Path, tmp_path: Path, harm: str) -> None:
    shop = make_shop(tmp_path / "shop", tiny_model)
    sha256 = shop.sha256(3)
    if harm == "gone":
        shop.photograph(3).unlink()
    else:
        shop.photograph(3).write_bytes(png(draw(99)) if harm == "changed" else b"secret")
    with served(shop) as running:
        for size in ("", "?size=64"):
            assert running.client.get(f"/api/v1/photographs/{sha256}{size}").status_code == 404
        secret = hashlib.sha256(b"secret").hexdigest()
        assert running.client.get(f"/api/v1/photographs/{secret}").status_code == 404


def test_paths_are_said_only_where_that_was_asked_for(running: Running, drawn_shop: Shop) -> None:
    assert str(drawn_shop.folder) not in running.post("search", STRANGER).text
    with served(drawn_shop, WebSettings(rate="off", show_paths=True)) as telling:
        (hit,) = telling.hits(drawn_shop.photograph(5).read_bytes(), topk=1)
        assert hit["path"] == str(drawn_shop.photograph(5))


def test_small_pictures_in_memory_are_bounded(running: Running, drawn_shop: Shop) -> None:
    with running.live.lease() as index:
        one = Thumbnails().get(index, drawn_shop.sha256(0), 64)
        assert one is not None
        kept = Thumbnails(3 * len(one))
        for number in range(12):
            assert _small(kept, index, drawn_shop, number)
            assert len(kept) <= 3 * len(one)
        assert len(kept) > len(one)
        again = [_small(kept, index, drawn_shop, number) for number in (0, 11)]
        assert again == [Thumbnails().get(index, drawn_shop.sha256(number), 64) for number in (0, 11)]


def _small(kept: Thumbnails, index: OpenIndex, shop: Shop, number: int) -> bytes | None:
    return kept.get(index, shop.sha256(number), 64)
