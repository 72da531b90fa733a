"""Pixels on both paths, against arithmetic written out and against each other."""

import hashlib
import io
import math
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from fashion_cli.data.images import Box, ImageReader, thumbnail
from fashion_cli.errors import ImageError, UsageError
from fashion_cli.model_cards import InputSpec

Pixels = npt.NDArray[np.uint8]
SPEC = InputSpec(32, 32)
SETS = ("catalog", "clothing", "street", "views")

# A file of 32 x 32 is not scaled: what was drawn is what comes out.
DRAWN = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
GREY = DRAWN[..., 0]
ALPHA = DRAWN[..., 1]


@pytest.fixture(params=[False, True], ids=["pillow", "fast"])
def fast(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def reader(fast: bool) -> ImageReader:
    reader = ImageReader(SPEC, fast=fast)
    assert reader.fast == fast
    return reader


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(header: bytes, body: bytes) -> bytes:
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", body) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def smooth(width: int, height: int, slowness: float = 1) -> Image.Image:
    """Something like a photograph, that JPEG keeps well and that is the same under no turn."""
    y, x = np.mgrid[0:height, 0:width] / slowness
    waves = [127 + 120 * np.sin(x / 9 + y / 31 + phase) * np.cos(y / 13) for phase in (0, 1, 2.5)]
    return Image.fromarray(np.stack(waves, axis=-1).astype(np.uint8))


def whole_levels(a: Pixels, b: Pixels) -> npt.NDArray[np.int64]:
    levels: npt.NDArray[np.int64] = np.abs(a.astype(np.int64) - b)
    return levels


def read(reader: ImageReader, folder: Path, data: bytes, box: Box | None = None) -> Pixels:
    path = folder / "photograph"
    path.unlink(missing_ok=True)  # a new file: some disks wait whenever one is overwritten
    path.write_bytes(data)
    return reader.read(path, box).pixels


def failure(reader: ImageReader, folder: Path, data: bytes) -> str:
    with pytest.raises(ImageError) as raised:
        read(reader, folder, data)
    message = str(raised.value)
    assert message.startswith(f"{folder / 'photograph'}: ")
    assert message.isprintable()
    return message.removeprefix(f"{folder / 'photograph'}: ")


# Fitting


def plainly_scaled(pixels: Pixels, width: int, height: int) -> Pixels:
    """Triangle filter as wide as the step, by loops: columns, rounded, then rows."""

    def weights(before: int, after: int) -> npt.NDArray[np.float64]:
        step = before / after
        reach = max(step, 1)
        table = np.zeros((after, before))
        for i in range(after):
            for j in range(before):
                table[i, j] = max(0, 1 - abs((j + 0.5) - (i + 0.5) * step) / reach)
        return np.asarray(table / table.sum(axis=1, keepdims=True))

    across = np.rint(np.einsum("ij,yjc->yic", weights(pixels.shape[1], width), pixels))
    both = np.rint(np.einsum("ij,jxc->ixc", weights(pixels.shape[0], height), across))
    return np.asarray(both, dtype=np.uint8)


@pytest.mark.parametrize(
    ("size", "spec", "fitted"),
    [
        ((100, 50), InputSpec(32, 32), (32, 16)),
        ((50, 100), InputSpec(32, 32, padding=7), (16, 32)),
        ((10, 7), InputSpec(32, 48), (46, 32)),  # enlarged
        ((60, 61), InputSpec(20, 48, padding=0), (20, 20)),
        ((500, 2), InputSpec(32, 32), (32, 1)),  # never narrower than one pixel
    ],
)
def test_fitted_centred_and_padded(
    tmp_path: Path, fast: bool, size: tuple[int, int], spec: InputSpec, fitted: tuple[int, int]
) -> None:
    image = smooth(*size)
    data = encoded(image, "JPEG", quality=100, subsampling=0)
    drawn = np.asarray(Image.open(io.BytesIO(data)))
    path = tmp_path / "a.jpg"
    path.write_bytes(data)

    photograph = ImageReader(spec, fast=fast).read(path)

    assert (photograph.width, photograph.height) == size
    assert photograph.pixels.shape == (spec.height, spec.width, 3)
    left, top = (spec.width - fitted[0]) // 2, (spec.height - fitted[1]) // 2
    inside = np.zeros(photograph.pixels.shape[:2], dtype=bool)
    inside[top : top + fitted[1], left : left + fitted[0]] = True
    assert (photograph.pixels[~inside] == spec.padding).all()
    part = photograph.pixels[top : top + fitted[1], left : left + fitted[0]]
    assert whole_levels(part, plainly_scaled(drawn, *fitted)).max() <= 1


def test_right_size_is_left_alone(tmp_path: Path, reader: ImageReader) -> None:
    data = encoded(smooth(32, 32), "JPEG")
    assert np.array_equal(read(reader, tmp_path, data), np.asarray(Image.open(io.BytesIO(data))))


def test_both_paths_agree_on_real_photographs(photographs: Path) -> None:
    readers = [ImageReader(InputSpec(224, 224), fast=fast) for fast in (False, True)]
    for name in SETS:
        paths = sorted((photographs / name / "images").glob("*.jpg"))
        chosen = paths[:: len(paths) // 15][:15]
        levels = np.stack([whole_levels(*(reader.read(path).pixels for reader in readers)) for path in chosen])
        assert levels.mean() < 0.05, name
        assert levels.max() <= 1, name


def test_facts_about_the_file(tmp_path: Path, reader: ImageReader) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(smooth(50, 40), "JPEG"))
    photograph = reader.read(path)
    assert photograph.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (photograph.size, photograph.mtime_ns) == (path.stat().st_size, path.stat().st_mtime_ns)
    assert (photograph.width, photograph.height) == (50, 40)


# Orientation: where pixel (y, x) of the file lies in the upright picture, whose last row and column are b, r
STORED: dict[int, Callable[[int, int, int, int], tuple[int, int]]] = {
    1: lambda y, x, _b, _r: (y, x),
    2: lambda y, x, _b, r: (y, r - x),
    3: lambda y, x, b, r: (b - y, r - x),
    4: lambda y, x, b, _r: (b - y, x),
    5: lambda y, x, _b, _r: (x, y),
    6: lambda y, x, _b, r: (x, r - y),
    7: lambda y, x, b, r: (b - x, r - y),
    8: lambda y, x, b, _r: (b - x, y),
}


def as_stored(upright: Pixels, orientation: int) -> Image.Image:
    """What a camera writes that was held so."""
    height, width = upright.shape[:2]
    rows, columns = (width, height) if orientation >= 5 else (height, width)
    stored = np.zeros((rows, columns, 3), dtype=np.uint8)
    for y in range(rows):
        for x in range(columns):
            stored[y, x] = upright[STORED[orientation](y, x, height - 1, width - 1)]
    return Image.fromarray(stored)


def exif(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


@pytest.mark.parametrize("orientation", sorted(STORED))
@pytest.mark.parametrize("box", [None, Box(8, 16, 24, 40)])
def test_jpeg_orientation(tmp_path: Path, reader: ImageReader, orientation: int, box: Box | None) -> None:
    upright = np.asarray(smooth(48, 64))
    options: dict[str, object] = {"quality": 100, "subsampling": 0}
    turned = encoded(as_stored(upright, orientation), "JPEG", exif=exif(orientation), **options)
    expected = read(reader, tmp_path, encoded(Image.fromarray(upright), "JPEG", **options), box)
    assert whole_levels(read(reader, tmp_path, turned, box), expected).max() <= 6
    photograph = reader.read(tmp_path / "photograph")
    assert (photograph.width, photograph.height) == (48, 64)


@pytest.mark.parametrize("orientation", sorted(STORED))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_orientation_elsewhere(tmp_path: Path, kind: str, orientation: int) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(as_stored(DRAWN, orientation), kind, exif=exif(orientation), **options)
    assert np.array_equal(read(ImageReader(SPEC), tmp_path, data), DRAWN)


def test_orientation_behind_the_pixels_of_a_png(tmp_path: Path) -> None:
    end = png_chunk(b"IEND", b"")
    data = encoded(as_stored(DRAWN, 6), "PNG")
    assert data.endswith(end)
    data = data.removesuffix(end) + png_chunk(b"eXIf", exif(6).removeprefix(b"Exif\0\0")) + end
    assert np.array_equal(read(ImageReader(SPEC), tmp_path, data), DRAWN)


@pytest.mark.parametrize("nonsense", [exif(0), exif(9), b"Exif\0\0", b"Exif\0\0MM\0*\0\0\0", b"Exif\0\0XXXXXXXXXX"])
def test_nonsense_in_exif_costs_nothing(tmp_path: Path, reader: ImageReader, nonsense: bytes) -> None:
    plain = encoded(smooth(48, 64), "JPEG")
    data = encoded(smooth(48, 64), "JPEG", exif=nonsense)
    assert np.array_equal(read(reader, tmp_path, data), read(reader, tmp_path, plain))


@pytest.mark.filterwarnings("ignore:Tag data larger than file")
def test_other_tags_may_be_damaged(tmp_path: Path, reader: ImageReader) -> None:
    maker_beyond_the_end = struct.pack(">HHII", 271, 2, 50, 99_999)
    tags = struct.pack(">H", 2) + maker_beyond_the_end + struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0) + bytes(4)
    data = encoded(smooth(48, 64), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08" + tags)
    read(reader, tmp_path, data)
    photograph = reader.read(tmp_path / "photograph")
    assert (photograph.width, photograph.height) == (64, 48)


# Colours


def on_white(colour: Pixels, alpha: Pixels) -> npt.NDArray[np.float64]:
    share = alpha[..., None] / 255
    return colour * share + 255 * (1 - share)


def test_grey_and_progressive_jpeg(tmp_path: Path, reader: ImageReader) -> None:
    for mode, options in (("L", {}), ("RGB", {"progressive": True}), ("RGB", {"subsampling": 0})):
        data = encoded(smooth(32, 32).convert(mode), "JPEG", **options)
        expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        assert np.array_equal(read(reader, tmp_path, data), expected)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk(tmp_path: Path, reader: ImageReader, kind: str) -> None:
    image = Image.new("CMYK", (32, 32), (255, 128, 0, 64))
    expected = [(255 - 255) * 191 / 255, (255 - 128) * 191 / 255, 255 * 191 / 255]
    assert np.abs(read(reader, tmp_path, encoded(image, kind)) - expected).max() <= 2


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF"])
def test_palette(tmp_path: Path, reader: ImageReader, kind: str) -> None:
    image = Image.fromarray(DRAWN).quantize(64)
    expected = np.asarray(image.getpalette(), dtype=np.uint8).reshape(-1, 3)[np.asarray(image)]
    assert np.array_equal(read(reader, tmp_path, encoded(image, kind)), expected)


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_palette_with_one_transparent_colour(tmp_path: Path, reader: ImageReader, kind: str) -> None:
    image = Image.fromarray(DRAWN).quantize(64)
    indices = np.asarray(image)
    expected = np.asarray(image.getpalette(), dtype=np.uint8).reshape(-1, 3)[indices]
    expected[indices == 5] = 255
    assert (indices == 5).any()
    assert np.array_equal(read(reader, tmp_path, encoded(image, kind, transparency=5)), expected)


def test_palette_with_half_transparent_colours(tmp_path: Path, reader: ImageReader) -> None:
    image = Image.fromarray(DRAWN).quantize(64)
    alphas = np.arange(64, dtype=np.uint8) * 4
    colours = np.asarray(image.getpalette(), dtype=np.uint8).reshape(-1, 3)[np.asarray(image)]
    data = encoded(image, "PNG", transparency=alphas.tobytes())
    expected = on_white(colours, alphas[np.asarray(image)])
    assert np.abs(read(reader, tmp_path, data) - expected).max() <= 1


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True, "exact": True})])
def test_rgba_on_white(tmp_path: Path, reader: ImageReader, kind: str, options: dict[str, object]) -> None:
    image = Image.fromarray(np.dstack([DRAWN, ALPHA]), "RGBA")
    assert np.abs(read(reader, tmp_path, encoded(image, kind, **options)) - on_white(DRAWN, ALPHA)).max() <= 1


