"""Draw a gallery of clothing-like pictures. The same arguments always draw the same pixels.

python examples/draw_garments.py gallery examples/out/gallery --count 120
python examples/draw_garments.py one query.png --kind dress --colour red --pattern dotted --variation 7
"""

import argparse
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from drawing.cloth import Sheet, View
from drawing.garments import COLOURS, KINDS, Design

PATTERNS = ("plain", "striped", "checked", "dotted")


def draw(design: Design) -> Image.Image:
    """A picture of 360 x 480 pixels; the same design always gives the same pixels."""
    random = np.random.default_rng(zlib.crc32(design.file_name.encode()))
    shift = (float(random.uniform(-7, 7)), float(random.uniform(-7, 7)))
    sheet = Sheet(random, View(float(random.uniform(0.94, 1.03)), float(random.uniform(-3, 3)), shift))
    KINDS[design.kind].draw(sheet, design)
    return sheet.image()


def designs(count: int) -> Iterator[Design]:
    """The first `count` designs: every kind in turn, each time in another colour and pattern."""
    colours, kinds = list(COLOURS), list(KINDS)
    for number in range(count):
        look, place = divmod(number, len(kinds))
        patterns = KINDS[kinds[place]].patterns
        colour, pattern = colours[(look + 5 * place) % len(colours)], patterns[look % len(patterns)]
        yield Design(kinds[place], colour, pattern, variation=look)


def draw_gallery(folder: Path, count: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for design in designs(count):
        draw(design).save(folder / design.file_name, quality=92)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    gallery = commands.add_parser("gallery", help="draw many pictures into a folder")
    gallery.add_argument("folder", type=Path)
    gallery.add_argument("--count", type=int, default=120)
    one = commands.add_parser("one", help="draw one picture")
    one.add_argument("file", type=Path)
    one.add_argument("--kind", choices=KINDS, required=True)
    one.add_argument("--colour", choices=COLOURS, default="red")
    one.add_argument("--pattern", choices=PATTERNS, default="plain")
    one.add_argument("--variation", type=int, default=0)
    chosen = parser.parse_args(arguments)
    if chosen.command == "gallery":
        draw_gallery(chosen.folder, chosen.count)
    else:
        draw(Design(chosen.kind, chosen.colour, chosen.pattern, chosen.variation)).save(chosen.file)


if __name__ == "__main__":
    main()
