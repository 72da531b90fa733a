"""A tree in the layout of DeepFashion In-shop, of drawn garments: several photographs of each, by different cameras."""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

EXAMPLES = Path(__file__).parents[2] / "examples"
VIEWS = ("1_front", "2_side", "3_back", "7_additional")
SIZE = (60, 80)


def draw_in_shop(root: Path, *, training: int, testing: int) -> None:
    """Draw items and write `Img/` and `Eval/list_eval_partition.txt`.

    Args:
        root: The new tree.
        training: Items whose photographs are in `train`.
        testing: Items whose first two photographs are queries, and whose others are in the gallery.
    """
    lines = []
    for number, (kind, picture) in enumerate(_pictures(training + testing), start=1):
        for view, name in enumerate(VIEWS):
            path = f"img/WOMEN/{kind}/id_{number:08}/0{view + 1}_{name}.jpg"
            split = "train" if number <= training else "query" if view < 2 else "gallery"
            lines.append(f"{path} id_{number:08} {split}")
            file = root / "Img" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            _another_camera(picture, np.random.default_rng((number, view))).save(file, quality=85)
    (root / "Eval").mkdir()
    text = "\n".join([str(len(lines)), "image_name item_id evaluation_status", *lines])
    (root / "Eval" / "list_eval_partition.txt").write_text(text + "\n")


def _pictures(count: int) -> Sequence[tuple[str, Image.Image]]:
    sys.path.insert(0, str(EXAMPLES))
    from draw_garments import draw
    from drawing.garments import COLOURS, KINDS, Design

    designs = [
        Design(kind, colour, pattern) for kind in KINDS for colour in COLOURS for pattern in KINDS[kind].patterns
    ]
    chosen = np.random.default_rng(0).permutation(len(designs))[:count]
    return [(designs[number].kind.title(), ImageOps.fit(draw(designs[number]), SIZE)) for number in chosen.tolist()]


def _another_camera(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Turned, cut, mirrored, in other light, on another ground."""
    ground = Image.new("RGB", picture.size, tuple(int(value) for value in rng.integers(150, 256, 3)))
    on_ground = Image.composite(picture, ground, picture.convert("L").point(lambda value: 255 * (value < 236)))
    turned = on_ground.rotate(float(rng.uniform(-15, 15)), fillcolor=ground.getpixel((0, 0)))
    width, height = (round(side * float(rng.uniform(0.8, 0.97))) for side in picture.size)
    left, top = (int(rng.integers(side - part + 1)) for side, part in zip(SIZE, (width, height), strict=True))
    part = turned.crop((left, top, left + width, top + height)).resize(SIZE)
    lit = ImageEnhance.Brightness(part).enhance(float(rng.uniform(0.92, 1.08)))
    return ImageOps.mirror(lit) if rng.random() < 0.5 else lit