def test_grey_with_alpha_on_white(tmp_path: Path, reader: ImageReader) -> None:
    image = Image.fromarray(np.dstack([GREY, ALPHA]), "LA")
    expected = on_white(np.dstack([GREY] * 3), ALPHA)
    assert np.abs(read(reader, tmp_path, encoded(image, "PNG")) - expected).max() <= 1


def test_one_bit(tmp_path: Path, reader: ImageReader) -> None:
    image = Image.fromarray(GREY > 127)
    assert image.mode == "1"
    expected = np.dstack([np.where(GREY > 127, 255, 0)] * 3)
    for kind in ("PNG", "TIFF", "BMP", "GIF"):
        assert np.array_equal(read(reader, tmp_path, encoded(image, kind)), expected)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_of_grey(tmp_path: Path, reader: ImageReader, kind: str) -> None:
    values = np.random.default_rng(1).integers(0, 65_536, (32, 32), dtype=np.uint16)
    expected = np.dstack([np.rint(values / 65_535 * 255)] * 3)
    assert np.array_equal(read(reader, tmp_path, encoded(Image.fromarray(values), kind)), expected)


def test_sixteen_bits_of_grey_in_the_other_byte_order(tmp_path: Path, reader: ImageReader) -> None:
    values = np.random.default_rng(1).integers(0, 65_536, (32, 32), dtype=np.uint16)
    image = Image.frombytes("I;16B", (32, 32), values.astype(">u2").tobytes())
    expected = np.dstack([np.rint(values / 65_535 * 255)] * 3)
    assert np.array_equal(read(reader, tmp_path, encoded(image, "TIFF")), expected)


