"""Photographs of a crawl: what is kept, under which name, and which of several that look the same."""

import hashlib
import io
import itertools
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashion_cli.crawling.state import photographs as module
from fashion_cli.crawling.state.database import CrawlDatabase
from fashion_cli.crawling.state.photographs import (
    RefusedPhotographError,
    drop_near_duplicates,
    inspect_photograph,
    list_stored,
    save_photograph,
)
from fashion_cli.crawling.state.requests import Photo, add_photograph
from fashion_cli.errors import OutputError

LIMITS = {"min_side": 50, "max_pixels": 1_000_000}


def picture(seed: int, size: tuple[int, int] = (120, 160), shift: int = 0) -> Image.Image:
    """A few coloured boxes; `shift` turns red into green and green into blue, and changes nothing else."""
    generator = random.Random(seed)
    pixels = np.full((160, 120, 3), 255, np.uint8)
    for _ in range(10):
        left, top = generator.randrange(100), generator.randrange(140)
        colour = [generator.randrange(256) for _ in range(3)]
        pixels[top : top + generator.randrange(20, 80), left : left + generator.randrange(20, 60)] = colour
    return Image.fromarray(np.roll(pixels, shift, axis=2)).resize(size)


def encoded(image: Image.Image, kind: str = "JPEG", quality: int = 90) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, quality=quality)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("kind", "suffix"), [("JPEG", ".jpg"), ("PNG", ".png"), ("WEBP", ".webp"), ("AVIF", ".avif"), ("GIF", ".gif")]
)
def test_a_photograph_is_named_by_its_bytes_and_its_true_type(kind: str, suffix: str, tmp_path: Path) -> None:
    data = encoded(picture(1), kind)
    photo = inspect_photograph(data, "http://a.example/../../etc/passwd%00.exe", **LIMITS)
    digest = hashlib.sha256(data).hexdigest()
    assert photo.path == f"photographs/{digest[:2]}/{digest}{suffix}"
    assert (photo.width, photo.height, photo.size) == (120, 160, len(data))
    save_photograph(tmp_path, photo, data)
    assert [each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()] == [data]
    assert list(list_stored(tmp_path)) == [digest]


GOOD = encoded(picture(1))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "type"),
        (b"<html>sign in</html>", "type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "type"),
        (b"%PDF-1.7", "type"),
        (encoded(picture(1), "BMP"), "type"),
        (GOOD[: len(GOOD) // 2], "damaged"),
        (GOOD[:4], "damaged"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "damaged"),
        (encoded(picture(1, (49, 160))), "pixels"),
        (encoded(picture(1, (1001, 1000))), "pixels"),
    ],
    ids=["empty", "page", "svg", "pdf", "bmp", "half", "head", "png", "narrow", "large"],
)
def test_what_is_not_kept(data: bytes, code: str) -> None:
    with pytest.raises(RefusedPhotographError) as refused:
        inspect_photograph(data, "http://a.example/1.jpg", **LIMITS)
    assert refused.value.code == code


def test_a_small_file_of_very_many_pixels_is_not_kept() -> None:
    with pytest.raises(RefusedPhotographError) as refused:
        inspect_photograph(encoded(Image.new("1", (30_000, 30_000)), "PNG"), "http://a.example/1.png", **LIMITS)
    assert refused.value.code == "pixels"


def test_a_file_takes_its_name_when_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = inspect_photograph(GOOD, "u", **LIMITS)

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OutputError, match="No space left"):
        save_photograph(tmp_path, photo, GOOD)
    assert not [each for each in tmp_path.rglob("*") if each.is_file()]


def test_what_a_kill_left_half_written_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "photographs" / "ab"
    folder.mkdir(parents=True)
    (folder / ".xyz.partial").write_bytes(GOOD[:10])
    assert list(list_stored(tmp_path)) == []
    assert not list(folder.iterdir())


def keep(database: CrawlDatabase, folder: Path, *files: bytes) -> list[str]:
    photos = [inspect_photograph(data, "u", **LIMITS) for data in files]
    for photo, data in zip(photos, files, strict=True):
        save_photograph(folder, photo, data)
        with database.connection.begin():
            add_photograph(database, photo)
    return [photo.sha256 for photo in photos]


def kept(folder: Path) -> set[str]:
    return set(list_stored(folder))


