"""The four sets of photographs in small, drawn: what a photograph shows can be seen in it, more or less."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = (32, 40)
COLOURS = {"Red": (200, 30, 30), "Blue": (30, 30, 200)}
NEW_LABELS = {
    "sleeve": ("long", "short", "na"),
    "neckline": ("round", "v", ""),
    "closure": ("none", "zip"),
    "pattern": ("solid", "striped"),
    "length": ("hip", "long"),
    "shot": ("worn", "flat"),
    "person": ("whole", "none"),
}


def draw_sets(data: Path) -> Path:
    """All of them with their manifests, in a new folder."""
    rng = np.random.default_rng(0)
    _catalog(data / "catalog", rng)
    _clothing(data / "clothing", rng)
    _street(data / "street", rng)
    _views(data / "views", rng)
    return data


def _catalog(folder: Path, rng: np.random.Generator) -> None:
    rows = []
    for number in range(100):
        kind, colour = ("Tshirts", "Shirts")[number % 2], ("Red", "Blue")[number // 2 % 2]
        rows.append(
            {
                "path": _draw(folder, number, COLOURS[colour], rng, narrow=kind == "Shirts"),
                "item_id": str(number),
                "article_type": kind,
                "base_colour": colour,
                "gender": ("Men", "Women")[number % 2],
                "usage": ("Casual", "Formal")[number // 2 % 2],
                "split": "val" if number >= 80 else "train",
            }
        )
    _write(folder / "catalog.csv", rows)
    _write(folder / "attributes.csv", [_new_labels(number, row) for number, row in enumerate(rows)])


def _clothing(folder: Path, rng: np.random.Generator) -> None:
    rows = []
    for number in range(96):
        category = "skirt" if number % 24 == 5 else ("t-shirt", "shirt", "hat")[number % 3] if number else ""
        rows.append(
            {
                "path": _draw(folder, number, COLOURS[("Red", "Blue")[number % 2]], rng, narrow=category == "shirt"),
                "category": category,
                "sender": str(number // 4),
                "split": "val" if number >= 72 else "train",
            }
        )
    _write(folder / "clothing.csv", rows)
    _write(folder / "attributes.csv", [_new_labels(number, row) for number, row in enumerate(rows)])
    judged = [(rows[query]["path"], f"images/{hit}.jpg", hit % 4) for query in (80, 81, 82) for hit in range(12)]
    judgements = [dict(zip(("query", "hit", "grade"), each, strict=True)) for each in judged]
    _write(folder / "judgements.csv", judgements)


def _street(folder: Path, rng: np.random.Generator) -> None:
    (folder / "masks").mkdir(parents=True)
    (folder / "mask_labels.json").write_text(json.dumps(["null", "dress"]))
    rows, styles = [], []
    for number in range(80):
        split = "val" if number >= 60 else "train"
        path = _draw(folder, number, COLOURS[("Red", "Blue")[number % 2]], rng, narrow=False)
        mask = f"masks/{number}.png"
        Image.fromarray(np.pad(np.ones((20, 12), np.uint8), ((10, 10), (10, 10)))).save(folder / mask)
        tags = "dress;shoes" if number % 2 else "shoes"
        rows.append({"path": path, "tags": tags, "mask": mask if number % 4 else "", "split": split})
        styles.append({"path": path, "split": split, "styles": "casual;retro" if number % 5 else "casual"})
    styles += [{**each, "split": "train"} for each in styles if each["split"] == "train"][:5]  # 53 times retro
    _write(folder / "street.csv", rows)
    _write(folder / "styles.csv", styles)


def _views(folder: Path, rng: np.random.Generator) -> None:
    rows = []
    for number in range(8):
        path = _draw(folder, number, COLOURS[("Red", "Blue")[number // 2 % 2]], rng, narrow=False)
        item, split = str(number // 2), "val" if number >= 4 else "train"
        rows.append({"path": path, "item_id": item, "product": item, "split": split})
    _write(folder / "views.csv", rows)


def _new_labels(number: int, row: Mapping[str, object]) -> dict[str, object]:
    labels = {column: values[number % len(values)] for column, values in NEW_LABELS.items()}
    return {"path": row["path"], "split": row["split"], **labels}


def _draw(folder: Path, number: int, colour: tuple[int, int, int], rng: np.random.Generator, *, narrow: bool) -> str:
    """A block of a colour on white, its place and shade by chance."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    pixels = np.full((SIZE[1], SIZE[0], 3), 255, np.uint8)
    top, left = rng.integers(3, 8, 2)
    block = pixels[top : top + 28, left : left + (8 if narrow else 18)]
    block[:] = np.clip(np.array(colour) + rng.integers(-25, 25, 3), 0, 255)
    Image.fromarray(pixels).save(folder / "images" / f"{number}.jpg", quality=95)
    return f"images/{number}.jpg"


def _write(file: Path, rows: Sequence[Mapping[str, object]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
