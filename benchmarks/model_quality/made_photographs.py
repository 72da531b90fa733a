"""Photographs that are made for a measurement, each kind with a manifest that is written when all of it is there.

Copies are heavily changed shop photographs, close-ups two disjoint parts of one garment photographed at home, garments
what the masks of street photographs cover. Everything random follows from the photograph's name.
"""

import argparse
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps
from torchvision.transforms.functional import InterpolationMode, perspective

from benchmarks import retrieval_sets
from benchmarks.retrieval_sets import Row, another_background, crop
from fashion_cli.data.annotations import Annotation, read_manifest

SEED = "model quality 1"
BACKGROUND, PERSPECTIVE, CROP, MIRROR, CAST = 0.5, 0.5, 0.5, 0.5, 0.5  # how often each change is made
MOST_PERSPECTIVE = 0.15  # of a side that a corner moves inwards
LIGHT = (0.65, 1.4)  # brightness, contrast, saturation
CHANNEL = (0.85, 1.15)  # gains of red, green and blue under another light
QUALITY = (15, 60)  # of JPEG
CLOSE_UP = 0.4  # of the short side of a photograph
CLOSE_UP_LIGHT = (0.85, 1.15)  # brightness of the second beside the first
NO_CLOTH = ("", "hat", "shoes")

Make = Callable[[Path, Path], list[Row]]


def copies(data: Path, work: Path) -> list[Annotation]:
    """A heavily changed copy of each `val` photograph of the shop; `item_id` says which."""
    return _made("copies", _make_copies, data, work)


def close_ups(data: Path, work: Path) -> list[Annotation]:
    """Two parts of each garment; `item_id` says of which photograph, `kind` is `first` or `second`."""
    return _made("close-ups", _make_close_ups, data, work)


def garments(data: Path, work: Path) -> list[Annotation]:
    """The garments of `val` photographs of the street, cut out; `photograph` says of which."""
    return _made("garments", _make_garments, data, work)


def _made(kind: str, make: Make, data: Path, work: Path) -> list[Annotation]:
    folder = work / "photographs"
    manifest = folder / f"{kind}.csv"
    if not manifest.exists():
        folder.mkdir(parents=True, exist_ok=True)
        retrieval_sets.write(manifest, make(data, folder))
    return list(read_manifest(manifest))


def _make_copies(data: Path, folder: Path) -> list[Row]:
    scenes = [each.path for each in _manifest(data, "street") if each.split == "train"]
    rows = []
    for each in _manifest(data, "catalog", split="val"):
        rng = random_of(each.path)
        path = _saved(changed(each.path, scenes, rng), folder / "copies" / each.path.name, int(rng.integers(*QUALITY)))
        rows.append(Row(path, each.values["item_id"], each.path.stem, "copy", "val"))
    return rows


def changed(photograph: Path, scenes: Sequence[Path], rng: np.random.Generator) -> Image.Image:
    """A shop photograph after a chance choice of changes.

    Args:
        photograph: On white.
        scenes: What another background is cut from.
        rng: Decides.
    """
    image = Image.open(photograph).convert("RGB")
    if rng.random() < BACKGROUND:
        image = another_background(image, Image.open(scenes[int(rng.integers(len(scenes)))]), rng)
    if rng.random() < PERSPECTIVE:
        image = from_another_side(image, rng)
    if rng.random() < CROP:
        image = crop(image, rng)
    if rng.random() < MIRROR:
        image = ImageOps.mirror(image)
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        image = enhance(image).enhance(rng.uniform(*LIGHT))
    return colour_cast(image, rng) if rng.random() < CAST else image


def from_another_side(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The part of a photograph that a camera sees which does not stand right in front of it."""
    width, height = image.size
    moved = rng.uniform(0, MOST_PERSPECTIVE, (4, 2)) * (width, height)
    corners = [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]]
    inwards = [[1, 1], [-1, 1], [-1, -1], [1, -1]]
    seen = [
        [round(x + dx * mx), round(y + dy * my)]
        for (x, y), (dx, dy), (mx, my) in zip(corners, inwards, moved, strict=True)
    ]
    view: Image.Image = perspective(image, seen, corners, interpolation=InterpolationMode.BILINEAR)
    return view


def colour_cast(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The same under light of another colour."""
    lit = np.asarray(image, np.float32) * rng.uniform(*CHANNEL, 3)
    return Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8))


def _make_close_ups(data: Path, folder: Path) -> list[Row]:
    rows = []
    for each in _manifest(data, "clothing", split="val"):
        if each.values["category"] in NO_CLOTH:
            continue
        for kind, part in zip(
            ("first", "second"), two_parts(Image.open(each.path).convert("RGB"), random_of(each.path)), strict=True
        ):
            path = _saved(part, folder / "close-ups" / f"{each.path.stem}-{kind}.jpg", 90)
            rows.append(Row(path, each.path.stem, each.values["sender"], kind, "val"))
    return rows


def two_parts(photograph: Image.Image, rng: np.random.Generator) -> tuple[Image.Image, Image.Image]:
    """Two squares from the middle of a photograph that touch but do not overlap, the second in slightly other light."""
    side = round(CLOSE_UP * min(photograph.size))
    x, y = photograph.width / 2, photograph.height / 2
    across, jitter = rng.random() < 0.5, rng.uniform(-0.25, 0.25, 2) * side
    first = (x - side, y - side / 2 + jitter[0]) if across else (x - side / 2 + jitter[0], y - side)
    second = (x, y - side / 2 + jitter[1]) if across else (x - side / 2 + jitter[1], y)
    parts = [
        photograph.crop((left, top, left + side, top + side))
        for left, top in (map(round, corner) for corner in (first, second))
    ]
    return parts[0], ImageEnhance.Brightness(parts[1]).enhance(rng.uniform(*CLOSE_UP_LIGHT))


def _make_garments(data: Path, folder: Path) -> list[Row]:
    names = json.loads((data / "street" / "mask_labels.json").read_text())
    options = argparse.Namespace(data=data, out=folder)
    return [
        row
        for each in _manifest(data, "street", split="val")
        for row in retrieval_sets.cut_garments(each, names, options)
    ]


def _manifest(data: Path, name: str, split: str = "") -> list[Annotation]:
    return [each for each in read_manifest(data / name / f"{name}.csv") if split in ("", each.split)]


def random_of(photograph: Path) -> np.random.Generator:
    digest = hashlib.sha256(f"{SEED}\0{photograph.name}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def _saved(image: Image.Image, path: Path, quality: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, quality=quality)
    return path.resolve()
