"""Three sets of photographs that show one garment twice, two of them made of photographs that have no second view.

    python -m benchmarks.retrieval_sets --data DATA --out DIR

DATA holds `views/` (several photographs of each item), `street/` (photographs, garment masks, their names) and
`catalog/` (photographs on white). DIR gets:

- `views.csv`: the views, with the product whose colourways are easily confused as `kind`.
- `garments/`: each garment that covers enough of a street photograph, cut out by its mask and put on white.
  `garments.csv` pairs it with its whole photograph for training; `garments-eval.csv` has the cut garments of `val` as
  split `query` and all whole photographs as split `gallery` (item column `photograph`).
- `copies/`: one heavily changed copy of each catalog photograph: another background, a crop, a mirror image, a turn,
  other light, hard JPEG. `copies.csv` and `copies-eval.csv` likewise (item column `item_id`).

The same call makes the same files: everything random follows from the photograph's path.
"""

import argparse
import csv
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from fashion_cli.data.annotations import Annotation, read_manifest

UPPER = ("blouse", "bodysuit", "hoodie", "jumper", "shirt", "sweater", "sweatshirt", "t-shirt", "top", "vest")
OUTER = ("blazer", "cape", "cardigan", "coat", "jacket")
LOWER = ("jeans", "leggings", "pants", "shorts", "skirt")
WHOLE = ("dress", "romper", "suit")
GARMENTS = frozenset((*UPPER, *OUTER, *LOWER, *WHOLE, "bag", "purse"))
LEAST_SHARE = 0.02  # of the photograph that a garment covers
MARGIN = 0.05  # of a garment's longer side, left white around it
NEARLY_WHITE = 24  # largest distance from white, per channel, of what counts as a shop's background

Pixels = npt.NDArray[np.uint8]
COLUMNS = ("path", "item_id", "photograph", "kind", "split")


@dataclass(frozen=True)
class Row:
    """A line of a manifest."""

    path: Path
    item_id: str
    photograph: str
    kind: str
    split: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    street = list(read_manifest(options.data / "street" / "street.csv"))
    names = json.loads((options.data / "street" / "mask_labels.json").read_text())
    with ThreadPoolExecutor() as threads:
        cut = [row for rows in threads.map(lambda each: cut_garments(each, names, options), street) for row in rows]
        catalog = list(read_manifest(options.data / "catalog" / "catalog.csv"))
        backgrounds = [each.path for each in street if each.split == "train"]
        copied = list(threads.map(lambda each: change(each, backgrounds, options), catalog))
    write(options.out / "views.csv", views(options.data))
    whole = {str(each.path): Row(each.path.resolve(), "", each.path.stem, "whole", each.split) for each in street}
    by_stem = {row.photograph: row for row in whole.values()}
    pairs = [
        row
        for garment in cut
        for row in (
            garment,
            Row(by_stem[garment.photograph].path, garment.item_id, garment.photograph, "whole", garment.split),
        )
    ]
    write(options.out / "garments.csv", pairs)
    write(
        options.out / "garments-eval.csv", [*as_split(of_val(cut), "query"), *as_split(list(whole.values()), "gallery")]
    )
    originals = [
        Row(each.path.resolve(), each.values["item_id"], each.path.stem, "original", each.split) for each in catalog
    ]
    write(options.out / "copies.csv", [*originals, *copied])
    write(options.out / "copies-eval.csv", [*as_split(of_val(copied), "query"), *as_split(originals, "gallery")])


def views(data: Path) -> list[Row]:
    return [
        Row(each.path.resolve(), each.values["item_id"], each.path.stem, each.values["product"], each.split)
        for each in read_manifest(data / "views" / "views.csv")
    ]


def cut_garments(photograph: Annotation, names: Sequence[str], options: argparse.Namespace) -> list[Row]:
    """Cut the garments of a street photograph out and save each on white."""
    if not photograph.values["mask"]:
        return []
    labels = np.asarray(Image.open(options.data / "street" / photograph.values["mask"]))  # (H, W) palette indices
    pixels = np.asarray(Image.open(photograph.path).convert("RGB"))
    if labels.shape != pixels.shape[:2]:
        labels = np.asarray(Image.fromarray(labels).resize(pixels.shape[1::-1], Image.Resampling.NEAREST))
    rows = []
    for label in np.unique(labels).tolist():
        mask = labels == label
        if names[label] not in GARMENTS or mask.mean() < LEAST_SHARE:
            continue
        stem = photograph.path.stem
        path = options.out / "garments" / f"{stem}-{names[label]}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(on_white(pixels, mask)).save(path)
        rows.append(Row(path.resolve(), f"{stem}:{names[label]}", stem, names[label], photograph.split))
    return rows


def on_white(pixels: Pixels, mask: npt.NDArray[np.bool_]) -> Pixels:
    """The masked part of (H, W, 3) pixels on white, with a margin."""
    down, across = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    part = (slice(down[0], down[-1] + 1), slice(across[0], across[-1] + 1))
    cut = np.where(mask[part][..., None], pixels[part], np.uint8(255))
    margin = round(MARGIN * max(cut.shape[:2]))
    return np.pad(cut, ((margin, margin), (margin, margin), (0, 0)), constant_values=255)


def change(photograph: Annotation, backgrounds: Sequence[Path], options: argparse.Namespace) -> Row:
    """Save a heavily changed copy of a shop photograph."""
    digest = hashlib.sha256(photograph.path.name.encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    image = Image.open(photograph.path).convert("RGB")
    image = another_background(image, Image.open(backgrounds[int(rng.integers(len(backgrounds)))]), rng)
    image = image.rotate(rng.uniform(-12, 12), Image.Resampling.BILINEAR, fillcolor=(128, 128, 128))
    image = crop(image, rng)
    if rng.random() < 0.5:
        image = ImageOps.mirror(image)
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        image = enhance(image).enhance(rng.uniform(0.65, 1.4))
    path = options.out / "copies" / photograph.path.name
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, quality=int(rng.integers(15, 45)))
    return Row(path.resolve(), photograph.values["item_id"], photograph.path.stem, "copy", photograph.split)


def another_background(image: Image.Image, scene: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Replace what is nearly white and reaches the border by a blurred part of a street photograph."""
    flooded = image.copy()
    marker = (255, 0, 255)
    width, height = image.size
    for corner in ((0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)):
        if np.asarray(flooded)[corner[1], corner[0]].min() >= 255 - NEARLY_WHITE:
            ImageDraw.floodfill(flooded, corner, marker, thresh=NEARLY_WHITE)
    background = Image.fromarray((np.asarray(flooded) == marker).all(axis=2))
    scene = ImageOps.fit(scene.convert("RGB"), image.size, centering=(rng.random(), rng.random()))
    return Image.composite(scene.filter(ImageFilter.GaussianBlur(3)), image, background)


def crop(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A random part of at least half of the area."""
    scale = np.sqrt(rng.uniform(0.5, 0.85))
    width, height = round(image.width * scale), round(image.height * scale)
    left, top = rng.integers(image.width - width + 1), rng.integers(image.height - height + 1)
    return image.crop((int(left), int(top), int(left) + width, int(top) + height))


def of_val(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.split == "val"]


def as_split(rows: Sequence[Row], split: str) -> Iterator[Row]:
    for row in rows:
        yield Row(row.path, row.item_id, row.photograph, row.kind, split)


def write(path: Path, rows: Sequence[Row]) -> None:
    """Write a manifest."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([getattr(row, column) for column in COLUMNS] for row in rows)
    path.write_text(text.getvalue())


if __name__ == "__main__":
    main()
