"""What the small shop sells: sixty garments with names, keywords, prices and two or three photographs each."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from draw_garments import designs
from drawing.garments import Design

COUNT = 60
VIEWS = 20  # variations from one photograph of a garment to the next

KINDS = {
    "t-shirt": ("T-shirt", "티셔츠", "T-shirts", 19_000, ("casual", "캐주얼")),
    "shirt": ("Shirt", "셔츠", "Shirts", 42_000, ("preppy", "프레피")),
    "dress": ("Dress", "원피스", "Dresses", 68_000, ("feminine", "페미닌")),
    "trousers": ("Trousers", "바지", "Trousers", 54_000, ("classic", "클래식")),
    "skirt": ("Skirt", "스커트", "Skirts", 39_000, ("feminine", "페미닌")),
    "bag": ("Bag", "가방", "Bags", 89_000, ("street", "스트리트")),
    "shoe": ("Shoe", "신발", "Shoes", 75_000, ("sporty", "스포티")),
    "hat": ("Hat", "모자", "Hats", 24_000, ("street", "스트리트")),
}
COLOURS = {
    "red": "빨간색",
    "navy": "남색",
    "black": "검은색",
    "white": "흰색",
    "green": "초록색",
    "blue": "파란색",
    "yellow": "노란색",
    "pink": "분홍색",
    "grey": "회색",
    "brown": "갈색",
    "beige": "베이지색",
    "purple": "보라색",
}
PATTERNS = {"plain": "무지", "striped": "줄무늬", "checked": "체크무늬", "dotted": "물방울무늬"}
BRANDS = ("Haneul 하늘", "North Pier", "Moru 모루")


@dataclass(frozen=True)
class Garment:
    """One product of the shop.

    Attributes:
        number: From 1.
        design: What is drawn; its variation is that of the first photograph.
    """

    number: int
    design: Design

    @property
    def sku(self) -> str:
        return f"SM-{self.number:03d}"

    @property
    def category(self) -> str:
        """A key of `KINDS`."""
        return self.design.kind

    @property
    def name(self) -> str:
        title, korean, *_ = KINDS[self.design.kind]
        pattern = "" if self.design.pattern == "plain" else f"{self.design.pattern} "
        return f"{self.design.colour.capitalize()} {pattern}{title} · {COLOURS[self.design.colour]} {korean}"

    @property
    def brand(self) -> str:
        return BRANDS[self.number % len(BRANDS)]

    @property
    def keywords(self) -> tuple[str, ...]:
        title, korean, _, _, style = KINDS[self.design.kind]
        looks = (self.design.colour, COLOURS[self.design.colour], self.design.pattern, PATTERNS[self.design.pattern])
        return (title.lower(), korean, *looks, *style)

    @property
    def description(self) -> str:
        return f"{self.name}, {PATTERNS[self.design.pattern]}, drawn for the examples of this project."

    @property
    def price(self) -> int:
        """South Korean won."""
        return int(KINDS[self.design.kind][3] * (0.7 + 0.15 * (self.number * 7 % 11))) // 100 * 100

    @property
    def available(self) -> bool:
        return self.number % 11 != 0

    @property
    def photographs(self) -> tuple[Design, ...]:
        """Two or three views: the same garment, cut, folded and seen a little differently."""
        count = 2 + self.number % 2
        return tuple(replace(self.design, variation=self.design.variation + VIEWS * view) for view in range(count))


def garments(count: int = COUNT) -> Iterator[Garment]:
    """The same garments every time."""
    for number, design in enumerate(designs(count), 1):
        yield Garment(number, design)
