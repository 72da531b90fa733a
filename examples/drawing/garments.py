"""Eight garments, each as a shop would photograph it: laid flat or standing, from the front, on white."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from drawing.cloth import Cloth, Colour, Fold, Sheet
from drawing.outlines import Point, both, flip, outline

COLOURS: dict[str, Colour] = {
    "red": (188, 36, 46),
    "navy": (36, 48, 88),
    "black": (38, 38, 42),
    "white": (240, 240, 238),
    "green": (48, 112, 78),
    "blue": (70, 124, 190),
    "yellow": (230, 188, 58),
    "pink": (230, 148, 172),
    "grey": (142, 144, 148),
    "brown": (122, 80, 52),
    "beige": (208, 188, 156),
    "purple": (112, 72, 134),
}
WHITE, DARK = COLOURS["white"], (52, 52, 58)
METAL, RUBBER, BUTTON = (196, 192, 180), (236, 234, 228), (232, 228, 218)


@dataclass(frozen=True)
class Design:
    """One garment as a shop would list it.

    Attributes:
        kind: A key of `KINDS`.
        colour: A key of `COLOURS`.
        pattern: "plain", "striped", "checked" or "dotted".
        variation: Changes the cut, the folds and the camera, not what it is.
    """

    kind: str
    colour: str
    pattern: str = "plain"
    variation: int = 0

    @property
    def file_name(self) -> str:
        return f"{self.kind}-{self.colour}-{self.pattern}-{self.variation:02d}.jpg"

    @property
    def contrast(self) -> Colour:
        """Dark on a light ground, white on any other."""
        return DARK if sum(COLOURS[self.colour]) > 560 else WHITE

    def cloth(self, cell: float, gloss: float = 0.12, upright: bool = False) -> Cloth:
        """The cloth of this design; `upright` makes its stripes run along the garment."""
        pattern = "upright" if upright and self.pattern == "striped" else self.pattern
        return Cloth(COLOURS[self.colour], pattern, self.contrast, cell, gloss)


def shade(colour: Colour, by: float) -> Colour:
    """The same colour, darker or lighter."""
    red, green, blue = (min(round(value * by), 255) for value in colour)
    return red, green, blue


def thread(cloth: Cloth) -> Colour:
    """Thread that matches the cloth and can still be seen on it."""
    return shade(cloth.colour, 0.72)


def fold(text: str, width: float, depth: float, side: int = 1) -> Fold:
    """A fold from the first point of "x,y x,y" to the second; `side` -1 mirrors it."""
    (ax, ay), (bx, by) = outline(text, wide=side)
    return Fold((ax, ay), (bx, by), width, depth)


def scatter(sheet: Sheet, folds: Sequence[Fold], by: float = 5.0) -> list[Fold]:
    """No two garments crease at the same place."""
    moved = []
    for each in folds:
        dx, dy, ex, ey = sheet.random.normal(0, by, 4)
        deeper = float(sheet.random.uniform(0.6, 1.3))
        start, end = (each.start[0] + dx, each.start[1] + dy), (each.end[0] + ex, each.end[1] + ey)
        moved.append(Fold(start, end, each.width, each.depth * deeper, each.open))
    return moved


def hanging(sheet: Sheet, count: int, top: Point, bottom: Point) -> list[Fold]:
    """Folds that fan out from a waist: `top` and `bottom` are (half width, y)."""
    places = np.linspace(-0.88, 0.88, count) + sheet.random.normal(0, 0.04, count)
    depths = sheet.random.uniform(0.08, 0.2, count)
    return [
        Fold((place * top[0], top[1]), (place * bottom[0], bottom[1]), 7.0, float(depth), open=True)
        for place, depth in zip(places, depths, strict=True)
    ]


def body_folds(sheet: Sheet) -> list[Fold]:
    """What the front of a top shows: drags from the armpits and around the waist, two long soft waves."""
    drags = [("70,140 34,182", 7), ("74,158 50,226", 8), ("72,250 20,270", 8), ("70,290 40,236", 9)]
    folds = [fold(text, width, 0.11, side) for side in (1, -1) for text, width in drags]
    return scatter(sheet, [*folds, fold("14,120 20,330", 16, 0.06), fold("-30,180 -22,330", 14, 0.07)])


def t_shirt(sheet: Sheet, design: Design) -> None:
    wide, long = sheet.random.uniform(0.96, 1.06), sheet.random.uniform(-14, 14)
    cloth = design.cloth(sheet.random.uniform(17, 24))
    sheet.part(both(outline("0,64 22,62 32,60! 26,90 0,100")), cloth, light=0.62)
    sleeve = outline("76,84! 98,94 116,124 136,166! 118,178 102,184! 74,150!")
    for side in (1, -1):
        creases = scatter(sheet, [fold("78,140 116,128", 6, 0.14, side)], 3)
        sheet.part(sleeve if side == 1 else flip(sleeve), cloth, grain=side * 48, folds=creases, round_by=18)
        sheet.stitches(outline("132,161 100,178", wide=side), thread(cloth))
    half = outline("0,98 19,92 32,60! 80,82! 77,120 75,152 71,240 75,332! 0,339", long=long)
    body = [(x * wide if y > 100 else x, y) for x, y in half]
    sheet.part(both(body), cloth, sag=-3, folds=body_folds(sheet), round_by=30)
    for side in (1, -1):
        sheet.seam(outline("80,83 75,118 75,150", wide=side), 1.2)
    sheet.stitches(outline("-74,326 0,332 74,326", wide=wide, long=long), thread(cloth))
    collar = outline("-34,60 -26,86 -14,97 0,101 14,97 26,86 34,60")
    sheet.strap(collar, 8, Cloth(shade(cloth.colour, 0.93)), shadow=0.1)


def shirt(sheet: Sheet, design: Design) -> None:
    long = sheet.random.uniform(-12, 12)
    cloth = design.cloth(sheet.random.uniform(13, 19), upright=True)
    sheet.part(both(outline("0,56 22,54 34,62 30,90 0,112")), cloth, light=0.6)
    sleeve = outline("74,78! 96,88 110,130 122,200 130,290! 100,298! 92,220 74,152!")
    cuff = outline("98,276! 131,268! 133,296! 100,304!")
    for side in (1, -1):
        creases = ["84,200 118,190", "90,222 118,240", "80,150 106,128", "98,250 120,290"]
        folds = scatter(sheet, [fold(text, 7, 0.16, side) for text in creases], 4)
        sheet.part(sleeve if side == 1 else flip(sleeve), cloth, grain=side * -9, folds=folds, round_by=20)
        sheet.part(cuff if side == 1 else flip(cuff), cloth, grain=side * -9, round_by=8)
        sheet.button((side * 106, 290), 2.2, BUTTON)
    half = outline("0,108 24,84 34,60! 80,78! 77,130 73,240 77,318 60,336 24,344 0,346", long=long)
    sheet.part(both(half), cloth, folds=body_folds(sheet), round_by=28)
    for side in (1, -1):
        sheet.seam(outline("80,79 74,116 74,152", wide=side), 1.2)
        sheet.seam(outline("34,72 78,92", wide=side), 0.9, 0.25)
    sheet.part(outline("-8,106! 8,102! 8,345! -8,345!", long=long), cloth, round_by=4, shadow=0.3)
    for y in np.arange(126, 330 + long, 34):
        sheet.button((0, float(y)), 2.8, BUTTON)
    sheet.part(outline("26,134! 56,134! 56,164 41,172 26,164"), cloth, round_by=5, shadow=0.3)
    leaf = outline("0,108! 20,82 30,54! 40,62 46,84 42,112! 17,100")
    for points in (leaf, flip(leaf)):
        sheet.part(points, cloth, grain=30, round_by=8, shadow=0.4)
    sheet.button((0, 110), 2.4, BUTTON)


def dress(sheet: Sheet, design: Design) -> None:
    flare, long = sheet.random.uniform(0.85, 1.15), sheet.random.uniform(-18, 14)
    cloth = design.cloth(sheet.random.uniform(16, 22))
    sheet.part(both(outline("0,54 24,50 44,42 54,46 46,92 0,104")), cloth, light=0.6)
    skirt_half = outline("46,178! 68,236 106,354! 76,365 38,362 0,367", wide=flare, long=long)
    folds = hanging(sheet, 9, (44, 184), (106 * flare, 362 + long))
    sheet.part(both([(0, 180), *skirt_half]), cloth, sag=-9, folds=folds, round_by=30)
    bodice = both(outline("0,98 22,90 40,42! 62,44! 54,84 66,122! 52,160 48,188! 0,192"))
    creases = [("60,128 30,140", 0.16), ("46,184 30,130", 0.12)]
    folds = scatter(sheet, [fold(text, 8, depth, side) for text, depth in creases for side in (1, -1)], 4)
    sheet.part(bodice, cloth, sag=-5, folds=folds, round_by=26)
    sheet.strap(outline("-49,182 0,187 49,182"), 9, Cloth(thread(cloth), gloss=0.2))
    sheet.seam(outline("-41,43 -22,90 0,98 22,90 41,43"), 1.8, 0.3)
    for side in (1, -1):
        sheet.seam(outline("61,45 54,84 65,121", wide=side), 1.5, 0.25)
    sheet.stitches(outline("-103,349 0,361 103,349", wide=flare, long=long), thread(cloth))


def trousers(sheet: Sheet, design: Design) -> None:
    slim, long = sheet.random.uniform(-7, 9), sheet.random.uniform(-8, 8)
    cloth = design.cloth(sheet.random.uniform(15, 21), upright=True)
    sheet.part(both(outline("0,34 40,34 52,38 46,56 0,58")), cloth, light=0.5)
    leg = outline("-1,48! 54,44! 66,100 68,140 64,250 62,372! 40,377 24,374! 14,250 2,150!", long=long)
    leg = [(x + slim * (x > 50 and y > 300), y) for x, y in leg]
    for side in (1, -1):
        creases = [("4,146 44,128", 0.2), ("4,158 40,170", 0.16), ("16,244 52,256", 0.14)]
        creases += [("60,270 26,250", 0.1), ("24,350 58,362", 0.14), ("60,120 24,108", 0.09)]
        folds = scatter(sheet, [fold(text, 7, depth, side) for text, depth in creases])
        ironed = Fold((side * 32, 120), (side * 43, 372 + long), 6, 0.10, open=True)
        points = leg if side == 1 else flip(leg)
        sheet.part(points, cloth, grain=side * -2, folds=[*folds, ironed], round_by=26)
        sheet.seam(outline("50,62 56,84 66,92", wide=side), 1.4, 0.4)
        sheet.stitches(outline("47,62 53,87 66,96", wide=side), thread(cloth))
        sheet.stitches([(side * 25, 367 + long), (side * (61 + slim), 365 + long)], thread(cloth))
    sheet.seam(outline("0,60 1,110 0,150"), 1.4, 0.45)
    sheet.stitches(outline("10,62 10,96 1,112"), thread(cloth))
    sheet.part(both(outline("0,47 53,40! 56,60! 0,66")), cloth, round_by=8, light=0.97)
    for x in (-42, -20, 20, 42):
        sheet.strap([(x, 41), (x, 64)], 5, Cloth(shade(cloth.colour, 0.9)), shadow=0.3)
    sheet.button((2, 56), 3.4, METAL)


def skirt(sheet: Sheet, design: Design) -> None:
    flare, long = sheet.random.uniform(0.86, 1.14), sheet.random.uniform(-18, 22)
    cloth = design.cloth(sheet.random.uniform(15, 21))
    sheet.part(both(outline("0,84 40,82 52,88 40,100 0,102")), cloth, light=0.5)
    below_band = outline("80,160 114,278! 94,293 71,288 44,296 18,290 0,296", wide=flare, long=long)
    folds = hanging(sheet, 11, (50, 106), (114 * flare, 290 + long))
    half = [*outline("0,104 53,98!"), *below_band]
    sheet.part(both(half), cloth, sag=-9, folds=folds, round_by=28)
    sheet.stitches(outline("-111,273 0,290 111,273", wide=flare, long=long), thread(cloth))
    sheet.part(both(outline("0,92 52,86! 54,106! 0,113")), Cloth(shade(cloth.colour, 0.86)), round_by=8)
    sheet.button((44, 97), 3.2, METAL)


def bag(sheet: Sheet, design: Design) -> None:
    wide, tall = sheet.random.uniform(0.9, 1.1), sheet.random.uniform(-20, 12)
    leather = design.cloth(sheet.random.uniform(20, 26), gloss=0.55)
    dark = Cloth(thread(leather), gloss=0.6)
    sheet.ground_shadow(-110 * wide, 110 * wide, 336)
    handle = [(x, y - tall) for x, y in outline("-44,196 -46,120 -20,78 20,78 46,120 44,196")]
    behind = [(x * 0.92 + 4, y + 10) for x, y in handle]
    sheet.strap(behind, 7, Cloth(shade(dark.colour, 0.8), gloss=0.5))
    rim, sides = (
        outline("0,190 79,191 88,194", wide=wide),
        outline("102,270 110,322 102,336 0,339", wide=wide),
    )
    creases = [("88,210 66,300", 12, 0.12), ("30,220 50,320", 16, 0.07)]
    folds = [fold(text, width, depth, side) for side in (1, -1) for text, width, depth in creases]
    half = [*((x, y - tall) for x, y in rim), *sides]
    sheet.part(both(half), leather, folds=scatter(sheet, folds), round_by=30)
    base = outline("0,304 107,298! 110,322 102,336 0,339", wide=wide)
    sheet.part(both(base), dark, round_by=12, shadow=0.1)
    sheet.stitches(outline("-105,301 0,307 105,301", wide=wide), shade(leather.colour, 1.3))
    top = 190 - tall
    sheet.strap([(-84 * wide, top + 5), (0, top + 3), (84 * wide, top + 5)], 8, dark)
    sheet.seam([(-77 * wide, top + 4), (77 * wide, top + 4)], 1.4, 0.6)
    for side in (1, -1):
        tab = [(x, y + top) for x, y in outline("36,2! 54,2! 52,52 45,58 38,52", wide=side)]
        sheet.part(tab, dark, round_by=6, shadow=0.35)
        sheet.button((side * 45, top + 44), 3, METAL)
        ring = [(x, y + top) for x, y in outline("38,10 45,2 52,10", wide=side)]
        sheet.strap(ring, 3.5, Cloth(METAL, gloss=0.8))
    sheet.strap(handle, 8, dark, shadow=0.3)
    sheet.stitches(handle, shade(leather.colour, 1.35))


def shoe(sheet: Sheet, design: Design) -> None:
    cloth = design.cloth(sheet.random.uniform(13, 17), gloss=0.25)
    trim = Cloth(shade(cloth.colour, 0.7), gloss=0.3)
    rise = float(sheet.random.uniform(-6, 14))

    def raised(text: str) -> list[Point]:
        return [(x, y - rise * (x > 15 and y < 190)) for x, y in outline(text)]

    sheet.ground_shadow(-128, 130, 292)
    sheet.part(raised("60,178 84,166 112,168 118,186 80,200 56,194"), trim, light=0.5)
    front = "-128,274 -130,254 -112,236 -70,222 -20,196 24,166 44,158 52,170 62,190 84,196 106,182 "
    creases = [
        fold("-84,222 -70,262", 7, 0.12),
        fold("-58,214 -48,256", 7, 0.12),
        fold("92,200 60,262", 14, 0.1),
    ]
    upper = raised(front + "118,166 124,172 127,200 130,240 129,280! 0,284 -126,280!")
    sheet.part(upper, cloth, folds=scatter(sheet, creases, 3), grain=-8, round_by=34)
    sheet.part(raised("100,192 118,166 125,174 128,210 130,278! 98,278! 104,236"), trim, round_by=14)
    sheet.part(raised("-36,206! 26,166 46,160 58,189 30,198 -8,226 -30,232 -42,222"), trim, round_by=10)
    stripe = Cloth(design.contrast)
    sheet.part(outline("10,280! 34,280! 66,200! 48,198!"), stripe, round_by=6, shadow=0.15)
    toe = outline("-128,276 -131,256 -114,237 -88,228! -80,250 -82,280!")
    sheet.part(toe, Cloth(RUBBER, gloss=0.3), round_by=20, shadow=0.15)
    for step in range(5):
        x, y = -26 + step * 16, 206 - step * (9 + rise / 5)
        sheet.strap([(x - 8, y - 5), (x + 3, y + 3), (x + 12, y + 14)], 5, Cloth(WHITE), shadow=0.35)
    sole = outline("-128,268! -60,274 0,276 70,273 131,268! 133,284 126,294 0,298 -110,294 -132,284")
    sheet.part(sole, Cloth(RUBBER, gloss=0.2), round_by=10)
    sheet.seam(outline("-130,284 0,289 132,283"), 2.2, 0.4)


def hat(sheet: Sheet, design: Design) -> None:
    tall = float(sheet.random.uniform(-10, 12))
    cloth = design.cloth(sheet.random.uniform(18, 24))
    crown = outline("-84,246 -88,200 -68,150 -14,120 44,126 88,160 104,210 104,250! 40,262 -40,258 -84,246")
    crown = [(x, y - tall * (y < 155)) for x, y in crown]
    creases = [("60,150 84,240", 14, 0.12), ("-30,150 -52,236", 16, 0.08), ("96,232 30,246", 7, 0.12)]
    folds = scatter(sheet, [fold(*crease) for crease in creases], 4)
    sheet.part(crown, cloth, folds=folds, sag=6, round_by=46)
    top = (14.0, 119 - tall)
    for rest in ("-58,170 -62,250", "34,180 26,258", "84,168 92,250"):
        panel = outline(rest)
        sheet.seam([top, *panel], 1.3, 0.35)
        sheet.stitches([top, *((x + 4, y) for x, y in panel)], thread(cloth))
    for place in ((-34.0, 168.0), (58.0, 158.0)):
        sheet.button(place, 3, thread(cloth))
    sheet.button((top[0], top[1] + 1), 5, shade(cloth.colour, 0.9))
    peak = Cloth(shade(cloth.colour, 0.82), gloss=0.15)
    brim = outline("40,258! -20,244 -84,238! -112,250 -130,272 -129,288 -105,286 -50,276 10,276 36,270")
    sheet.part(brim, peak, folds=[fold("-122,268 20,258", 12, 0.12)], round_by=14, shadow=0.3)
    for edge in ("-120,274 -84,266 -40,260 20,262", "-120,268 -84,260 -40,254 20,256"):
        sheet.stitches(outline(edge), thread(peak))


@dataclass(frozen=True)
class Kind:
    """How a garment is drawn, and the patterns in which it is sold."""

    draw: Callable[[Sheet, Design], None]
    patterns: tuple[str, ...]


KINDS = {
    "t-shirt": Kind(t_shirt, ("plain", "striped", "plain", "dotted", "striped")),
    "shirt": Kind(shirt, ("plain", "checked", "striped", "checked", "plain")),
    "dress": Kind(dress, ("plain", "dotted", "plain", "striped", "checked")),
    "trousers": Kind(trousers, ("plain", "plain", "plain", "checked", "striped")),
    "skirt": Kind(skirt, ("plain", "dotted", "checked", "plain", "striped")),
    "bag": Kind(bag, ("plain", "plain", "checked", "plain", "plain")),
    "shoe": Kind(shoe, ("plain", "plain", "plain", "checked", "plain")),
    "hat": Kind(hat, ("plain", "plain", "plain", "plain", "checked")),
}
