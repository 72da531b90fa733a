"""A part of a photograph."""

from dataclasses import dataclass
from pathlib import Path

from fashion_cli.data.fitting import Corners, Size
from fashion_cli.errors import UsageError
from fashion_cli.message_text import printable


@dataclass(frozen=True)
class Box:
    """A part of a photograph, in pixels of the upright photograph, origin top left.

    Raises:
        UsageError: If it begins outside any photograph or is empty.
    """

    x: int
    y: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if min(self.x, self.y) < 0 or min(self.width, self.height) < 1:
            raise UsageError(f"box {self}: x and y start at 0, width and height at 1", hint="--box x,y,width,height")

    def __str__(self) -> str:
        return f"{self.x},{self.y},{self.width},{self.height}"

    @classmethod
    def parse(cls, text: str) -> "Box":
        """Read "x,y,width,height".

        Raises:
            UsageError: If the text is anything else.
        """
        try:
            x, y, width, height = (int(number) for number in text.split(","))
        except ValueError:
            raise UsageError(
                f"box {text!r}: not four whole numbers", hint="--box x,y,width,height, in pixels"
            ) from None
        return cls(x, y, width, height)


def corners_of(box: Box | None, size: Size, path: Path) -> Corners:
    """Left, top, right, bottom of the box, or of the whole photograph.

    Args:
        box: The part, or None for all of it.
        size: Of the upright photograph.
        path: What messages call it.

    Raises:
        UsageError: If the box reaches beyond the photograph.
    """
    if box is None:
        return 0, 0, *size
    right, bottom = box.x + box.width, box.y + box.height
    if right > size[0] or bottom > size[1]:
        raise UsageError(
            f"{printable(path)}: box {box} reaches beyond the photograph",
            hint=f"it has {size[0]} x {size[1]} pixels",
        )
    return box.x, box.y, right, bottom