def sixteen_bit_png(values: npt.NDArray[np.uint16], colour_type: int) -> bytes:
    """A PNG by hand: Pillow cannot write these."""
    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">2I5B", width, height, 16, colour_type, 0, 0, 0)
    return png(header, zlib.compress(rows))


def test_sixteen_bits_of_colour(tmp_path: Path, reader: ImageReader) -> None:
    values = np.random.default_rng(1).integers(0, 65_536, (32, 32, 4), dtype=np.uint16)
    expected = values[..., :3] / 257.0
    assert np.abs(read(reader, tmp_path, sixteen_bit_png(values[..., :3], 2)) - expected).max() <= 1
    alpha = values[..., 3:] / 65_535
    expected = expected * alpha + 255 * (1 - alpha)
    assert np.abs(read(reader, tmp_path, sixteen_bit_png(values, 6)) - expected).max() <= 2


@pytest.mark.parametrize("full", [1, 255])
def test_floats(tmp_path: Path, reader: ImageReader, full: int) -> None:
    values = (GREY / 255 * full).astype(np.float32)
    values[0, :4] = [np.nan, -np.inf, -1, full]
    expected = np.dstack([GREY] * 3)
    expected[0, :4] = np.array([0, 0, 0, 255])[:, None]
    assert np.array_equal(read(reader, tmp_path, encoded(Image.fromarray(values), "TIFF")), expected)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "MPO"])
