"""Boxes and landmarks as DeepFashion writes them.

Liu et al., DeepFashion (CVPR 2016), and the README of each benchmark: clothes type, landmark names by clothes type,
visibility. Coordinates are pixels of the published photograph, origin top left.
"""

from collections.abc import Sequence

from fashion_cli.data.annotations.annotation import Landmark, Visibility
from fashion_cli.data.annotations.published_rows import Row
from fashion_cli.data.images import Box

CLOTHES_TYPES = ("upper", "lower", "full")  # 1, 2, 3
VARIATIONS = ("normal pose", "medium pose", "large pose", "medium zoom-in", "large zoom-in")  # 1 to 5
LANDMARKS = {
    "upper": ("left collar", "right collar", "left sleeve", "right sleeve", "left hem", "right hem"),
    "lower": ("left waistline", "right waistline", "left hem", "right hem"),
    "full": (
        "left collar",
        "right collar",
        "left sleeve",
        "right sleeve",
        "left waistline",
        "right waistline",
        "left hem",
        "right hem",
    ),
}
_VISIBILITIES = {"0": Visibility.VISIBLE, "1": Visibility.OCCLUDED, "2": Visibility.CUT_OFF}


def box_of(row: Row, corners: Sequence[str]) -> Box | None:
    """The box with the corners x_1, y_1, x_2, y_2; None where nothing lies between them.

    Raises:
        AnnotationError: If they are no numbers.
    """
    left, top, right, bottom = row.whole_numbers(corners)
    left, top = max(left, 0), max(top, 0)
    return Box(left, top, right - left, bottom - top) if right > left and bottom > top else None


def landmarks_of(row: Row) -> tuple[str, tuple[Landmark, ...]]:
    """What a row of landmarks says: the variation ("" where it names none) and the points.

    After the photograph stand the clothes type, in two of the three benchmarks the variation, and visibility, x and y
    of each landmark that the clothes type has. Headers name the variation where rows have none: rows decide.

    Raises:
        AnnotationError: If there are more or fewer, or a value means nothing.
    """
    code, *values = row.text.split()[1:] or [""]
    kind = row.decode_code(code, "clothes type", CLOTHES_TYPES)
    names = LANDMARKS[kind]
    variation = ""
    if len(values) == 3 * len(names) + 1:
        variation = row.decode_code(values.pop(0), "variation type", VARIATIONS)
    if len(values) != 3 * len(names):
        raise row.error(
            f"{len(values)} values after clothes type {code}: expected {len(names)} landmarks ({kind} body) "
            "of visibility, x and y"
        )
    return variation, tuple(_landmark(row, name, *values[3 * n : 3 * n + 3]) for n, name in enumerate(names))


def _landmark(row: Row, name: str, visibility: str, x: str, y: str) -> Landmark:
    row.choice(visibility, f"visibility of the {name}", tuple(_VISIBILITIES))
    left, top = row.whole_numbers((x, y))
    return Landmark(name, left, top, _VISIBILITIES[visibility])