SMALL, LARGE = encoded(picture(1)), encoded(picture(1, (240, 320)))
ENLARGED = encoded(picture(1, (300, 400)), quality=30)
OTHER_COLOUR, OTHER = encoded(picture(1, shift=1)), encoded(picture(2))


def test_of_look_alikes_the_one_with_most_detail_is_kept_whatever_came_first(tmp_path: Path) -> None:
    middle = encoded(picture(1, (180, 240)), "WEBP", 60)
    files = [SMALL, LARGE, middle, OTHER]
    assert max(files, key=len) is LARGE
    expected = {hashlib.sha256(data).hexdigest() for data in (LARGE, OTHER)}
    for number, order in enumerate(itertools.permutations(files)):
        folder = tmp_path / str(number)
        with CrawlDatabase.open(folder) as database:
            keep(database, folder, *order)
            assert drop_near_duplicates(database, 4, all_there=True) == 2
        assert kept(folder) == expected


def test_an_enlarged_copy_that_was_compressed_harder_gives_way(tmp_path: Path) -> None:
    assert len(ENLARGED) < len(LARGE)
    with CrawlDatabase.open(tmp_path) as database:
        keep(database, tmp_path, ENLARGED, LARGE)
        assert drop_near_duplicates(database, 4, all_there=True) == 1
    assert kept(tmp_path) == {hashlib.sha256(LARGE).hexdigest()}


def test_another_colour_is_another_photograph(tmp_path: Path) -> None:
    one, other = inspect_photograph(SMALL, "u", **LIMITS), inspect_photograph(OTHER_COLOUR, "u", **LIMITS)
    assert (int(one.phash, 16) ^ int(other.phash, 16)).bit_count() < 20  # hashes are blind to colour
    with CrawlDatabase.open(tmp_path) as database:
        keep(database, tmp_path, SMALL, OTHER_COLOUR)
        assert drop_near_duplicates(database, 10, all_there=True) == 0
    assert len(kept(tmp_path)) == 2


def test_only_equal_files_are_one_if_so_asked(tmp_path: Path) -> None:
    with CrawlDatabase.open(tmp_path) as database:
        keep(database, tmp_path, SMALL, LARGE, SMALL)
        assert drop_near_duplicates(database, -1, all_there=True) == 0
    assert len(kept(tmp_path)) == 2


def test_before_all_are_there_only_photographs_without_look_alikes_are_settled(tmp_path: Path) -> None:
    with CrawlDatabase.open(tmp_path) as database:
        keep(database, tmp_path, SMALL, LARGE, OTHER)
        assert drop_near_duplicates(database, 4, all_there=False) == 0
        assert len(kept(tmp_path)) == 3
        assert drop_near_duplicates(database, 4, all_there=True) == 1
    assert len(kept(tmp_path)) == 2


def test_what_was_settled_stays_when_a_larger_one_comes(tmp_path: Path) -> None:
    with CrawlDatabase.open(tmp_path) as database:
        (first,) = keep(database, tmp_path, SMALL)
        drop_near_duplicates(database, 4, all_there=True)
        keep(database, tmp_path, LARGE)
        assert drop_near_duplicates(database, 4, all_there=True) == 1
    assert kept(tmp_path) == {first}


@pytest.mark.parametrize("bits", [0, 1, 4, 10])
def test_look_alikes_are_those_of_a_plain_comparison_of_all_pairs(bits: int) -> None:
    generator = random.Random(bits)
    hashes = [generator.getrandbits(64) for _ in range(40)]
    for known in hashes[:40]:
        flipped = generator.sample(range(64), generator.randrange(13))
        hashes.append(known ^ sum(1 << place for place in flipped))
    grey = np.zeros(768, np.int16)
    fingerprints = [module._Fingerprint(f"{place:064x}", False, 1, each, grey) for place, each in enumerate(hashes)]
    expected = {
        (one, other)
        for one, other in itertools.permutations(range(len(hashes)), 2)
        if sum((hashes[one] >> place ^ hashes[other] >> place) & 1 for place in range(64)) <= bits
    }
    found = module._neighbours(fingerprints, bits)
    assert {(one, other) for one, others in found.items() for other in others} == expected


def test_a_photo_row_is_what_the_table_holds(tmp_path: Path) -> None:
    from fashion_cli.crawling.state.crawl_tables import photographs

    assert set(Photo.__dataclass_fields__) | {"settled", "like"} == {each.name for each in photographs.columns}