def test_first_of_several_frames(tmp_path: Path, reader: ImageReader, kind: str) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "lime", "blue")]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    with Image.open(io.BytesIO(data)) as animation:
        assert getattr(animation, "n_frames", 1) == 3
    assert np.abs(read(reader, tmp_path, data) - np.array([255.0, 0, 0])).max() <= 3


@pytest.mark.parametrize("kind", ["WEBP", "AVIF"])
def test_lossy_formats(tmp_path: Path, reader: ImageReader, kind: str) -> None:
    image = smooth(32, 32)
    data = encoded(image, kind, quality=95)
    assert whole_levels(read(reader, tmp_path, data), np.asarray(image)).mean() < 4


# What must not be read

KINDS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")


@pytest.mark.parametrize("kind", KINDS)
def test_cut_off(tmp_path: Path, reader: ImageReader, kind: str) -> None:
    data = encoded(Image.fromarray(np.tile(DRAWN, (4, 4, 1))), kind)
    for share in (0.02, 0.3, 0.6, 0.9):
        failure(reader, tmp_path, data[: int(len(data) * share)])


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 2}])
def test_jpeg_cut_off_anywhere(tmp_path: Path, reader: ImageReader, options: dict[str, object]) -> None:
    data = encoded(smooth(32, 32), "JPEG", **options)
    for length in [*range(0, len(data) - 60, 11), *range(len(data) - 60, len(data))]:
        failure(reader, tmp_path, data[:length])
    read(reader, tmp_path, data)


def test_what_follows_a_whole_jpeg_does_not_matter(tmp_path: Path, reader: ImageReader) -> None:
    data = encoded(smooth(32, 32), "JPEG")
    assert np.array_equal(read(reader, tmp_path, data + b"SEFT\0trailer"), read(reader, tmp_path, data))


@pytest.mark.parametrize("kind", KINDS)
def test_more_pixels_than_allowed(tmp_path: Path, fast: bool, kind: str) -> None:
    data = encoded(smooth(40, 30), kind)
    reason = failure(ImageReader(SPEC, fast=fast, max_pixels=1_199), tmp_path, data)
    assert reason == "40 x 30 = 1,200 pixels, over the limit of 1,199"
    read(ImageReader(SPEC, fast=fast, max_pixels=1_200), tmp_path, data)


def claiming(kind: str, width: int, height: int) -> bytes:
    """A small file whose header says that it is large."""
    if kind == "PNG":
        return png(struct.pack(">2I5B", width, height, 1, 0, 0, 0, 0), b"")
    data = bytearray(encoded(Image.new("P", (8, 8)), kind) if kind == "GIF" else encoded(smooth(8, 8), kind))
    if kind == "JPEG":
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = struct.pack(">2H", height, width)
    elif kind == "GIF":
        data[6:10] = struct.pack("<2H", width, height)
    elif kind == "BMP":
        data[18:26] = struct.pack("<2i", width, height)
    elif kind == "TIFF":
        for tag, value in ((256, width), (257, height)):
            at = data.index(struct.pack("<HHI", tag, 4, 1))
            data[at : at + 12] = struct.pack("<HHII", tag, 4, 1, value)
    return bytes(data)


@pytest.mark.parametrize("size", [(11_000, 10_000), (60_000, 60_000)])  # Pillow warns of the first, refuses both
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF"])
def test_bomb(tmp_path: Path, reader: ImageReader, kind: str, size: tuple[int, int]) -> None:
    limit = "89,478,485" if kind in ("GIF", "TIFF") else "100,000,000"
    count = f"{size[0] * size[1]:,}"
    reason = failure(reader, tmp_path, claiming(kind, *size))
    assert reason == f"{size[0]} x {size[1]} = {count} pixels, over the limit of {limit}"


def test_webp_bomb(tmp_path: Path, reader: ImageReader) -> None:
    data = bytearray(encoded(smooth(8, 8), "WEBP", lossless=True))
    at = data.index(b"VP8L") + 9
    data[at : at + 4] = (int.from_bytes(data[at : at + 4], "little") | 0x0FFFFFFF).to_bytes(4, "little")
    assert "pixels" in failure(reader, tmp_path, bytes(data))  # 16,384 x 16,384


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b"Dear diary,\n", "not a photograph (JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF)"),
        (b"%PDF-1.7\n", "not a photograph (JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF)"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC cannot be read: save it as JPEG"),
        (b"\xff\xd8\xff", "damaged header (not identified by this driver)"),
    ],
)
def test_no_photograph(tmp_path: Path, reader: ImageReader, data: bytes, reason: str) -> None:
    assert failure(reader, tmp_path, data) == reason


def test_damaged_bytes_are_judged_alike(tmp_path: Path) -> None:
    data = encoded(smooth(48, 64), "JPEG", quality=95)
    readers = [ImageReader(SPEC, fast=fast) for fast in (False, True)]
    random = np.random.default_rng(0)
    read_anyway = 0
    for _ in range(150):
        damaged = bytearray(data)
        damaged[random.integers(3, len(data))] = random.integers(256)
        results: list[Pixels | None] = []
        for reader in readers:
            try:
                results.append(read(reader, tmp_path, bytes(damaged)))
            except ImageError:
                results.append(None)
        pillow, fast = results
        assert (pillow is None) == (fast is None)
        if pillow is not None and fast is not None:
            assert whole_levels(pillow, fast).max() <= 1
            read_anyway += 1
    assert 0 < read_anyway < 150


# Boxes and thumbnails


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "-1,0,5,5", "0,0,0,5", "0,0,5,-1", "1.5,0,5,5"])
def test_box_that_means_nothing(text: str) -> None:
    with pytest.raises(UsageError, match="box"):
        Box.parse(text)


def test_box_is_cut_out_before_scaling(tmp_path: Path, reader: ImageReader) -> None:
    data = encoded(smooth(90, 70), "JPEG")
    pixels = np.asarray(Image.open(io.BytesIO(data)))
    expected = plainly_scaled(pixels[10:50, 20:84], 32, 20)
    found = read(reader, tmp_path, data, Box.parse("20, 10, 64, 40"))
    assert whole_levels(found[6:26], expected).max() <= 1
    assert (found[:6] == 255).all()
    photograph = reader.read(tmp_path / "photograph", Box(20, 10, 64, 40))
    assert (photograph.width, photograph.height) == (90, 70)
    assert np.array_equal(read(reader, tmp_path, data, Box(0, 0, 90, 70)), read(reader, tmp_path, data))


@pytest.mark.parametrize("box", [Box(0, 0, 91, 70), Box(0, 1, 90, 70), Box(900, 900, 1, 1)])
def test_box_beyond_the_photograph(tmp_path: Path, reader: ImageReader, box: Box) -> None:
    with pytest.raises(UsageError, match=f"photograph: box {box} reaches beyond the photograph") as raised:
        read(reader, tmp_path, encoded(smooth(90, 70), "JPEG"), box)
    assert raised.value.hint == "it has 90 x 70 pixels"
    with pytest.raises(UsageError):
        thumbnail(tmp_path / "photograph", 20, box)


def shown(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    assert image.format == "JPEG"
    return image


@pytest.mark.parametrize("orientation", [1, 6])
def test_thumbnail(tmp_path: Path, orientation: int) -> None:
    upright = smooth(480, 640, slowness=10)
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(as_stored(np.asarray(upright), orientation), "JPEG", exif=exif(orientation)))
    for box, size in ((None, (48, 64)), (Box(40, 100, 400, 200), (64, 32)), (Box(3, 5, 16, 24), (16, 24))):
        image = shown(thumbnail(path, 64, box))
        assert image.size == size
        part = upright if box is None else upright.crop((box.x, box.y, box.x + box.width, box.y + box.height))
        expected = part.resize(size, Image.Resampling.BOX)
        assert whole_levels(np.asarray(image), np.asarray(expected)).mean() < 8


def test_thumbnail_of_anything(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for image, kind in (
        (Image.new("RGBA", (30, 20), (255, 0, 0, 0)), "PNG"),
        (Image.new("CMYK", (30, 20)), "JPEG"),
    ):
        path.write_bytes(encoded(image, kind))
        assert shown(thumbnail(path, 100)).size == (30, 20)
        assert np.asarray(shown(thumbnail(path, 100))).min() > 250  # white
    path.write_bytes(b"nothing")
    with pytest.raises(ImageError, match="not a photograph"):
        thumbnail(path, 100)


# Threads and start-up


def test_many_threads_read_the_same_as_one(tmp_path: Path, reader: ImageReader) -> None:
    paths = []
    for number in range(48):
        kind = KINDS[number % len(KINDS)]
        path = tmp_path / f"{number}.{kind}"
        path.write_bytes(encoded(smooth(60 + number, 50), kind))
        paths.append(path)
    expected = [reader.read(path) for path in paths]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(reader.read, paths))
    assert [photograph.sha256 for photograph in found] == [photograph.sha256 for photograph in expected]
    for a, b in zip(found, expected, strict=True):
        assert np.array_equal(a.pixels, b.pixels)


def test_torch_is_not_imported_and_nothing_of_pillow_is_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(smooth(60, 50), "JPEG"))
    program = f"""
import sys
from pathlib import Path
from PIL import Image, ImageFile
before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
from fashion_cli.data.images import ImageReader, thumbnail
from fashion_cli.model_cards import InputSpec
ImageReader(InputSpec(32, 32)).read(Path({str(path)!r}))
thumbnail(Path({str(path)!r}), 20)
assert not {{"torch", "torchvision"}} & set(sys.modules)
assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, cwd=Path(__file__).parents[2])


def test_threads_of_torch_are_left_alone(tmp_path: Path) -> None:
    import torch

    before = torch.get_num_threads(), torch.get_num_interop_threads()
    read(ImageReader(SPEC, fast=True), tmp_path, encoded(smooth(60, 50), "JPEG"))
    assert (torch.get_num_threads(), torch.get_num_interop_threads()) == before


def test_scaling_is_symmetric() -> None:
    """The oracle itself: a mirrored picture scales to the mirrored result."""
    pixels = np.asarray(smooth(41, 23))
    mirrored = plainly_scaled(pixels[:, ::-1], 17, 9)[:, ::-1]
    assert whole_levels(plainly_scaled(pixels, 17, 9), mirrored).max() <= 1
    assert math.isclose(plainly_scaled(pixels, 17, 9).mean(), pixels.mean(), rel_tol=0.05)
